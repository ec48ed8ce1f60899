// Pages, tables and traces as users get them, compared with the files that somebody has looked at: npm run golden rewrites them.
import { expect, test } from 'vitest';

const script = '../../scripts/golden.mjs';
const { goldenNames, listGolden, readGolden, makeGolden } = (await import(script)) as {
  goldenNames: string[];
  listGolden(): string[];
  readGolden(name: string): string;
  makeGolden(name: string): string;
};

test('there is a file for each, and no other', () => {
  expect(listGolden()).toEqual([...goldenNames].sort());
});

test.each(goldenNames)('%s', (name) => {
  const lines = makeGolden(name).split('\n');
  const golden = readGolden(name).split('\n');
  const at = lines.findIndex((line, i) => line !== golden[i]);
  const where = `line ${at + 1}; if the change is meant: npm run golden, and look at the diff`;
  if (at >= 0) expect(lines[at], where).toBe(golden[at]);
  expect(lines.length, where).toBe(golden.length);
});
