// The code of docs/library.md runs as it stands there, and prints what the comment behind it says.
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { openScratch } from '../cli/spawn.ts';
import { blocksOf, ROOT } from './pages.ts';

const scratch = openScratch();
mkdirSync(join(scratch, 'node_modules'));
symlinkSync(ROOT, join(scratch, 'node_modules/mist'), 'junction');
symlinkSync(join(ROOT, 'examples'), join(scratch, 'examples'), 'junction');

const blocks = blocksOf('docs/library.md', 'js');

test('there is code', () => {
  expect(blocks.length).toBe(4);
});

/** Runs them one after the other, in one process, and says as JSON what each printed. */
const RUNNER = `
import { format } from 'node:util';
const said = [];
for (let i = 1; i <= ${blocks.length}; i++) {
  const lines = [];
  console.log = (...words) => void lines.push(format(...words));
  await import('./block-' + i + '.mjs');
  said.push(lines.join('\\n'));
}
process.stdout.write(JSON.stringify(said));
`;

let printed: readonly string[] = [];
beforeAll(async () => {
  for (const [i, code] of blocks.entries()) writeFileSync(join(scratch, `block-${i + 1}.mjs`), code);
  writeFileSync(join(scratch, 'all.mjs'), RUNNER);
  const { stdout } = await promisify(execFile)(process.execPath, ['all.mjs'], { cwd: scratch });
  printed = JSON.parse(stdout) as string[];
});

test.each(blocks.map((code, i) => [i + 1, code] as const))('block %i', (i, code) => {
  const said = /^console\.log\(.*\n\/\/ (.*)$/m.exec(code);
  expect(printed[i - 1]).toBe(said![1]);
});
