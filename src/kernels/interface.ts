// What the kernels export, typed once. Addresses are byte offsets into the shared memory.
export interface Kernels {
  layoutVersion(): number;
  /** out[i] (+)= count * (t0 + ((flops[i]*secondsPerFlop)^p + (bytes[i]*secondsPerByte)^p)^(1/p)); columns f64[n], `norm` NORM_*. */
  priceOps(
    norm: number,
    n: number,
    flops: number,
    bytes: number,
    out: number,
    t0: number,
    secondsPerFlop: number,
    secondsPerByte: number,
    count: number,
    add: number,
  ): void;
  /** out[i] += count * (t0 + ((computeX*x + computeY*y)^p + (memory0 + memoryX*x + memoryY*y)^p)^(1/p)); x, y, out f64[n]. */
  priceLines(
    norm: number,
    n: number,
    x: number,
    y: number,
    out: number,
    t0: number,
    computeX: number,
    computeY: number,
    memory0: number,
    memoryX: number,
    memoryY: number,
    count: number,
  ): void;
  /** Seconds of one exchange (COLLECTIVE_*) among `inside` devices of each of `across` servers; latency a and s per byte b. */
  collectiveTime(
    op: number,
    inside: number,
    across: number,
    bytes: number,
    aIn: number,
    bIn: number,
    aOut: number,
    bOut: number,
  ): number;
  /** out[i] += count * collectiveTime(message[i] * bytesPerUnit); `message`, `out` f64[n]. */
  priceCollective(
    op: number,
    inside: number,
    across: number,
    n: number,
    message: number,
    out: number,
    bytesPerUnit: number,
    aIn: number,
    bIn: number,
    aOut: number,
    bOut: number,
    count: number,
  ): void;
  /** Bytes of working set of the run record at `run` (layout/run.ts). */
  engineBytes(run: number): number;
  /** Clears a run and places its working set at `work`, 64-byte aligned. */
  engineReset(run: number, work: number): void;
  /** Runs until a STOP_* reason. */
  engineRun(run: number): number;
  /** Fills one curve (CURVE_SIZE f64) of the screen record for a batching and a token budget. */
  screenCurve(screen: number, curve: number, batching: number, budget: number): void;
  /** Screens the rows of a screen record (layout/screen.ts). */
  screenRows(screen: number): void;
  /**
   * The entry of rank `rank` of f64[n] without NaN; reorders it. Entries before `from` are known to be no larger than the
   * others: for ascending ranks, the last rank + 1.
   */
  selectRank(column: number, from: number, n: number, rank: number): number;
}
