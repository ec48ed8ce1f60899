// What is due by when, of requests that arrived after when: summed up once for a traffic, so that what it costs on some surface is a few
// products and not a walk over thousands of requests.

/** What requests ask of engines: tokens of their prompts, decodes, and the context that these read. */
export interface Lengths {
  readonly count: number;
  readonly prompt: Float64Array;
  /** Tokens of the prompt, whichever part of the work is asked for. */
  readonly past: Float64Array;
  readonly decodes: Float64Array;
  readonly context: Float64Array;
}

/** Causal pairs of a prompt. */
export const pairsOf = (tokens: number): number => (tokens * (tokens + 1)) / 2;

/** From each of some instants to each of some others; times in s after the first arrival of the run at the workload's own rate. */
export interface Spans {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** A cell per start and end: what arrives from this start to the next and is due by this end and not by the one before. By request, its cell. */
  readonly promptCell: Int32Array;
  readonly decodeCell: Int32Array;
  /** Ends up to this one lie within the window that is measured, which lasts so many s; -1 where no window is known before the run. */
  readonly within: number;
  readonly seconds: number;
  /** By cell. */
  readonly prompt: Float64Array;
  readonly pairs: Float64Array;
  readonly decodes: Float64Array;
  readonly context: Float64Array;
}

/** Instants at which spans of work begin; at which they end, of deadlines of each kind. */
const STARTS = 8;
const ENDS = 48;

/**
 * `first`, `last`: by request, when its prompt must be computed, and when its decodes. `close`: when the window that is measured ends, which
 * begins with the first of them; Infinity where nobody knows.
 */
export function spansOf(
  asked: Lengths,
  arrival: Float64Array,
  first: Float64Array,
  last: Float64Array,
  close: number,
): Spans {
  const times = arrival.slice().sort();
  const [begin, end] = [times[0] ?? 0, times.at(-1) ?? 0];
  const starts = Float64Array.from({ length: STARTS }, (_, part) => begin + ((end - begin) * part) / STARTS);
  const isKnown = close < Number.POSITIVE_INFINITY && close > begin;
  const ends = Float64Array.from(new Set([...someOf(first), ...someOf(last), ...(isKnown ? [close] : [])])).sort();
  const cellOf = (i: number, due: number): number =>
    starts.findLastIndex((start) => start <= arrival[i]!) * ends.length + ends.findIndex((time) => time >= due);
  const promptCell = Int32Array.from(first, (due, i) => cellOf(i, due));
  const decodeCell = Int32Array.from(last, (due, i) => cellOf(i, due));
  const sum = (cells: Int32Array, of: (i: number) => number): Float64Array => {
    const sums = new Float64Array(starts.length * ends.length);
    for (const [i, cell] of cells.entries()) sums[cell]! += of(i);
    return sums;
  };
  return {
    ...{ starts, ends, promptCell, decodeCell },
    within: isKnown ? ends.indexOf(close) : -1,
    seconds: isKnown ? close - begin : Number.POSITIVE_INFINITY,
    prompt: sum(promptCell, (i) => asked.prompt[i]!),
    pairs: sum(promptCell, (i) => pairsOf(asked.prompt[i]!)),
    decodes: sum(decodeCell, (i) => asked.decodes[i]!),
    context: sum(decodeCell, (i) => asked.context[i]!),
  };
}

/** The latest deadline, and some of those before it. */
function someOf(due: Float64Array): Float64Array {
  const sorted = due.slice().sort();
  const count = Math.min(ENDS, due.length);
  return Float64Array.from({ length: count }, (_, part) => sorted[Math.ceil(((part + 1) * due.length) / count) - 1]!);
}

/** The most that any span holds for each second of it, when `spared` is taken from each. `due`: by cell; it is used up. */
export function mostPerSecond({ starts, ends }: Spans, due: Float64Array, spared: number): number {
  const width = ends.length;
  let most = 0;
  for (let start = starts.length - 1; start >= 0; start--) {
    const row = start * width;
    let sum = -spared;
    for (let end = 0; end < width; end++) {
      // what arrives later is due in this span too
      if (start + 1 < starts.length) due[row + end]! += due[row + width + end]!;
      sum += due[row + end]!;
      if (sum > 0) most = Math.max(most, sum / (ends[end]! - starts[start]!));
    }
  }
  return most;
}

/** What is due within the window, of all that arrives in it. */
export function dueWithin({ starts, ends, within }: Spans, due: Float64Array): number {
  let sum = 0;
  for (let start = 0; start < starts.length; start++)
    for (let end = 0; end <= within; end++) sum += due[start * ends.length + end]!;
  return sum;
}

/**
 * Of requests whose work grows with prompt and with decodes, whatever either costs: those that can be among the `count` dearest. No other
 * is, since there are so many that have as much of both.
 */
export function maybeDearest({ past, decodes }: Lengths, count: number): Int32Array {
  const order = Array.from(past.keys()).sort((a, b) => past[b]! - past[a]! || decodes[b]! - decodes[a]!);
  if (count >= order.length) return Int32Array.from(order);
  // the most decodes among prompts that are no shorter, ascending
  const most: number[] = [];
  const kept = order.filter((i) => {
    const own = decodes[i]!;
    if (most.length === count && own <= (most[0] ?? Number.POSITIVE_INFINITY)) return false;
    let at = most.findIndex((other) => other >= own);
    if (at < 0) at = most.length;
    most.splice(at, 0, own);
    if (most.length > count) most.shift();
    return true;
  });
  return Int32Array.from(kept);
}
