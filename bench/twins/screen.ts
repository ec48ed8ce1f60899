// The closed-form screen of assembly/closed-form in plain TypeScript: same operations, same order, so the same bits.
import { BATCHING_CHUNKED, BATCHING_CONTINUOUS, BATCHING_STATIC } from '../../assembly/layout/batching.ts';
import { GRID_SEQUENCES } from '../../assembly/layout/grid.ts';
import * as C from '../../assembly/layout/screen.ts';
import * as S from '../../assembly/layout/surface.ts';
import type { ScreenColumns } from '../../src/run/screen-columns.ts';
import { findPiece, gridIndex, gridValue, type Piece, priceChunk } from './price.ts';

/** Means and tails of a workload, with limits in seconds. */
export interface ScreenLoad {
  readonly prompt: number;
  readonly output: number;
  readonly context: number;
  readonly pairs: number;
  readonly promptTail: number;
  readonly promptSquare: number;
  readonly outputMax: number;
  readonly tail: number;
  readonly tailSigma: number;
  readonly ttftLimit: number;
  readonly tpotLimit: number;
  readonly ttftTailLimit: number;
  readonly tpotTailLimit: number;
  readonly advance: number;
  readonly drafts: number;
  readonly ranks: number;
}

export function readLoad(cells: Float64Array): ScreenLoad {
  const words = new Int32Array(cells.buffer, cells.byteOffset, cells.length * 2);
  return {
    prompt: cells[C.SCREEN_PROMPT],
    output: cells[C.SCREEN_OUTPUT],
    context: cells[C.SCREEN_CONTEXT],
    pairs: cells[C.SCREEN_PAIRS],
    promptTail: cells[C.SCREEN_PROMPT_TAIL],
    promptSquare: cells[C.SCREEN_PROMPT_SQUARE],
    outputMax: cells[C.SCREEN_OUTPUT_MAX],
    tail: cells[C.SCREEN_TAIL],
    tailSigma: cells[C.SCREEN_TAIL_SIGMA],
    ttftLimit: cells[C.SCREEN_TTFT_LIMIT],
    tpotLimit: cells[C.SCREEN_TPOT_LIMIT],
    ttftTailLimit: cells[C.SCREEN_TTFT_TAIL_LIMIT],
    tpotTailLimit: cells[C.SCREEN_TPOT_TAIL_LIMIT],
    advance: cells[C.SCREEN_ADVANCE],
    drafts: words[C.SCREEN_DRAFTS * 2],
    ranks: words[C.SCREEN_RANKS * 2],
  };
}

type Results = (typeof SCREEN_RESULTS)[number];

/** The columns that a screen writes. */
export const SCREEN_RESULTS = [
  'status',
  'batch',
  'ttft',
  'tpot',
  'ttftTail',
  'tpotTail',
  'load',
  'served',
  'watts',
] as const;
export type ScreenResults = Pick<ScreenColumns, Results>;
export type ScreenInputs = Omit<ScreenColumns, Results | 'cells' | 'words' | 'surface' | 'curves'>;

const piece: Piece = { a: 0, b: 0, end: 0 };

/** Fills curve number `index` of `curves` for a batching and a token budget. */
export function fillCurveTwin(
  curves: Float64Array,
  index: number,
  surface: Float64Array,
  load: ScreenLoad,
  batching: number,
  budget: number,
): void {
  const start = index * C.CURVE_SIZE;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < GRID_SEQUENCES; i++) {
    const batch = i === 0 ? 1 : gridValue(i);
    const at = start + i;
    const cost =
      batching === BATCHING_STATIC
        ? staticCost(curves, at, surface, load, batch)
        : sharedCost(curves, at, surface, load, batching, budget, batch);
    if (cost < least) least = cost;
    curves[at + C.CURVE_COST] = least;
  }
}

function decodeSeconds(surface: Float64Array, load: ScreenLoad, batch: number): number {
  const all = load.ranks * batch;
  const context = load.context * all;
  findPiece(piece, surface, S.SURFACE_DECODE, all, context);
  return piece.a + piece.b * context;
}

function prefillSeconds(
  surface: Float64Array,
  load: ScreenLoad,
  tokens: number,
  pairs: number,
  sampling: number,
  decodes: number,
): number {
  const whole = Math.ceil(tokens);
  const context = load.context * decodes;
  const verified = decodes * (1 + load.drafts);
  const all = whole + verified;
  return priceChunk(piece, surface, whole, pairs, all, sampling + verified, decodes, context, load.ranks);
}

