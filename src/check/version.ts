// The version of this package, from its package.json, in src/ as in dist/.
import { dirname, existsSync, join, ROOMS, readFileSync } from '../host/host.ts';

let version: string | undefined;

/** The version in this package's package.json. */
export function readVersion(): string {
  version ??= findVersion();
  return version;
}

function findVersion(): string {
  let folder = dirname(ROOMS);
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
