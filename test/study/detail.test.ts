// What studies ask of rows beside their summary: it is what `mist run` says of the same run, and claims and tables know it by name.
import { describe, expect, it, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { UserError } from '../../src/check/issue.ts';
import { QUANTILES } from '../../src/metrics/fleet/detail.ts';
import { keepsUp } from '../../src/metrics/types.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun, summariseRow } from '../../src/run/measure-fleet.ts';
import { openSession } from '../../src/run/session.ts';
import { studyHtml } from '../../src/study/html.ts';
import { openStudy } from '../../src/study/open-study.ts';
import { runStudy } from '../../src/study/run-study.ts';
import { rowColumns } from '../../src/study/study-json.ts';

const catalog = openCatalog({});
const HEAD = [
  'name: made up',
  'tiers: {shelf: {capacity: 1TB, latency: 10ms, bandwidth: 4GB/s}}',
  'fleet:',
  '  outside: {kind: cores, cores: 64}',
  '  workers: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, batching: [chunked, continuous]}',
  'pipelines:',
  '  chat: {stages: [{kv-fetch: {on: outside, mode: sampled, tokens: 4000, levels: [{tier: shelf, hit: 70%}]}}, prefill, decode]}',
  'workload: {lengths: azure-conv-2023, request_rate: 6, num_requests: 200}',
  'slo: {p99_ttft: 2s, p99_tpot: 60ms}',
].join('\n');
const open = (...lines: string[]) =>
  openStudy([HEAD, 'study:', ...lines.map((line) => `  ${line}`)].join('\n'), 'made.yaml', catalog);

describe('the detail of a row', () => {
  it('is that of the whole run: where time goes, quantiles, and the spec’s own promise as any other', () => {
    const { question } = open('compare: batching', 'show: [throughput]');
    for (const row of [0, 1]) {
      const { spec } = question.at(row);
      const lowered = prepareFleet(spec, catalog, openSession(catalog));
      const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
      const { result } = measureRun(spec, lowered, run);
      const ask = {
        promises: [
          { name: 'own', slo: spec.slo },
          { name: 'none', slo: [] },
        ],
      };
      const { detail } = summariseRow(spec, lowered, run, null, () => false, ask)!;
      const [mean] = result.breakdown;
      const hits = lowered.program.visits.fetched!.filter((tokens) => tokens === 4000).length;
      expect(detail!.tiers).toEqual([{ name: 'shelf', share: hits / 200 }]);
      expect(detail!.stages.map(({ name: _, ...part }) => part)).toEqual(mean!.parts);
      expect(detail!.stages.map(({ name }) => name)).toEqual(result.stages.map(({ name }) => name));
      const sum = detail!.stages.reduce((all, { queue, service, transfer }) => all + queue + service + transfer, 0);
      expect(sum).toBeCloseTo(mean!.e2el, 9);
      for (const metric of ['ttft', 'tpot', 'e2el'] as const) {
        const at = (q: number) => detail!.quantiles[metric][QUANTILES.indexOf(q as 0)];
        expect([50, 90, 95, 99, 100].map(at)).toEqual([
          ...[result[metric].p50, result[metric].p90, result[metric].p95, result[metric].p99],
          result[metric].max,
        ]);
      }
      expect(detail!.promises).toEqual([
        { name: 'own', met: result.slo_met, good: result.good_fraction },
        { name: 'none', met: keepsUp(result.verdict), good: Number.NaN },
      ]);
      expect(summariseRow(spec, lowered, run, null, () => false, null)).not.toHaveProperty('detail');
    }
  });
});

/** Shares of tiers, of a fleet whose fetches are written so. */
function sharesOf(fetch: string, fleet: string, workload: string) {
  const text = [
    'tiers: {near: {capacity: 1TB, latency: 1ms, bandwidth: 8GB/s}, far: {capacity: 2TB, latency: 1ms, bandwidth: 8GB/s}}',
    `fleet: {${fleet}}`,
    `pipelines: {chat: {stages: [{kv-fetch: ${fetch}}, prefill, decode]}}`,
    `workload: {lengths: {input_len: 256, output_len: 8}, request_rate: 1, num_requests: 5, ${workload}}`,
    'study: {show: [hit_share(near)]}',
  ].join('\n');
  const { spec } = openStudy(text, 'made.yaml', catalog).question.at(0);
  const lowered = prepareFleet(spec, catalog, openSession(catalog));
  const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
  return summariseRow(spec, lowered, run, null, () => false, { promises: [] })!.detail!.tiers;
}
const ENGINE = 'kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb';

describe('shares of tiers', () => {
  it('are the means of expected fetches', () => {
    const fetch =
      '{on: outside, mode: expected, tokens: 1000, levels: [{tier: near, hit: 0.5}, {tier: far, hit: 0.5}]}';
    const found = sharesOf(fetch, `outside: {kind: cores, cores: 64}, workers: {${ENGINE}}`, 'seed: 0');
    expect(found).toEqual([
      { name: 'near', share: 0.5 },
      { name: 'far', share: 0.25 },
    ]);
  });

  it('are what look-ups found, of all that was asked for', () => {
    const fleet = `kv: {kind: kv-store, tiers: [near, far]}, workers: {${ENGINE}, write_back: kv, enable_prefix_caching: false}`;
    // the first of five writes the 768 tokens that they share, of 1,024
    const found = sharesOf('{on: kv}', fleet, 'shared_prefix: {tokens: 768}');
    expect(found).toEqual([
      { name: 'near', share: (4 * 768) / (5 * 1024) },
      { name: 'far', share: 0 },
    ]);
  });
});

test('claims, tables and pages know quantiles, stages and promises by name', async () => {
  const study = open(
    'compare: batching',
    'promises: {lax: {p99_e2el: 1000s}, tight: {p99_ttft: 1ms}, six: {preset: paper-six}}',
    'show: [hit_share(shelf), p25(e2el), "stage_share(prefill+decode)", good_fraction(tight), cdf(e2el)]',
    'claims:',
    '  as drawn: {say: hit_share(shelf) == 0.7, tolerance: 0.05}',
    '  all add up: stage_share("kv-fetch") of chunked + stage_share("prefill+decode") of chunked == 1',
    '  in order: p10(ttft) < p25(ttft) and p85(ttft) < p90(ttft)',
    '  lax: slo_met(lax) == 1 and good_fraction(lax) == 1',
    '  tight: slo_met(tight) < 1 and goodput(tight) < goodput(lax)',
    '  engines take longest: {say: stage_time("prefill+decode") > stage_time("kv-fetch"), tolerance: 0}',
  );
  const result = await runStudy(study, catalog, { workers: 1 });
  const verdicts = Object.fromEntries(result.claims.map(({ claim, verdict }) => [claim.name, verdict]));
  expect(result.claims[0]!.verdict).toBe('holds');
  expect(verdicts).toMatchObject({ lax: 'holds', tight: 'holds', 'engines take longest': 'holds' });
  // equal up to the last digits, which is nothing that is claimed to be more
  const [sum] = result.claims[1]!.scenarios;
  expect(sum!.margin).toBeCloseTo(1, 9);
  const names = rowColumns(result).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'e2el_p25_s',
      'prefill+decode_stage_time_s',
      'kv-fetch_queue_time_s',
      'six_goodput',
      'shelf_hit_share',
    ]),
  );
  expect(new Set(names).size).toBe(names.length);
  const page = studyHtml(result);
  expect(page).toContain('<h2>Distributions</h2>');
  expect(page).not.toMatch(/NaN|undefined/);
});

test.each([
  ['a stage that there is not', ['claims: {one: \'stage_time("kv-fetsh") < 1\'}'], 'did you mean stage_time(kv-fetch)'],
  ['a stage to show', ['show: ["queue_time(embed)"]'], 'queue_time(embed)'],
  [
    'a promise that there is not',
    ['promises: {lax: {p99_ttft: 1s}}', 'claims: {one: slo_met(laxx) == 1}'],
    'did you mean slo_met(lax)',
  ],
  ['a tier that there is not', ['show: [hit_share(shelv)]'], 'did you mean hit_share(shelf)'],
  ['a distribution of nothing', ['show: [cdf(itl)]'], 'cdf(itl)'],
  [
    'a multiple of the unloaded latency',
    ['promises: {lax: {p99_ttft: 3x unloaded}}'],
    'study.promises.lax.p99_ttft: expected a latency',
  ],
])('%s is refused', (_, lines, words) => {
  let told = '';
  try {
    open('compare: batching', ...lines);
  } catch (error) {
    told = (error as UserError).message;
  }
  expect(told).toContain(words);
});
