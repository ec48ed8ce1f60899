// What a report of a fleet run needs beside its result: the question in the spec's words.
import type { Paid } from '../../catalog/price-sheets.ts';
import type { FleetTrust } from '../../metrics/fleet/trust.ts';
import type { PowerSpec } from '../../spec/power.ts';
import type { Configuration, Slo } from '../../spec/types.ts';

/** A pool in words: what runs, how its KV capacity and its step times came about, and how it is started. */
export interface PoolFacts {
  readonly pool: string;
  readonly count: number;
  readonly basis: string;
  readonly memory: string;
  /** The regression on step traces that prices steps; absent where the cost model does. */
  readonly step_times?: string;
  readonly num_gpu_blocks?: number;
  readonly configuration?: Configuration;
  /** The command that starts one instance; null where none is known. */
  readonly launch?: string | null;
}

export interface FleetContext {
  readonly name: string;
  readonly version: string;
  /** What the requests were made from, in words. */
  readonly workload: string;
  /** Requests/s offered; 0 where no rate limits the sending. */
  readonly requestRate: number;
  /** 1 for Poisson arrivals; null where the word means nothing. */
  readonly burstiness: number | null;
  /** Requests in flight of a closed loop, 0 = open. */
  readonly maxConcurrency: number;
  readonly slo: readonly Slo[];
  /** Whether it may take only so much of something. */
  readonly budgeted?: boolean;
  readonly seed: number;
  /** Models served, as a person calls them. */
  readonly models: readonly string[];
  /** What the figures rest on, and how far they may be off; null where nothing of ours prices a step. */
  readonly trust?: FleetTrust | null;
  /** What must be said of the models and devices, one sentence each. */
  readonly caveats?: readonly string[];
  /** What its devices cost and where that stands. */
  readonly prices?: Paid;
  /** What each pool of engines is; pools of which there is nothing to say are absent. */
  readonly pools?: readonly PoolFacts[];
  /** What the prices of each instance rest on, in the program's order; '' where nothing is priced. */
  readonly bases?: readonly string[];
  /** What the site adds to energy and cost. */
  readonly power?: PowerSpec;
  /** The spec as written, and the file it came from. */
  readonly text?: string;
  readonly file?: string;
  /** Goes into the `date` field; without it two runs give the same bytes. */
  readonly date?: string;
}
