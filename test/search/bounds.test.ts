// The least work of a surface: no step of it undercuts what its tokens are held to cost, and no run is faster than its bound.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { bindDeployment, isRefusal } from '../../src/plan/deployment.ts';
import { lowerSurface } from '../../src/plan/lower.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openShare } from '../../src/plan/pipeline/share.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import { stepLimits } from '../../src/run/bound-fleet.ts';
import {
  allWork,
  type Deadlines,
  deadlinesOf,
  dearestOf,
  decodeWork,
  enginesFor,
  priceOf,
} from '../../src/run/bounds.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { type LeastWork, leastWork, type Totals } from '../../src/run/least-work.ts';
import { openSession } from '../../src/run/session.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { configurationOf } from '../../src/spec/shape.ts';
import type { Slo } from '../../src/spec/types.ts';
import type { Requests } from '../../src/workload/types.ts';
import { runs } from '../depth.ts';
import { leastWorkPlainly } from '../reference/least-work.ts';

const catalog = openCatalog({});
const session = openSession(catalog);

function surfaceOf(model: string, hardware: string, tp: number, profile: string): Float64Array | null {
  const text = `{model: ${model}, workload: {lengths: {input_len: 500, output_len: 50}, request_rate: 1, num_requests: 10}, deployment: {hardware: ${hardware}, tensor_parallel_size: ${tp}}, engine: {profile: ${profile}}}`;
  const { first } = openQuestion(text, 'x.yaml', catalog);
  const [pool] = first.pools;
  if (pool?.kind !== 'llm') throw new Error('no engine');
  const bound = bindDeployment(configurationOf(pool, 1), { catalog, prices: {}, watts: {}, seed: 0 });
  return isRefusal(bound) ? null : lowerSurface(bound.key, session.lowering).table.slice();
}

const SURFACES = [
  ['llama-3.1-8b', 'l4', 1, 'vllm-0.11'],
  ['llama-3.1-8b', 'h100-sxm-80gb', 2, 'vllm-0.6'],
  ['llama-3.1-70b', 'mi300x', 2, 'vllm-0.11'],
  ['gemma-3-27b', 'h200-sxm-141gb', 1, 'sglang-0.5'],
  ['deepseek-v3', 'h200-sxm-141gb', 8, 'sglang-0.5'],
] as const;

describe('no step undercuts the least work', () => {
  const cases = SURFACES.flatMap((surface) => [false, true].map((apart) => [...surface, apart] as const));
  for (const [model, hardware, tp, profile, apart] of cases) {
    test(`${model} on ${hardware} tp${tp}, ${profile}${apart ? ', prompts and decodes apart' : ''}`, () => {
      const table = surfaceOf(model, hardware, tp, profile);
      if (!table) throw new Error('the catalog has no such deployment');
      const limits = { sequences: 256, tokens: 8192, context: 200_000, longest: 9000, finds: false, apart };
      const totals = { promptTokens: 1e6, decodes: 2e5, context: 2e8, pairs: 1e9 };
      const least = leastWork(table, limits, totals);
      expect(least.perPromptToken).toBeGreaterThan(0);
      let nearest = Number.POSITIVE_INFINITY;
      const step = fc.record({
        chunks: fc.array(
          fc.record({ tokens: fc.integer({ min: 1, max: 4000 }), past: fc.integer({ min: 0, max: 4000 }) }),
          { maxLength: 3 },
        ),
        decodes: fc.integer({ min: 0, max: 256 }),
        context: fc.integer({ min: 1, max: 9000 }),
      });
      fc.assert(
        fc.property(step, ({ chunks, decodes, context }) => {
          const tokens = chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
          fc.pre(!apart || tokens === 0 || decodes === 0);
          fc.pre(tokens + decodes <= limits.tokens && decodes * context <= limits.context && tokens + decodes > 0);
          const prefill = chunks.map((chunk) => ({ ...chunk, completes: false }));
          const seconds = readSurface(table, { prefill, decode: decodes > 0 ? [{ count: decodes, context }] : [] });
          const pairs = chunks.reduce((sum, { tokens: n, past }) => sum + n * past + (n * (n + 1)) / 2, 0);
          const floor =
            least.perPromptToken * tokens +
            least.perDecode * decodes +
            least.perContext * decodes * context +
            least.perPair * pairs;
          expect(floor).toBeLessThanOrEqual(seconds * (1 + 1e-12));
          expect(least.shortest).toBeLessThanOrEqual(seconds);
          nearest = Math.min(nearest, seconds / floor);
        }),
        { seed: 1, numRuns: runs(1000) },
      );
      // a bound that is far from every step proves nothing
      expect(nearest).toBeLessThan(3);
    });
  }
});

