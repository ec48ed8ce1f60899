// Checks the rooms once more with noUncheckedIndexedAccess; what the rest still has is not told.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A room leaves the list when it has no error left. */
const LATER = ['spec', 'plan', 'metrics', 'report', 'calibrate'];

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}node_modules/typescript/bin/tsc`;
const { stdout } = spawnSync(process.execPath, [tsc, '-p', `${root}tsconfig.strict.json`, '--pretty', 'false'], {
  cwd: root,
  encoding: 'utf8',
});
const told = stdout.split('\n').filter((line) => {
  const room = /^src\/([a-z-]+)\//.exec(line)?.[1];
  return room === undefined ? /^\S/.test(line) : !LATER.includes(room);
});
if (told.length > 0) process.stderr.write(`${told.join('\n')}\n`);
process.exitCode = told.length > 0 ? 1 : 0;
