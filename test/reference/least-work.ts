// The slow, obvious twin of the least work of a surface: every point of its tables is asked, none is left out because others are cheaper.
import { GRID_MAX_TOKENS, GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';
import { GRID_POINTS, gridIndex } from '../../src/plan/grid-points.ts';
import type { LeastWork, StepLimits, Totals } from '../../src/run/least-work.ts';

/** Shares of the highest price of context that are tried, and of the highest price of a decode. */
const CONTEXT_SHARES = [0, 0.5, 0.8, 0.95];
const DECODE_SHARES = [0, 0.25, 0.5, 0.7, 0.85, 0.95, 1];

/** leastWork of src/run/least-work.ts, asked at every point of the tables. */
export function leastWorkPlainly(table: Float64Array, limits: StepLimits, totals: Totals): LeastWork {
  const corners = cornersOf(table, limits);
  const most = highestContext(corners);
  const perPair = leastPair(table, corners.tokens);
  const base = { perPair, shortest: shortestStep(table, corners), alone: aloneToken(corners) };
  let best: LeastWork = { ...base, perPromptToken: 0, perDecode: 0, perContext: 0 };
  let worth = -1;
  for (const share of CONTEXT_SHARES) {
    const perContext = share * most;
    const rest = withoutContext(corners, perContext);
    for (const part of DECODE_SHARES) {
      const perDecode = part * rest.mostDecode;
      const perPromptToken = highestPrompt(corners, rest.riding, perDecode);
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
  /** The last sequence point that may stand beside prompts. */
  readonly beside: number;
  readonly knots: Int32Array;
  /** s of new tokens in a step with prompts, whatever else it holds, by token point. */
  readonly prompts: Float64Array;
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
  return { table, sequences, tokens, beside: limits.apart ? 0 : sequences, knots, prompts };
}

const fits = (sequences: number, mean: number, { context, longest }: StepLimits): boolean =>
  sequences * mean <= context && mean <= longest;

/** The first point at or above `count`. */
function pointAbove(count: number, points: number): number {
  const index = gridIndex(Math.max(1, Math.ceil(count)));
  return Math.min(points - 1, GRID_POINTS[index]! < count ? index + 1 : index);
}

const cell = ({ table }: Corners, at: number, i: number, k: number): number => table[at + i * S.SURFACE_KNOTS + k]!;

/** Decode attention of `i` sequences that ride along with prompts, with all that is paid per sequence. */
function ridingAt(corners: Corners, i: number, k: number): number {
  const { table } = corners;
  const host = table[S.SURFACE_HOST_NORM] === 1 ? table[S.SURFACE_HOST_SEQUENCE]! * GRID_POINTS[i]! : 0;
  return table[S.SURFACE_LM + i]! + cell(corners, S.SURFACE_DA, i, k) + host;
}

/** The highest price of context for which decodes and prompts may still be free. */
function highestContext(corners: Corners): number {
  const { table, sequences, knots } = corners;
  let most = Number.POSITIVE_INFINITY;
  for (let i = 1; i <= sequences; i++) {
    for (let k = 1; k < knots[i]!; k++) {
      const context = GRID_POINTS[i]! * table[S.SURFACE_KNOTS_AT + k]!;
      const ridden = i > corners.beside ? Number.POSITIVE_INFINITY : ridingAt(corners, i, k) + corners.prompts[1]!;
      const price = Math.min(cell(corners, S.SURFACE_DECODE, i, k), ridden);
      most = Math.min(most, price / context);
    }
  }
  return Number.isFinite(most) ? Math.max(0, most) : 0;
}

/** What is left of steps when context is paid for: the most that a decode may cost, and riding decodes by sequence point. */
function withoutContext(corners: Corners, perContext: number) {
  const { table, sequences, knots } = corners;
  const riding = new Float64Array(sequences + 1);
  let mostDecode = Number.POSITIVE_INFINITY;
  for (let i = 1; i <= sequences; i++) {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < knots[i]!; k++) {
      const paid = perContext * GRID_POINTS[i]! * table[S.SURFACE_KNOTS_AT + k]!;
      least = Math.min(least, ridingAt(corners, i, k) - paid);
      mostDecode = Math.min(mostDecode, (cell(corners, S.SURFACE_DECODE, i, k) - paid) / GRID_POINTS[i]!);
    }
    riding[i] = least;
  }
  return { riding, mostDecode: Math.max(0, mostDecode) };
}

/** The most that a prompt token may cost beside decodes of that price, asked at every point; NaN where the decodes of some step cost more than it. */
function highestPrompt({ beside, tokens, prompts }: Corners, riding: Float64Array, perDecode: number): number {
  let most = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= beside; i++) {
    for (let j = Math.max(1, i); j <= tokens; j++) {
      const room = prompts[j]! + riding[i]! - perDecode * GRID_POINTS[i]!;
      if (room < 0) return Number.NaN;
      const count = GRID_POINTS[j]! - GRID_POINTS[i]!;
      if (count > 0) most = Math.min(most, room / count);
    }
  }
  return most;
}

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
