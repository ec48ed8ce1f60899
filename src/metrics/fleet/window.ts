// The part of a run that figures are of: between two of its checkpoints, which are named, or chosen from what happened.
//
// warm-up auto   MSER-5 (White 1997, Spratt 1998): of the series of first-token latencies and of requests in flight, in order of
//                arrival and averaged in fives, the cut d that minimises sum_{i>d} (b_i - mean_d)^2 / (n - d)^2, of both the later.
//                A minimum in the second half says that the run never settled: then the share of a sweep is cut.
// rates          of what ends (tokens: is made) in the window; latencies of requests that arrive in it, however late they end.
import type { ItlHistogram } from '../itl.ts';
import type { ClientCounters } from './types.ts';
import type { RequestColumns } from './walk.ts';

/** What was counted by an instant of a run. */
export interface Checkpoint {
  readonly clock: number; // s
  /** Requests that had arrived. */
  readonly arrived: number;
  readonly counters: readonly ClientCounters[];
  readonly itl: ItlHistogram;
}

/** Where an edge of the window lies: at the arrival of a request, or the first checkpoint that is `seconds` away from the end of the run that it is at. */
export type EdgeRule =
  | { readonly at: 'arrival'; readonly request: number }
  | { readonly at: 'time'; readonly seconds: number };

export interface WindowRule {
  /** auto: at a checkpoint that the run chooses, or where it never settles at that of this request. */
  readonly from: EdgeRule | { readonly at: 'auto'; readonly request: number };
  readonly to: EdgeRule;
}

export interface RunWindow {
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  /** Whether the warm-up was chosen by the run; unsettled: it should have been, and there is no such time. */
  readonly warmup: 'asked' | 'settled' | 'unsettled';
}

/** The window of a run by a rule; requests and their first-token latencies in order of arrival. Null where the run ended before it, or nothing lies in it. */
export function chooseWindow(
  checkpoints: readonly Checkpoint[],
  rule: WindowRule | 'steady',
  requests: RequestColumns,
  ttft: Float64Array,
): RunWindow | null {
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  if (!first || !last) return null;
  if (rule === 'steady')
    return checkpoints.length === 2 && last.clock > first.clock ? { from: first, to: last, warmup: 'asked' } : null;
  const to = findEnd(checkpoints, rule.to, requests.arrival.at(-1)!);
  if (!to) return null;
  const { from, warmup } = findStart(checkpoints, rule.from, requests, ttft, to);
  return from && to.clock > from.clock ? { from, to, warmup } : null;
}

function findEnd(checkpoints: readonly Checkpoint[], rule: EdgeRule, end: number): Checkpoint | undefined {
  if (rule.at === 'arrival') return atArrival(checkpoints, rule.request);
  return checkpoints.findLast(({ clock }) => clock <= end - rule.seconds);
}

/** The checkpoint at the arrival of a request: it had arrived, and nothing after it had happened. */
function atArrival(checkpoints: readonly Checkpoint[], request: number): Checkpoint | undefined {
  return checkpoints.find(({ arrived }) => arrived > request);
}

function findStart(
  checkpoints: readonly Checkpoint[],
  rule: WindowRule['from'],
  requests: RequestColumns,
  ttft: Float64Array,
  to: Checkpoint,
): { readonly from: Checkpoint | undefined; readonly warmup: RunWindow['warmup'] } {
  const start = requests.arrival[0]!;
  if (rule.at === 'arrival') return { from: atArrival(checkpoints, rule.request), warmup: 'asked' };
  if (rule.at === 'time')
    return { from: checkpoints.find(({ clock }) => clock >= start + rule.seconds), warmup: 'asked' };
  const cut = settlesAt(requests, ttft, to.arrived);
  const from = atArrival(checkpoints, cut ?? rule.request);
  return { from, warmup: cut === null ? 'unsettled' : 'settled' };
}

/** The request by whose arrival the first `count` have settled; null where they never do. */
function settlesAt(requests: RequestColumns, ttft: Float64Array, count: number): number | null {
  const cuts = [ttft, countInFlight(requests)].map((series) => truncate(series.subarray(0, count)));
  return cuts.includes(null) ? null : Math.max(...(cuts as number[]));
}

/** Requests in flight at each arrival, itself left out. */
function countInFlight({ arrival, finish }: RequestColumns): Float64Array {
  const ends = finish.filter((time) => !Number.isNaN(time)).sort();
  let ended = 0;
  return arrival.map((time, r) => {
    while (ended < ends.length && ends[ended]! <= time) ended++;
    return r - ended;
  });
}

/** Values that MSER-5 averages into one. */
const FIVE = 5;

/** MSER-5: how many of the leading values to leave out, null where the minimum lies in the second half. What is not measured is no value. */
export function truncate(series: Float64Array): number | null {
  const means: number[] = [];
  const begins: number[] = [];
  for (let i = 0, sum = 0, n = 0, begin = 0; i < series.length; i++) {
    if (Number.isNaN(series[i])) continue;
    if (n === 0) begin = i;
    sum += series[i]!;
    if (++n < FIVE) continue;
    means.push(sum / FIVE);
    begins.push(begin);
    sum = n = 0;
  }
  let best = { score: Number.POSITIVE_INFINITY, cut: 0 };
  // from the back: mean and sum of squared differences of the last n grow by one (Welford)
  for (let i = means.length - 1, mean = 0, squares = 0, n = 0; i >= 0; i--) {
    n++;
    const apart = means[i]! - mean;
    mean += apart / n;
    squares += apart * (means[i]! - mean);
    if (n >= 2 && squares / n ** 2 <= best.score) best = { score: squares / n ** 2, cut: i };
  }
  if (best.cut * 2 >= means.length && means.length > 1) return null;
  return begins[best.cut] ?? 0;
}

/** What was counted between two checkpoints. Peaks cannot be taken apart: they are those of the run so far. */
export function countBetween(a: Checkpoint, b: Checkpoint): Pick<Checkpoint, 'counters' | 'itl'> {
  const weights = b.itl.weights.slice();
  for (let i = 0; i < weights.length; i++) weights[i]! -= a.itl.weights[i]!;
  const counters = b.counters.map((later, c) => subtract(a.counters[c]!, later));
  return { counters, itl: { edges: b.itl.edges, weights } };
}

const PEAKS = { peakBlocks: true, peakSequences: true } satisfies Partial<Record<keyof ClientCounters, true>>;

function subtract(from: ClientCounters, to: ClientCounters): ClientCounters {
  const left = { ...to } as unknown as Record<string, unknown>;
  const before = from as unknown as Record<string, unknown>;
  for (const name in left) {
    const after = left[name];
    if (name in PEAKS) continue;
    if (typeof after === 'number') left[name] = after - (before[name] as number);
    else if (Array.isArray(after)) left[name] = after.map((count, i) => count - (before[name] as number[])[i]!);
  }
  return left as unknown as ClientCounters;
}
