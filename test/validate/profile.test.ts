// The profile of a measured engine follows its version to the third number, and else the year of the run.
import { expect, test } from 'vitest';
import { readNightly, readVersion } from '../../src/catalog/engine-versions.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import type { CaseInput } from '../../src/validate/case-columns.ts';
import { chooseProfile } from '../../src/validate/choose-profile.ts';

const choose = (engine: CaseInput['engine'], engine_version: string, year: number | null) =>
  chooseProfile({ engine, engine_version, year, mode: 'closed-loop' } as CaseInput);

test('by version where one is readable, else by year', () => {
  expect(readVersion('v0.5.8.post1')).toEqual([0, 5, 8]);
  expect(readVersion('0.6')).toEqual([0, 6, 0]);
  expect(readVersion('2023')).toBeNull();
  expect(choose('sglang', '0.5.3rc1', 2025)).toBe('sglang-0.5');
  expect(choose('sglang', '0.5.8', 2025)).toBe('sglang-0.5.9');
  expect(choose('sglang', 'v0.5.9-cu130-amd64', 2026)).toBe('sglang-0.5.9');
  expect(choose('sglang', 'v0.5.10.post1-cu130', 2026)).toBe('sglang-0.5.10');
  expect(choose('sglang', '0.6.0', null)).toBe('sglang-0.5.10');
  expect(choose('sglang', '', 2026)).toBe('sglang-0.5.10');
  expect(choose('sglang', '', 2025)).toBe('sglang-0.5');
  expect(choose('vllm', '0.12.9', 2024)).toBe('vllm-0.11');
  expect(choose('vllm', '0.13.0', 2024)).toBe('vllm-0.18');
  expect(choose('vllm', '0.19.1', 2024)).toBe('vllm-0.19');
  expect(choose('vllm', '0.20.1', 2026)).toBe('vllm-0.19');
  expect(choose('vllm', '0.21.0', 2026)).toBe('vllm-0.21');
  expect(choose('vllm', '', 2026)).toBe('vllm-0.19');
  expect(choose('vllm', '0.9.2 (V0)', 2025)).toBe('vllm-0.6');
  expect(choose('vllm', '0.7.0 V1', 2025)).toBe('vllm-0.11');
  expect(choose('sglang', '0.5.3 V1', 2025)).toBe('sglang-0.5');
  expect(choose('trtllm', 'dynamo-0.8.1', 2026)).toBe('trtllm-1.0');
  expect(choose('trtllm', '0.8.1.post2', 2026)).toBe('trtllm-1.0'); // Dynamo's number
  expect(choose('trtllm', '0.8.1', 2024)).toBe('trtllm-0.9');
  expect(choose('trtllm', '0.9', null)).toBe('trtllm-0.9');
});

test('a nightly build is of the line that it leads to, by its day', () => {
  expect(readNightly('nightly-dev-20260216-d3bae71e')).toBe(20260216);
  expect([readNightly('nightly-5b8c30d62b754b'), readNightly('v0.5.9'), readNightly('nightly-dev-202602161')]).toEqual([
    null,
    null,
    null,
  ]);
  expect(choose('sglang', 'nightly-dev-20260216-d3bae71e', 2026)).toBe('sglang-0.5.9');
  expect(choose('sglang', 'nightly-dev-20260402-d7256eb6', 2026)).toBe('sglang-0.5.10');
  expect(choose('sglang', 'nightly-dev-20251130-d7256eb6', 2025)).toBe('sglang-0.5');
  expect(choose('vllm', 'nightly-dev-20260402', 2026)).toBe('vllm-0.19'); // no days are known of it
});

test('MLPerf submissions are tuned: a profile of their own, whatever their year', () => {
  const choice = (mode: CaseInput['mode']) =>
    chooseProfile({ engine: 'vllm', engine_version: '0.4.2', year: 2024, mode } as CaseInput);
  expect(choice('mlperf-offline')).toBe('vllm-tuned');
  expect(choice('mlperf-server')).toBe('vllm-tuned');
  expect(choice('offline')).toBe('vllm-0.4');
});

test('every profile that can be chosen is in the catalog', () => {
  const catalog = openCatalog();
  const engines: CaseInput['engine'][] = [
    'vllm',
    'sglang',
    'trtllm',
    'deepspeed',
    'transformers-neuronx',
    'jetstream',
    'other',
  ];
  for (const engine of engines) {
    for (const year of [null, 2022, 2023, 2024, 2025, 2026, 2027]) {
      expect(catalog.find('engines', choose(engine, '', year)), `${engine} ${year}`).not.toBeNull();
    }
  }
});
