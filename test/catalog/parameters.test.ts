// Where the weights and the KV bytes are: sums that must add up, and bounds that must hold for every model.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import {
  attentionParameters,
  BYTES_PER_WEIGHT,
  countParameters,
  kvBytesPerToken,
  layerKvBytes,
  layerParameters,
  nativeFormats,
  sequenceKvBytes,
  weightBytes,
} from '../../src/catalog/parameters.ts';
import type { Attention, WeightFormat } from '../../src/catalog/types.ts';

const catalog = openCatalog();
const models = catalog.ids('models').map((id) => catalog.model(id));
const formats = Object.keys(BYTES_PER_WEIGHT) as WeightFormat[];

describe('weights', () => {
  it('weigh two bytes each in bf16, and no more in any other format', () => {
    for (const model of models) {
      expect(weightBytes(model, 'bf16')).toBe(2 * countParameters(model).total);
      for (const format of formats) {
        expect(weightBytes(model, format)).toBeLessThanOrEqual(weightBytes(model, 'bf16'));
        // Embeddings, head and norms stay in 16 bits.
        expect(weightBytes(model, format)).toBeGreaterThan(
          BYTES_PER_WEIGHT[format] * countParameters(model).total * 0.999,
        );
      }
    }
  });

  it('follow the attention format for attention only', () => {
    const model = catalog.model('gpt-oss-120b');
    expect(nativeFormats(model)).toEqual({ weights: 'mxfp4', attention: 'bf16' });
    const attention = 36 * attentionParameters(model.groups[0].attention, model.hidden);
    expect(weightBytes(model, 'mxfp4', 'bf16') - weightBytes(model, 'mxfp4')).toBeCloseTo(attention * (2 - 0.53125), 0);
  });

  it('of an expert are those of its width, in the latent where there is one', () => {
    const super120 = catalog.model('nemotron-3-super-120b-a12b');
    const group = super120.groups.find(({ mlp }) => mlp.kind === 'moe')!;
    const layer = layerParameters(group, super120.hidden);
    expect(layer.expert).toBe(2 * 1024 * 2688);
    expect(layer.shared).toBe(2 * 4096 * 5376 + 2 * 4096 * 1024);
    expect(layer.router).toBe(4096 * 512);
  });

  it('of DeepSeek-V3 attention are 187 million a layer, as its paper has it', () => {
    const model = catalog.model('deepseek-v3');
    expect(attentionParameters(model.groups[0].attention, model.hidden)).toBe(187_105_280);
  });
});

describe('KV bytes', () => {
  it('halve in fp8, apart from the keys of an indexer', () => {
    for (const model of models) {
      const [wide, narrow] = [kvBytesPerToken(model, 'bf16'), kvBytesPerToken(model, 'fp8')];
      const indexed = model.groups.some(({ attention }) => 'indexer' in attention);
      if (!indexed) expect(narrow.growing * 2).toBe(wide.growing);
      else expect(narrow.growing).toBeGreaterThan(wide.growing / 2);
      expect(narrow.stateBytesPerSequence).toBe(wide.stateBytesPerSequence);
    }
  });

  it('of a sequence never shrink with its context, and grow at most by every layer', () => {
    const context = fc.integer({ min: 0, max: 200_000 });
    fc.assert(
      fc.property(fc.constantFrom(...models), context, context, (model, a, b) => {
        const kv = kvBytesPerToken(model, 'bf16');
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const all = kv.growing + kv.window.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0);
        const grown = sequenceKvBytes(kv, more) - sequenceKvBytes(kv, less);
        expect(grown).toBeGreaterThanOrEqual(0);
        expect(grown).toBeLessThanOrEqual(all * (more - less));
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('of compressed attention are one entry per so many tokens', () => {
    const full: Attention = { kind: 'full', heads: 64, kv_heads: 1, head_dim: 512, kv_elements: 512, compression: 4 };
    expect(layerKvBytes(full, 'bf16')).toBe(256);
  });
});
