// The least that work costs an engine: seconds per token of each kind that no step of it can undercut, whatever it holds.
//
// A step of c prompt tokens, d decodes and X tokens of context lasts T(c, d, X) by its surface. With a, b, g, q >= 0 such that
// T >= a c + b d + g X + q pairs for every step that the limits allow, a run that computes C prompt tokens, D decodes, contexts that sum to Y
// and Q causal pairs takes at least a C + b D + g Y + q Q engine-seconds, however it is batched: a proof, not an estimate. The tables of a
// surface are linear between their points, in sequences and mean context, so that it is enough to ask at the points.
import { GRID_MAX_TOKENS, GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';
import { GRID_POINTS, gridIndex } from '../plan/grid-points.ts';

/** Seconds of one engine, at least, per unit of work. */
export interface LeastWork {
  readonly perPromptToken: number;
  readonly perDecode: number;
  /** Per token of context that a decode reads. */
  readonly perContext: number;
  readonly perPair: number;
  /** The shortest step, s. */
  readonly shortest: number;
  /** Per token of a prompt that has the engine for itself. */
  readonly alone: number;
}

/** What a step can hold at most. */
export interface StepLimits {
  readonly sequences: number;
  /** New tokens. */
  readonly tokens: number;
  /** Tokens of context of all sequences, and of the longest. */
  readonly context: number;
  readonly longest: number;
  /** Whether no step holds both prompts and decodes. */
  readonly apart: boolean;
  /** Whether a sequence that was preempted may find blocks of its own again. */
  readonly finds: boolean;
}

/** How much there is to do: what the bound is made as tight as can be for. */
export interface Totals {
  readonly promptTokens: number;
  readonly decodes: number;
  readonly context: number;
  readonly pairs: number;
}

/** Shares of the highest price of context that are tried, and of the highest price of a decode. */
const CONTEXT_SHARES = [0, 0.5, 0.8, 0.95];
const DECODE_SHARES = [0, 0.25, 0.5, 0.7, 0.85, 0.95, 1];

/** `table`: SURFACE_SIZE f64 without drafts or attention groups. Times in s. */
export function leastWork(table: Float64Array, limits: StepLimits, totals: Totals): LeastWork {
  const corners = cornersOf(table, limits);
  const most = highestContext(corners);
  const perPair = leastPair(table, corners.tokens);
  const base = { perPair, shortest: shortestStep(table, corners), alone: aloneToken(corners) };
  let best: LeastWork = { ...base, perPromptToken: 0, perDecode: 0, perContext: 0 };
  const highestPrompt = openPrompts(corners);
  let worth = -1;
  for (const share of CONTEXT_SHARES) {
    const perContext = share * most;
    const rest = withoutContext(corners, perContext);
    for (const part of DECODE_SHARES) {
      const perDecode = part * rest.mostDecode;
      const others = perDecode * totals.decodes + perContext * totals.context;
      const perPromptToken = highestPrompt(rest.riding, perDecode, (worth - others) / totals.promptTokens);
      const value = perPromptToken * totals.promptTokens + perDecode * totals.decodes + perContext * totals.context;
      if (value > worth) {
        worth = value;
        best = { ...base, perPromptToken, perDecode, perContext };
      }
    }
  }
  return best;
}

/** Points of the tables that a step can lie between. */
interface Corners {
  readonly table: Float64Array;
  /** Points 1..sequences of the sequence grid, 1..tokens of the token grid, and how far the knots of each sequence point go. */
  readonly sequences: number;
  readonly tokens: number;
  /** The last of the sequence points that may stand beside prompts; 0 where none may. */
  readonly beside: number;
  readonly knots: Int32Array;
  /** s of decodes that ride along with prompts, by sequence point and knot. */
  readonly riding: Float64Array;
  /** s of new tokens in a step with prompts, whatever else it holds, by token point; the least of them from a point on. */
  readonly prompts: Float64Array;
  readonly leastFrom: Float64Array;
  /** The token points that no line between two others passes below, ascending: the cheapest token of any step is at one of them. */
  readonly hull: Int32Array;
}

function cornersOf(table: Float64Array, limits: StepLimits): Corners {
  const sequences = pointAbove(limits.sequences, GRID_SEQUENCES);
  const tokens = pointAbove(Math.min(limits.tokens, GRID_MAX_TOKENS - 1), GRID_TOKENS);
  const knots = new Int32Array(sequences + 1);
  for (let i = 1; i <= sequences; i++) {
    // a cell counts where its lowest corner fits
    let k = 1;
    while (k < S.SURFACE_KNOTS && fits(GRID_POINTS[i - 1]!, table[S.SURFACE_KNOTS_AT + k - 1]!, limits)) k++;
    knots[i] = k;
  }
  const adds = table[S.SURFACE_HOST_NORM] === 1;
  const host = adds ? table[S.SURFACE_HOST_STEP]! + table[S.SURFACE_HOST_SEQUENCE]! : 0;
  const prompts = new Float64Array(tokens + 1);
  for (let j = 0; j <= tokens; j++) prompts[j] = table[S.SURFACE_G + j]! + table[S.SURFACE_AP_FIXED]! + host;
  const leastFrom = prompts.slice();
  for (let j = tokens - 1; j >= 0; j--) leastFrom[j] = Math.min(prompts[j]!, leastFrom[j + 1]!);
  const riding = ridingOf(table, knots);
  const beside = limits.apart ? 0 : sequences;
  return { table, sequences, tokens, beside, knots, riding, prompts, leastFrom, hull: lowerHull(prompts) };
}

/** Token points from the first on that lie below every line between two others. */
function lowerHull(prompts: Float64Array): Int32Array {
  const hull = new Int32Array(prompts.length);
  const slope = (a: number, b: number): number => (prompts[b]! - prompts[a]!) / (GRID_POINTS[b]! - GRID_POINTS[a]!);
  let count = 0;
  for (let j = 1; j < prompts.length; j++) {
    while (count > 1 && slope(hull[count - 2]!, hull[count - 1]!) > slope(hull[count - 1]!, j)) count--;
    hull[count++] = j;
  }
  return hull.subarray(0, count);
}

const fits = (sequences: number, mean: number, { context, longest }: StepLimits): boolean =>
  sequences * mean <= context && mean <= longest;

/** The first point at or above `count`. */
function pointAbove(count: number, points: number): number {
  const index = gridIndex(Math.max(1, Math.ceil(count)));
  return Math.min(points - 1, GRID_POINTS[index]! < count ? index + 1 : index);
}

/** Decode attention of the sequences of a point that ride along with prompts, with all that is paid per sequence. */
function ridingOf(table: Float64Array, knots: Int32Array): Float64Array {
  const riding = new Float64Array(knots.length * S.SURFACE_KNOTS);
  const perSequence = table[S.SURFACE_HOST_NORM] === 1 ? table[S.SURFACE_HOST_SEQUENCE]! : 0;
  for (let i = 1; i < knots.length; i++) {
    const host = perSequence * GRID_POINTS[i]!;
    for (let k = 0, at = i * S.SURFACE_KNOTS; k < knots[i]!; k++, at++)
      riding[at] = table[S.SURFACE_LM + i]! + table[S.SURFACE_DA + at]! + host;
  }
  return riding;
}

/** The highest price of context for which decodes and prompts may still be free. */
function highestContext({ table, sequences, beside, knots, riding, prompts }: Corners): number {
  let most = Number.POSITIVE_INFINITY;
  for (let i = 1; i <= sequences; i++) {
    for (let k = 1, at = i * S.SURFACE_KNOTS + 1; k < knots[i]!; k++, at++) {
      const context = GRID_POINTS[i]! * table[S.SURFACE_KNOTS_AT + k]!;
      const ridden = i > beside ? Number.POSITIVE_INFINITY : riding[at]! + prompts[1]!;
      const price = Math.min(table[S.SURFACE_DECODE + at]!, ridden);
      most = Math.min(most, price / context);
    }
  }
  return Number.isFinite(most) ? Math.max(0, most) : 0;
}

// Used again by every call: what is left by sequence point lasts until the next.
let leftOver = new Float64Array(1);

/** What is left of steps when context is paid for: the most that a decode may cost, and riding decodes by sequence point. */
function withoutContext({ table, sequences, knots, riding }: Corners, perContext: number) {
  if (leftOver.length <= sequences) leftOver = new Float64Array(sequences + 1);
  const left = leftOver;
  let mostDecode = Number.POSITIVE_INFINITY;
  for (let i = 1; i <= sequences; i++) {
    const [decodes, paidEach] = [GRID_POINTS[i]!, perContext * GRID_POINTS[i]!];
    let least = Number.POSITIVE_INFINITY;
    let alone = Number.POSITIVE_INFINITY;
    for (let k = 0, at = i * S.SURFACE_KNOTS; k < knots[i]!; k++, at++) {
      const paid = paidEach * table[S.SURFACE_KNOTS_AT + k]!;
      least = Math.min(least, riding[at]! - paid);
      alone = Math.min(alone, table[S.SURFACE_DECODE + at]! - paid);
    }
    left[i] = least;
    mostDecode = Math.min(mostDecode, alone / decodes);
  }
  return { riding: left, mostDecode: Math.max(0, mostDecode) };
}

/**
 * The most that a prompt token may cost beside decodes of a price, given what riding decodes leave by sequence point: the least slope from
 * a sequence point to a token point right of it. NaN where the decodes of some step cost more than it, or where that is sure to be below
 * `wanted`.
 *
 * Few sequence points are looked at: with m the least slope so far, none of those for which p - m n of every token point (n, p), which is
 * least on the hull, is no less than their own has a lesser one. The point that had the least the last time comes first.
 */
function openPrompts({ beside, tokens, prompts, leastFrom, hull }: Corners) {
  const places = new Int32Array(beside + 1);
  for (let i = 0, next = 0; i <= beside; i++) {
    while (hull[next]! < i) next++;
    places[i] = next;
  }
  const leastSlope = (i: number, left: number): number => {
    let least = Number.POSITIVE_INFINITY;
    // seen from the left of them, points between two of the hull are no cheaper than one of the two
    for (let j = Math.max(1, i), k = places[i]!; j <= tokens; j = j < hull[k]! ? j + 1 : (hull[++k] ?? tokens + 1)) {
      const count = GRID_POINTS[j]! - GRID_POINTS[i]!;
      if (count > 0) least = Math.min(least, (prompts[j]! + left) / count);
    }
    return least;
  };
  let likely = 0;
  return (riding: Float64Array, perDecode: number, wanted: number): number => {
    const enough = wanted * (1 - 1e-9);
    let most = leastSlope(likely, riding[likely]! - perDecode * GRID_POINTS[likely]!);
    let at = hull.length - 1;
    let low = offLine(prompts, hull[at]!, most);
    for (let i = 0; i <= beside; i++) {
      const left = riding[i]! - perDecode * GRID_POINTS[i]!;
      if (leastFrom[Math.max(1, i)]! + left < 0 || most < enough) return Number.NaN;
      // the line of a lesser slope meets the hull further left
      for (; at > 0; at--) {
        const next = offLine(prompts, hull[at - 1]!, most);
        if (next > low) break;
        low = next;
      }
      // as far as rounding may move it
      if (low + left + most * GRID_POINTS[i]! > 1e-12 * (most * GRID_POINTS[tokens]! + prompts[tokens]!)) continue;
      const slope = leastSlope(i, left);
      if (!(slope < most)) continue;
      [most, likely] = [slope, i];
      low = offLine(prompts, hull[at]!, most);
    }
    return most < enough ? Number.NaN : most;
  };
}

/** How far a token point lies above the line of a slope through the origin. */
const offLine = (prompts: Float64Array, j: number, slope: number): number => prompts[j]! - slope * GRID_POINTS[j]!;

function leastPair(table: Float64Array, tokens: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let j = 1; j <= tokens; j++) least = Math.min(least, table[S.SURFACE_APF + j]!);
  return Math.max(0, least);
}

function shortestStep(table: Float64Array, { sequences, tokens, prompts }: Corners): number {
  let least = Number.POSITIVE_INFINITY;
  for (let j = 1; j <= tokens; j++) least = Math.min(least, prompts[j]!);
  for (let i = 1; i <= sequences; i++)
    for (let k = 0; k < S.SURFACE_KNOTS; k++)
      least = Math.min(least, table[S.SURFACE_DECODE + i * S.SURFACE_KNOTS + k]!);
  return Math.max(0, least);
}

function aloneToken({ tokens, prompts }: Corners): number {
  let least = Number.POSITIVE_INFINITY;
  for (let j = 1; j <= tokens; j++) least = Math.min(least, prompts[j]! / GRID_POINTS[j]!);
  return least;
}
