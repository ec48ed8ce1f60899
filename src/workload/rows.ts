// Gathers the rows of a request file into columns, and every mistake in them with its line.
import { type Issue, show, UserError } from '../check/issue.ts';
import type { RowLinks } from './links.ts';
import type { PrefixBlocks } from './types.ts';

/** Mistakes listed one by one; the rest are counted. */
export const MISTAKES_LISTED = 20;

/** The rows of a request file before any scaling. */
export interface RequestRows {
  readonly file: string;
  /** What kind of file it is, in words. */
  readonly format: string;
  /** s, non-decreasing; null when the file gives lengths only. */
  readonly arrival: Float64Array | null;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly prefix?: PrefixBlocks;
  /** Which rows follow others; absent where none does. */
  readonly links?: RowLinks;
  /** What was done to the rows, in words ("GeneratedTokens of 0 counted as 1 token, rows: 3"). */
  readonly notes: readonly string[];
}

/** What a format of request files calls its columns, and how their rows are to be judged. */
export interface TraceFormat {
  readonly format: string;
  readonly time: string;
  readonly prompt: string;
  readonly output: string;
  /** Arrival times count from the first row (a recorded clock) or stay as they are (our own `arrival_s`). */
  readonly fromFirst: boolean;
  /** Recorded traces hold requests that failed before their first token: their output of 0 counts as 1 token. */
  readonly zeroOutputIsOne: boolean;
}

/** The format of one file; its names are those of messages. */
export interface RowRules extends TraceFormat {
  readonly file: string;
  readonly timed: boolean;
}

const LONGEST = 2147483647;

/** Collects rows; `finish` returns them or throws every mistake at once. */
export class RowCollector {
  readonly rules: RowRules;
  readonly notes: string[] = [];
  /** Units of the clock in one second: times stay in them until the start is taken off, so that no digit is lost. */
  unitsPerSecond = 1;
  private readonly times: number[] = [];
  private readonly prompts: number[] = [];
  private readonly outputs: number[] = [];
  private readonly issues: Issue[] = [];
  private mistakes = 0;
  private zeroOutputs = 0;
  private lastLine = 0;

  constructor(rules: RowRules) {
    this.rules = rules;
  }

  report(line: number, path: string, expected: string, received: string): void {
    if (this.mistakes++ < MISTAKES_LISTED) this.issues.push({ path, expected, received, file: this.rules.file, line });
  }

  /** One row; `time` in units of the clock (ignored without one). Values are as the file has them: text, numbers or nothing. */
  add(line: number, time: number, prompt: unknown, output: unknown): void {
    if (this.rules.timed) this.checkOrder(line, time);
    this.prompts.push(this.readTokens(line, this.rules.prompt, prompt, 1));
    const tokens = this.readTokens(line, this.rules.output, output, this.rules.zeroOutputIsOne ? 0 : 1);
    if (tokens === 0) this.zeroOutputs++;
    this.outputs.push(Math.max(1, tokens));
  }

  private checkOrder(line: number, time: number): void {
    const before = this.times.at(-1) ?? -Infinity;
    if (time < before) {
      this.report(
        line,
        this.rules.time,
        `a time not before line ${this.lastLine}`,
        `${(before - time) / this.unitsPerSecond} s before it`,
      );
    }
    this.times.push(Number.isFinite(time) ? time : Math.max(before, 0));
    this.lastLine = line;
  }

  private readTokens(line: number, name: string, value: unknown, least: number): number {
    const tokens = toNumber(value);
    if (Number.isInteger(tokens) && tokens >= least && tokens <= LONGEST) return tokens;
    const expected = least === 1 ? 'a whole number of tokens, at least 1' : 'a whole number of tokens';
    this.report(line, name, expected, value === undefined || value === '' ? 'nothing' : show(value));
    return 1;
  }

  finish(): RequestRows {
    const { file, format, timed, fromFirst } = this.rules;
    if (this.mistakes > MISTAKES_LISTED) {
      const rest = this.mistakes - MISTAKES_LISTED;
      this.issues.push({ path: 'rows', expected: 'rows without mistakes', received: `${rest} more mistakes`, file });
    }
    if (this.mistakes > 0) throw new UserError(this.issues);
    if (this.prompts.length === 0) {
      throw new UserError([{ path: 'rows', expected: 'at least one request', received: 'none', file }]);
    }
    if (this.zeroOutputs > 0)
      this.notes.push(`${this.rules.output} of 0 counted as 1 token, rows: ${this.zeroOutputs}`);
    const start = fromFirst ? (this.times[0] ?? 0) : 0;
    const arrival = timed ? Float64Array.from(this.times, (time) => (time - start) / this.unitsPerSecond) : null;
    return {
      file,
      format,
      arrival,
      prompt: Int32Array.from(this.prompts),
      output: Int32Array.from(this.outputs),
      notes: this.notes,
    };
  }
}

/** A number as a file has it: JSON numbers, or text that is nothing but a decimal number. NaN otherwise. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
