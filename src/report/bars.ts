// How far what a picture shows of a row may be off: the ends of its error bars.
import { latencyBand } from '../metrics/error-band.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import type { LatencyMetric, Objective } from '../spec/types.ts';
import { objectiveBand, SAME_PCT } from './judged.ts';

/** Ends of an error bar; null = none. */
export type Band = readonly [low: number, high: number] | null;

/** From a figure that may be `pct` % higher or lower; none where it is not determined. Bands of 100 % and more would reach below nothing: even in ratio there. */
function around(value: number, pct: number): Band {
  if (!(pct > SAME_PCT) || !(value > 0) || pct === Number.POSITIVE_INFINITY) return null;
  const part = pct / 100;
  return [part < 1 ? value * (1 - part) : value / (1 + part), value * (1 + part)];
}

/** Of what is one over a figure that may be so far off. */
function aroundInverse(value: number, pct: number): Band {
  const band = around(1 / value, pct);
  return band && [1 / band[1], 1 / band[0]];
}

const ofLatency = ({ result, trust }: KeptRow, metric: LatencyMetric): number =>
  result && trust ? latencyBand(trust.band, metric, result) : 0;

const ofObjective = ({ result, trust }: KeptRow, objective: Objective, { first }: SweepResult): number =>
  result && trust ? objectiveBand(trust.band, objective, first.workload.arrivals.process) : 0;

export const tailBand =
  (metric: LatencyMetric) =>
  (row: KeptRow, value: number): Band =>
    around(value, ofLatency(row, metric));

/** Tokens per second that a user sees are one over the TPOT. */
export const perUserBand = (row: KeptRow, value: number): Band => aroundInverse(value, ofLatency(row, 'tpot'));

/** Exact where the load decides how many tokens there are. */
export const tokensBand = (row: KeptRow, value: number, result: SweepResult): Band =>
  around(value, ofObjective(row, 'output_throughput_per_device', result));

export const costBand = (row: KeptRow, value: number, result: SweepResult): Band =>
  aroundInverse(value, ofObjective(row, 'usd_per_million_tokens', result));
