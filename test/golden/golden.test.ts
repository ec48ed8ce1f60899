// Pages, tables and traces as users get them, compared with the files that somebody has looked at: npm run golden rewrites them.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { formatIssue, UserError } from '../../src/check/issue.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { mistAt } from '../cli/spawn.ts';

interface Command {
  readonly keeps: Readonly<Record<string, unknown>>;
}
const script = '../../scripts/golden.mjs';
const { commands, goldenNames, listGolden, readGolden, makeGolden } = (await import(script)) as {
  commands: Command[];
  goldenNames: string[];
  listGolden(): string[];
  readGolden(name: string): string;
  makeGolden(of: Command, door: Door): Promise<[string, string][]>;
};
interface Door {
  ask(argv: string[], columns: number): Promise<string>;
  mistakesIn(text: string): string[];
  readonly makers: unknown;
}
const wrongs = '../../scripts/golden-wrong.mjs';
const { openMistakes } = (await import(wrongs)) as { openMistakes(of: object): Door['mistakesIn'] };
const SOURCES = '../../src';
const load = (path: string): Promise<unknown> => import(`${SOURCES}/${path}.ts`);
const makers = '../../scripts/golden-makers.mjs';
const { openMakers } = (await import(makers)) as { openMakers(load: (path: string) => unknown): unknown };

test('there is a file for each, and no other', () => {
  expect(listGolden()).toEqual([...goldenNames].sort());
});

const door: Door = {
  ask: async (argv, columns) => (await mistAt(columns, argv)).stdout,
  mistakesIn: openMistakes({ openCatalog, openQuestion, formatIssue, UserError }),
  makers: openMakers(load),
};

// a test asks and looks at all that it was given: mutations of what writes one of the files run all that may notice
test.each(commands.map((command) => [Object.keys(command.keeps).join(', '), command] as const))(
  '%s',
  async (_, command) => {
    for (const [name, text] of await makeGolden(command, door)) {
      const lines = text.split('\n');
      const golden = readGolden(name).split('\n');
      const at = lines.findIndex((line, i) => line !== golden[i]);
      const where = `${name}, line ${at + 1}; if the change is meant: npm run golden, and look at the diff`;
      if (at >= 0) expect(lines[at], where).toBe(golden[at]);
      expect(lines.length, where).toBe(golden.length);
    }
  },
);
