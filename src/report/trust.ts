// How far to believe a sweep's answer: figures with the error bands of what they rest on, and which other rows the bands leave open.
import type { Basis, ErrorBand } from '../catalog/types.ts';
import { firstOfEach } from '../check/group-by.ts';
import type { FleetTrust } from '../metrics/fleet/trust.ts';
import { lostIn, PERCENTILE_FIELD } from '../metrics/limits.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import { keepsUp } from '../metrics/types.ts';
import { areDeployments, describePriced, findAnswer } from './answer.ts';
import { describeDeployment, METRIC_WORDS, objectiveValue, shownPercentile, tailOf } from './describe.ts';
import { formatMs, formatNumber, formatShort, listWords, plusMinus } from './format.ts';
import { type Judged, keepsAtFarEnd, objectiveBand, tellBetter, tellReach, tellRunnersUp } from './judged.ts';

/** The figures of the answer with their bands, what may break within them, and how many others they leave open. */
export function explainTrust(result: SweepResult): string[] {
  const { row, kind } = findAnswer(result);
  // a run that was given up has no percentiles
  if (row?.result == null || row.trust === null || Number.isNaN(tailOf(row, result, 'ttft'))) return [];
  const figures = describeFigures(row, row.trust, result);
  const chance = describeChance(row, result);
  if (kind !== 'met') return [figures, ...chance];
  const { objective, first } = result;
  // every setting that was simulated may be the one that is sure; to choose between are deployments
  const rivals = result.kept.filter((one) => one.result !== null && one.scenario === row.scenario);
  const all = rivals.map((one) => judge(one, result));
  // settings of one deployment are not alternatives to buy
  const distinct = firstOfEach(rivals, (one) => describeDeployment(one, result)).map((one) => judge(one, result));
  const band = objectiveBand(row.trust.band, objective, first.workload.arrivals.process);
  const noun = areDeployments(result) ? 'deployment' : 'fleet';
  return [
    figures,
    ...chance,
    ...tellReach(judge(row, result), all, row.slo),
    ...tellBetter(judge(row, result), distinct, row.slo, objective),
    ...tellRunnersUp(
      distinct.filter(({ met }) => met),
      band,
      noun,
    ),
  ];
}

function describeFigures(row: KeptRow, { band, basis }: NonNullable<KeptRow['trust']>, result: SweepResult): string {
  const tail = (metric: 'ttft' | 'tpot', pct: number) => {
    const of = `${shownPercentile(result.first.slo, metric)} ${METRIC_WORDS[metric]}`;
    return `${of} ${formatMs(tailOf(row, result, metric))} ms (${plusMinus(pct)})`;
  };
  const { output_throughput } = row.result!;
  return (
    `${tail('ttft', band.ttft_pct)}, ${tail('tpot', band.tpot_pct)}, ` +
    `${formatShort(output_throughput)} tok/s (${plusMinus(band.throughput_pct)}): step prices are ${basis}.`
  );
}

/** Sampling intervals of the same tails: how far another seed of the same traffic may move them. */
function describeChance({ result: run }: KeptRow, result: SweepResult): string[] {
  const words = (['ttft', 'tpot'] as const).flatMap((metric) => {
    const percentile = shownPercentile(result.first.slo, metric);
    const [low, high] = run?.sampling?.[metric][PERCENTILE_FIELD[percentile]] ?? [Number.NaN, Number.NaN];
    if (Number.isNaN(low)) return [];
    const ends =
      high === Number.POSITIVE_INFINITY ? `${formatMs(low)} ms or more` : `${formatMs(low)} to ${formatMs(high)} ms`;
    return [`${percentile} ${METRIC_WORDS[metric]} ${ends}`];
  });
  return words.length > 0 ? [`By chance alone, with other requests of this traffic: ${words.join(', ')} (95 %).`] : [];
}

/** "56/23/32": of TTFT, TPOT and throughput, for the narrow column of a table; "?" of what is not determined. */
export function shortBand({ ttft_pct, tpot_pct, throughput_pct }: ErrorBand): string {
  return [ttft_pct, tpot_pct, throughput_pct].map((pct) => (isDetermined(pct) ? formatNumber(pct) : '?')).join('/');
}

const isDetermined = (pct: number): boolean => pct !== Number.POSITIVE_INFINITY;

/** "extrapolated"; "measured, crowded" of a run that is in a regime of its own. */
export const restsWords = ({ basis, regime }: Pick<FleetTrust, 'basis' | 'regime'>): string =>
  regime === 'plain' ? basis : `${basis}, ${regime}`;

/** What the column of `shortBand` says, and the bases behind its figures; '' where no row has one. */
export function bandLegend(rows: readonly KeptRow[]): string {
  const bands = new Map<string, Set<string>>();
  for (const { trust } of rows) {
    if (trust) bands.set(restsWords(trust), (bands.get(restsWords(trust)) ?? new Set()).add(shortBand(trust.band)));
  }
  if (bands.size === 0) return '';
  const open = rows.some(({ trust }) => trust && !isDetermined(trust.band.ttft_pct));
  const words = [...bands].map(([basis, shown]) => `${[...shown].join(' or ')} where step prices are ${basis}`);
  return `± %: error band of TTFT/TPOT/throughput, within which nine of ten measured serving runs lay: ${listWords(words)}.${open ? ` ${UNDETERMINED}` : ''}`;
}

/** What "?" stands for. */
const UNDETERMINED = 'Latencies of a run at capacity (backlogged, overloaded) are not determined.';

function judge(row: KeptRow, result: SweepResult): Judged {
  const run = row.result!;
  return {
    latencies: run,
    band: row.trust?.band ?? null,
    met: run.slo_met,
    serves: lostIn(run) === 0 && keepsUp(run.verdict),
    value: objectiveValue(row, result.objective),
    // of thousands only a few are named
    get name() {
      return describePriced(row, result);
    },
  };
}

/** Whether a row keeps every limit even where its latencies are as much too low as its band allows. */
export const keepsAcrossBand = ({ result: run, trust, slo }: KeptRow): boolean =>
  run !== null &&
  keepsAtFarEnd(
    { latencies: run, band: trust?.band ?? null, met: run.slo_met, serves: true, value: Number.NaN, name: '' },
    slo,
  );

/** What a basis means, for people. */
export const BASIS_WORDS: Readonly<Record<Basis, string>> = {
  measured: 'tables of measured kernels',
  calibrated: 'efficiencies fitted to measurements of this hardware',
  extrapolated: 'efficiencies of a relative of this hardware',
  datasheet: "datasheet peaks with the vendor's median efficiency",
};

/** "TTFT ± 56 %, TPOT ± 23 %, throughput ± 32 %, power ± 41 %". */
export function describeBand({ ttft_pct, tpot_pct, throughput_pct, power_pct }: ErrorBand): string {
  const parts = { TTFT: ttft_pct, TPOT: tpot_pct, throughput: throughput_pct, power: power_pct };
  return Object.entries(parts)
    .map(([name, pct]) => `${name} ${plusMinus(pct)}`)
    .join(', ');
}
