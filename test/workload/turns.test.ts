// Turns of recorded conversations: linked by parent, by session or by agent; their hash blocks in the size of the engine.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { canRegroup, regroupBlocks } from '../../src/workload/hash-blocks.ts';
import { packBlocks } from '../../src/workload/links.ts';
import { parseRequestRows, replayRows } from '../../src/workload/traces.ts';

const lines = (...rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

function where(text: string): string[] {
  try {
    parseRequestRows(text, 'f');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.issues.map(({ line, path, received }: Issue) => `${line} ${path}: ${received}`);
  }
  return [];
}

/** What each request is and follows, by its prompt's length. */
function turnsOf(text: string, rateScale = 1) {
  const { prompt, turns, arrival, prefix } = replayRows(parseRequestRows(text, 'f'), rateScale);
  const follows = Array.from(prompt, (_, r) => prompt[turns?.after[r] ?? -1] ?? null);
  return { prompt: [...prompt], follows, arrival: [...arrival], delay: [...(turns?.delay ?? [])], prefix };
}

const chat = (
  chat_id: number,
  parent_chat_id: number | null,
  timestamp: number,
  input_length: number,
  ids: number[],
) => ({
  ...{ chat_id, parent_chat_id, timestamp, input_length, output_length: 5, type: 'text', turn: 1, hash_ids: ids },
});

test('chats follow their parents, branches too, and roots are numbered first', () => {
  const text = lines(
    chat(10, -1, 0, 16, [1]),
    chat(11, 10, 4, 32, [1, 2]),
    chat(12, -1, 5, 17, [7, 8]),
    chat(13, 10, 9.5, 33, [1, 2]),
    chat(14, 13, 9.5, 48, [1, 2, 3]),
  );
  const read = turnsOf(text);
  expect(read.prompt).toEqual([16, 17, 32, 33, 48]);
  expect(read.follows).toEqual([null, null, 16, 16, 33]);
  expect(read.arrival).toEqual([0, 5, 4, 9.5, 9.5]);
  expect(read.prefix).toEqual(packBlocks([[1], [7, 8], [1, 2], [1, 2], [1, 2, 3]], 16));
  expect(turnsOf(text, 2).arrival).toEqual([0, 2.5, 2, 4.75, 4.75]);
});

test('a parent that is missing, comes later or goes round is named with its line', () => {
  const text = lines(chat(1, 99, 0, 16, [1]), chat(2, 3, 0, 16, [1]), chat(3, 2, 0, 16, [1]), chat(4, 4, 0, 16, [1]));
  expect(where(text)).toEqual([
    '1 parent_chat_id: 99, which no line has',
    '2 parent_chat_id: 3, which goes back to this turn: a circle',
    '4 parent_chat_id: 4, which goes back to this turn: a circle',
  ]);
  expect(where(lines(chat(1, 2, 0, 16, [1]), chat(2, -1, 0, 16, [1])))).toEqual([
    '1 parent_chat_id: 2, which comes later',
  ]);
  expect(where(lines(chat(1, -1, 0, 16, [1]), chat(1, -1, 1, 16, [1])))).toEqual(['2 chat_id: 1']);
});

test('hash ids that do not fit the prompt are named with their line, all at once', () => {
  const text = lines(
    chat(1, -1, 0, 33, [1, 2, 3]),
    chat(2, -1, 0, 33, [1, 2]),
    chat(3, -1, 0, 33, [1]),
    chat(4, -1, 0, 33, [1, 2, 3, 4]),
    chat(5, -1, 0, 33, []),
  );
  expect(where(text)).toEqual(['3 hash_ids: 1', '4 hash_ids: 4']);
  const mooncake = {
    timestamp: 0,
    input_length: 1024,
    output_length: 5,
    hash_ids: Array.from({ length: 64 }, (_, i) => i),
  };
  expect(where(lines(mooncake))).toEqual(['1 hash_ids: 64']);
});

test('sessions by name, with the delay of an agent in milliseconds', () => {
  const row = (input_length: number, more: object) => ({
    timestamp: 1000,
    input_length,
    output_length: 5,
    hash_ids: [0],
    ...more,
  });
  const read = turnsOf(
    lines(row(10, { session_id: 'a' }), row(11, { session_id: 'b' }), row(12, { session_id: 'a', delay: 250 })),
  );
  expect([read.follows, read.delay]).toEqual([
    [null, null, 10],
    [0, 0, 0.25],
  ]);
  expect(turnsOf(lines(row(10, { session_id: 'a' }), row(12, { session_id: 'a', delay: 250 })), 2).delay).toEqual([
    0, 0.125,
  ]);
  expect(where(lines(row(10, { session_id: 'a' }), row(12, { session_id: 'a', delay: -3 })))).toEqual(['2 delay: -3']);
});

test('an agent of LLMServingSim calls the model again when its tool has answered', () => {
  const part = (input_toks: number, tool_duration_ns?: number) => ({ input_toks, output_toks: 2, tool_duration_ns });
  const text = lines(
    { session_id: 's', arrival_time_ns: 1e9, sub_requests: [part(10, 2e9), part(20, 5e8), part(30)] },
    { session_id: 't', arrival_time_ns: 3e9, sub_requests: [part(11)] },
  );
  const read = turnsOf(text);
  expect([read.prompt, read.follows]).toEqual([
    [10, 11, 20, 30],
    [null, null, 10, 20],
  ]);
  expect([read.arrival, read.delay]).toEqual([
    [0, 2, 0, 0],
    [0, 0, 2, 0.5],
  ]);
});

test('a first line or header of no format names the nearest one', () => {
  const words = (text: string) => {
    try {
      parseRequestRows(text, 'f');
    } catch (error) {
      return error instanceof UserError ? error.issues[0].expected : '';
    }
    return '';
  };
  expect(words('{"timestamp": 1, "input_length": 3}')).toContain(
    'timestamp, input_length, output_length (Mooncake trace)',
  );
  expect(words('{"timestamp": 1, "input_length": 3}')).not.toContain('AIPerf');
  expect(words('timestamp,input_length,answer\n1,2,3')).toBe('one of timestamp,input_length,output_length');
});

test('ids of another block size: longer blocks are their parts, several shorter ones a longer block', () => {
  const long = packBlocks([[5, 6], [5, 9], [5]], 8);
  // prompts of 13, 16 and 8 tokens have 3, 4 and 2 whole blocks of 4
  const parts = regroupBlocks(long, Int32Array.of(13, 16, 8), 4);
  expect(parts).toEqual(
    packBlocks(
      [
        [0, 1, 2],
        [0, 1, 4, 5],
        [0, 1],
      ],
      4,
    ),
  );
  const short = packBlocks(
    [
      [1, 2, 3, 4],
      [1, 2, 3, 9],
      [1, 2],
    ],
    4,
  );
  expect(regroupBlocks(short, Int32Array.of(16, 16, 8), 8)).toEqual(packBlocks([[0, 1], [0, 2], [0]], 8));
  expect(canRegroup(512, 48)).toBe(false);
  expect(() => regroupBlocks(long, Int32Array.of(13, 16, 8), 3)).toThrow('blocks of 8 tokens as blocks of 3');
});

test('whatever the size, prompts agree as far as their ids did', () => {
  const agree = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let same = 0;
    while (same < Math.min(a.length, b.length) && a[same] === b[same]) same++;
    return same;
  };
  const prompt = fc.record({
    tokens: fc.integer({ min: 1, max: 200 }),
    from: fc.integer({ min: 0, max: 9 }),
    other: fc.nat(99),
  });
  fc.assert(
    fc.property(fc.array(prompt, { minLength: 2, maxLength: 6 }), fc.constantFrom(2, 4, 16, 32, 64), (prompts, to) => {
      const lists = prompts.map(({ tokens, from, other }) =>
        Array.from({ length: Math.floor(tokens / 16) }, (_, block) =>
          block < from ? block : 1000 * other + block + 10,
        ),
      );
      const blocks = packBlocks(lists, 16);
      const { offset, ids } = regroupBlocks(
        blocks,
        Int32Array.from(prompts, ({ tokens }) => tokens),
        to,
      );
      for (let a = 0; a < lists.length; a++) {
        for (let b = 0; b < a; b++) {
          const tokens = 16 * agree(lists[a]!, lists[b]!);
          const got = agree(ids.subarray(offset[a], offset[a + 1]), ids.subarray(offset[b], offset[b + 1]));
          expect(to === 16 ? got * to : got).toBe(to === 16 ? tokens : Math.floor(tokens / to));
        }
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});
