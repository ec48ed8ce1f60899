// What the limits of a spec mean to the screen and to a run that may give up early.
import * as S from '../../assembly/layout/screen.ts';
import type { WindowRule } from '../metrics/fleet/window.ts';
import type { LatencyMetric, Percentile, Slo } from '../spec/types.ts';
import type { Moments } from '../workload/moments.ts';
import type { Requests } from '../workload/types.ts';
import { normalQuantile } from '../workload/variates.ts';
import type { GiveUp } from './run-record.ts';

const QUANTILE: Readonly<Record<Exclude<Percentile, 'mean'>, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  'p99.9': 0.999,
};

/**
 * The screen estimates, it does not prove: rows are kept up to this factor over a limit, so that simulation and not the
 * estimate decides about what is close.
 */
export const SCREEN_MARGIN = 2;

/** The highest percentile that the limits speak of (0.99 without any). */
export function tailQuantile(slo: readonly Slo[]): number {
  let tail = 0;
  for (const { percentile } of slo) if (percentile !== 'mean') tail = Math.max(tail, QUANTILE[percentile]);
  return tail || 0.99;
}

/** Writes workload and limits into a screen record. E2EL and ITL limits are left to the simulation. */
export function fillQuestion(cells: Float64Array, moments: Moments, slo: readonly Slo[]): void {
  const q = tailQuantile(slo);
  cells[S.SCREEN_PROMPT] = moments.prompt_mean;
  cells[S.SCREEN_OUTPUT] = moments.output_mean;
  cells[S.SCREEN_CONTEXT] = moments.context_mean;
  cells[S.SCREEN_PAIRS] = moments.pairs_mean;
  cells[S.SCREEN_PROMPT_TAIL] = moments.prompt_p99 / moments.prompt_mean;
  cells[S.SCREEN_PROMPT_SQUARE] = moments.prompt_sq_mean / moments.prompt_mean ** 2;
  cells[S.SCREEN_OUTPUT_MAX] = moments.output_p99;
  cells[S.SCREEN_TAIL] = Math.log(1 / (1 - q));
  cells[S.SCREEN_TAIL_SIGMA] = Math.max(0, normalQuantile(q));
  cells[S.SCREEN_TTFT_LIMIT] = limitOf(slo, 'ttft', (p) => p === 'mean' || p === 'p50');
  cells[S.SCREEN_TPOT_LIMIT] = limitOf(slo, 'tpot', (p) => p === 'mean' || p === 'p50');
  cells[S.SCREEN_TTFT_TAIL_LIMIT] = limitOf(slo, 'ttft', (p) => p !== 'mean' && p !== 'p50');
  cells[S.SCREEN_TPOT_TAIL_LIMIT] = limitOf(slo, 'tpot', (p) => p !== 'mean' && p !== 'p50');
}

function limitOf(slo: readonly Slo[], metric: LatencyMetric, which: (percentile: Percentile) => boolean): number {
  let limit = Number.POSITIVE_INFINITY;
  for (const item of slo) if (item.metric === metric && which(item.percentile)) limit = Math.min(limit, item.limit);
  return limit * SCREEN_MARGIN;
}

/**
 * When a run has proved that a percentile misses its limit: the value at position q(n-1) of the sorted latencies is over the
 * limit as soon as n - floor(q(n-1)) of them are (NumPy's definition interpolates upwards from there). Only latencies of the window
 * count; null where it is not known before the run which those are.
 */
export function giveUpAt(
  slo: readonly Slo[],
  requests: Pick<Requests, 'count' | 'output'>,
  rule: WindowRule | 'steady' | undefined,
): GiveUp | null {
  const span = rule === undefined ? { from: 0, to: requests.count } : rule === 'steady' ? null : spanOf(rule);
  if (!span) return null;
  const { from, to } = span;
  let gaps = 0;
  for (let i = from; i < to; i++) if (requests.output[i]! >= 2) gaps++;
  const ttft = strictest(slo, 'ttft', to - from);
  const tpot = strictest(slo, 'tpot', gaps);
  const limits = { ttftLimit: ttft.limit, ttftAllowed: ttft.allowed, tpotLimit: tpot.limit, tpotAllowed: tpot.allowed };
  return { ...limits, from, to };
}

function spanOf({ from, to }: WindowRule): { readonly from: number; readonly to: number } | null {
  return from.at === 'arrival' && to.at === 'arrival' ? { from: from.request, to: to.request } : null;
}

/** Of several percentile limits on one metric, the one that fewest requests may miss. */
function strictest(slo: readonly Slo[], metric: LatencyMetric, n: number): { limit: number; allowed: number } {
  let best = { limit: Number.POSITIVE_INFINITY, allowed: 0x7fffffff };
  for (const { metric: of, percentile, limit } of slo) {
    if (of !== metric || percentile === 'mean') continue;
    const allowed = n - Math.floor(QUANTILE[percentile] * (n - 1)) - 1;
    if (allowed < best.allowed) best = { limit, allowed };
  }
  return best;
}
