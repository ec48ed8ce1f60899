// Conversations, mixes, shared texts and hash blocks: who walks which pipeline, and what their prompts have in common.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openLatencies, openLengths, STREAM_THINKING, STREAM_TURNS } from '../../src/workload/draws.ts';
import { openHashChains } from '../../src/workload/hash-chains.ts';
import { openMix, zipfWeights } from '../../src/workload/mix.ts';
import { isRagPulse, readRagPulseBlocks } from '../../src/workload/ragpulse.ts';
import { layOutTurns } from '../../src/workload/sessions.ts';
import { openStream } from '../../src/workload/streams.ts';
import { makeWalks, type Walks } from '../../src/workload/walks.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-pipeline-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FLEET = 'fleet: {llm: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, enable_prefix_caching: true}}\n';
const PIPELINE = 'pipelines: {p: {stages: [{prefill: llm}, {decode: llm}]}}\n';

function walk(traffic: string, pipelines = PIPELINE): Walks {
  return makeWalks(readText(`${FLEET}${pipelines}workload: {${traffic}}\n`), (id) => catalog.shape(id));
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('draws', () => {
  it.each([
    [{ kind: 'fixed', value: 3 }, 3],
    [{ kind: 'uniform', min: 1, max: 5 }, 3],
    [{ kind: 'exponential', mean: 3 }, 3],
    [{ kind: 'lognormal', mean: 3, std: 2 }, 3],
  ] as const)('latencies %j have their mean', (spec, wanted) => {
    const next = openLatencies(spec, openStream(1, 20));
    expect(Math.abs(mean(Array.from({ length: 20000 }, next)) / wanted - 1)).toBeLessThan(0.03);
  });

  it('lengths are whole, at least 1, within their limits', () => {
    const next = openLengths({ kind: 'normal', mean: 5, std: 9, min: 1, max: 12 }, openStream(1, 20));
    const lengths = Array.from({ length: 1000 }, next);
    expect(lengths.every((tokens) => Number.isInteger(tokens) && tokens >= 1 && tokens <= 12)).toBe(true);
    expect(new Set(lengths).size).toBe(12);
  });

  it('a mix follows its weights; zipf falls with the rank', () => {
    const next = openMix([3, 1], openStream(1, 20));
    expect(Math.abs(mean(Array.from({ length: 10000 }, next)) - 0.25)).toBeLessThan(0.02);
    const [first, second, , fourth] = zipfWeights(4, 1);
    expect([second / first, fourth / first]).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.25, 9)]);
  });
});

