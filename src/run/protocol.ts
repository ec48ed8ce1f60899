// What the threads of a sweep say to each other.
import type { Basis } from '../catalog/types.ts';
import type { OnePool } from '../spec/shape.ts';
import type { Candidates } from './candidates.ts';
import type { SimulatedRow } from './simulate-row.ts';
import type { Signal } from './threads.ts';

/** Cells of the shared control words: the next piece of work to take, and whether to stop. */
export const CONTROL_NEXT = 0;
export const CONTROL_STOP = 1;

/** Groups of a screening block: enough to make a message worth it, few enough to balance two workers. */
export const BLOCK_GROUPS = 8;
/** Rows of one piece of weighing. */
export const BLOCK_ROWS = 32;

export interface WorkerStart {
  readonly text: string;
  readonly file: string;
  readonly seed: number | undefined;
  readonly catalogFolder: string | null;
  readonly prices: string | null;
  /** What is screened; null where rows are weighed. */
  readonly shape: OnePool | null;
  readonly module: WebAssembly.Module;
  readonly control: SharedArrayBuffer;
}

/** Orders to a worker: take blocks (of `size` groups or rows) or rows until none is left. */
export type Order =
  | { readonly kind: 'screen'; readonly blocks: number; readonly size: number }
  | { readonly kind: 'weigh'; readonly rows: number; readonly blocks: number; readonly size: number }
  /** `hasty`: runs that have proved that they miss a limit end there. */
  | { readonly kind: 'settle'; readonly rows: Float64Array; readonly hasty: boolean };

export type Report =
  | Signal
  | {
      readonly kind: 'screened';
      readonly block: number;
      readonly rejected: Float64Array;
      readonly feasible: number;
      readonly candidates: Candidates;
      readonly bases: readonly (Basis | null)[];
    }
  | {
      readonly kind: 'weighed';
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
      readonly simulated: SimulatedRow | null;
      readonly refused: string;
    };