function store(
  curves: Float64Array,
  at: number,
  decode: number,
  prefill: number,
  prefills: number,
  steps: number,
): void {
  curves[at + C.CURVE_DECODE] = decode;
  curves[at + C.CURVE_PREFILL] = prefill;
  curves[at + C.CURVE_PREFILLS] = prefills;
  curves[at + C.CURVE_STEPS] = steps;
}

function sharedCost(
  curves: Float64Array,
  at: number,
  surface: Float64Array,
  load: ScreenLoad,
  batching: number,
  budget: number,
  batch: number,
): number {
  const alone = batching === BATCHING_CONTINUOUS;
  let prefills = 1;
  if (batching === BATCHING_CHUNKED) {
    const room = budget - batch * (1 + load.drafts);
    if (room < 1) {
      store(curves, at, 0, 0, 0, 0);
      return Number.POSITIVE_INFINITY;
    }
    if (load.prompt > room) prefills = load.prompt / room;
  }
  const others = alone ? 0 : batch - 1;
  const prefill = prefillSeconds(surface, load, load.prompt / prefills, load.pairs / prefills, 1, others);
  const decode = decodeSeconds(surface, load, batch);
  let steps = (load.output - 1) / (batch * load.advance) - (alone ? 0 : prefills);
  if (steps < 0) steps = 0;
  store(curves, at, decode, prefill, prefills, steps);
  return prefills * prefill + steps * decode;
}

function staticCost(curves: Float64Array, at: number, surface: Float64Array, load: ScreenLoad, batch: number): number {
  const spread = batch >= 100 ? 1 : 1 - 1 / batch;
  const longest = load.output + (load.outputMax - load.output) * spread;
  const active = Math.ceil((batch * load.output) / Math.max(longest, 1));
  const prefill = prefillSeconds(surface, load, load.prompt * batch, load.pairs * batch, batch, 0);
  const decode = decodeSeconds(surface, load, Math.max(active, 1));
  const steps = (longest - 1) / (batch * load.advance);
  store(curves, at, decode, prefill, 1 / batch, steps);
  return prefill / batch + steps * decode;
}

// As f64x2.pmin and pmax choose, which is not how Math.min and Math.max treat NaN.
// biome-ignore lint/complexity/useMathMinMax: NaN
const least = (a: number, b: number): number => (b < a ? b : a);
// biome-ignore lint/complexity/useMathMinMax: NaN
const most = (a: number, b: number): number => (a < b ? b : a);

/** The batch at which a request costs exactly `allowed`. */
function steadyBatch(curves: Float64Array, start: number, allowed: number): number {
  let low = 0;
  let high = GRID_SEQUENCES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curves[start + C.CURVE_COST + middle] <= allowed) high = middle;
    else low = middle + 1;
  }
  if (high >= GRID_SEQUENCES) return Number.POSITIVE_INFINITY;
  if (high <= 1) return 1;
  const right = curves[start + C.CURVE_COST + high];
  const left = curves[start + C.CURVE_COST + high - 1];
  const from = gridValue(high - 1);
  const span = gridValue(high) - from;
  const between = left > right && left < Number.POSITIVE_INFINITY;
  return between ? from + span * ((left - allowed) / (left - right)) : from + span;
}

/** Screens every row; `curves` as fillCurveTwin left them. */
export function screenRowsTwin(
  curves: Float64Array,
  surface: Float64Array,
  load: ScreenLoad,
  rows: ScreenInputs,
  out: ScreenResults,
): void {
  for (let row = 0; row < rows.rate.length; row++) screenRow(curves, surface, load, rows, out, row);
}