const LIMITS = { sequences: 512, tokens: 16_384, context: 900_000, longest: 9000, apart: false, finds: false };
const worthOf = ({ perPromptToken, perDecode, perContext }: LeastWork, totals: Totals): number =>
  perPromptToken * totals.promptTokens + perDecode * totals.decodes + perContext * totals.context;

test('what is found for some work is no less than what is found for other work comes to there', () => {
  const tables = SURFACES.map(([model, hardware, tp, profile]) => surfaceOf(model, hardware, tp, profile)!);
  const work = fc.record({
    promptTokens: fc.constantFrom(0, 1e3, 1e5, 1e7),
    decodes: fc.constantFrom(0, 1e3, 2e5, 1e7),
    context: fc.constantFrom(0, 1e6, 1e9, 1e11),
    pairs: fc.constant(1e9),
  });
  let other = 0;
  fc.assert(
    fc.property(fc.constantFrom(...tables), work, work, (table, own, others) => {
      const [best, rival] = [leastWork(table, LIMITS, own), leastWork(table, LIMITS, others)];
      if (rival.perPromptToken !== best.perPromptToken) other++;
      expect(worthOf(best, own)).toBeGreaterThanOrEqual(worthOf(rival, own) * (1 - 1e-12));
    }),
    { numRuns: 300 },
  );
  expect(other).toBeGreaterThan(50);
});

test('points that are passed over are none of the cheapest, of surfaces and of tables of any shape', () => {
  const tables = SURFACES.map(([model, hardware, tp, profile]) => surfaceOf(model, hardware, tp, profile)!);
  const limits = fc.record({
    sequences: fc.constantFrom(1, 7, 64, 512),
    tokens: fc.constantFrom(1, 33, 512, 8192, Number.MAX_SAFE_INTEGER),
    context: fc.constantFrom(0, 5000, 900_000),
    longest: fc.constantFrom(1, 9000),
    apart: fc.boolean(),
    finds: fc.constant(false),
  });
  const work = fc.record({
    promptTokens: fc.constantFrom(1e3, 1e5, 1e7),
    decodes: fc.constantFrom(0, 1e3, 1e6),
    context: fc.constantFrom(0, 1e6, 1e10),
    pairs: fc.constant(1e9),
  });
  // tables that are neither convex nor monotone: everything is scaled by a factor of its own
  const noise = fc.option(fc.integer({ min: 1, max: 1 << 30 }), { nil: null });
  fc.assert(
    fc.property(fc.constantFrom(...tables), limits, work, noise, (surface, within, totals, seed) => {
      const table =
        seed === null ? surface : surface.map((value, i) => value * (0.5 + (((i + seed) * 2654435761) % 97) / 97));
      const [quick, plain] = [leastWork(table, within, totals), leastWorkPlainly(table, within, totals)];
      for (const key of Object.keys(plain) as (keyof LeastWork)[])
        expect(Math.abs(quick[key] - plain[key])).toBeLessThanOrEqual(1e-12 * Math.abs(plain[key]));
    }),
    { numRuns: runs(300) },
  );
});

