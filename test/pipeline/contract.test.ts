// The contract of a stage, held by the compiler: an object that lacks its reader, its layout, its words or its examples is refused.
// (`npm run check` fails where an expected error does not come.)
import { expect, it } from 'vitest';
import { STAGES } from '../../src/stages/list.ts';
import type { Served, Stage } from '../../src/stages/stage.ts';

const whole = {
  type: 'ping',
  words: 'A call that waits for nothing.',
  needs: ['cores'],
  parameters: ({ on }) => ({ on }),
  examples: () => [{}],
  read: ({ on }) => ({ on }),
  lay: (build, stage, { label }) => {
    const index = build.stage(label + stage.name);
    return (walker, _, state) => ({
      ends: [build.writer.add(index, build.groups.of(stage.on, walker.cell), 1, 1)],
      state,
    });
  },
} as const satisfies Stage<Served>;

const { read: _read, ...unread } = whole;
const { lay: _lay, ...unlaid } = whole;
const { examples: _examples, ...undrawn } = whole;
const { words: _words, ...untold } = whole;
const { parameters: _parameters, ...shapeless } = whole;

it('a stage without its reader, layout, examples, words or parameters does not compile', () => {
  // @ts-expect-error no reader
  unread satisfies Stage;
  // @ts-expect-error neither laid out by itself nor with the stage that it continues
  unlaid satisfies Stage;
  // @ts-expect-error nothing for the tests to draw
  undrawn satisfies Stage;
  // @ts-expect-error no words for the schema and the documentation
  untold satisfies Stage;
  // @ts-expect-error no parameters for the schema
  shapeless satisfies Stage;
  // one that continues another is laid out with it
  ({ ...unlaid, continues: ['prefill'] }) satisfies Stage;
  expect(whole.read).toBeTypeOf('function');
});

it('every stage of the list has an example, and those it names are in the list', () => {
  const types: readonly string[] = STAGES.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  for (const stage of STAGES) {
    expect(stage.examples({ list: () => [], pool: () => '', tier: () => '' }).length, stage.type).toBeGreaterThan(0);
    const named = [stage.behind, stage.ahead?.type, ...('continues' in stage ? stage.continues : [])];
    for (const type of named.filter((one) => one !== undefined)) expect(types, stage.type).toContain(type);
  }
});
