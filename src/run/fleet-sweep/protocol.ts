// What the threads of a sweep of fleets say to each other.
import type { FleetSummary } from '../../metrics/fleet/sweep.ts';
import type { FleetTrust } from '../../metrics/fleet/trust.ts';
import type { Signal } from '../threads.ts';

/** Cells of the shared control words: the next piece of work to take, and whether to stop. */
export const NEXT = 0;
export const STOP = 1;

/** Rows of one piece of checking. */
export const BLOCK_ROWS = 32;

export interface FleetWorkerStart {
  readonly text: string;
  readonly file: string;
  readonly seed: number | undefined;
  readonly catalogFolder: string | null;
  readonly control: SharedArrayBuffer;
}

/** check: weigh the rows of all blocks. settle: simulate these rows. Threads take blocks or rows until none is left. */
export type FleetOrder =
  | { readonly kind: 'check'; readonly rows: number }
  | { readonly kind: 'settle'; readonly rows: Float64Array };

export type FleetReport =
  | Signal
  | {
      readonly kind: 'checked';
      readonly block: number;
      /** One per row: USD per hour and devices, NaN where the row cannot be. */
      readonly usdPerHour: Float64Array;
      readonly devices: Float64Array;
      /** Why rows cannot be, '' where they can. */
      readonly reasons: readonly string[];
    }
  /** `refused`: what the catalog or the workload did not allow after all; '' when it was simulated. */
  | {
      readonly kind: 'settled';
      readonly index: number;
      readonly result: FleetSummary | null;
      readonly trust: FleetTrust | null;
      readonly refused: string;
      readonly workload: string;
    };
