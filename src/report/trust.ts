// How far to believe a sweep's answer: figures with the error bands of what they rest on, and which other rows the bands leave open.
import type { Basis } from '../catalog/types.ts';
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import { findAnswer } from './answer.ts';
import {
  describeDeployment,
  describeObjectiveValue,
  METRIC_WORDS,
  objectiveValue,
  shownPercentile,
  throughputPerDevice,
} from './describe.ts';
import { formatMs, formatNumber, formatShort, listWords, plusMinus } from './format.ts';
import { type Judged, objectiveBand, tellBetter, tellReach, tellRunnersUp } from './judged.ts';
import { tailTpot, tailTtft } from './points.ts';

/** The figures of the answer with their bands, what may break within them, and how many other deployments they leave open. */
export function explainTrust(result: SweepResult): string[] {
  const { row, kind } = findAnswer(result);
  if (row === null || row.run === null) return [];
  // a run that was given up has no percentiles
  if (Number.isNaN(tailTtft(row, result))) return [];
  const figures = describeFigures(row, result);
  if (kind !== 'met') return [figures];
  const { slo, objective, workload } = result.spec;
  const simulated = distinct(
    result.kept.filter((one) => one.run !== null),
    result,
  ).map((one) => judge(one, result));
  const winner = judge(row, result);
  const met = simulated.filter((one) => one.met);
  const band = objectiveBand(row.band, objective, workload.arrivals.process);
  return [
    figures,
    ...tellReach(winner, met, slo),
    ...tellBetter(winner, simulated, slo, objective),
    ...tellRunnersUp(met, band, 'deployment'),
  ];
}

function describeFigures(row: KeptRow, result: SweepResult): string {
  const { band, basis } = row;
  const of = (metric: 'ttft' | 'tpot') => `${shownPercentile(result.spec, metric)} ${METRIC_WORDS[metric]}`;
  return (
    `${of('ttft')} ${formatMs(tailTtft(row, result))} ms (${plusMinus(band.ttft_pct)}), ` +
    `${of('tpot')} ${formatMs(tailTpot(row, result))} ms (${plusMinus(band.tpot_pct)}), ` +
    `${formatShort(throughputPerDevice(row))} tok/s per device (${plusMinus(band.throughput_pct)}): step prices are ${basis}.`
  );
}

/** "56/23/32": of TTFT, TPOT and throughput, for the narrow column of a table. */
export function shortBand({ ttft_pct, tpot_pct, throughput_pct }: KeptRow['band']): string {
  return [ttft_pct, tpot_pct, throughput_pct].map((pct) => formatNumber(pct)).join('/');
}

/** What the column of `shortBand` says, and the bases behind its figures. */
export function bandLegend(rows: readonly KeptRow[]): string {
  const bands = new Map(rows.map(({ basis, band }) => [basis, band]));
  const words = [...bands].map(([basis, band]) => `${shortBand(band)} where step prices are ${basis}`);
  return `± %: error band of TTFT/TPOT/throughput, within which nine of ten measured runs lay: ${listWords(words)}.`;
}

function judge(row: KeptRow, result: SweepResult): Judged {
  const run = row.run!;
  const lost = run.rejected_kv + run.rejected_length + run.unfinished;
  const words = describeDeployment(row.configuration, row.devices, result.labels, result.spec);
  return {
    latencies: run,
    band: row.band,
    met: run.slo_met,
    serves: lost === 0 && run.verdict !== 'overloaded',
    value: objectiveValue(row, result.spec.objective),
    name: `${words}, ${describeObjectiveValue(row, result.spec.objective)}`,
  };
}

/** The first row of each deployment: settings of one deployment are not alternatives to buy. */
function distinct(rows: readonly KeptRow[], result: SweepResult): KeptRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const name = describeDeployment(row.configuration, row.devices, result.labels, result.spec);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** What a basis means, for people. */
export const BASIS_WORDS: Readonly<Record<Basis, string>> = {
  measured: 'tables of measured kernels',
  calibrated: 'efficiencies fitted to measurements of this hardware',
  extrapolated: 'efficiencies of a relative of this hardware',
  datasheet: "datasheet peaks with the vendor's median efficiency",
};

/** "TTFT ± 56 %, TPOT ± 23 %, throughput ± 32 %, power ± 41 %". */
export function describeBand(band: KeptRow['band']): string {
  const { ttft_pct, tpot_pct, throughput_pct, power_pct } = band;
  return [
    ['TTFT', ttft_pct],
    ['TPOT', tpot_pct],
    ['throughput', throughput_pct],
    ['power', power_pct],
  ]
    .map(([name, pct]) => `${name} ${plusMinus(Number(pct))}`)
    .join(', ');
}
