// Every model that ships, in every format: bytes that are finite and in order, a cache as a formula of its own has it; every device
// prices a step.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { countParameters, kvBytesPerToken, weightBytes } from '../../src/catalog/parameters.ts';
import type { KvFormat, Model, WeightFormat } from '../../src/catalog/types.ts';

const catalog = openCatalog();
const models = catalog.ids('models').map((id) => catalog.model(id));

/** From narrow to wide; those of one line are equal. */
const WIDTHS: readonly (readonly WeightFormat[])[] = [
  ['int4'],
  ['mxfp4'],
  ['nvfp4'],
  ['fp8', 'int8'],
  ['fp8-block'],
  ['bf16', 'fp16'],
];

/** Bytes of one token in the caches that grow, of one in each window, and of a state: by the arithmetic of the papers. */
function cacheOf({ groups }: Model, bytes: 1 | 2) {
  const sum = { growing: 0, windows: new Map<number, number>(), state: 0 };
  for (const { count, attention: at } of groups) {
    if (at.kind === 'none') continue;
    if (at.kind === 'linear') sum.state += count * at.state_elements * at.state_bytes;
    else if (at.kind === 'mla') {
      const scaled = bytes === 1 && at.sparse_top_k !== undefined;
      const latent = at.kv_lora_rank * bytes + (scaled ? at.kv_lora_rank / 32 : 0);
      const key = at.indexer ? at.indexer.head_dim + 4 : 0;
      sum.growing += count * (latent + at.qk_rope_dim * (scaled ? 2 : bytes) + key);
    } else if (at.shares_kv !== true) {
      const key = at.indexer ? at.indexer.head_dim + 4 : 0;
      const entry = ((at.kv_elements ?? at.kv_heads * at.head_dim * 2) * bytes + key) / (at.compression ?? 1);
      if (at.kind === 'full') sum.growing += count * entry;
      else sum.windows.set(at.window, (sum.windows.get(at.window) ?? 0) + count * entry);
    }
  }
  return sum;
}

describe('every model', () => {
  it.each(models.map((model) => [model.id, model] as const))('%s: narrower formats take fewer bytes', (_, model) => {
    const sizes = WIDTHS.map((formats) => new Set(formats.map((format) => weightBytes(model, format))));
    for (const size of sizes) expect(size.size).toBe(1);
    const list = sizes.map((size) => [...size][0]);
    for (const [i, size] of list.entries()) {
      expect(Number.isFinite(size) && size > 0).toBe(true);
      if (i > 0) expect(size).toBeGreaterThan(list[i - 1]!);
    }
    // all weights in 16 bits; tied tables once
    expect(list.at(-1)! / 2 / countParameters(model).total).toBeCloseTo(1, 9);
    const native = weightBytes(model, model.native_format, model.native_attention_format);
    expect(native).toBeLessThanOrEqual(list.at(-1)!);
    expect(native).toBeGreaterThanOrEqual(list[0]!);
  });

  it.each(models.map((model) => [model.id, model] as const))('%s: a cache by the formula', (_, model) => {
    for (const [format, bytes] of [
      ['bf16', 2],
      ['fp16', 2],
      ['fp8', 1],
      ['int8', 1],
    ] as [KvFormat, 1 | 2][]) {
      const kv = kvBytesPerToken(model, format);
      const want = cacheOf(model, bytes);
      expect(kv.growing).toBeCloseTo(want.growing, 6);
      expect(kv.stateBytesPerSequence).toBe(want.state);
      expect(new Map(kv.window.map(({ tokens, bytesPerToken }) => [tokens, bytesPerToken]))).toEqual(want.windows);
    }
    const [wide, narrow] = [kvBytesPerToken(model, 'bf16'), kvBytesPerToken(model, 'fp8')];
    expect(narrow.growing).toBeLessThanOrEqual(wide.growing);
  });
});