test('the dearest of many are those that sorting puts last', () => {
  const values = fc.array(fc.oneof(fc.double({ noNaN: true, min: 0, max: 10 }), fc.integer({ min: 0, max: 5 })));
  fc.assert(
    fc.property(values, fc.nat(40), (list, wanted) => {
      const count = Math.min(wanted, list.length);
      const sorted = Float64Array.from(list).sort();
      expect(dearestOf(Float64Array.from(list), count)).toEqual(sorted.slice(list.length - count));
    }),
  );
});

/** Requests of a window, all of them in it, with limits that give each a deadline. */
function deadlinesFor(
  lengths: readonly (readonly [prompt: number, output: number])[],
  limits = { ttftLimit: 1, ttftAllowed: 0, tpotLimit: 0.05, tpotAllowed: 0 },
  part: 'all' | 'prefill' | 'decode' = 'all',
): Deadlines {
  const requests = {
    ...{ count: lengths.length, rate: 1, concurrency: 0 },
    arrival: Float64Array.from(lengths, (_, r) => r),
    prompt: Int32Array.from(lengths, ([prompt]) => prompt),
    output: Int32Array.from(lengths, ([, output]) => output),
  } as Requests;
  return deadlinesOf(requests, limits, [{ metric: 'ttft', percentile: 'p99', limit: 1 }] as unknown as Slo[], part)!;
}

test('engines are those that the worst of all spans asks for, each request gone through by itself', () => {
  const price = fc.double({ noNaN: true, min: 1e-6, max: 1e-2 });
  const least = fc.record({
    ...{ perPromptToken: price, perDecode: price, perContext: price.map((each) => each / 300), perPair: price },
    ...{ shortest: fc.constant(0), alone: fc.constant(0) },
  });
  const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 60 })), {
    ...{ minLength: 1, maxLength: 120 },
  });
  const limits = fc.record({
    ...{ ttftLimit: fc.constantFrom(0.5, 8), tpotLimit: fc.constantFrom(0.01, 1) },
    ...{ ttftAllowed: fc.nat(9), tpotAllowed: fc.nat(9) },
  });
  const part = fc.constantFrom('all' as const, 'prefill' as const, 'decode' as const);
  let again = 0;
  fc.assert(
    fc.property(least, lengths, limits, part, fc.boolean(), (work, asked, within, which, finds) => {
      const d = deadlinesFor(asked, within, which);
      const cost = priceOf(work, finds);
      const all = asked.map((_, i) => allWork(cost, d, i));
      const decodes = asked.map((_, i) => decodeWork(cost, d, i));
      const most = (of: number[], count: number) =>
        [...of].sort((a, b) => b - a).reduce((sum, one, k) => sum + (k < count ? one : 0), 0);
      const spared = most(all, d.allowed) + most(decodes, d.slow);
      let worst = 0;
      for (const start of d.spans.starts)
        for (const end of d.spans.ends) {
          let sum = -spared;
          for (const [arrival, [, output]] of asked.entries()) {
            if (arrival < start) continue;
            const first = arrival + within.ttftLimit;
            const last = first + (which === 'prefill' ? 0 : within.tpotLimit * (output - 1));
            if (first <= end) sum += all[arrival]! - decodes[arrival]!;
            if (last <= end) sum += decodes[arrival]!;
          }
          if (sum > 0) worst = Math.max(worst, sum / (end - start));
        }
      if (asked.some(([prompt]) => cost.again + cost.perAgain * prompt < cost.perDecode)) again++;
      expect(Math.abs(enginesFor(cost, d) - worst)).toBeLessThanOrEqual(1e-9 * (1 + spared));
    }),
    { seed: 5, numRuns: runs(400) },
  );
  expect(again).toBeGreaterThan(50);
});

