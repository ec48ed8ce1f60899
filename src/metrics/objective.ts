// What sweeps rank by: each objective as a score of which less is better.
import type { Objective } from '../spec/types.ts';

/** What an objective is measured on: an estimate of the screen or a result of a run. */
export interface Measured {
  readonly usdPerHour: number;
  readonly outputThroughput: number;
  readonly watts: number;
  readonly devices: number;
  /** Requests per second that keep the limits. */
  readonly goodput: number;
  /** From the first arrival to the end of the last request, s. */
  readonly elapsed: number;
}

/** The score of an objective: smaller is better. NaN (no price, no watts) cannot be ranked. */
export function scoreOf(objective: Objective, measured: Measured): number {
  return SCORES[objective](measured);
}

const SCORES: Readonly<Record<Objective, (measured: Measured) => number>> = {
  usd_per_hour: ({ usdPerHour }) => usdPerHour,
  usd_per_million_tokens: ({ usdPerHour, outputThroughput }) => usdPerHour / 3600 / outputThroughput,
  output_throughput_per_device: ({ outputThroughput, devices }) => -outputThroughput / devices,
  tokens_per_joule: ({ watts, outputThroughput }) => watts / outputThroughput,
  devices: ({ devices }) => devices,
  watts: ({ watts }) => watts,
  goodput: ({ goodput }) => -goodput,
  total_usd: ({ usdPerHour, elapsed }) => (usdPerHour / 3600) * elapsed,
};
