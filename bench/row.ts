// One line of the bench table: what was measured, its plain twin beside it, and what was asked of it.

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The same quantity of what it is compared with; null where there is nothing to compare. */
  readonly twin: number | null;
  /** How many times better than the twin: above 1 is faster, or smaller where less is better. */
  readonly ratio: number | null;
  /** In words; empty = nothing was asked. */
  readonly asked: string;
  readonly ok: boolean | null;
}

export interface Asked {
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Least ratio to the twin. */
  readonly times?: number;
}

/** Benches say what they do while they run, on stderr. */
export type Note = (words: string) => void;

export interface BenchFile {
  readonly name: string;
  readonly words: string;
  /** Left out unless it is named: it needs the network. */
  readonly onDemand?: boolean;
  readonly run: (note: Note) => Promise<Row[]>;
}

/** A row of a rate: more is better. */
export function rateRow(what: string, unit: string, value: number, twin: number | null, asked: Asked = {}): Row {
  const ratio = twin === null ? null : value / twin;
  return { what, value, unit, twin, ratio, asked: describeAsked(asked), ok: judge(asked, value, ratio) };
}

/** A row of a plain figure. */
export function figureRow(what: string, unit: string, value: number, asked: Asked = {}): Row {
  return { what, value, unit, twin: null, ratio: null, asked: describeAsked(asked), ok: judge(asked, value, null) };
}

function describeAsked({ atLeast, atMost, times }: Asked): string {
  const parts: string[] = [];
  if (atLeast !== undefined) parts.push(`>= ${atLeast}`);
  if (atMost !== undefined) parts.push(`<= ${atMost}`);
  if (times !== undefined) parts.push(`>= ${times}x`);
  return parts.join(', ');
}

function judge({ atLeast, atMost, times }: Asked, value: number, ratio: number | null): boolean | null {
  if (atLeast === undefined && atMost === undefined && times === undefined) return null;
  // A figure that is no number meets nothing.
  const enough = atLeast === undefined || value >= atLeast;
  const little = atMost === undefined || value <= atMost;
  return enough && little && (times === undefined || (ratio !== null && ratio >= times));
}

/** Throws unless both columns hold the same bits: nothing is timed that does different work. */
export function demandSame(what: string, got: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (got.length !== expected.length)
    throw new Error(`${what}: ${got.length} entries, the twin has ${expected.length}`);
  for (let i = 0; i < got.length; i++) {
    if (!Object.is(got[i], expected[i])) throw new Error(`${what}[${i}]: ${got[i]}, the twin says ${expected[i]}`);
  }
}
