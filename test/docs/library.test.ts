// The code of docs/library.md and the examples of the library run as they stand there, and print what the comment behind them says.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { openScratch } from '../cli/spawn.ts';
import { blocksOf, LIBRARY, libraryRunner, ROOT } from './pages.ts';

const scratch = openScratch();
mkdirSync(join(scratch, 'node_modules'));
symlinkSync(ROOT, join(scratch, 'node_modules/mist'), 'junction');
symlinkSync(join(ROOT, 'examples'), join(scratch, 'examples'), 'junction');

const blocks = blocksOf('docs/library.md', 'js');

test('there is code', () => {
  expect(blocks.length).toBe(4);
});

let printed: readonly string[] = [];
beforeAll(async () => {
  for (const [i, code] of blocks.entries()) writeFileSync(join(scratch, `block-${i + 1}.mjs`), code);
  for (const name of LIBRARY) copyFileSync(join(ROOT, 'examples/library', name), join(scratch, name));
  const files = [...blocks.map((_, i) => `block-${i + 1}.mjs`), ...LIBRARY];
  writeFileSync(join(scratch, 'all.mjs'), libraryRunner(files.map((name) => `./${name}`)));
  const { stdout } = await promisify(execFile)(process.execPath, ['all.mjs'], { cwd: scratch });
  printed = JSON.parse(stdout) as string[];
});

test.each(blocks.map((code, i) => [i + 1, code] as const))('block %i', (i, code) => {
  const said = /^console\.log\(.*\n\/\/ (.*)$/m.exec(code);
  expect(printed[i - 1]).toBe(said![1]);
});

test('there are ten examples', () => {
  expect(LIBRARY.length).toBe(10);
});

test.each(LIBRARY)('%s', (name) => {
  const code = readFileSync(join(ROOT, 'examples/library', name), 'utf8');
  expect(printed[blocks.length + LIBRARY.indexOf(name)]).toBe(/\n\/\/ (.*)\n$/.exec(code)![1]);
});