describe('sessions', () => {
  it('begin one after the other until the turns are enough; each turn follows the one before by a think time', () => {
    const gaps = { kind: 'exponential', mean: 7 } as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 99 }),
        (count, most, seed) => {
          const spec = { turns: { kind: 'uniform', min: 1, max: most } as const, thinkTime: gaps };
          const starts = Float64Array.from({ length: count }, (_, i) => i);
          const { arrival, session, turn, turns } = layOutTurns(spec, starts, count, seed);
          const roots = turns?.roots ?? count;
          expect([...arrival]).toEqual(Array.from(arrival, (_, i) => (i < roots ? starts[i] : 0)));
          // whole sessions, but for the last one; the same think times for the same seed
          const nextTurns = openLengths(spec.turns, openStream(seed, STREAM_TURNS));
          const nextGap = openLatencies(gaps, openStream(seed, STREAM_THINKING));
          const lengths = Array.from({ length: roots }, nextTurns);
          expect(lengths.slice(0, -1).reduce((sum, one) => sum + one, 1)).toBeLessThanOrEqual(count);
          expect(lengths.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(count);
          const seen = new Map<number, number>();
          session.forEach((id, i) => {
            const before = seen.get(id) ?? -1;
            expect(turns?.after[i] ?? -1).toBe(before);
            expect(turn[i]).toBe(before < 0 ? 0 : turn[before] + 1);
            expect(i < roots).toBe(before < 0);
            seen.set(id, i);
          });
          const delays = [...session.keys()]
            .filter((i) => i >= roots)
            .sort((a, b) => session[a] - session[b] || turn[a] - turn[b])
            .map((i) => turns?.delay[i]);
          expect(delays).toEqual(delays.map(nextGap));
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it('prompts hold the questions and answers before; sessions begin at the rate that brings the turns asked for', () => {
    const traffic =
      'lengths: {input_len: 10, output_len: 5}, request_rate: 8, num_requests: 20000, sessions: {turns: 4, think_time: 3}';
    const walks = walk(traffic);
    expect([...walks.history]).toEqual([...walks.turn].map((turn) => 15 * turn));
    expect(walks.turns?.roots).toBe(5000);
    expect(Math.abs((4 * 5000) / walks.arrival[4999] / 8 - 1)).toBeLessThan(0.05);
  });
});

describe('pipelines', () => {
  const TWO =
    'pipelines: {a: {weight: 3, stages: [{prefill: llm}]}, b: {lengths: {input_len: 7, output_len: 2}, stages: [{prefill: llm}, {decode: llm}]}}\n';

  it('take requests by weight, with lengths of their own', () => {
    const walks = walk('lengths: {input_len: 100, output_len: 9}, request_rate: 1, num_requests: 8000', TWO);
    expect(Math.abs(mean(walks.pipeline) - 0.25)).toBeLessThan(0.02);
    const lengths = [...walks.pipeline].map((_, i) => [walks.question[i], walks.answer[i]]);
    expect(lengths).toEqual([...walks.pipeline].map((p) => (p === 0 ? [100, 9] : [7, 2])));
  });

  it('another weight or pipeline leaves arrivals and lengths as they are', () => {
    const traffic = 'lengths: azure-conv-2023, request_rate: 1, num_requests: 500';
    const [one, other] = [walk(traffic), walk(traffic, TWO)];
    expect([...one.arrival]).toEqual([...other.arrival]);
    expect([...other.pipeline].every((p, i) => p === 1 || one.question[i] === other.question[i])).toBe(true);
  });

  it('need no lengths of the workload when each has its own', () => {
    const own = 'pipelines: {b: {lengths: {input_len: 7, output_len: 2}, stages: [{prefill: llm}]}}\n';
    expect(walk('request_rate: 1, num_requests: 3', own).question[0]).toBe(7);
  });
});

describe('hash blocks', () => {
  const traffic =
    'lengths: {input_len: {uniform: [1, 80]}, output_len: {uniform: [1, 80]}}, request_rate: 4, num_requests: 300, sessions: {turns: {uniform: [1, 5]}, think_time: 2}, shared_prefix: {count: 3, tokens: {uniform: [10, 90]}, zipf: 1}';

  it('agree exactly as far as prompts do', () => {
    const walks = walk(traffic);
    const chains = openHashChains(walks, 16);
    const prompts = Array.from({ length: walks.count }, (_, r) => {
      const tokens = walks.prefixTokens[r] + walks.history[r] + walks.question[r];
      return chains.idsOf({ request: r, tokens, chained: tokens });
    });
    expect(prompts.map((ids) => ids.length)).toEqual(
      prompts.map((_, r) => Math.floor((walks.prefixTokens[r] + walks.history[r] + walks.question[r]) / 16)),
    );
    for (let a = 0; a < 300; a++) {
      for (let b = a + 1; b < Math.min(300, a + 40); b++) {
        const same = prompts[a].filter((id, j) => prompts[b][j] === id).length;
        const lead = prompts[a].findIndex((id, j) => prompts[b][j] !== id);
        expect(same).toBe(lead < 0 ? Math.min(prompts[a].length, prompts[b].length) : lead);
        const shared =
          walks.session[a] === walks.session[b]
            ? prompts[a].length
            : walks.prefix[a] === walks.prefix[b]
              ? Math.floor(walks.prefixTokens[a] / 16)
              : 0;
        expect(same).toBe(Math.min(shared, prompts[a].length, prompts[b].length));
      }
    }
    expect(chains.count).toBe(new Set(prompts.flat()).size);
  });

  it("of a replayed Mooncake trace are the trace's own, their parts for smaller blocks, and others are refused", () => {
    const file = join(folder, 'mooncake.jsonl');
    const rows = [
      { timestamp: 0, input_length: 1100, output_length: 5, hash_ids: [70, 9, 33] },
      { timestamp: 5, input_length: 1030, output_length: 5, hash_ids: [70, 9, 8] },
    ];
    writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const spec = (more = '') => readText(`${FLEET}${PIPELINE}workload: {requests: ${file}${more}}\n`);
    const { program } = lower(spec(', hash_block: 512'));
    expect(program.hashBlock).toBe(512);
    expect([...program.visits.hashIds]).toEqual([0, 1, 2, 0, 1, 3]);
    // 69 and 64 blocks of an engine: a block of the trace is 32 of them, as far as the prompt goes
    const { hashBlock, visits } = lower(spec()).program;
    expect([hashBlock, ...visits.hashAt]).toEqual([16, 0, 69, 69 + 64]);
    expect([...visits.hashIds]).toEqual([...Array(69).keys(), ...Array(64).keys()]);
    // 256 tokens: 4 whole blocks each, the first four of which are the parts of what is alike
    expect([...lower(spec(', hash_block: 256')).program.visits.hashIds]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    const [issue] = issuesIn(() => lower(spec(', hash_block: 208')));
    expect(issue).toMatchObject({ path: 'workload.hash_block', received: '208' });
    expect(issue.expected).toContain('512');
  });
});

it('behind what only this request has, nothing is shared with later turns', () => {
  const walks = walk(
    'lengths: {input_len: 64, output_len: 32}, request_rate: 4, num_requests: 40, sessions: {turns: 4, think_time: 1}',
  );
  const chains = openHashChains(walks, 16);
  const first = walks.turn.indexOf(0);
  const second = walks.session.indexOf(walks.session[first], first + 1);
  // of the first prompt, 40 tokens are on the chain of the session: two whole blocks
  const one = chains.idsOf({ request: first, tokens: 64, chained: 40 });
  const two = chains.idsOf({ request: second, tokens: 160, chained: 160 });
  expect([one.length, two.length]).toEqual([4, 10]);
  expect(one.map((id, j) => id === two[j])).toEqual([true, true, false, false]);
});

describe('RAGPulse', () => {
  const row = (parts: object, input_length: number, timestamp = '1') =>
    JSON.stringify({
      timestamp,
      input_length,
      output_length: 5,
      hash_ids: { sys_prompt: [], passages_ids: [], history: [], web_search: [], user_input: [], ...parts },
      session_id: 'a',
    });

  it('blocks agree as far as the parts before them do', () => {
    const file = join(folder, '0_trace.jsonl');
    const lines = [
      row({ sys_prompt: [1], passages_ids: [10, 11], user_input: [20] }, 130),
      row({ sys_prompt: [1], passages_ids: [10, 12], user_input: [20] }, 130),
      row({ sys_prompt: [2], passages_ids: [10, 11], user_input: [20] }, 130),
    ];
    writeFileSync(file, lines.join('\n'));
    const lengths: [string, string, [number, number][]][] = [
      [
        '1_sys_prompt.jsonl',
        'sys_prompt_id',
        [
          [1, 50],
          [2, 50],
        ],
      ],
      [
        '2_passages.jsonl',
        'passage_id',
        [
          [10, 30],
          [11, 40],
          [12, 40],
        ],
      ],
      ['3_history.jsonl', 'history_id', []],
      ['5_web_search.jsonl', 'web_search_id', []],
      ['4_user_input.jsonl', 'user_input_id', [[20, 10]]],
    ];
    for (const [name, id, entries] of lengths) {
      writeFileSync(
        join(folder, name),
        entries.map(([key, tokens]) => JSON.stringify({ [id]: key, token_length: tokens })).join('\n'),
      );
    }
    expect(isRagPulse(lines.join('\n'))).toBe(true);
    const { ids, offset } = readRagPulseBlocks(file, 16);
    const blocks = [0, 1, 2].map((i) => [...ids.slice(offset[i], offset[i + 1])]);
    // 130 tokens are 8 blocks; system prompt and first passage are 80 tokens: 5 blocks in common
    expect(blocks.map((list) => list.length)).toEqual([8, 8, 8]);
    const common = (a: number, b: number) => blocks[a].filter((id, j) => blocks[b][j] === id).length;
    expect([common(0, 1), common(0, 2)]).toEqual([5, 0]);
    const { program, walks } = lower(readText(`${FLEET}${PIPELINE}workload: {requests: ${file}, hash_block: 16}\n`));
    expect(walks.count).toBe(3);
    expect(program.hashBlock).toBe(16);
  });

  it('without the files of lengths, parts share a prompt evenly, and only equal parts are equal', () => {
    const bare = mkdtempSync(join(folder, 'bare-'));
    const file = join(bare, '0_trace.jsonl');
    writeFileSync(
      file,
      [row({ user_input: [1, 0] }, 32), row({ user_input: [10] }, 32), row({ user_input: [10] }, 32)].join('\n'),
    );
    const { ids, offset } = readRagPulseBlocks(file, 32);
    expect([...offset]).toEqual([0, 1, 2, 3]);
    expect(ids[0]).not.toBe(ids[1]);
    expect(ids[1]).toBe(ids[2]);
  });

  it('a row without parts is refused with its line', () => {
    const file = join(folder, 'broken.jsonl');
    writeFileSync(file, `${row({}, 10)}\n{"input_length": 3}`);
    expect(issuesIn(() => readRagPulseBlocks(file, 16))[0]).toMatchObject({ path: 'hash_ids', line: 2 });
  });
});

describe('rates that change over time, in pipelines', () => {
  const RAMP = 'lengths: {input_len: 10, output_len: 2}, num_requests: 20000, request_rate: 40';
  const TWO =
    'pipelines:\n  a: {weight: 3, stages: [{prefill: llm}, {decode: llm}]}\n  b: {weight: 1, stages: [{prefill: llm}, {decode: llm}]}\n';
  /** When requests begin that follow none. */
  const begin = ({ arrival, turns }: Walks) => arrival.subarray(0, turns?.roots);
  const share = (walks: Walks, from: number, to: number, keep = (_: number) => true) => {
    const starts = begin(walks);
    const end = starts[starts.length - 1];
    return starts.filter((t, i) => t >= from * end && t < to * end && keep(i)).length / starts.length;
  };

  it('a ramp over conversations rises over the whole run, as one over single requests', () => {
    const single = walk(`${RAMP}, arrivals: {process: ramp, from: 0, to: 1}`);
    const turns = walk(`${RAMP}, arrivals: {process: ramp, from: 0, to: 1}, sessions: {turns: 4, think_time: 1s}`);
    for (const walks of [single, turns]) {
      expect(share(walks, 0, 0.5)).toBeCloseTo(0.25, 1);
      expect(share(walks, 0.75, 1)).toBeCloseTo(0.4375, 1);
      expect(begin(walks).at(-1)).toBeCloseTo(500, -1.5);
    }
  });

  it('a curve over conversations follows its clock, and mixes keep their weights at any time', () => {
    const day = 'arrivals: {process: curve, points: [[0, 10], [100, 70], [200, 10]], repeat: true}';
    for (const walks of [
      walk(`${RAMP}, ${day}`, TWO),
      walk(`${RAMP}, ${day}, sessions: {turns: 3, think_time: 1s}`, TWO),
    ]) {
      const near = (phase: number) => begin(walks).filter((t) => t % 200 >= phase && t % 200 < phase + 20).length;
      expect(near(90) / (near(190) + near(0))).toBeGreaterThan(2);
      for (const [from, to] of [
        [0, 0.3],
        [0.3, 0.7],
        [0.7, 1],
      ]) {
        const first = share(walks, from, to, (i) => walks.pipeline[i] === 0) / share(walks, from, to);
        expect(Math.abs(first - 0.75)).toBeLessThan(0.03);
      }
    }
  });

  it('bursts are silent between their phases, whoever walks where', () => {
    const walks = walk(`${RAMP}, arrivals: {process: on-off, on: 2s, off: 8s}`, TWO);
    expect(walks.arrival.every((t) => t % 10 <= 2 + 1e-9)).toBe(true);
  });
});
