// Pages, tables and traces as users get them, compared with the files that somebody has looked at: npm run golden rewrites them.
import { expect, test } from 'vitest';
import { mistAt } from '../cli/spawn.ts';

const script = '../../scripts/golden.mjs';
const { goldenNames, listGolden, readGolden, makeGolden } = (await import(script)) as {
  goldenNames: string[];
  listGolden(): string[];
  readGolden(name: string): string;
  makeGolden(name: string, ask: (argv: string[], columns: number) => Promise<string>): Promise<string>;
};

test('there is a file for each, and no other', () => {
  expect(listGolden()).toEqual([...goldenNames].sort());
});

const ask = async (argv: string[], columns: number) => (await mistAt(columns, argv)).stdout;

test.each(goldenNames)('%s', async (name) => {
  const lines = (await makeGolden(name, ask)).split('\n');
  const golden = readGolden(name).split('\n');
  const at = lines.findIndex((line, i) => line !== golden[i]);
  const where = `line ${at + 1}; if the change is meant: npm run golden, and look at the diff`;
  if (at >= 0) expect(lines[at], where).toBe(golden[at]);
  expect(lines.length, where).toBe(golden.length);
});
