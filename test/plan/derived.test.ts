// What a derived device is priced like: its base as far as it is its base, more of anything never dearer, and nothing of it as measured.
import { describe, expect, it, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { priceOf } from '../../src/catalog/price-sheets.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { explainStep } from '../../src/plan/explain-step.ts';
import type { StepWork } from '../../src/plan/step-work.ts';

const catalog = openCatalog();

const arena = openArena(1 << 24);
const kernels = loadKernels(arena.memory);
const fits = fitsOf(catalog);
const profile = catalog.engine('vllm-0.11');

function price(hardware: string, model: string, tp: number, work: StepWork) {
  const key = { model: catalog.model(model), hardware: catalog.hardware(hardware), profile };
  const split = { tp, pp: 1, dp: 1, ep: 1 };
  const mark = arena.mark();
  try {
    return explainStep({ ...key, ...split, quantization: 'auto', kv: 'auto' }, work, fits, kernels, arena);
  } finally {
    arena.release(mark);
  }
}

const DEVICES = ['h100-sxm-80gb', 'mi300x', 'l40s', 'b200-sxm-180gb'];
const MODELS = [['llama-3.1-70b', 4] as const, ['qwen3-30b-a3b', 2] as const];
const STEPS: readonly StepWork[] = [
  { prefill: [], decode: [{ count: 1, context: 1000 }] },
  { prefill: [], decode: [{ count: 128, context: 2048 }] },
  { prefill: [{ tokens: 4096, past: 0, completes: true }], decode: [{ count: 32, context: 800 }] },
];
const EACH = MODELS.flatMap(([model, tp]) => STEPS.map((work) => [model, tp, work] as const));
const FIGURES = ['memory_bandwidth', 'peak', 'scale_up_bandwidth', 'peak_bf16', 'peak_fp8'];

describe.each(DEVICES)('derived from %s', (base) => {
  test('costs what its base does, as near as it is to it, and rests on figures alone', () => {
    for (const [model, tp, work] of EACH) {
      const own = price(base, model, tp, work);
      const alike = price(`${base}(tdp_w=x2)`, model, tp, work);
      expect(Math.abs(alike.exactSeconds / own.exactSeconds - 1)).toBeLessThan(1e-9);
      const near = price(`${base}(memory_bandwidth=x1.0001)`, model, tp, work);
      expect(Math.abs(near.exactSeconds / own.exactSeconds - 1)).toBeLessThan(2e-4);
      // a relative may be nearer in bandwidth, and is not what it was derived from
      const far = price(`${base}(memory_bandwidth=x1.43)`, model, tp, work);
      expect(far.ops.map(({ from }) => from)).toEqual(own.ops.map(({ from }) => from));
      expect([own.basis, near.basis, alike.basis]).toEqual([own.basis, 'datasheet', 'datasheet']);
    }
  });

  test.each(FIGURES)('more %s never costs more', (figure) => {
    for (const [model, tp, work] of EACH) {
      let before = Number.POSITIVE_INFINITY;
      for (const times of [0.5, 0.9, 1.1, 2, 8]) {
        const id = `${base}(${figure}=x${times})`;
        if (catalog.find('hardware', id) === null) continue;
        const { exactSeconds: seconds } = price(id, model, tp, work);
        expect(seconds).toBeLessThanOrEqual(before * (1 + 1e-12));
        before = seconds;
      }
    }
  });
});

it('has the price of its base, unless it has one of its own', () => {
  const prices = { l4: 0.8, 'l4(tdp_w=x2)': 1.2 };
  expect([priceOf(prices, 'l4(peak=x2)'), priceOf(prices, 'l4(tdp_w=x2)'), priceOf(prices, 'l5(peak=x2)')]).toEqual([
    ...[0.8, 1.2, Number.NaN],
  ]);
});
