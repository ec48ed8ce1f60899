// What a sweep's answer says of its own error: bands beside figures, limits they reach over, and deployments they leave open.
import { expect, test } from 'vitest';
import type { KeptRow, SweepResult } from '../../src/metrics/sweep.ts';
import { digestOf } from '../../src/report/digest.ts';
import { sweepHtml } from '../../src/report/html.ts';
import { sweepJson } from '../../src/report/sweep-json.ts';
import { sweepTable } from '../../src/report/terminal.ts';
import { explainTrust } from '../../src/report/trust.ts';
import { CONFIGURATION, choicesOf, configure, makeRun, makeSpec, makeSummary, makeSweep } from './fixture.ts';

const BAND = { ttft_pct: 20, tpot_pct: 10, throughput_pct: 12, power_pct: 30 };
const [template] = makeSweep().kept;

/** A simulated row of so many replicas: p99 TTFT in s (limit 1), the price, and whether it keeps the promise. */
function rowOf(replicas: number, ttft: number, usd: number, more: Partial<KeptRow['result'] & object> = {}): KeptRow {
  const run = makeRun({
    ttft: { ...makeSummary(0.2), p99: ttft },
    tpot: { ...makeSummary(0.01), p99: 0.01 },
    usd_per_hour: usd,
    slo_met: ttft <= 1,
    ...more,
  });
  const choices = choicesOf(configure(replicas, { ...CONFIGURATION, replicas }));
  const trust = { basis: 'calibrated', regime: 'plain', band: BAND } as const;
  const hosts = [{ hardware: CONFIGURATION.hardware, count: 2 * replicas, processors: false }];
  return { ...template, row: replicas, choices, hosts, devices: 2 * replicas, usd_per_hour: usd, result: run, trust };
}

function sweepOf(kept: KeptRow[], more: Partial<SweepResult> = {}): SweepResult {
  return makeSweep({ kept, ...more });
}

test('figures carry the band of their basis', () => {
  const [figures, reach] = explainTrust(sweepOf([rowOf(2, 0.5, 10)]));
  expect(figures).toMatch(/p99 TTFT 500 ms \(± 20 %\), p99 TPOT 10\.0 ms \(± 10 %\), .* tok\/s \(± 12 %\)/);
  expect(reach).toBe('All limits hold across the error band.');
});

test('a limit that the band reaches over is named, with the first deployment that is safe from that', () => {
  const words = explainTrust(sweepOf([rowOf(2, 0.9, 10), rowOf(3, 0.86, 15), rowOf(4, 0.8, 20)])).join(' ');
  expect(words).toContain('may miss p99 TTFT <= 1,000 ms (the band reaches 1,080 ms)');
  expect(words).toMatch(/first that keeps them across its band is 8x .* x4/);
  expect(explainTrust(sweepOf([rowOf(2, 0.9, 10)])).join(' ')).toContain('Nothing simulated keeps them');
  // another setting of the very winner counts too
  const setting = { ...rowOf(2, 0.7, 10), row: 9 };
  configure(9, { ...CONFIGURATION, replicas: 2 });
  expect(explainTrust(sweepOf([rowOf(2, 0.9, 10), setting])).join(' ')).toContain('keeps them across its band is 4x');
});

test('better deployments that miss by less than their band are named, those that miss by more are not', () => {
  const missed = [rowOf(3, 1.2, 8), rowOf(4, 1.3, 7), rowOf(5, 1.1, 12), rowOf(6, 1.1, 6, { verdict: 'overloaded' })];
  const words = explainTrust(sweepOf([rowOf(2, 0.5, 10), ...missed])).join(' ');
  expect(words).toContain('1 better one misses a limit by less than the error band: 6x ');
});

