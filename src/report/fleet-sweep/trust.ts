// How far to believe the answer of a sweep of fleets: its figures with their bands, and which other fleets the bands leave open.
import type { FleetKeptRow, FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { fleetScore } from '../../metrics/fleet/sweep.ts';
import { achieved } from '../../metrics/limits.ts';
import type { LatencyMetric } from '../../spec/types.ts';
import { METRIC_WORDS } from '../describe.ts';
import { formatMs, formatShort, listWords, plusMinus } from '../format.ts';
import { type Judged, objectiveBand, tellBetter, tellReach, tellRunnersUp } from '../judged.ts';
import { shortBand } from '../trust.ts';
import { describeChoices, percentileOf, tellObjective } from './words.ts';

/** Nothing where the best fleet's steps are priced by the spec itself. */
export function explainFleetTrust(result: FleetSweepResult): string[] {
  const [best] = result.kept;
  if (best === undefined || best.trust === null) return [];
  const figures = describeFigures(best, result);
  if (!best.result.slo_met) return [figures];
  const judged = result.kept.map((row) => judge(row, result));
  const met = judged.filter((row) => row.met);
  const band = objectiveBand(best.trust.band, result.objective, result.process);
  return [
    figures,
    ...tellReach(judged[0], met, result.slo),
    ...tellBetter(judged[0], judged, result.slo, result.objective),
    ...tellRunnersUp(met, band, 'fleet'),
  ];
}

function judge({ result, trust, ...row }: FleetKeptRow, { objective }: FleetSweepResult): Judged {
  const lost = result.rejected_kv + result.rejected_length + result.unfinished;
  const told = tellObjective({ result, trust, ...row }, objective);
  return {
    latencies: result,
    band: trust?.band ?? null,
    met: result.slo_met,
    serves: lost === 0 && result.verdict !== 'overloaded',
    value: Math.abs(fleetScore(objective, result)),
    name: `${describeChoices({ choices: row.choices })}, ${told}`,
  };
}

function describeFigures({ result, trust }: FleetKeptRow, { slo }: FleetSweepResult): string {
  const { band, basis } = trust!;
  const tail = (metric: LatencyMetric, pct: number) => {
    const percentile = percentileOf(slo, metric);
    const value = achieved(result, { metric, percentile });
    return `${percentile} ${METRIC_WORDS[metric]} ${formatMs(value)} ms (${plusMinus(pct)})`;
  };
  return (
    `${tail('ttft', band.ttft_pct)}, ${tail('tpot', band.tpot_pct)}, ` +
    `${formatShort(result.output_throughput)} tok/s (${plusMinus(band.throughput_pct)}): step prices are ${basis}.`
  );
}

/** What the column of bands says, and the bases behind its figures; '' where no row has one. */
export function fleetBandLegend(rows: readonly FleetKeptRow[]): string {
  const bands = new Map<string, Set<string>>();
  for (const { trust } of rows) {
    if (!trust) continue;
    bands.set(trust.basis, (bands.get(trust.basis) ?? new Set()).add(shortBand(trust.band)));
  }
  if (bands.size === 0) return '';
  const words = [...bands].map(([basis, shown]) => `${[...shown].join(' or ')} where step prices are ${basis}`);
  const several = [...bands.values()].some((shown) => shown.size > 1);
  const why = several ? '; wider where prefill and decode run apart' : '';
  return `± %: error band of TTFT/TPOT/throughput, within which nine of ten measured serving runs lay: ${listWords(words)}${why}.`;
}
