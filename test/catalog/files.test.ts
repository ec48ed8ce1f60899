// Every file that ships in the catalog: its form, its name, and what physics says about its figures.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { checkEntry } from '../../src/catalog/check-entry.ts';
import { type CatalogKind, NAMED_KINDS, openCatalog } from '../../src/catalog/open.ts';
import {
  efficiencySchema,
  engineSchema,
  errorBandsSchema,
  hardwareSchema,
  linkSchema,
  modelSchema,
  priceSheetSchema,
  shapeSchema,
  stepFitSchema,
} from '../../src/catalog/schemas.ts';

const catalog = openCatalog();
const schemas: Record<CatalogKind, z.ZodType> = {
  hardware: hardwareSchema,
  models: modelSchema,
  engines: engineSchema,
  workloads: shapeSchema,
  prices: priceSheetSchema,
  links: linkSchema,
  efficiency: efficiencySchema,
  validation: errorBandsSchema,
  steps: stepFitSchema,
};

describe('the catalog files', () => {
  for (const kind of Object.keys(schemas) as CatalogKind[]) {
    it(`${kind}: each has the form of its kind and is named after its id`, () => {
      for (const id of catalog.ids(kind)) {
        const file = fileURLToPath(new URL(`../../src/catalog/${kind}/${id}.json`, import.meta.url));
        const text = readFileSync(file, 'utf8');
        const entry = checkEntry(schemas[kind], JSON.parse(text), text, file) as { id?: string; hardware?: string };
        expect(kind === 'efficiency' ? entry.hardware : entry.id).toBe(id);
      }
    });
  }

  it('holds all devices, models and profiles', () => {
    expect(catalog.ids('hardware').length).toBeGreaterThanOrEqual(123);
    expect(catalog.ids('models').length).toBeGreaterThanOrEqual(186);
    expect(catalog.ids('engines')).toContain('vllm-0.11');
  });

  it('names no id of one kind in another, so that a word means one thing', () => {
    const all = NAMED_KINDS.flatMap((kind) => catalog.ids(kind));
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('hardware figures', () => {
  for (const id of catalog.ids('hardware')) {
    it(`${id} is plausible`, () => {
      const { peak, ...device } = catalog.hardware(id);
      if (peak.fp8 !== undefined) expect(peak.fp8).toBeGreaterThanOrEqual(peak.bf16);
      if (peak.fp4 !== undefined) expect(peak.fp4).toBeGreaterThanOrEqual(peak.fp8 ?? peak.bf16);
      // From a CPU's few FLOP per byte to a tensor core's several hundred, more where a device only reads prompts (Rubin CPX).
      expect(peak.bf16 / device.memory_bandwidth).toBeGreaterThan(10);
      expect(peak.bf16 / device.memory_bandwidth).toBeLessThan(device.confidence === 'low' ? 2000 : 1000);
      // Reading the whole memory once takes 10 ms to 5 s.
      expect(device.memory_bytes / device.memory_bandwidth).toBeGreaterThan(0.01);
      expect(device.memory_bytes / device.memory_bandwidth).toBeLessThan(5);
      if (device.confidence !== 'low')
        expect(device.scale_up.bandwidth).toBeGreaterThanOrEqual(device.scale_out_bandwidth);
      if (device.tdp_w !== null) expect(device.tdp_w).toBeGreaterThan(50);
      expect(device.generation).toMatch(/^[a-z0-9-]+$/);
    });
  }

  it('states the memory that a process can have, not the nominal one', () => {
    // 79.1 GiB of an 80 GB board: what start-up logs of vLLM show.
    expect(catalog.hardware('h100-sxm-80gb').memory_bytes / 2 ** 30).toBeCloseTo(79.1, 1);
    expect(catalog.hardware('mi300x').memory_bytes / 2 ** 30).toBe(192);
  });
});

describe('engine profiles', () => {
  it('have the limits that the engines document', () => {
    const vllm = catalog.engine('vllm-0.11');
    expect([vllm.batching, vllm.admission, vllm.block_size]).toEqual(['chunked', 'prompt', 16]);
    expect([vllm.max_num_seqs, vllm.max_num_batched_tokens, vllm.gpu_memory_utilization]).toEqual([1024, 8192, 0.9]);
    expect(catalog.engine('trtllm-1.0').admission).toBe('full-length');
    expect(catalog.engine('vllm-2023').batching).toBe('continuous');
  });

  it('charge newer versions less host time for a step of 64 sequences and 32 layers', () => {
    const step = (id: string) => {
      const { host } = catalog.engine(id);
      return host.step_s + 64 * host.sequence_s + 32 * host.layer_s;
    };
    expect(step('vllm-2023')).toBeGreaterThan(step('vllm-0.6'));
    expect(step('vllm-0.6')).toBeGreaterThan(step('vllm-0.11'));
    expect(step('vllm-0.11')).toBeGreaterThan(step('vllm-0.19'));
  });
});
