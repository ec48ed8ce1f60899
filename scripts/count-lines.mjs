// Counts the lines of code, room by room: TypeScript without comments and blank lines, of what a change must keep in step (the
// sources, the kernels, the bench's twins and the tests' reference), or of the folders named. Files that git tracks only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['src', 'assembly', 'bench/twins', 'test/reference'];

/** A comment begins on a line of its own here, but for those behind code, whose line counts. */
function countLines(text) {
  let count = 0;
  let inComment = false;
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line.startsWith('/*')) inComment = true;
    else if (!inComment && line !== '' && !line.startsWith('//')) count++;
    if (inComment && line.includes('*/')) inComment = false;
  }
  return count;
}

/** `src/report/fleet/html.ts` counts for `src/report`; a folder's own files for the folder. */
function roomOf(path, folder) {
  const [room, ...rest] = path.slice(folder.length + 1).split('/');
  return rest.length > 0 ? `${folder}/${room}` : folder;
}

const patterns = folders.map((folder) => `${folder}/*.ts`);
const { stdout } = spawnSync('git', ['ls-files', ...patterns], { cwd: root, encoding: 'utf8' });
const counts = new Map();
for (const path of stdout.split('\n').filter(Boolean)) {
  const room = roomOf(path, folders.find((folder) => path.startsWith(`${folder}/`)) ?? '');
  counts.set(room, (counts.get(room) ?? 0) + countLines(readFileSync(`${root}${path}`, 'utf8')));
}
const rows = [...counts, ['together', [...counts.values()].reduce((sum, lines) => sum + lines, 0)]];
for (const [room, lines] of rows) console.log(`${String(lines).padStart(7)}  ${room}`);
