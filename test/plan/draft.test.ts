// Speculative decoding in the plan: what a step with drafts costs, what they take of memory, and what cannot draft.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as layout from '../../assembly/layout/surface.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { bindDeployment, blocksOf, isRefusal } from '../../src/plan/deployment.ts';
import type { DraftKey } from '../../src/plan/draft.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { GRID_POINTS } from '../../src/plan/grid-points.ts';
import { lowerSurface, openLowering } from '../../src/plan/lower.ts';
import { priceStepExactly } from '../../src/plan/priced-ops.ts';
import type { SurfaceKey } from '../../src/plan/surface-key.ts';
import { priceStep } from '../reference/price.ts';
import { CONFIGURATION } from '../report/fixture.ts';

const catalog = openCatalog();
const arena = openArena(1 << 20);
const kernels = loadKernels(arena.memory);
const start = arena.mark();
const KEY: SurfaceKey = {
  model: catalog.model('llama-3.1-8b'),
  hardware: catalog.hardware('h100-sxm-80gb'),
  profile: catalog.engine('vllm-0.11'),
  quantization: 'auto',
  kv: 'auto',
  tp: 1,
  pp: 1,
  dp: 1,
  ep: 1,
};
const SMALL = catalog.model('llama-3.2-1b');

function lower(key: SurfaceKey) {
  arena.release(start);
  return lowerSurface(key, openLowering(fitsOf(catalog), kernels, arena));
}

function draftKey(method: DraftKey['method'], drafts: number): DraftKey {
  return { method, drafts, model: method === 'draft_model' ? SMALL : null, quantization: 'auto', tp: 1 };
}

const withDrafts = (method: DraftKey['method'], drafts: number) =>
  lower({ ...KEY, speculation: draftKey(method, drafts) });
const decode = (table: Float64Array, sequences: number, context: number, drafts: number) =>
  priceStep({ chunks: [], decodes: sequences, context: sequences * context, drafts }, table);

