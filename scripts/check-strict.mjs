// Checks the ground rooms once more with noUncheckedIndexedAccess: what they import of rooms above is checked too, but not told.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** From the ground upward; a room joins when it has no error left. */
const ROOMS = ['check', 'catalog', 'stages', 'columns', 'kernels', 'workload'];

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}node_modules/typescript/bin/tsc`;
const { stdout } = spawnSync(process.execPath, [tsc, '-p', `${root}tsconfig.strict.json`, '--pretty', 'false'], {
  cwd: root,
  encoding: 'utf8',
});
const told = stdout.split('\n').filter((line) => {
  const room = /^src\/([a-z-]+)\//.exec(line)?.[1];
  return room === undefined ? /^\S/.test(line) : ROOMS.includes(room);
});
if (told.length > 0) process.stderr.write(`${told.join('\n')}\n`);
process.exitCode = told.length > 0 ? 1 : 0;
