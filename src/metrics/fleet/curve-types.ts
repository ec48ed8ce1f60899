// Curves of a run over time: what every client did in each of equally long parts of it.

/** Means over equal parts of the run, one entry per part. */
export interface ClientCurve {
  /** Visits in service, waiting. */
  readonly running: Float64Array;
  readonly waiting: Float64Array;
  /** Busy share. */
  readonly busy: Float64Array;
  /** Share of the part that its instance was paid; absent where that is all of the run. */
  readonly on?: Float64Array;
  /** Peak share of KV blocks in use; null without step records. */
  readonly kv: Float64Array | null;
}

export interface FleetTimeline {
  readonly from: number;
  readonly to: number;
  readonly parts: number;
  readonly clients: readonly ClientCurve[];
}
