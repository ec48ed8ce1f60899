// How far to believe a sweep's answer: figures with the error bands of what they rest on, and which other rows the bands leave open.
import type { Basis } from '../catalog/types.ts';
import { holdsFarEnd, holdsNearEnd, latencyBand } from '../metrics/error-band.ts';
import { achieved } from '../metrics/run-result.ts';
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import type { Slo } from '../spec/types.ts';
import { findAnswer } from './answer.ts';
import {
  describeDeployment,
  describeObjectiveValue,
  describeSlo,
  METRIC_WORDS,
  objectiveValue,
  shownPercentile,
  throughputPerDevice,
} from './describe.ts';
import { formatMs, formatNumber, formatShort, listWords, plusMinus } from './format.ts';
import { tailTpot, tailTtft } from './points.ts';

/** The figures of the answer with their bands, what may break within them, and how many other deployments they leave open. */
export function explainTrust(result: SweepResult): string[] {
  const { row, kind } = findAnswer(result);
  if (row === null || row.run === null) return [];
  const figures = describeFigures(row, result);
  if (kind !== 'met') return [figures];
  return [figures, ...describeReach(row, result), ...describeCheaper(row, result), ...describeRunnersUp(row, result)];
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

function latencyAt(row: KeptRow, slo: Slo): { readonly value: number; readonly pct: number } {
  return { value: achieved(row.run!, slo), pct: latencyBand(row.band, slo.metric, row.run!) };
}

/** Whether a simulated row keeps every limit even where its latencies are as much too low as the band allows. */
export function keepsAtFarEnd(row: KeptRow, slos: readonly Slo[]): boolean {
  if (!row.run?.slo_met) return false;
  return slos.every((slo) => {
    const { value, pct } = latencyAt(row, slo);
    return holdsFarEnd(value, pct, slo.limit);
  });
}

function describeReach(winner: KeptRow, result: SweepResult): string[] {
  const { slo } = result.spec;
  if (slo.length === 0) return [];
  const open = slo.filter((one) => {
    const { value, pct } = latencyAt(winner, one);
    return !holdsFarEnd(value, pct, one.limit);
  });
  if (open.length === 0) return [`${slo.length === 1 ? 'The limit holds' : 'All limits hold'} across the error band.`];
  const reach = open.map((one) => {
    const { value, pct } = latencyAt(winner, one);
    return `${describeSlo(one)} (the band reaches ${formatMs(value * (1 + pct / 100))} ms)`;
  });
  const sure = result.kept.find((row) => keepsAtFarEnd(row, slo));
  const next = sure
    ? ` The first that keeps them across its band is ${nameRow(sure, result)}.`
    : ' No simulated deployment keeps them across its band.';
  return [`Within the error band it may miss ${reach.join(' and ')}.${next}`];
}

function nameRow(row: KeptRow, result: SweepResult): string {
  const words = describeDeployment(row.configuration, row.devices, result.labels, result.spec);
  return `${words}, ${describeObjectiveValue(row, result.spec.objective)}`;
}

/** Simulated deployments that would be better, and miss a limit by no more than their band. */
function describeCheaper(winner: KeptRow, result: SweepResult): string[] {
  const { spec } = result;
  const better = result.kept.filter((row) => isBetter(row, winner, result) && mayKeep(row, spec.slo));
  const deployments = distinct(better, result);
  if (deployments.length === 0) return [];
  const words =
    deployments.length === 1
      ? '1 better deployment misses a limit'
      : `${formatNumber(deployments.length)} better deployments miss a limit`;
  return [
    `${words} by less than the error band: ${deployments
      .slice(0, 3)
      .map((row) => nameRow(row, result))
      .join('; ')}.`,
  ];
}

function mayKeep(row: KeptRow, slos: readonly Slo[]): boolean {
  const { run } = row;
  if (run === null || run.slo_met || run.verdict === 'overloaded') return false;
  if (run.rejected_kv + run.rejected_length + run.unfinished > 0) return false;
  return slos.every((slo) => {
    const { value, pct } = latencyAt(row, slo);
    return value <= slo.limit || holdsNearEnd(value, pct, slo.limit);
  });
}

/** Objectives of which more is better; of the others less is. */
const MORE_IS_BETTER: ReadonlySet<string> = new Set(['output_throughput_per_device', 'tokens_per_joule']);

function isBetter(row: KeptRow, winner: KeptRow, { spec }: SweepResult): boolean {
  const [own, best] = [row, winner].map((one) => objectiveValue(one, spec.objective));
  return MORE_IS_BETTER.has(spec.objective) ? own > best : own < best;
}

/** The deployments right behind the winner in the ranking whose objective differs by no more than the band of what it is made of. */
function describeRunnersUp(winner: KeptRow, result: SweepResult): string[] {
  const met = distinct(
    result.kept.filter((row) => row.run?.slo_met),
    result,
  ).slice(1);
  const best = objectiveValue(winner, result.spec.objective);
  const pct = objectiveBand(winner, result);
  const far = met.findIndex((row) => !(within(objectiveValue(row, result.spec.objective), best) <= pct));
  const count = far < 0 ? met.length : far;
  if (count === 0) return [];
  const next = count === 1 ? 'The next deployment is' : `The next ${formatNumber(count)} deployments are`;
  return pct > SAME_PCT
    ? [`${next} within the error band of it (${plusMinus(pct)}).`]
    : [`${next} as good by the objective: only the latencies, within their bands, tell them apart.`];
}

const within = (value: number, best: number): number => Math.abs(value / best - 1) * 100;
/** Runs of equal load end a little sooner or later; that is no difference. */
const SAME_PCT = 1;

/**
 * How far the objective may be off, %. Prices and devices are exact, and so are tokens where the load decides how many there are
 * (an open loop that is kept up with); in a closed loop they are the simulation's, and energy always is.
 */
function objectiveBand({ band }: KeptRow, { spec }: SweepResult): number {
  const { process } = spec.workload.arrivals;
  const offered = process !== 'closed-loop' && process !== 'all-at-once';
  if (spec.objective === 'tokens_per_joule')
    return offered ? band.power_pct : Math.max(band.power_pct, band.throughput_pct);
  if (spec.objective === 'usd_per_hour' || spec.objective === 'devices' || offered) return SAME_PCT;
  return band.throughput_pct;
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
