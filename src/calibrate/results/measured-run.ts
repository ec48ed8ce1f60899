// A measured run of a served model, whichever tool measured it; and a reader of its fields that tells every mistake.
import { type Issue, show } from '../../check/issue.ts';
import type { PrefixBlocks } from '../../workload/types.ts';

/** How a benchmark sent its requests. */
export type Load =
  | { readonly kind: 'closed-loop'; readonly concurrency: number }
  /** `burstiness` as in vLLM: the shape of gamma gaps, 1 = Poisson. */
  | { readonly kind: 'rate'; readonly rate: number; readonly burstiness: number }
  | { readonly kind: 'all-at-once' }
  /** s from the first request, rising. */
  | { readonly kind: 'replay'; readonly starts: Float64Array };

/** Tokens of one side of the requests: every one, or what is known of them together. */
export interface Lengths {
  readonly mean: number;
  /** 0 where nothing is known, too: all alike. */
  readonly std: number;
  readonly each: Int32Array | null;
}

/** What a result says, s and tokens/s; only what it says. */
export interface Figures {
  readonly ttft_mean?: number;
  readonly ttft_p50?: number;
  readonly ttft_p99?: number;
  readonly tpot_mean: number;
  readonly tpot_p50?: number;
  readonly tpot_p99?: number;
  readonly e2el_mean?: number;
  readonly output_throughput?: number;
  /** Share of prompt tokens that a prefix cache had. */
  readonly hit_rate?: number;
}
export type Figure = keyof Figures;

export interface MeasuredRun {
  /** File, and line where it holds several. */
  readonly name: string;
  readonly tool: 'vLLM' | 'AIPerf' | 'GuideLLM';
  /** As the benchmark names it; '' where it does not. */
  readonly model: string;
  readonly requests: number;
  readonly load: Load;
  readonly input: Lengths;
  readonly output: Lengths;
  /** Which blocks of prompts were alike, where the result says so. */
  readonly prefix?: PrefixBlocks;
  readonly figures: Figures;
}

/** Where a result stands, for issues. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** Reads fields of one result, with every mistake told. */
export class FieldReader {
  readonly #place: Place;
  readonly #issues: Issue[];
  readonly #before: number;

  constructor(place: Place, issues: Issue[]) {
    this.#place = place;
    this.#issues = issues;
    this.#before = issues.length;
  }

  get broken(): boolean {
    return this.#issues.length > this.#before;
  }

  tell(path: string, expected: string, received: string, hint?: string): void {
    const { file, line } = this.#place;
    this.#issues.push({ path, expected, received, file, line, ...(hint ? { hint } : {}) });
  }

  /** A number above 0; NaN, told, where it is none. */
  positive(path: string, value: unknown): number {
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
    this.tell(path, 'a number above 0', value === undefined ? 'nothing' : show(value));
    return Number.NaN;
  }

  /** The same, undefined where there is nothing. */
  optional(path: string, value: unknown): number | undefined {
    return value === undefined || value === null ? undefined : this.positive(path, value);
  }

  /** Most requests that may have failed: what they would have cost is missing from the figures. */
  checkFailures(completed: number, asked: number): void {
    if (!(asked > 0) || completed >= 0.9 * asked) return;
    this.tell('completed', 'a run in which nine of ten requests succeed', `${completed} of ${asked}`);
  }

  /** Times of tokens that no engine has: another unit. */
  checkUnit(path: string, seconds: number | undefined): void {
    if (seconds === undefined || Number.isNaN(seconds) || (seconds > 2e-5 && seconds < 20)) return;
    this.tell(path, 'a time of a token between 0.02 ms and 20 s', `${Number((seconds * 1e3).toPrecision(4))} ms`);
  }
}
