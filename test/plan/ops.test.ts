// The ops of a forward pass against what is known of the models: parameters, bytes, splits, experts, windows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { countParameters, weightBytes } from '../../src/catalog/parameters.ts';
import type { Attention, Model } from '../../src/catalog/types.ts';
import { countPairs, quantitiesOf, type StepWork, sumWork } from '../../src/plan/step-work.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import { listOps } from '../../src/stages/llm-ops.ts';
import { busiestPairs, touchedExperts } from '../../src/stages/mlp-ops.ts';
import type { ComputeOp, Op } from '../../src/stages/op.ts';
import type { Split } from '../../src/stages/split.ts';
import { anyModel, DENSE, GQA, modelOf, SMALL } from './fixtures.ts';

const catalog = openCatalog();
const ONE: Split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
const AUTO = { quantization: 'auto', kv: 'auto' } as const;

function opsOf(model: Model, split: Split = ONE, asked: Parameters<typeof resolveFormats>[1] = AUTO): Op[] {
  return listOps(model, split, resolveFormats(model, asked));
}

/** FLOPs and weight bytes of matrix multiplications in one step of one device. */
function sumMatrices(ops: readonly Op[], work: StepWork, split: Split): { flops: number; weights: number } {
  const totals = sumWork(work);
  let flops = 0;
  let weights = 0;
  for (const op of ops) {
    if (op.kind === 'exchange' || (op.family !== 'gemm' && op.family !== 'moe')) continue;
    const { x, y } = quantitiesOf(op, work, totals, split);
    flops += op.count * op.flopsX * x;
    weights += op.count * (op.bytes0 + op.bytesY * y);
  }
  return { flops, weights };
}

/** Products with the inputs of every layer (Gemma 3n and 4), a fiftieth of a token's work: docs/limits.md. */
const unpriced = (model: Model): number =>
  model.table_parameters
    ? model.groups.reduce(
        (sum, { count, other_parameters: own }) => sum + count * (own ?? 0),
        model.other_parameters ?? 0,
      )
    : 0;

const ids = catalog.ids('models').filter((id) => catalog.model(id).kind === 'llm');

describe('listOps', () => {
  it.each(ids)('%s: one token costs two FLOPs per active parameter', (id) => {
    const model = catalog.model(id);
    const work = { prefill: [], decode: [{ count: 1, context: 0 }] };
    const { flops } = sumMatrices(opsOf(model), work, ONE);
    expect(flops / (2 * (countParameters(model).active - unpriced(model)))).toBeCloseTo(1, 2);
  });

  it.each(ids)('%s: a step of very many tokens reads all weights but the lookup table', (id) => {
    const model = catalog.model(id);
    const work = { prefill: [{ tokens: 1e6, past: 0, completes: true }], decode: [] };
    const { weights } = sumMatrices(opsOf(model), work, ONE);
    const formats = resolveFormats(model, AUTO);
    const lookUp = model.tied_embeddings ? 0 : 2 * model.vocab * model.hidden;
    const towers = 2 * (model.tower_parameters ?? 0); // of images, which these steps have none of
    const inputs = 2 * ((model.table_parameters ?? 0) + unpriced(model));
    expect(weights / (weightBytes(model, formats.weights, formats.attention) - lookUp - towers - inputs)).toBeCloseTo(
      1,
      2,
    );
  });

  it('splits matrices over tp, and pays for padding where heads or widths do not divide', () => {
    const work = { prefill: [], decode: [{ count: 8, context: 0 }] };
    const whole = sumMatrices(opsOf(SMALL), work, ONE);
    const split = { ...ONE, tp: 4 };
    expect(sumMatrices(opsOf(SMALL, split), work, split).weights).toBeCloseTo(whole.weights / 4, 0);
    const odd = modelOf([{ count: 10, attention: { kind: 'full', heads: 6, kv_heads: 2, head_dim: 64 }, mlp: DENSE }]);
    const padded = sumMatrices(opsOf(odd, split), work, split).weights;
    expect(padded).toBeGreaterThan(sumMatrices(opsOf(odd), work, ONE).weights / 4);
  });

  it('decode reads the cache as it is stored: GQA, replication beyond the KV heads, MLA latents, fp8', () => {
    const bytes = (attention: Attention, tp: number, kv: 'bf16' | 'fp8') => {
      const ops = opsOf(modelOf([{ count: 1, attention, mlp: DENSE }]), { ...ONE, tp }, { quantization: 'auto', kv });
      return ops
        .filter((op): op is ComputeOp => op.kind === 'compute' && op.over === 'decode')
        .map((op) => op.bytesX)[0];
    };
    expect(bytes(GQA, 1, 'bf16')).toBe(2 * 4 * 64 * 2);
    expect(bytes(GQA, 4, 'bf16')).toBe(2 * 1 * 64 * 2);
    expect(bytes(GQA, 16, 'bf16')).toBe(2 * 1 * 64 * 2);
    expect(bytes(GQA, 4, 'fp8')).toBe(2 * 1 * 64);
    const mla = catalog.model('deepseek-r1').groups[0].attention;
    expect([bytes(mla, 1, 'bf16'), bytes(mla, 8, 'bf16')]).toEqual([576 * 2, 576 * 2]);
  });

  it('exchanges: two all-reduces per layer and one for the embedding; all-to-all with dp and ep; hand-over with pp', () => {
    const exchanges = (model: Model, split: Split) =>
      opsOf(model, split)
        .filter((op) => op.kind === 'exchange')
        .map((op) => `${op.count} ${op.op} ${op.devices}`);
    expect(exchanges(SMALL, ONE)).toEqual([]);
    const reduces = exchanges(SMALL, { ...ONE, tp: 4 }).filter((name) => name.includes('all-reduce'));
    expect(reduces).toEqual(['10 all-reduce 4', '10 all-reduce 4', '1 all-reduce 4']);
    expect(exchanges(SMALL, { ...ONE, tp: 2 }).filter((name) => name === '10 all-reduce 2')).toHaveLength(2);
    expect(exchanges(SMALL, { ...ONE, pp: 2 })).toEqual(['2 send-recv 2']);
    const moe = catalog.model('mixtral-8x7b');
    expect(exchanges(moe, { ...ONE, dp: 4, ep: 4 })).toEqual(['32 all-to-all 4', '32 all-to-all 4']);
    expect(exchanges(moe, { ...ONE, dp: 4 })).toEqual(['32 all-gather 4', '32 reduce-scatter 4']);
  });

  it('norms of q and k that span heads on several devices sum their squares first, 8 bytes a token and a kernel more', () => {
    const spanning = { ...GQA, qk_norm: true, qk_norm_spans_heads: true } as const;
    const [apart, across] = [{ ...GQA, qk_norm: true } as const, spanning].map((attention) =>
      modelOf([{ count: 10, attention, mlp: DENSE }]),
    );
    const tell = (model: Model, tp: number) =>
      opsOf(model, { ...ONE, tp }).flatMap((op) => {
        if (op.kind === 'exchange') return op.bytesX === 8 ? [`${op.count} ${op.op} ${op.devices} ${op.over}`] : [];
        return op.name.startsWith('norms') ? [String(op.count)] : [];
      });
    expect([tell(apart, 4), tell(across, 1)]).toEqual([['60'], ['60']]);
    expect(tell(across, 4)).toEqual(['70', '10 all-reduce 4 tokens']);
    expect(catalog.model('minimax-m2.5').groups[0].attention).toMatchObject({ qk_norm_spans_heads: true });
    expect(catalog.model('qwen3-32b').groups[0].attention).not.toHaveProperty('qk_norm_spans_heads');
  });

  it('launches five small kernels per dense layer, six with experts, ten with MLA and experts', () => {
    const small = (model: Model) =>
      opsOf(model)
        .filter((op) => op.name.startsWith('norms'))
        .map((op) => op.count);
    expect(small(SMALL)).toEqual([50]);
    expect(small(catalog.model('mixtral-8x7b'))).toEqual([32 * 6]);
    expect(small(catalog.model('deepseek-r1'))).toEqual([3 * 9, 58 * 10]);
  });

  it('has finite, non-negative figures for any model and split', () => {
    const split = fc.record({ tp: fc.constantFrom(1, 2, 8), pp: fc.constantFrom(1, 3), dp: fc.constantFrom(1, 2) });
    fc.assert(
      fc.property(anyModel, split, (model, degrees) => {
        for (const op of opsOf(model, { ...degrees, ep: 1, shards: 1 })) {
          const figures =
            op.kind === 'compute'
              ? [op.flopsX, op.flopsY, op.bytes0, op.bytesX, op.bytesY, op.count]
              : [op.bytesX, op.count];
          for (const figure of figures) expect(Number.isFinite(figure) && figure >= 0).toBe(true);
        }
      }),
      { seed: 1 },
    );
  });
});

