// What the user of a cascade waits for, worked out by hand: the answer of the last model asked, not the first try.
import { expect, test } from 'vitest';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import { VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openSession } from '../../src/run/session.ts';
import { catalog, readText } from '../pipeline/world.ts';
import { CLIENTS, DISAGGREGATED, makeRun, type RequestLine } from './builder.ts';

/** A try: first token at 2, a thought to 6, an answer to 8. The answer that counts: first token at 11, then 4 tokens to 19; a check to 20. */
const CASCADE: RequestLine = {
  arrival: 1,
  visits: [
    { stage: 'prefill', client: 1, ready: 1, start: 1, first: 2, finish: 2, prompt: 50, to: [1] },
    { stage: 'reason', client: 2, ready: 2, start: 2, finish: 6, output: 8, flags: VISIT_RESIDENT, to: [1] },
    { stage: 'decode', client: 2, ready: 6, start: 6, finish: 8, output: 10, flags: VISIT_RESIDENT, to: [1] },
    { stage: 'big prefill', client: 1, ready: 8, start: 9, first: 11, finish: 19, prompt: 68, output: 5, to: [1] },
    { stage: 'check', client: 0, ready: 19, start: 19, finish: 20 },
  ],
};

test('TTFT, first answer and TPOT are those of the answer that counts; the try is work', () => {
  const run = makeRun(CLIENTS, [CASCADE]);
  const { visits } = run.program;
  const counted = {
    ...run,
    program: { ...run.program, visits: { ...visits, replaced: Int32Array.of(1, 1, 1, 0, 0) } },
  };
  const { result, firstToken } = measureFleet(counted);
  expect([result.ttft.mean, result.first_answer.mean, result.tpot.mean, result.e2el.mean]).toEqual([10, 10, 2, 19]);
  expect(firstToken[0]).toBe(11);
  expect([result.total_output_tokens, result.thinking_tokens, result.total_input_tokens]).toEqual([24, 8, 118]);
  expect(result.itl.mean).toBeCloseTo((4 + 2 + 8) / (8 + 10 + 4), 12);
  const all = measureFleet(run).result;
  expect([all.ttft.mean, all.tpot.mean]).toEqual([1, 14 / 22]);
});

test('TPOT of one visit is the same by itself and beside stages that generate nothing', () => {
  const visit = { client: 1, ready: 0, start: 1, first: 3, finish: 13, prompt: 7, output: 6 };
  const alone = measureFleet(makeRun(CLIENTS, [{ arrival: 0, visits: [{ ...visit, stage: 'prefill' }] }])).result;
  const beside = measureFleet(
    makeRun(
      CLIENTS,
      [
        {
          arrival: 0,
          visits: [
            { ...visit, stage: 'prefill', to: [1] },
            { stage: 'check', client: 0, ready: 13, start: 13, finish: 99 },
          ],
        },
        DISAGGREGATED,
      ].slice(0, 1),
    ),
  ).result;
  expect([alone.tpot.mean, beside.tpot.mean, beside.e2el.mean]).toEqual([2, 2, 99]);
});

/** Which visits of the only request are tries. */
function tries(stages: string): string[] {
  const engine = '{kind: llm, num_gpu_blocks: 9999, step_time: {fixed_s: 10ms}}';
  const text = `fleet: {a: ${engine}, b: ${engine}, c: {kind: cores, cores: 4}}
pipelines: {p: {stages: [{tokenize: c}, {safety: [a, b]}, ${stages}]}}
workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 1}
`;
  const { program } = prepareFleet(readText(text), catalog, openSession(catalog));
  const { stage, replaced } = program.visits;
  return [...stage].flatMap((s, v) => (replaced?.[v] === 1 ? [program.stages[s]] : []));
}

const A = '{prefill: a}, {decode: a}';
const always = (list: string) => `{route-to-model: {choices: [{share: 100%, stages: [${list}]}]}}`;

test('a generation is a try where a choice after it generates', () => {
  const all = [A, always('{prefill: b}, {decode: b}')].join(', ');
  expect(tries(all)).toEqual(['prefill+decode']);
  expect(tries(A)).toEqual([]);
  expect(tries(always(A))).toEqual([]);
  expect(tries(`${A}, ${always('{safety: {on: b}}')}, ${always('{prefill: b}')}`)).toEqual(['prefill+decode']);
  expect(tries(`${A}, ${always('{safety: {on: b}}')}, {prefill: b}`)).toEqual([]);
  expect(
    tries(`${A}, ${always(`{prefill: b}, ${always('{prefill: a}, {reason: {on: a, output: 9}}')}`)}`),
  ).toHaveLength(2);
  expect(tries(`{parallel: {branches: [[${A}], [{prefill: b}, ${always('{prefill: b}')}]]}}, {safety: b}`)).toEqual([
    'prefill',
  ]);
});
