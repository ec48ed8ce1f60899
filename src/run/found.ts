// What a way of going through the rows of a question has found, before it is ranked.
import type { Basis } from '../catalog/types.ts';
import type { ScreenFigures, SweepFront, SweepProof, SweepResult } from '../metrics/sweep.ts';
import type { SettledRun } from './settled.ts';

export interface Estimate {
  readonly figures: ScreenFigures;
  readonly usdPerHour: number;
  readonly basis: Basis;
}

export interface Found {
  /** Why rows fell, one entry for each or for many. */
  readonly rejected: readonly { readonly words: string; readonly count: number }[];
  readonly screened: SweepResult['screened'];
  readonly dearer: number;
  /** Of the simulated rows those whose run another one proves equal to theirs. */
  readonly equivalent: number;
  readonly proof: SweepProof;
  readonly front?: SweepFront;
  /** By row. */
  readonly simulated: ReadonlyMap<number, SettledRun>;
  /** Of the simulated rows, and of those that are kept beside them. */
  readonly estimates: ReadonlyMap<number, Estimate>;
  /** ms, when looking at all rows had ended and simulating began. */
  readonly lookedAt: number;
}