describe('quantities', () => {
  it('pairs under a cap are the sum over new tokens of what each one sees', () => {
    const size = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 400 }), (tokens, past, cap) => {
        let sum = 0;
        for (let j = 1; j <= tokens; j++) sum += Math.min(past + j, cap);
        expect(countPairs(tokens, past, cap)).toBe(sum);
      }),
      { seed: 1 },
    );
    expect(countPairs(512, 2048, Number.POSITIVE_INFINITY)).toBe(512 * 2048 + (512 * 513) / 2);
  });

  it('experts: one token touches top-k, many touch all; the busiest group gets more than its share, never more than all', () => {
    const routing = { experts: 128, topK: 4, groups: 1 };
    expect(touchedExperts(routing, 1)).toBe(4);
    // two tokens share an expert or two; then fewer than uniform routing would touch, as measured, and all in the end
    expect(touchedExperts(routing, 2)).toBeCloseTo(8 - 4 / 32, 0);
    const uniform = (tokens: number) => 128 * (1 - (1 - 4 / 128) ** tokens);
    for (const tokens of [32, 64, 128]) {
      expect(touchedExperts(routing, tokens)).toBeLessThan(0.93 * uniform(tokens));
      expect(touchedExperts(routing, tokens)).toBeGreaterThan(0.8 * uniform(tokens));
    }
    expect(touchedExperts(routing, 1e6)).toBeCloseTo(128, 3);
    for (let n = 1; n < 300; n++) expect(touchedExperts(routing, n + 1)).toBeGreaterThan(touchedExperts(routing, n));
    expect(busiestPairs(routing, 64)).toBe(256);
    const split = { ...routing, groups: 8 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e5 }), (tokens) => {
        const busiest = busiestPairs(split, tokens);
        expect(busiest).toBeGreaterThanOrEqual((tokens * 4) / 8);
        expect(busiest).toBeLessThanOrEqual(tokens * 4);
        expect(busiestPairs(split, tokens + 1)).toBeGreaterThanOrEqual(busiest);
      }),
      { seed: 2 },
    );
  });

  it('an instance with groups is as slow as its fullest one', () => {
    const split = { ...ONE, dp: 4, ep: 4 };
    const ops = opsOf(catalog.model('mixtral-8x7b'), split);
    const work = { prefill: [], decode: [{ count: 5, context: 99 }] };
    const totals = sumWork(work);
    const decode = ops.find((op) => op.kind === 'compute' && op.over === 'decode')!;
    expect(quantitiesOf(decode, work, totals, split)).toEqual({ x: 2 * 100, y: 2 });
  });
});
