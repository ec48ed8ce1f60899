// Parameter counts and KV bytes of every model against published figures and figures worked out by hand.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inferSchema, initParser } from 'udsv';
import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../src/catalog/config-json.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { countParameters, kvBytesPerToken, weightBytes } from '../../src/catalog/parameters.ts';

const catalog = openCatalog();
const data = join(process.env.MIST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url)), 'cases');
const hasData = existsSync(join(data, 'model_ids.csv'));
if (!hasData)
  console.warn(`skipped: comparison with the table of facts (no ${join('cases', 'model_ids.csv')} in MIST_DATA)`);

/** Relative difference in per cent. */
const off = (got: number, want: number) => 100 * Math.abs(got / want - 1);

describe('parameter counts', () => {
  for (const id of catalog.ids('models')) {
    it(`${id} is within 0.1 % of the published total and active counts`, () => {
      const model = catalog.model(id);
      const { total, active } = countParameters(model);
      expect(off(total, model.parameters.total)).toBeLessThan(0.1);
      expect(off(active, model.parameters.active)).toBeLessThan(0.1);
      expect(active).toBeLessThanOrEqual(total);
    });
  }
});

describe('bytes', () => {
  // 2 (K and V) x layers x KV heads x head dim x 2 bytes; MLA: layers x (latent + rope) x 2.
  const growing: [string, number][] = [
    ['llama-3.3-70b', 2 * 80 * 8 * 128 * 2],
    ['llama-2-7b', 2 * 32 * 32 * 128 * 2],
    ['qwen3-32b', 2 * 64 * 8 * 128 * 2],
    ['falcon-180b', 2 * 80 * 8 * 64 * 2],
    ['deepseek-r1', 61 * (512 + 64) * 2],
    ['kimi-k2', 61 * (512 + 64) * 2],
    ['deepseek-v3.2', 61 * ((512 + 64) * 2 + 128 + 4)],
    ['qwen3.5-397b-a17b', 2 * 15 * 2 * 256 * 2],
    ['nemotron-3-nano-30b-a3b', 2 * 6 * 2 * 128 * 2],
    ['mimo-v2-flash', 9 * 4 * (192 + 128) * 2],
  ];
  it.each(growing)('%s: KV bytes per token that grow with the context', (id, bytes) => {
    expect(kvBytesPerToken(catalog.model(id), 'bf16').growing).toBe(bytes);
  });

  const windows: [string, number, number, number][] = [
    ['gpt-oss-120b', 128, 2 * 18 * 8 * 64 * 2, 2 * 18 * 8 * 64 * 2],
    ['gemma-2-27b', 4096, 2 * 23 * 16 * 128 * 2, 2 * 23 * 16 * 128 * 2],
    ['gemma-3-27b', 1024, 2 * 52 * 16 * 128 * 2, 2 * 10 * 16 * 128 * 2],
    ['mistral-7b', 4096, 2 * 32 * 8 * 128 * 2, 0],
    ['llama-4-scout-17b-16e', 8192, 2 * 36 * 8 * 128 * 2, 2 * 12 * 8 * 128 * 2],
  ];
  it.each(windows)('%s: sliding layers are kept apart', (id, tokens, sliding, full) => {
    const kv = kvBytesPerToken(catalog.model(id), 'bf16');
    expect(kv.window).toEqual([{ tokens, bytesPerToken: sliding }]);
    expect(kv.growing).toBe(full);
  });

  it('a delta net keeps its state in 32 bits and the tail of its convolution in 16', () => {
    // Qwen3.5-27B: 48 layers, 48 value heads of 128 x 128, 10,240 channels with a tail of 3.
    const state = 48 * (48 * 128 * 128 * 4 + 10240 * 3 * 2);
    expect(kvBytesPerToken(catalog.model('qwen3.5-27b'), 'fp8').stateBytesPerSequence).toBe(state);
  });

  // Sizes of the published checkpoints in GB, from their pages (from memory), without MTP layers.
  const checkpoints: [string, number][] = [
    ['llama-3.1-8b', 16.06],
    ['gpt-oss-120b', 65.2],
    ['deepseek-r1', 673],
  ];
  it.each(checkpoints)('%s: weights as published are %d GB within 1 %%', (id, gigabytes) => {
    const model = catalog.model(id);
    const bytes = weightBytes(model, model.native_format, model.native_attention_format);
    expect(off(bytes, gigabytes * 1e9)).toBeLessThan(1);
  });
});

describe.skipIf(!hasData)('against the table of facts', () => {
  const readTable = (name: string) => {
    const text = readFileSync(join(data, name), 'utf8');
    return initParser(inferSchema(text)).stringObjs(text) as Record<string, string>[];
  };
  // The table counts the embedding table of a headless decoder as active; no such weight is multiplied.
  const exceptions = new Set(['e5-mistral-7b', 'qwen3-embedding-8b']);
  // Published in 4 bits, which the table's fields leave out (tools/catalog/catalog-facts.mjs).
  const corrected = new Set(['kimi-k2.5']);

  it('has every model, with its counts, read from the config as it stands', () => {
    for (const row of hasData ? readTable('model_ids.csv') : []) {
      const model = catalog.model(row.id);
      const facts = JSON.parse(readFileSync(join(data, 'models', `${row.id}.json`), 'utf8'));
      const read = readModelConfig(facts, { id: row.id, file: row.id });
      const { total, active } = countParameters(read);
      expect(off(total, Number(row.params_total_b) * 1e9), row.id).toBeLessThan(0.1);
      if (!exceptions.has(row.id)) expect(off(active, Number(row.params_active_b) * 1e9), row.id).toBeLessThan(0.1);
      expect(read.groups, row.id).toEqual(model.groups);
      expect(read.mtp_layers, row.id).toBe(Number(row.mtp_layers));
      expect(read.max_positions, row.id).toBe(Number(row.max_positions));
      if (!corrected.has(row.id)) expect(read.native_format, row.id).toBe(model.native_format);
    }
  });

  it('has every device, in SI units', () => {
    for (const row of hasData ? readTable('hardware_ids.csv') : []) {
      const device = catalog.hardware(row.id);
      expect(device.peak.bf16, row.id).toBeCloseTo(Number(row.bf16_tflops) * 1e12, -6);
      expect(device.memory_bandwidth, row.id).toBeCloseTo(Number(row.mem_gbps) * 1e9, -3);
      if (row.id !== 'mi355x')
        // 7 links of 76.5 GB/s, not 576 (tools/catalog/catalog-facts.mjs)
        expect(device.scale_up.bandwidth, row.id).toBeCloseTo(Number(row.scaleup_gbps_unidir) * 1e9, -3);
      expect(device.memory_bytes / 2 ** 30 / Number(row.mem_gb), row.id).toBeGreaterThan(0.9);
      expect(device.memory_bytes / 2 ** 30 / Number(row.mem_gb), row.id).toBeLessThan(1.001);
    }
  });
});
