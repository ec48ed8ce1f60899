// What a report of a fleet run needs beside its result: the question in the spec's words.
import type { FleetTrust } from '../../metrics/fleet/trust.ts';
import type { PowerSpec } from '../../spec/power.ts';
import type { Slo } from '../../spec/types.ts';

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
  readonly seed: number;
  /** Models served, as a person calls them. */
  readonly models: readonly string[];
  /** What the figures rest on, and how far they may be off; null where nothing of ours prices a step. */
  readonly trust?: FleetTrust | null;
  /** What the prices of each client rest on, in the program's order; '' where nothing is priced. */
  readonly bases?: readonly string[];
  /** What the site adds to energy and cost. */
  readonly power?: PowerSpec;
  /** The spec as written, and the file it came from. */
  readonly text?: string;
  readonly file?: string;
  /** Goes into the `date` field; without it two runs give the same bytes. */
  readonly date?: string;
}
