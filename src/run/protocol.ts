// What the threads of a sweep say to each other. Numbers travel through shared memory or as transferred columns.
import type { Basis } from '../catalog/types.ts';
import type { RunResult } from '../metrics/types.ts';
import type { Spec } from '../spec/types.ts';
import type { Candidates } from './candidates.ts';

/** Cells of the shared control words: the next block to take, and whether to stop. */
export const CONTROL_NEXT = 0;
export const CONTROL_STOP = 1;
export const CONTROL_CELLS = 16;

/** Groups of a screening block: enough to make a message worth it, few enough to balance two workers. */
export const BLOCK_GROUPS = 8;

export interface WorkerStart {
  readonly spec: Spec;
  readonly catalogFolder: string | null;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  /** The worker's own part of the memory, bytes. */
  readonly start: number;
  readonly end: number;
  /** Address of the control words. */
  readonly control: number;
}

/** Orders to a worker: take blocks (of `size` groups) or rows until none is left. */
export type Order =
  | { readonly kind: 'screen'; readonly blocks: number; readonly size: number }
  | { readonly kind: 'settle'; readonly rows: Float64Array };

export type Report =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'screened';
      readonly block: number;
      readonly rejected: Float64Array;
      readonly feasible: number;
      readonly candidates: Candidates;
      readonly bases: readonly (Basis | null)[];
    }
  | { readonly kind: 'settled'; readonly index: number; readonly result: RunResult }
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly message: string; readonly issues: readonly unknown[] | null };
