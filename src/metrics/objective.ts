// What sweeps rank by: each objective as a score of which less is better.
import type { Objective } from '../spec/types.ts';

/** What an objective is measured on: an estimate of the screen or a result of a run. */
export interface Measured {
  readonly usdPerHour: number;
  readonly outputThroughput: number;
  readonly watts: number;
  readonly devices: number;
}

/** The score of an objective: smaller is better. NaN (no price, no watts) cannot be ranked. */
export function scoreOf(objective: Objective, measured: Measured): number {
  switch (objective) {
    case 'usd_per_hour':
      return measured.usdPerHour;
    case 'usd_per_million_tokens':
      return measured.usdPerHour / 3600 / measured.outputThroughput;
    case 'output_throughput_per_device':
      return -measured.outputThroughput / measured.devices;
    case 'tokens_per_joule':
      return measured.watts / measured.outputThroughput;
    case 'devices':
      return measured.devices;
  }
}
