// Doors for one's own policies: priorities and costs by an expression of the request. The law: what is lowered is what the same arithmetic
// in TypeScript comes to, bit for bit, and the kernel serves by it as the reference does.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { listDifferences } from '../fleet/compare.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { issuesIn, lower, readText } from './world.ts';

const spec = (priority: string, tool = '{latency: 1ms}', rate = 40) => `
fleet:
  outside: {kind: cores, cores: 8}
  llm: {kind: llm, model: llama-3.1-8b, hardware: l4, packing: priority, max_num_seqs: 4}
pipelines: {a: {priority: ${priority}, stages: [{tool: ${tool.replace('{', '{on: outside, ')}}, prefill, decode]}}
workload: {lengths: azure-conv-2023, request_rate: ${rate}, num_requests: 60, shared_prefix: {tokens: 40}}
`;

type Request = { readonly input_len: number; readonly output_len: number };
const SCORES: readonly (readonly [string, (r: Request) => number])[] = [
  ['output_len', ({ output_len }) => output_len],
  ['0 - input_len', ({ input_len }) => 0 - input_len],
  ['input_len + 4 * output_len', (r) => r.input_len + 4 * r.output_len],
  ['min(input_len, 512) / 7 + max(output_len, 3)', (r) => Math.min(r.input_len, 512) / 7 + Math.max(r.output_len, 3)],
  [
    'interpolate(output_len, 10, 1, 100, 1000)',
    ({ output_len: x }) => (x < 10 ? 1 : x >= 100 ? 1000 : 1 + ((x - 10) / 90) * 999),
  ],
];

describe('a priority by a score', () => {
  it('is for every request what its arithmetic comes to, and engines serve by it as the reference does', () => {
    for (const [text, own] of SCORES) {
      const { program, walks } = lower(readText(spec(`{score: "${text}"}`)));
      const { visits } = program;
      const meant = Array.from(visits.request, (r) =>
        Math.round(
          own({
            input_len: walks.prefixTokens[r]! + walks.history[r]! + walks.question[r]!,
            output_len: walks.answer[r]!,
          }),
        ),
      );
      expect([...visits.priority!]).toEqual(meant.map((rank) => rank + 0));
      const got = runFleet(program, { leap: 'exact' });
      expect(listDifferences(program, got, referenceFleet(program))).toEqual([]);
    }
  });

  it('decides: the shortest answers first, or the longest', () => {
    const startOfShort = (score: string): number => {
      const { program } = lower(readText(spec(`{score: ${score}}`)));
      const { visits } = program;
      const { results } = runFleet(program, { leap: 'exact' });
      const own = [...visits.output.keys()].filter((v) => visits.output[v]! > 1 && visits.output[v]! < 60);
      return own.reduce((sum, v) => sum + results.start[v]! - results.ready[v]!, 0);
    };
    expect(startOfShort('output_len')).toBeLessThan(startOfShort('0 - output_len') / 2);
  });

  it.each([
    ['{score: outputlen}', 'a figure of the request; outputlen', 'did you mean output_len'],
    ['{score: output_len > 3}', 'a plain number; a comparison', ''],
    ['{score: 3ms * output_len}', 'a plain number; a time', ''],
    ['{score: "output_len +"}', 'score', ''],
    ['{}', 'a whole number, or {score', ''],
    ['soon', 'an integer from -1000', ''],
  ])('refuses %s', (priority, words, hint) => {
    const issues = issuesIn(() => readText(spec(priority)));
    expect(issues.length).toBeGreaterThan(0);
    const told = issues.map((one) => `${one.path}: ${one.expected}; ${one.received} ${one.hint ?? ''}`).join('\n');
    expect(told).toContain(words);
    expect(told).toContain(hint);
  });

  it('refuses what divides by 0, or grows without end, when it comes to it', () => {
    for (const score of ['1 / (floor(output_len) - output_len)', 'input_len ^ 9', '0 - input_len ^ 9']) {
      const [issue] = issuesIn(() => lower(readText(spec(`{score: ${score}}`))));
      expect(issue).toMatchObject({ path: 'pipelines.a.priority.score' });
      expect(issue!.received).toMatch(/of input_len \d+, output_len \d+/);
    }
  });
});

describe('a cost by an expression', () => {
  it('is for every call what its arithmetic comes to, tables among it', () => {
    const kinds = fc.record({
      fixed: fc.integer({ min: 0, max: 50 }),
      each: fc.integer({ min: 1, max: 90 }),
      at: fc.integer({ min: 1, max: 2000 }),
    });
    fc.assert(
      fc.property(kinds, ({ fixed, each, at }) => {
        const text = `${fixed}ms + ${each}us * tokens + interpolate(tokens, 0, 1ms, ${at}, 5ms) + bytes / 1MB/s`;
        const { program } = lower(readText(spec('0', `{cost: "${text}"}`)));
        const { visits, stages } = program;
        for (let v = 0; v < visits.count; v++) {
          if (stages[visits.stage[v]!] !== 'tool') continue;
          const tokens = visits.prompt[v]!;
          const table = tokens >= at ? 0.005 : 0.001 + ((tokens - 0) / (at - 0)) * (0.005 - 0.001);
          expect(visits.seconds[v]).toBeCloseTo(fixed / 1000 + (each / 1e6) * tokens + table + (tokens * 4) / 1e6, 12);
        }
      }),
      { seed: 4, numRuns: 8 },
    );
  });

  it.each([
    ['{cost: 3 * tokens}', 'a time; a plain number'],
    ['{cost: 3ms * token}', 'a figure of the request; token in'],
    ['{cost: 1ms, latency: 2ms}', 'no latency beside cost'],
    ['{cost: "interpolate(tokens, 0, 1ms, 0, 2ms)"}', 'the places rising'],
    ['{cost: "interpolate(tokens, 0, 1ms, 9)"}', 'the places rising'],
    ['{}', 'how long the call takes'],
  ])('refuses %s', (tool, words) => {
    const told = issuesIn(() => readText(spec('0', tool.replace('{}', '{tokens: 1}'))));
    expect(told.map((one) => `${one.expected}; ${one.received} ${one.hint ?? ''}`).join('\n')).toContain(words);
  });

  it('may be nothing', () => {
    const { program } = lower(readText(spec('0', '{cost: 0ms * tokens}')));
    expect(program.stages).toContain('tool');
  });

  it('refuses a time below 0 when it comes to it', () => {
    const [issue] = issuesIn(() => lower(readText(spec('0', '{cost: 1ms - 1s * tokens}'))));
    expect(issue!.expected).toBe('a time of at least 0 for every call');
  });
});
