// KV capacity and legal splits against known anchors and the rules they follow.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { weightBytes } from '../../src/catalog/parameters.ts';
import type { EngineProfile, Model } from '../../src/catalog/types.ts';
import { legalSplit } from '../../src/plan/legal.ts';
import { kvCapacity, type MemoryAsk, weightsPerDevice } from '../../src/plan/memory.ts';
import { type AskedFormats, resolveFormats } from '../../src/stages/formats.ts';
import type { Split } from '../../src/stages/split.ts';
import { DEVICE, modelOf, PROFILE, SMALL } from './fixtures.ts';

const catalog = openCatalog();
const ONE: Split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
const AUTO = { quantization: 'auto', kv: 'auto' } as const;
const ASK: MemoryAsk = { gpuMemoryUtilization: 0.9, maxNumSeqs: 256, maxNumBatchedTokens: 8192, blockSize: 16 };
const HUGE = { ...DEVICE, memory_bytes: 1e13 };

function capacity(
  model: Model,
  hardware = HUGE,
  split: Split = ONE,
  asked: AskedFormats = AUTO,
  profile: EngineProfile = PROFILE,
  ask = ASK,
) {
  return kvCapacity(model, hardware, split, resolveFormats(model, asked), profile, ask);
}

describe('kvCapacity', () => {
  it('llama-3.1-70b leaves 327,680 bytes per token in bf16, a tp-th of it per device, half in fp8', () => {
    const llama = catalog.model('llama-3.1-70b');
    expect(capacity(llama).blockBytes).toBe(16 * 327_680);
    expect(capacity(llama, HUGE, { ...ONE, tp: 4 }).blockBytes).toBe((16 * 327_680) / 4);
    expect(capacity(llama, HUGE, { ...ONE, tp: 16 }).blockBytes).toBe((16 * 327_680) / 8);
    expect(capacity(llama, HUGE, { ...ONE, pp: 2 }).blockBytes).toBe((16 * 327_680) / 2);
    expect(capacity(llama, HUGE, ONE, { ...AUTO, kv: 'fp8' }).blockBytes).toBe(8 * 327_680);
  });

  it('32 layers over 5 stages: the fullest holds 7 of them, in cache, states and weights', () => {
    const llama = catalog.model('llama-3.1-8b');
    const formats = resolveFormats(llama, AUTO);
    expect(capacity(llama, HUGE, { ...ONE, pp: 5 }).blockBytes).toBe((16 * 131_072 * 7) / 32);
    const last = weightsPerDevice(llama, { ...ONE, pp: 32 }, formats); // one layer, and a table
    const [five, eight] = [5, 8].map((pp) => weightsPerDevice(llama, { ...ONE, pp }, formats));
    expect((five! - eight!) / (7 - 4)).toBeCloseTo((eight! - last) / (4 - 1), 0); // a layer is a layer
    const blocks = (pp: number) => capacity(llama, DEVICE, { ...ONE, pp }).blocks;
    expect(blocks(5)).toBeLessThan(blocks(8)); // 8 stages hold 4 layers each
  });

  it('deepseek-r1 leaves 70,272 bytes per token on every device of a tp group', () => {
    const r1 = catalog.model('deepseek-r1');
    expect(capacity(r1).blockBytes).toBe(16 * 70_272);
    expect(capacity(r1, HUGE, { ...ONE, tp: 8 }).blockBytes).toBe(16 * 70_272);
  });

  it('weights of one device are those of the checkpoint, split', () => {
    for (const id of ['llama-3.1-70b', 'gpt-oss-120b', 'deepseek-r1', 'gemma-3-27b']) {
      const model = catalog.model(id);
      const formats = resolveFormats(model, AUTO);
      const all = weightBytes(model, formats.weights, formats.attention);
      expect(weightsPerDevice(model, ONE, formats) / all).toBeCloseTo(1, 6);
      const eighth = (8 * weightsPerDevice(model, { ...ONE, tp: 8 }, formats)) / all;
      expect(eighth).toBeGreaterThanOrEqual(1);
      expect(eighth).toBeLessThan(1.06);
    }
  });

  it('agrees with a vLLM start-up log within 5 %: llama-3.1-8b bf16 on one 80 GB H100 holds about 28,000 blocks', () => {
    const { blocks } = capacity(catalog.model('llama-3.1-8b'), catalog.hardware('h100-sxm-80gb'), ONE, AUTO, {
      ...PROFILE,
      reserve_bytes: 5e8,
    });
    expect(Math.abs(blocks / 28_000 - 1)).toBeLessThan(0.05);
  });

  it('every rank has a cache of its own beside its part of the experts', () => {
    const model = catalog.model('deepseek-r1');
    const split = { ...ONE, dp: 8, ep: 8 };
    const one = capacity(model, { ...DEVICE, memory_bytes: 150e9 }, { ...ONE, dp: 1, tp: 8 });
    const groups = capacity(model, { ...DEVICE, memory_bytes: 150e9 }, split);
    expect(groups.words).toContain('on each of 8 ranks');
    // a latent is whole on every device of a tensor-parallel group: eight ranks hold eight times what that does
    expect(8 * groups.blocks).toBeGreaterThan(4 * one.blocks);
    expect(groups.blocks).toBeLessThan(one.blocks);
  });

  it('a model that keeps states only takes blocks that hold them', () => {
    const state = { parameters: 1e6, state_elements: 1000, state_bytes: 2, flops_per_token: 1 };
    const model = modelOf([{ count: 4, attention: { kind: 'linear', ...state }, mlp: { kind: 'none' } }]);
    expect(capacity(model, DEVICE)).toMatchObject({ blockBytes: 4 * 2000, pages: { full: 0, near: 0, fixed: 1 } });
  });

  it('counts blocks in 32 bits where nothing is cached at all', () => {
    const model = modelOf([{ count: 4, attention: { kind: 'none' }, mlp: { kind: 'none' } }]);
    expect(capacity(model, DEVICE)).toMatchObject({ blocks: 2 ** 31 - 1, blockBytes: 0 });
  });

  it('says why nothing fits', () => {
    const llama = catalog.model('llama-3.1-70b');
    const fits = (memory_bytes: number) => capacity(llama, { ...DEVICE, memory_bytes });
    expect(fits(80e9).reason).toBe('weights-do-not-fit');
    expect(fits(158e9)).toMatchObject({ reason: 'no-room-for-kv', blocks: 0 });
    expect(fits(320e9).reason).toBeUndefined();
  });

  it('takes a share of all memory, or of what is free, as the engine does', () => {
    const total = capacity(SMALL, DEVICE);
    const free = capacity(SMALL, DEVICE, ONE, AUTO, { ...PROFILE, kv_share_of: 'free' });
    const used = total.weightsBytes + total.activationBytes + total.reserveBytes;
    expect(total.blocks).toBe(Math.floor((0.9 * 80e9 - used) / total.blockBytes));
    expect(free.blocks).toBe(Math.floor((0.9 * (80e9 - used)) / free.blockBytes));
    const static_ = capacity(SMALL, DEVICE, ONE, AUTO, { ...PROFILE, kv_share_of: 'weights-and-cache' });
    expect(static_.blocks).toBe(Math.floor((0.9 * (80e9 - 1e9) - total.weightsBytes) / static_.blockBytes));
  });

  it('the peak is that of a layer or of the samplers, not both; communicators are counted in groups of devices only', () => {
    const peak = (more: Partial<MemoryAsk>, profile = PROFILE) =>
      capacity(SMALL, DEVICE, ONE, AUTO, profile, { ...ASK, ...more }).activationBytes;
    const samplers = (seqs: number, bytes: number) => 2 * 8192 * SMALL.hidden + seqs * SMALL.vocab * bytes;
    expect(peak({ maxNumSeqs: 1 })).toBe(peak({ maxNumSeqs: 2 })); // a layer of 8,192 tokens
    expect(peak({ maxNumSeqs: 8192 })).toBe(samplers(8192, 10));
    expect(peak({ maxNumSeqs: 8192 }, { ...PROFILE, logit_bytes: 39 })).toBe(samplers(8192, 39));
    const reserve = (tp: number) =>
      capacity(SMALL, DEVICE, { ...ONE, tp }, AUTO, { ...PROFILE, group_bytes: 5e8 }).reserveBytes;
    expect([reserve(1), reserve(2), reserve(8)]).toEqual([1e9, 1.5e9, 1.5e9]);
  });

  it('more tokens per step, more sequences: fewer blocks', () => {
    const blocks = (more: Partial<MemoryAsk>) =>
      capacity(SMALL, DEVICE, ONE, AUTO, PROFILE, { ...ASK, ...more }).blocks;
    expect(blocks({ maxNumBatchedTokens: 65536 })).toBeLessThan(blocks({}));
    expect(blocks({ maxNumSeqs: 4096 })).toBeLessThan(blocks({}));
  });
});

