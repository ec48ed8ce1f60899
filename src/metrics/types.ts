// Words and statistics that every result is made of. Times in seconds, percentiles by linear interpolation (NumPy's default).
/** Whether a run kept up with its load; src/metrics/verdict.ts defines the words. */
export type Verdict = (typeof VERDICTS)[number];
export const VERDICTS = ['stable', 'backlogged', 'too-short', 'overloaded', 'rejected'] as const;
/** Whether a few per cent of capacity decide every latency: nobody can say how far off they are. Of requests that are all there at once none is: they only take longer. */
export const isAtCapacity = ({ verdict, balance }: { verdict: Verdict; balance: { readonly to: number } }): boolean =>
  verdict === 'overloaded' || (verdict === 'backlogged' && balance.to < Number.POSITIVE_INFINITY);
/** What keeps a deployment from being an answer, whatever its latencies. */
export const keepsUp = (verdict: Verdict): boolean => verdict === 'stable' || verdict === 'backlogged';

/** Statistics of one latency over requests (ITL: over gaps). NaN where nothing was measured. */
export interface Summary {
  readonly mean: number;
  readonly std: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