describe('a step that verifies drafts', () => {
  it('of n-grams costs what its tokens cost, and reads every context once', () => {
    const plain = lower(KEY).table;
    const { table } = withDrafts('ngram', 3);
    expect(table.subarray(layout.SURFACE_G, layout.SURFACE_LM)).toEqual(
      plain.subarray(layout.SURFACE_G, layout.SURFACE_LM),
    );
    // one sequence: four tokens through the layers and the head, where memory decides
    const four = plain[layout.SURFACE_G + 4]! + plain[layout.SURFACE_LM + 4]!;
    const one = plain[layout.SURFACE_G + 1]! + plain[layout.SURFACE_LM + 1]!;
    const attention = table[layout.SURFACE_DA + layout.SURFACE_KNOTS]!;
    const host = table[layout.SURFACE_HOST_STEP]! + table[layout.SURFACE_HOST_SEQUENCE]!;
    expect(decode(table, 1, 0, 3)).toBeCloseTo(four + attention + host, 12);
    expect(four / one).toBeLessThan(1.1);
    for (const context of [500, 4000]) {
      const [verified, single] = [decode(table, 64, context, 3), decode(plain, 64, context, 0)];
      expect(verified).toBeGreaterThan(single);
      expect(verified).toBeLessThan(2 * single);
    }
  });

  it('of a draft model costs its passes: the first on every token, the others on one a sequence', () => {
    const none = withDrafts('ngram', 3).table;
    const drafted = withDrafts('draft_model', 3);
    const small = lower({ ...KEY, model: SMALL });
    // the first pass is in G, launches apart
    for (const tokens of [1, 4, 31, 47]) {
      const own = drafted.table[layout.SURFACE_G + tokens]! - none[layout.SURFACE_G + tokens]!;
      expect(own).toBeCloseTo(small.table[layout.SURFACE_G + tokens]!, 12);
    }
    const sequences = 16;
    const draft = drafted.shape.draft!;
    const exact = (decodes: number) =>
      priceStepExactly(small.priced, { prefill: [], decode: [{ count: decodes, context: 0 }] }, draft.split);
    const samples = exact(sequences).filter(({ op }) => op.kind === 'compute' && op.over === 'samples');
    const tokens = exact(sequences).filter(({ op }) => op.kind === 'compute' && op.over === 'tokens');
    const sum = (ops: typeof samples) => ops.reduce((seconds, op) => seconds + op.seconds, 0);
    const passes = 3 * sum(samples) + 2 * sum(tokens);
    const row = layout.SURFACE_DA + sequences * layout.SURFACE_KNOTS;
    const riding = drafted.table[row]! - none[row]!;
    const host = 2 * draft.layers * KEY.profile.host.layer_s;
    // what is left is the draft's attention on no context at all
    expect(riding - passes - host).toBeGreaterThan(0);
    expect(riding - passes - host).toBeLessThan(0.2 * riding);
  });

  it('never gets cheaper with more sequences, more context or more drafts (L7)', () => {
    const methods = ['ngram', 'eagle', 'eagle3', 'draft_model'] as const;
    const tables = new Map(
      methods.flatMap((m) => [1, 2, 5, 9].map((k) => [`${m}${k}`, withDrafts(m, k).table.slice()] as const)),
    );
    const count = fc.integer({ min: 1, max: 2000 });
    const length = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(fc.constantFrom(...methods), count, count, length, length, (method, b1, b2, x1, x2) => {
        const [low, high] = [Math.min(b1, b2), Math.max(b1, b2)];
        const [near, far] = [Math.min(x1, x2), Math.max(x1, x2)];
        const at = (k: number, b: number, x: number) => decode(tables.get(`${method}${k}`)!, b, x, k);
        const slack = 1 + 1e-9;
        expect(at(5, low, near)).toBeLessThanOrEqual(at(5, high, near) * slack);
        expect(at(5, low, near)).toBeLessThanOrEqual(at(5, low, far) * slack);
        expect(at(1, low, near)).toBeLessThanOrEqual(at(2, low, near) * slack);
        expect(at(2, low, near)).toBeLessThanOrEqual(at(9, low, near) * slack);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('draws more than without, by the draft and what is verified', () => {
    const plain = lower(KEY).table;
    const { table } = withDrafts('draft_model', 3);
    expect(plain[layout.SURFACE_J_DRAFT]).toBe(0);
    expect(table[layout.SURFACE_J_DRAFT_STEP]).toBeGreaterThan(0);
    expect(table[layout.SURFACE_J_STEP]).toBeGreaterThan(plain[layout.SURFACE_J_STEP]!);
    expect(GRID_POINTS).toHaveLength(GRID_TOKENS);
  });
});

const LLAMA = {
  ...CONFIGURATION,
  model: 'llama-3.1-8b',
  hardware: 'h100-sxm-80gb',
  profile: 'vllm-0.11',
  tensor_parallel_size: 2,
  pipeline_parallel_size: 1,
  data_parallel_size: 1,
  expert_parallel_size: 1,
};
type Change = Partial<typeof LLAMA> & { method: DraftKey['method']; draft?: string; draftTp?: number };

function bind({ method, draft = '', draftTp = 0, ...changes }: Change) {
  const configuration = {
    ...LLAMA,
    num_speculative_tokens: 3,
    ...changes,
    speculative_config: {
      method,
      model: draft,
      quantization: 'auto' as const,
      draft_tensor_parallel_size: draftTp,
      acceptance: [0.5, 0.25, 0.125],
    },
  };
  const bound = bindDeployment(configuration, { catalog, prices: {}, watts: {} });
  return isRefusal(bound) ? bound.reason : blocksOf(bound, configuration);
}

describe('memory', () => {
  const blocks = (change: Change) => {
    const bound = bind(change);
    return typeof bound === 'string' ? Number.NaN : bound;
  };

  it('n-grams take none; a head its layer, a draft model itself, and both their cache', () => {
    const none = blocks({ method: 'ngram' }) as Exclude<ReturnType<typeof blocks>, number>;
    const eagle = blocks({ method: 'eagle' }) as typeof none;
    const model = blocks({ method: 'draft_model', draft: 'llama-3.2-1b' }) as typeof none;
    const off = blocks({ method: 'eagle', num_speculative_tokens: 0 }) as typeof none;
    expect(off.blocks).toBe(none.blocks);
    // one more layer of 32, of the same cache
    expect(eagle.blockBytes / none.blockBytes).toBeCloseTo(33 / 32, 12);
    // Llama 3.2 1B: 16 layers of 8 KV heads of 64
    expect(model.blockBytes - none.blockBytes).toBe((16 * (16 * 2 * 8 * 64 * 2)) / 2);
    expect(eagle.weightsBytes - none.weightsBytes).toBeGreaterThan(200e6 / 2);
    expect(model.weightsBytes - none.weightsBytes).toBeCloseTo(2.47e9 / 2, -8);
    expect(eagle.blocks).toBeLessThan(none.blocks);
    expect(model.blocks).toBeLessThan(none.blocks);
  });

  it('what cannot draft is refused by its reason', () => {
    expect(bind({ method: 'mtp' })).toBe('no-mtp-head');
    expect(bind({ method: 'ngram', pipeline_parallel_size: 2 })).toBe('draft-with-pipeline');
    expect(bind({ method: 'draft_model', draft: 'llama-3.2-1b', draftTp: 4 })).toBe('draft-split');
    expect(bind({ method: 'draft_model', draft: 'qwen3-0.6b', draftTp: 1 })).not.toBe('draft-split');
    expect(bind({ method: 'ngram', step_source: 'regression' })).toBe('no-step-regression');
  });
});
