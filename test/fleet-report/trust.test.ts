// What a pipeline run rests on, in every report: the band of each figure, and the basis of each client.
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { latencyBand } from '../../src/metrics/error-band.ts';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import { trustFleet } from '../../src/metrics/fleet/trust.ts';
import { fleetHtml } from '../../src/report/fleet/html.ts';
import { fleetJson } from '../../src/report/fleet/json.ts';
import { fleetTable } from '../../src/report/fleet/terminal.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { catalog, fewerRequests, lower, readExample, readText } from '../pipeline/world.ts';
import { CONTEXT, makeFleetRun } from './fixture.ts';

const BAND = { ttft_pct: 40, tpot_pct: 20, throughput_pct: 25, power_pct: 50 };
const measured = measureFleet(makeFleetRun());
const bases = measured.result.clients.map((_, c) => (c % 2 === 0 ? 'measured' : 'datasheet'));
const context = { ...CONTEXT, trust: { basis: 'datasheet' as const, regime: 'plain' as const, band: BAND }, bases };

test('text, JSON and page show bands; end to end both are weighed', () => {
  const text = fleetTable(measured.result, context);
  expect(text).toMatch(/TTFT p99 \(ms\): +[\d.]+ \(± 40 %\)/);
  expect(text).toMatch(/Prices rest on figures that are: +datasheet/);
  const { mist } = JSON.parse(JSON.stringify(fleetJson(measured.result, context)));
  expect([mist.basis, mist.error_band]).toEqual(['datasheet', BAND]);
  expect(mist.instances.map(({ basis }: { basis: string }) => basis)).toEqual(bases);
  const page = fleetHtml(measured, context);
  expect(page).toContain('± 40 %');
  expect(page).toContain('TTFT ± 40 %, TPOT ± 20 %, throughput ± 25 %, power ± 50 %');
  const { document } = parseHTML(page);
  const cells = [...document.querySelectorAll('td.left')].map(({ textContent }) => textContent);
  expect(cells).toContain('measured');
  expect(fleetTable(measured.result, CONTEXT)).not.toContain('Error Band');
});

test('at capacity latencies have no band, end to end neither: text, JSON and page say so', () => {
  const spec = fewerRequests(readExample('question-answering'), 5);
  const lowered = lower(spec);
  const run = runFleet(lowered.program, { leap: 'exact' });
  const trust = trustFleet(spec, lowered, run, catalog.errorBands(), { verdict: 'backlogged', balance: { to: 9 } })!;
  expect([trust.band.ttft_pct, trust.band.tpot_pct]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(trust.band.throughput_pct).toBeLessThan(1000);
  // requests that are all there at once wait, and are no rate that is nearly too high
  const batch = { verdict: 'backlogged', balance: { to: Number.POSITIVE_INFINITY } } as const;
  expect(trustFleet(spec, lowered, run, catalog.errorBands(), batch)!.band.ttft_pct).toBeLessThan(1000);
  expect(latencyBand(trust.band, 'e2el', { ttft: { mean: 0 }, e2el: { mean: 1 } })).toBe(Number.POSITIVE_INFINITY);
  const full = { ...measured, result: { ...measured.result, verdict: 'backlogged' as const } };
  const open = { ...context, trust };
  expect(fleetTable(full.result, open)).toMatch(/TPOT mean \(ms\): +[\d.]+ \(not determined\)/);
  const { mist } = JSON.parse(JSON.stringify(fleetJson(full.result, open)));
  expect([mist.latencies_determined, mist.error_band.ttft_pct]).toEqual([false, null]);
  expect(fleetHtml(full, open)).toContain('TTFT not determined, TPOT not determined, throughput ±');
});

test('prefill and decode apart have the wider band, stages before the answer count for TTFT, a step_time of the spec for nothing', () => {
  const { bands, regimes } = catalog.errorBands();
  const trustOf = (spec: ReturnType<typeof readText>) => {
    const lowered = lower(spec);
    return trustFleet(spec, lowered, runFleet(lowered.program, { leap: 'exact' }), catalog.errorBands(), {
      verdict: 'stable',
      balance: { to: 9 },
    });
  };
  const apart = trustOf(fewerRequests(readExample('question-answering'), 40))!;
  expect(apart.regime).toBe('apart');
  expect(apart.band.ttft_pct).toBe(Math.max(bands[apart.basis].ttft_pct, regimes.apart.ttft_pct));
  const search = trustOf(fewerRequests(readExample('news-search'), 40))!;
  expect(search.basis).toBe('datasheet'); // its embedder runs on a processor
  expect(search.band.ttft_pct).toBe(bands.datasheet.ttft_pct);
  expect(search.band.tpot_pct).toBeLessThan(bands.datasheet.tpot_pct);
  const own = readText(`
fleet: {llm: {kind: llm, step_time: {fixed_s: 0.01}, num_gpu_blocks: 1000}}
pipelines: {p: {stages: [{prefill: llm}, {decode: llm}]}}
workload: {lengths: {input_len: 10, output_len: 3}, request_rate: 1, num_requests: 5}
`);
  expect(trustOf(own)).toBeNull();
});