function screenRow(
  curves: Float64Array,
  surface: Float64Array,
  load: ScreenLoad,
  rows: ScreenInputs,
  out: ScreenResults,
  row: number,
): void {
  const start = rows.curveOf[row] * C.CURVE_SIZE;
  // Load and limits of one replica
  const replicas = rows.replicas[row];
  const rate = rows.rate[row];
  const flying = rows.inFlight[row] / replicas;
  const limit = least(rows.maxSeqs[row], rows.room[rows.classOf[row]]);
  const offered = rate / replicas;
  const allowed = 1 / offered;
  const steady = allowed < Number.POSITIVE_INFINITY ? steadyBatch(curves, start, allowed) : least(flying, limit);
  const batch = most(1, least(steady, limit));
  // Step times at that batch
  const index = gridIndex(Math.trunc(batch), GRID_SEQUENCES);
  const from = gridValue(index);
  const width = gridValue(index + 1) - from;
  const fraction = (batch - from) / width;
  const pointOf = (part: number): number => curvePoint(curves, start + part + index, fraction);
  const decode = pointOf(C.CURVE_DECODE);
  const prefill = pointOf(C.CURVE_PREFILL);
  const prefills = pointOf(C.CURVE_PREFILLS);
  const steps = pointOf(C.CURVE_STEPS);
  // Cost of a request, throughput and load
  const own = prefills * prefill;
  const cost = own + steps * decode;
  const open = rate > 0;
  const served = open ? least(offered, 1 / cost) : 1 / cost;
  const share = open ? offered * cost : 1;
  const busy = least(1, share);
  // TPOT and TTFT
  const gaps = load.output - 1;
  const perToken = (prefills * most(0, prefill - decode)) / Math.max(gaps, 1);
  const tpot = decode / load.advance + batch * busy * perToken;
  const prompts = least(served * own, 0.995);
  const ahead = (prompts * (load.promptSquare * 0.5) * own) / (1 - prompts);
  const rest = busy * 0.5 * (tpot * load.advance);
  const ttft = rest + ahead + own;
  // Tails
  const swing = load.tailSigma * Math.sqrt(batch);
  const slots = open ? most(0, batch + swing - limit) / served : most(0, flying - limit);
  const ttftTail = 2 * rest + ahead * load.tail + slots + own * load.promptTail;
  const crowd = least(batch + swing, limit) / batch;
  const slope = (curves[start + C.CURVE_DECODE + index + 1] - curves[start + C.CURVE_DECODE + index]) / width;
  const denser = decode + slope * (batch * (crowd - 1));
  const tpotTail = denser / load.advance + batch * crowd * busy * (perToken * 1.5);
  out.batch[row] = batch;
  out.ttft[row] = ttft;
  out.tpot[row] = tpot;
  storeTails(out, row, ttftTail, tpotTail);
  out.load[row] = share;
  out.served[row] = served * replicas;
  out.watts[row] = wattsOf(surface, load, replicas, served, busy, prefills, steps);
  out.status[row] = judge(load, out, row, limit, steady);
}

function curvePoint(curves: Float64Array, at: number, fraction: number): number {
  const left = curves[at];
  return left + fraction * (curves[at + 1] - left);
}

function storeTails(out: ScreenResults, row: number, ttftTail: number, tpotTail: number): void {
  out.ttftTail[row] = ttftTail;
  out.tpotTail[row] = tpotTail;
}

function wattsOf(
  surface: Float64Array,
  load: ScreenLoad,
  replicas: number,
  served: number,
  busy: number,
  prefills: number,
  steps: number,
): number {
  const verified = (load.output - 1) / load.advance;
  const fixed =
    surface[S.SURFACE_J_TOKEN] * (load.prompt + verified * (1 + load.drafts)) +
    surface[S.SURFACE_J_PAIR] * load.pairs +
    surface[S.SURFACE_J_CONTEXT] * load.context * verified +
    surface[S.SURFACE_J_DRAFT] * verified;
  const perStep = (surface[S.SURFACE_J_STEP] + surface[S.SURFACE_J_DRAFT_STEP]) / load.ranks;
  const perRequest = fixed + (prefills + steps) * perStep;
  const standing = surface[S.SURFACE_IDLE_W] / load.ranks + busy * (surface[S.SURFACE_BUSY_W] / load.ranks);
  return replicas * (standing + served * perRequest);
}

function judge(load: ScreenLoad, out: ScreenResults, row: number, limit: number, steady: number): number {
  const late = out.ttft[row] > load.ttftLimit || out.ttftTail[row] > load.ttftTailLimit;
  const slow = out.tpot[row] > load.tpotLimit || out.tpotTail[row] > load.tpotTailLimit;
  return limit < 1 || steady > limit || late || slow ? C.SCREENED_DOUBTFUL : C.SCREENED_FEASIBLE;
}
