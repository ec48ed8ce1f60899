// From the figures of a run to those that case files have, in their units (data/cases/SCHEMA.md section 5).

import { perToken } from '../metrics/fleet/tokens.ts';
import type { StageResult } from '../metrics/fleet/types.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import type { Summary } from '../metrics/types.ts';
import type { Metric } from './case.ts';
import type { Mode } from './case-columns.ts';

type Statistics = Pick<Summary, 'mean' | 'p50' | 'p99'>;

/** What rows of a run are read from; times in s. */
export interface Figures {
  readonly ttft: Statistics;
  readonly tpot: Statistics;
  readonly e2e: Statistics;
  readonly itl: Statistics;
  /** Per s of the window. */
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly requests: number;
  /** W of all devices; NaN where the hardware's watts are not known. */
  readonly watts: number;
  /** Whole-batch prefill of a static batch, s; NaN in other modes. */
  readonly prefill: number;
  /** Hand-over of a prompt's KV cache; NaN where nothing is handed over. */
  readonly transfer: Statistics;
}

const single = (value: number): Statistics => ({ mean: value, p50: value, p99: value });

/**
 * Beside its result: output tokens of a request of a static batch, deployments like the one that ran which the case has, and the throughput
 * of the whole run over that of the part that was simulated.
 */
interface About {
  readonly output: number;
  readonly copies: number;
  readonly pace: number;
}

/**
 * Throughput of `all` requests at once over that of the first `count` of them, which ran: fill and drain come once, the others in between
 * at the rate at which requests start where the machine is full and some still wait. Of so many rounds the middle is that (SCHEMA.md
 * section 6: extrapolate the steady part, do not divide by a run that is mostly ramp and drain).
 */
export function paceOfWhole(
  { duration, ttft }: Pick<FleetSummary, 'duration' | 'ttft'>,
  count: number,
  all: number,
): number {
  if (!(all > count)) return 1;
  const secondsEach = (ttft.p90 - ttft.p50) / ((0.9 - 0.5) * count);
  return (all * duration) / (count * (duration + (all - count) * secondsEach));
}

export function figuresOf(
  mode: Mode,
  result: FleetSummary,
  stages: readonly StageResult[],
  { output, copies, pace }: About,
): Figures {
  const decode = stages.find(({ name }) => name === 'decode');
  const whole: Figures = {
    ttft: result.ttft,
    tpot: result.tpot,
    e2e: result.e2el,
    itl: result.itl,
    outputTokens: copies * pace * result.output_throughput,
    totalTokens: copies * pace * result.total_token_throughput,
    requests: copies * pace * result.request_throughput,
    watts: result.unmetered.length > 0 ? Number.NaN : copies * result.power_w,
    prefill: Number.NaN,
    transfer: decode ? decode.transfer : single(Number.NaN),
  };
  if (mode !== 'static-batch') return whole;
  // a static batch has one TTFT and one end: those of its last sequence
  const first = result.ttft.max;
  const end = result.e2el.max;
  return {
    ...whole,
    ttft: single(first),
    e2e: single(end),
    tpot: single(perToken(end - first, output - 1)),
    prefill: first,
  };
}

/** The figure of a metric in the unit of the case file; a statistic only where the metric has one. NaN: this run has none. */
export function readFigure(figures: Figures, metric: Metric, statistic: 'mean' | 'p50' | 'p99'): number {
  switch (metric) {
    case 'ttft_ms':
      return 1000 * figures.ttft[statistic];
    case 'tpot_ms':
      return 1000 * figures.tpot[statistic];
    case 'e2e_ms':
      return 1000 * figures.e2e[statistic];
    case 'kv_transfer_ms':
      return 1000 * figures.transfer[statistic];
    case 'itl_ms':
      return 1000 * figures.itl[statistic];
    case 'prefill_ms':
      return 1000 * figures.prefill;
    case 'output_tokens_per_s':
      return figures.outputTokens;
    case 'total_tokens_per_s':
      return figures.totalTokens;
    case 'requests_per_s':
      return figures.requests;
    case 'power_w':
      return figures.watts;
  }
}
