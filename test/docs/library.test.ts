// The code of docs/library.md runs as it stands there, and prints what the comment behind it says.
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
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

test.each(blocks.map((code, i) => [i + 1, code] as const))('block %i', async (i, code) => {
  const said = /^console\.log\(.*\n\/\/ (.*)$/m.exec(code);
  writeFileSync(join(scratch, `block-${i}.mjs`), code);
  const { stdout } = await promisify(execFile)(process.execPath, [`block-${i}.mjs`], { cwd: scratch });
  expect(stdout.trim()).toBe(said![1]);
});
