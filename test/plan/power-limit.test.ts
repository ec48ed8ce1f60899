// A board held below its TDP: never faster, never cheaper a step; as it was where no limit binds; what boards were measured at; refusals.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { clocksOf } from '../../src/plan/clocks.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { withMachine } from '../../src/plan/machine.ts';
import { openRateBook, priceList, priceStepExactly } from '../../src/plan/priced-ops.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import { listOps } from '../../src/stages/llm-ops.ts';
import { runs } from '../depth.ts';
import { readText } from '../pipeline/world.ts';

const catalog = openCatalog();
const book = openRateBook(fitsOf(catalog));
const split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
const model = catalog.model('llama-3.1-8b');
const listed = catalog.hardware('h100-sxm-80gb');
const ops = listOps(model, split, resolveFormats(model, { quantization: 'auto', kv: 'auto' }));

const PROMPTS = { prefill: [{ tokens: 8192, past: 0, completes: true }], decode: [] };
const DECODES = { prefill: [], decode: [{ count: 64, context: 1000 }] };

function secondsAt(limit: number | undefined, work: Parameters<typeof priceStepExactly>[1]): number {
  const hardware = withMachine(listed, limit === undefined ? undefined : { power_limit: limit });
  return priceStepExactly(priceList(ops, hardware, book), work, split).reduce((sum, { seconds }) => sum + seconds, 0);
}

describe('a board that is held', () => {
  it('at its TDP is the board that is not held, bit for bit', () => {
    for (const work of [PROMPTS, DECODES]) expect(secondsAt(700, work)).toBe(secondsAt(undefined, work));
  });

  it('is never faster at fewer watts, and a FLOP never takes more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 175, max: 700, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (high, share) => {
          const low = 175 + share * (high - 175);
          const [a, b] = [low, high].map((power_limit) => clocksOf({ ...listed, power_limit }));
          for (const of of ['compute', 'memory', 'joules'] as const) {
            expect(a![of]).toBeLessThanOrEqual(b![of]);
            expect(a![of]).toBeGreaterThan(0);
          }
          for (const work of [PROMPTS, DECODES])
            expect(secondsAt(low, work)).toBeGreaterThanOrEqual(secondsAt(high, work));
        },
      ),
      { seed: 71, numRuns: runs(40) },
    );
  });

  // catalog/power.csv of the shared measurements: RTX 3090 of 350 W, RTX PRO 6000 Server of 500 W, RTX PRO 6000 Workstation of 600 W
  it.each([
    ['prompts on RTX 3090', 300 / 350, 0.943, 0.05],
    ['prompts on RTX 3090', 250 / 350, 0.853, 0.05],
    ['products on RTX PRO 6000 Server', 0.6, 0.787, 0.05],
    ['products on RTX PRO 6000 Server', 0.8, 0.914, 0.05],
    ['products on RTX PRO 6000 Workstation', 0.5, 0.55, 0.2],
    ['products on RTX PRO 6000 Workstation', 0.25, 0.227, 0.15],
  ])('computes as measured: %s at %f of its watts', (_, share, rate, within) => {
    const { compute } = clocksOf({ ...listed, power_limit: share * 700 });
    expect(Math.abs(compute / rate - 1)).toBeLessThan(within);
  });

  it('decodes at nearly its rate where prompts lose much: memory goes on', () => {
    expect(secondsAt(500, DECODES) / secondsAt(undefined, DECODES)).toBeLessThan(1.08);
    expect(secondsAt(500, PROMPTS) / secondsAt(undefined, PROMPTS)).toBeGreaterThan(1.1);
    expect(secondsAt(250, DECODES) / secondsAt(undefined, DECODES)).toBeGreaterThan(1.1);
  });
});

describe('in a spec', () => {
  const spec = (engine: string) => `
fleet: {e: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb${engine}}}
pipelines: {serve: {stages: [prefill: {}, decode: {}]}}
workload: {lengths: {input_len: 2000, output_len: 50}, arrivals: {process: closed-loop, max_concurrency: 64}, num_requests: 400}
`;

  it('draws no more than its limit, and tokens come later', () => {
    const simulator = openSimulator(catalog, openSession(catalog));
    const run = (engine: string) => simulateRow(simulator, readText(spec(engine)), false).result;
    const [free, held] = [run(''), run(', power_limit: 300W')];
    expect(held.power_w).toBeLessThanOrEqual(300 * (1 + 1e-9));
    expect(free.power_w).toBeGreaterThan(400);
    expect(held.output_throughput).toBeLessThan(free.output_throughput);
    expect(run(', power_limit: 700W').output_throughput).toBe(free.output_throughput);
  });

  it.each(['100W', '701W'])('refuses %s: the board cannot be held there', (limit) => {
    const read = () => readText(spec(`, power_limit: ${limit}`));
    expect(read).toThrow(UserError);
    expect(read).toThrow(/from 175 to 700 W/);
  });
});