test('runners-up within the band: by tokens in a closed loop, by price only where it is the same', () => {
  const loop = { ...makeSpec().workload, arrivals: { process: 'closed-loop', max_concurrency: 8 } } as const;
  const rows = [4000, 3700, 3600, 3000].map((rate, i) => ({
    ...rowOf(i + 1, 0.5, 10 * (i + 1), { output_throughput: rate * 2 * (i + 1) }),
  }));
  const closed = sweepOf(rows, {
    objective: 'output_throughput_per_device',
    first: makeSpec({ workload: loop }),
  });
  expect(explainTrust(closed).join(' ')).toContain('The next 2 deployments are within the error band of it (± 12 %).');
  expect(explainTrust(sweepOf(rows)).join(' ')).not.toContain('The next');
  const tied = sweepOf([rowOf(2, 0.5, 10), rowOf(3, 0.6, 10)]);
  expect(explainTrust(tied).join(' ')).toContain('The next deployment is as good by the objective');
});

const OPEN = { ttft_pct: Number.POSITIVE_INFINITY, tpot_pct: Number.POSITIVE_INFINITY };

test('latencies of a run at capacity are not determined: answer, table, page, JSON; no limit is missed or kept by less than nothing', async () => {
  const full = (replicas: number, ttft: number, usd: number): KeptRow => {
    const row = rowOf(replicas, ttft, usd, { verdict: 'backlogged' });
    return { ...row, trust: { ...row.trust!, band: { ...BAND, ...OPEN } } };
  };
  const sweep = sweepOf([full(2, 0.5, 10), full(3, 1.1, 8), rowOf(4, 0.5, 20)]);
  const words = explainTrust(sweep).join(' ');
  expect(words).toMatch(
    /p99 TTFT 500 ms \(not determined\), p99 TPOT 10\.0 ms \(not determined\), .* tok\/s \(± 12 %\)/,
  );
  expect(words).toContain('may miss p99 TTFT <= 1,000 ms (not determined at capacity)');
  expect(words).toContain('keeps them across its band is 8x');
  expect(words).not.toContain('better one');
  const table = sweepTable(sweep).replaceAll('\n', ' ');
  expect(table).toContain('?/?/12');
  expect(table).toContain('Latencies of a run at capacity (backlogged, overloaded) are not determined.');
  const page = await sweepHtml(sweep);
  expect(page).toMatch(/ms not determined</);
  expect(page).toContain('TTFT not determined, TPOT not determined, throughput ± 12 %');
  const json = JSON.parse(JSON.stringify(sweepJson(sweep)));
  const [first, , last] = json.kept;
  expect([first.latencies_determined, first.band_ttft_pct, first.band_throughput_pct]).toEqual([false, null, 12]);
  expect([last.latencies_determined, last.band_ttft_pct]).toEqual([true, 20]);
  expect(json.error_bands).toEqual({ calibrated: BAND });
  const after = sweepJson(sweepOf([rowOf(4, 0.5, 20), full(2, 0.5, 10)])) as { error_bands: object };
  expect(after.error_bands).toEqual({ calibrated: BAND });
});

test('tables, JSON and page show bands; the digest is that of the results alone', async () => {
  const sweep = makeSweep();
  expect(sweepTable(sweep).replaceAll('\n', ' ')).toMatch(/20\/10\/12 where step prices are calibrated/);
  const json = sweepJson(sweep) as { kept: Record<string, number>[]; trust: string[]; error_bands: object };
  expect(json.kept[0]).toMatchObject({
    band_ttft_pct: sweep.kept[0].trust!.band.ttft_pct,
    band_power_pct: sweep.kept[0].trust!.band.power_pct,
  });
  expect(json.trust[0]).toContain('±');
  expect(Object.keys(json.error_bands).sort()).toEqual(['calibrated', 'extrapolated']);
  const page = await sweepHtml(sweep);
  expect(page).toContain('± 20 %');
  expect(page).toContain('error band: TTFT ± 60 %, TPOT ± 25 %, throughput ± 35 %, power ± 50 %');
  const wider = sweep.kept.map((row) => ({
    ...row,
    trust: { ...row.trust!, band: { ...row.trust!.band, ttft_pct: 99 } },
  }));
  expect(digestOf({ ...sweep, kept: wider })).toBe(digestOf(sweep));
});
