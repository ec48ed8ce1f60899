// How server runs of MLPerf are judged: their rate was chosen so that the tail just meets its limit, so what is judged is capacity.
import type { CaseInput, Mode } from './case-columns.ts';

/** Published server rates over what the same deployment does with all requests at once: 0.74 to 0.98, median 0.93 (SCHEMA.md section 7). */
export const SERVED_SHARE = 0.93;
/** Share of the predicted capacity above which a few per cent of it decide every latency: none is predicted there. */
export const JUDGED_BELOW = 0.8;
/** Requests of a run that stands for a capacity, for each replica. */
const LEAST_EACH = 1500;

const SERVERS: ReadonlySet<Mode> = new Set(['mlperf-server', 'mlperf-interactive']);

export const isServer = (mode: Mode): boolean => SERVERS.has(mode);

/** The same deployment with all its requests at once; null where a case is no server run. */
export function atOnce(input: CaseInput): CaseInput | null {
  if (!isServer(input.mode)) return null;
  const num_requests = Math.max(input.num_requests, LEAST_EACH * input.replicas);
  return { ...input, mode: 'mlperf-offline', load_kind: 'all-at-once', load_value: null, num_requests };
}

/** Offered load over capacity, where all requests at once give `outputTokens` tokens/s. */
export function loadOf({ load_value, output_len }: CaseInput, outputTokens: number): number {
  return (load_value! * output_len) / (SERVED_SHARE * outputTokens);
}
