// Law L10: a proof never lies. What a search leaves out, if simulated, is no better than what it found.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { type KeptRow, rowScore, type SweepResult } from '../../src/metrics/sweep.ts';
import { certificate } from '../../src/report/certificate.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { exhaustive } from './exhaustive.ts';
import { SPACES } from './spaces.ts';

const catalog = openCatalog({});

/** The best of each scenario: as many rows as it was asked for, each of another deployment. */
function leaders({ kept, top, objective }: SweepResult): string[] {
  const scenarios = [...new Set(kept.map(({ scenario }) => scenario))].sort();
  return scenarios.flatMap((scenario) => {
    const met = kept.filter((row) => row.scenario === scenario && row.result?.slo_met);
    const names = new Set<string>();
    const best: KeptRow[] = [];
    for (const row of met) {
      const name = [...row.choices].filter(([axis]) => !SETTINGS.some((setting) => axis.endsWith(setting))).join(' ');
      if (best.length < top && !names.has(name)) best.push(row);
      names.add(name);
    }
    return best.map((row) => `${scenario} ${row.row} ${rowScore(objective, row.result!)}`);
  });
}

const SETTINGS = ['batching', 'max_num_seqs', 'max_num_batched_tokens'];

describe('L10: proved and exhaustive give one answer', () => {
  const fates = { dearer: 0, equivalent: 0, tooFew: 0, late: 0 };
  for (const [name, text] of Object.entries(SPACES)) {
    test(name, { timeout: 600_000 }, async () => {
      const all = await exhaustive(text, catalog);
      const proved = await sweep(openQuestion(text, 'space.yaml', catalog), catalog, { workers: 1 });
      expect(leaders(proved)).toEqual(leaders(all));
      expect(certificate(all)).toMatchObject({ proved: true, dearer: 0, unreached: 0 });
      const said = certificate(proved);
      expect(said).toMatchObject({ proved: true, unreached: 0 });
      const fallen = proved.rejected.reduce((sum, { count }) => sum + count, 0);
      expect(fallen + proved.dearer + proved.simulated).toBe(proved.rows);
      fates.dearer += proved.dearer;
      fates.equivalent += proved.equivalent;
      for (const { words, count } of proved.rejected) {
        if (words.startsWith('too few')) fates.tooFew += count;
        if (words.startsWith('late even')) fates.late += count;
      }
    });
  }

  test('the spaces have what a search is for: rows of every fate', () => {
    for (const count of Object.values(fates)) expect(count).toBeGreaterThan(10);
  });
});

/** Long prompts that are one text, mostly read from the cache and at once for all that decode: as little work as can be. */
test('prompts whose tokens may cost nothing are bounded by nothing', { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mist-one-text-'));
  const ids = Array.from({ length: 12 }, (_, block) => block);
  const lines = Array.from({ length: 1200 }, (_, i) =>
    JSON.stringify({ timestamp: 100 * i, input_length: 6144, output_length: 100, hash_ids: ids }),
  );
  writeFileSync(join(folder, 'text.jsonl'), lines.join('\n'));
  const prefixed = 'shared_prefix: {tokens: 6080}, hash_block: 16, request_rate: 10, num_requests: 300';
  // limits between what one engine does with cascade attention and without
  const loads = [
    [`requests: ${join(folder, 'text.jsonl')}`, '22.2ms'],
    [`lengths: {input_len: 64, output_len: 100}, ${prefixed}`, '25.5ms'],
  ];
  for (const [load, limit] of loads) {
    const text = `{model: llama-3.1-70b, deployment: {hardware: h100-sxm-80gb, replicas: [1, 4], tensor_parallel_size: 4},
      engine: {profile: vllm-0.11, disable_cascade_attn: [true, false]}, workload: {${load}},
      slo: {p99_ttft: 1s, p99_tpot: ${limit}}, objective: usd_per_hour}`;
    const question = () => openQuestion(text, 'one-text.yaml', catalog);
    const all = await sweep(question(), catalog, { workers: 1, exhaustive: true });
    const proved = await sweep(question(), catalog, { workers: 1 });
    expect([...all.kept[0]!.choices.values()].map(String)).toEqual(['1', 'false']);
    expect(leaders(proved)).toEqual(leaders(all));
  }
  rmSync(folder, { recursive: true });
});
