// What the threads of a sweep say to each other.
import type { Basis } from '../catalog/types.ts';
import type { Draw } from '../metrics/draws.ts';
import type { DetailAsk } from '../metrics/fleet/detail.ts';
import type { OnePool } from '../spec/shape.ts';
import type { Objective } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import type { Candidates } from './candidates.ts';
import type { Limits, Range } from './equivalent.ts';
import type { Legal } from './legal.ts';
import type { Figures, Outcome } from './settled.ts';
import type { SimulatedRow } from './simulate-row.ts';
import type { Signal } from './threads.ts';

/** Cells of the shared control words: the next piece of work to take, and whether to stop. */
export const CONTROL_NEXT = 0;
export const CONTROL_STOP = 1;

/** Groups of a screening block: enough to make a message worth it, few enough to balance two workers. */
export const BLOCK_GROUPS = 8;
/** Rows of one piece of weighing; of simulating at least, and at most where they are settings of one deployment: they often prove each other equal. */
export const BLOCK_ROWS = 32;
export const SETTLED_ROWS = 4;
export const MOST_SETTLED_ROWS = 48;

export interface WorkerStart {
  readonly text: string;
  readonly file: string;
  readonly seed: number | undefined;
  readonly catalogFolder: string | null;
  readonly prices: string | null;
  /** What is screened, and what for; null where rows are weighed. */
  readonly shape: OnePool | null;
  readonly objectives: readonly Objective[];
  /** What is measured of every row beside its summary; nothing where it is left out. */
  readonly detail?: DetailAsk;
  readonly module: WebAssembly.Module;
  readonly control: SharedArrayBuffer;
}

/** Orders to a worker: take blocks (of `size` groups or rows) or rows until none is left. `skip`: not 0 for a block that nobody needs. */
export type Order =
  | { readonly kind: 'screen'; readonly blocks: number; readonly size: number; readonly skip?: Uint8Array }
  /** `bounded`: rows that are proved too slow are ruled out. */
  | {
      readonly kind: 'weigh';
      readonly objective: Objective;
      readonly rows: number;
      readonly blocks: number;
      readonly size: number;
      readonly bounded: boolean;
      readonly skip?: Uint8Array;
    }
  /** `cuts`: where pieces of the rows begin. `hasty`: runs that have proved that they miss a limit end there. */
  | { readonly kind: 'settle'; readonly rows: Float64Array; readonly cuts: Uint32Array; readonly hasty: boolean }
  /** The highest load at which each row keeps its promise, and its run there. */
  | { readonly kind: 'seek'; readonly rows: Float64Array; readonly tolerance: number }
  /** Each row under the seed beside it. */
  | {
      readonly kind: 'draw';
      readonly objective: Objective;
      readonly rows: Float64Array;
      readonly seeds: Float64Array;
    };

export type Report =
  | Signal
  | {
      readonly kind: 'screened';
      readonly block: number;
      /** By objective. */
      readonly parts: readonly ScreenedPart[];
      readonly bases: readonly (Basis | null)[];
    }
  | {
      readonly kind: 'weighed';
      readonly block: number;
      readonly margin: number;
      readonly nearest: readonly Near[];
      readonly legal: Legal;
      /** Why the other rows cannot be. */
      readonly reasons: ReadonlyMap<string, number>;
    }
  /** Rows from `index` on. */
  | { readonly kind: 'settled'; readonly index: number; readonly rows: readonly SettledRow[] }
  | { readonly kind: 'sought'; readonly index: number; readonly row: SoughtRow }
  | { readonly kind: 'drawn'; readonly index: number; readonly draw: Draw };

/** A row at the highest load that keeps its promise: 0, and no run, where none does. */
export interface SoughtRow {
  readonly load: number;
  readonly simulated: SimulatedRow | null;
  readonly refused: string;
}

/** What screening a block comes to for an objective (Screened). */
export interface ScreenedPart {
  readonly rejected: Float64Array;
  readonly feasible: number;
  readonly margin: number;
  readonly nearest: readonly Near[];
  readonly candidates: Candidates;
  readonly legal: Legal;
}

/** `refused`: what the catalog or the workload did not allow after all; '' when it was simulated (settled.ts). */
export interface SettledRow {
  readonly refused: string;
  /** By which bound under its own limits it is ruled out; null where it was run or refused. */
  readonly ruled: Near | null;
  /** null where it was refused or ruled out. */
  readonly outcome: Outcome | null;
  /** The run (SimulatedRow). */
  readonly figures: Figures | null;
  /** What must be equal for a row to be the same (a hash of it), its own limits, and those under which it is; null where it was not run. */
  readonly same: { readonly name: number; readonly limits: Limits; readonly range: Range } | null;
}
