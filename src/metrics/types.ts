// What a run or a sweep comes to. Times in seconds, percentiles by linear interpolation (NumPy's default).
import type { Basis, ErrorBand } from '../catalog/types.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import type { EnergyShares } from './site.ts';
import type { SpeculationResult } from './speculation.ts';

/** Whether a run kept up with its load; src/metrics/verdict.ts defines the words. */
export type Verdict = 'stable' | 'backlogged' | 'overloaded';

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

/** The result of simulating one configuration, request by request. */
export interface RunResult {
  readonly ttft: Summary;
  readonly tpot: Summary;
  readonly itl: Summary;
  readonly e2el: Summary;
  readonly verdict: Verdict;
  readonly completed: number;
  readonly rejected_kv: number;
  readonly rejected_length: number;
  readonly unfinished: number;
  readonly preemptions: number;
  /** Preempted sequences copied to host memory, and back, and the seconds that steps lasted longer for it; only where the engine swaps. */
  readonly swapped_out?: number;
  readonly swapped_in?: number;
  readonly swap_s?: number;
  /** s, first arrival to last token. */
  readonly duration: number;
  readonly request_throughput: number;
  readonly output_throughput: number;
  readonly total_token_throughput: number;
  /** Requests/s that meet every TTFT, TPOT and E2EL limit (as in vLLM); NaN when the spec has none of them. */
  readonly request_goodput: number;
  /** Share of completed requests that meet them; NaN when the spec has none. */
  readonly good_fraction: number;
  /** Every limit holds at its percentile, every request finished, and the run was not overloaded. */
  readonly slo_met: boolean;
  readonly total_input_tokens: number;
  readonly total_output_tokens: number;
  readonly max_concurrent_requests: number;
  /** Most output tokens in one second of the run (vLLM's `max_output_tokens_per_s`). */
  readonly peak_output_throughput?: number;
  /** Busy share of replica-time, mean batch running while busy, peak share of KV blocks in use. */
  readonly utilisation: number;
  readonly mean_batch: number;
  readonly peak_kv_use: number;
  readonly steps: number;
  /** Absent without speculative decoding. */
  readonly speculation?: SpeculationResult;
  /** J, W (mean over the run, all devices), J per output token, PUE included; NaN where watts are unknown. */
  readonly energy_j: number;
  readonly power_w: number;
  readonly joules_per_token: number;
  /** J per finished request. */
  readonly joules_per_request: number;
  /** What the energy went into. */
  readonly energy_shares: EnergyShares;
  /** USD; NaN where no price is known. Tokens are output tokens. */
  readonly usd_per_hour: number;
  /** Electricity in it; 0 where the devices' price contains it. */
  readonly electricity_usd_per_hour: number;
  readonly usd_per_million_tokens: number;
  /** Per finished request. */
  readonly usd_per_request: number;
  readonly devices: number;
  readonly num_gpu_blocks: number;
}

/** One configuration kept by a sweep. `screen` is the closed-form estimate, `run` the simulation where it was settled. */
export interface KeptRow {
  /** Row number in the sweep: a stable id. */
  readonly row: number;
  readonly configuration: Configuration;
  readonly devices: number;
  readonly usd_per_hour: number;
  readonly screen: {
    readonly batch: number;
    readonly ttft: number; // mean, s
    readonly tpot: number; // mean, s
    readonly e2el: number; // mean, s
    readonly ttft_tail: number; // estimate of the SLO's percentile, s
    readonly tpot_tail: number;
    readonly utilisation: number;
    readonly output_throughput_per_device: number;
    readonly usd_per_million_tokens: number;
    readonly power_w: number;
  };
  readonly run: RunResult | null;
  readonly on_front: boolean;
  /** What the prices rest on: the least trustworthy basis among the ops that matter. */
  readonly basis: Basis;
  /** How far its figures may be off, by that basis. */
  readonly band: ErrorBand;
}

/** Why rows fell, in the order the checks are made. */
export interface RejectCount {
  readonly reason: string; // machine word: "weights-do-not-fit"
  readonly words: string; // "weights do not fit in memory"
  readonly count: number;
}

/** What a sweep comes to: the rows kept, in ranking order, and why all the others fell. */
export interface SweepResult {
  readonly spec: Spec;
  readonly rows: number;
  readonly rejected: readonly RejectCount[];
  readonly feasible: number;
  readonly settled: number;
  /** Kept rows in ranking order (best first): settled rows that meet the SLOs, then settled ones that do not, then screened. */
  readonly kept: readonly KeptRow[];
  /** Of the pairs of settled rows, the share whose order by screen and by simulation differ. */
  readonly reordered: number;
  /** Stopped by the user before everything was done. */
  readonly interrupted: boolean;
  readonly workers: number;
  readonly seconds: { readonly plan: number; readonly screen: number; readonly settle: number };
  readonly workload: { readonly description: string; readonly prompt_mean: number; readonly output_mean: number };
  /** Names to show for ids of models and hardware ("h100-sxm": "H100 SXM"); an id that is absent is shown as it is. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly version: string;
}