describe('legalSplit', () => {
  const llama = catalog.model('llama-3.1-70b');
  const mixtral = catalog.model('mixtral-8x7b');
  const reason = (model: Model, split: Partial<Split>, hardware = DEVICE) =>
    legalSplit(model, hardware, { ...ONE, ...split }, resolveFormats(model, AUTO))?.reason ?? null;

  it.each([
    [llama, { tp: 8 }, null],
    [llama, { tp: 16 }, 'tp-beyond-scale-up'],
    [llama, { tp: 3 }, 'tp-does-not-divide-heads'],
    [llama, { tp: 0 }, 'degree-not-whole'],
    [llama, { tp: 1.5 }, 'degree-not-whole'],
    [llama, { pp: 81 }, 'pp-exceeds-layers'],
    [llama, { dp: 2 }, 'dp-without-experts'],
    [llama, { ep: 2 }, 'ep-without-experts'],
    [mixtral, { tp: 4, dp: 2, ep: 8 }, null],
    [mixtral, { tp: 4, ep: 3 }, 'ep-does-not-divide'],
    [mixtral, { tp: 8, dp: 2, ep: 16 }, 'ep-exceeds-experts'],
  ] as const)('%o %o: %s', (model, split, expected) => {
    expect(reason(model, split)).toBe(expected);
  });

  it('needs a network beyond one server, and heads enough for every shard', () => {
    expect(reason(llama, { tp: 8, pp: 2 }, { ...DEVICE, scale_out_bandwidth: 0 })).toBe('no-scale-out');
    expect(reason(SMALL, { tp: 8, shards: 8 })).toBe('tp-exceeds-heads');
  });

  it('refuses packed weights where no kernel unpacks them', () => {
    const asic = { ...DEVICE, kind: 'asic' as const };
    const formats = resolveFormats(llama, { quantization: 'nvfp4', kv: 'auto' });
    expect(legalSplit(llama, asic, ONE, formats)?.reason).toBe('format-not-supported');
    expect(legalSplit(llama, DEVICE, ONE, formats)).toBeNull();
  });
});