test('no request is held to take more than what it takes, whichever of its tokens came by computing it again', () => {
  const price = fc.double({ noNaN: true, min: 1e-6, max: 1e-2 });
  const least = fc.record({
    ...{ perPromptToken: price, perDecode: price, perContext: price.map((each) => each / 100) },
    ...{ perPair: fc.constant(0), shortest: fc.constant(0), alone: fc.constant(0) },
  });
  const request = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }));
  let mattered = 0;
  fc.assert(
    fc.property(
      least,
      request,
      fc.boolean(),
      fc.integer({ min: 0, max: 3 }),
      fc.infiniteStream(fc.nat(3)),
      (work, own, finds, often, draws) => {
        const [prompt, output] = own;
        let seconds = work.perPromptToken * prompt;
        for (let made = 1; made < output; made++) {
          const past = prompt + made - 1;
          // of the prompt and the tokens so far, all are computed again, or the last one where the cache has the others
          const again = draws.next().value < often;
          const tokens = finds ? 1 : past + 1;
          seconds += again ? work.perPromptToken * tokens : work.perDecode + work.perContext * past;
        }
        const held = allWork(priceOf(work, finds), deadlinesFor([own]), 0);
        expect(held).toBeLessThanOrEqual(seconds * (1 + 1e-12));
        const { perDecode: each, perContext: read } = work;
        const plain = work.perPromptToken * prompt + (output - 1) * (each + (read * (2 * prompt + output - 2)) / 2);
        if (held < plain * (1 - 1e-9)) mattered++;
      },
    ),
    { seed: 1, numRuns: runs(2000) },
  );
  // decodes are dearer than to compute all again often enough
  expect(mattered).toBeGreaterThan(100);
});

/** Few blocks, so that sequences are preempted again and again. */
const thrashing = fc.record({
  batching: fc.constantFrom('chunked', 'continuous', 'mixed', 'static'),
  caching: fc.boolean(),
  blocks: fc.integer({ min: 40, max: 90 }),
  seqs: fc.constantFrom(4, 16, 64),
  prompt: fc.integer({ min: 1, max: 200 }),
  output: fc.integer({ min: 20, max: 300 }),
  rate: fc.constantFrom(2, 20),
});

test('no run is busy for less than its requests are held to take, also where sequences are preempted', () => {
  const [share, fates] = [openShare(), { preempted: 0, nearest: Number.POSITIVE_INFINITY }];
  fc.assert(
    fc.property(thrashing, ({ batching, caching, blocks, seqs, prompt, output, rate }) => {
      const text = `{model: llama-3.1-8b, workload: {lengths: {input_len: ${prompt}, output_len: ${output}}, request_rate: ${rate}, num_requests: 60}, deployment: {hardware: l4}, engine: {profile: vllm-0.11, batching: ${batching}, max_num_seqs: ${seqs}, num_gpu_blocks: ${blocks}, enable_prefix_caching: ${caching}}}`;
      const { first } = openQuestion(text, 'x.yaml', catalog);
      const { program } = prepareFleet(first, catalog, session, share);
      const run = runFleet(program, { leap: 'none' });
      const [client] = program.clients;
      const lengths = Array.from(program.visits.prompt, (own, v) => [own, program.visits.output[v]!] as const);
      const limits = stepLimits(client!, prompt + output, caching);
      const deadlines = deadlinesFor(lengths.filter((_, v) => run.results.state[v] === STATE_FINISHED));
      const least = leastWork(client!.price as Float64Array, limits, deadlines.totals);
      const price = priceOf(least, caching);
      const held = deadlines.past.reduce((sum, _, i) => sum + allWork(price, deadlines, i), 0);
      const busy = run.clients[0]!.busySeconds;
      expect(held).toBeLessThanOrEqual(busy * (1 + 1e-9));
      if (run.clients[0]!.preemptions > 0) fates.preempted++;
      if (held > 0) fates.nearest = Math.min(fates.nearest, busy / held);
    }),
    { seed: 3, numRuns: runs(60) },
  );
  expect(fates.preempted).toBeGreaterThan(10);
  expect(fates.nearest).toBeLessThan(1.5);
});
