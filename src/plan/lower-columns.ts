// The columns that ops are summed into, by what a step carries: token-wise work, attention, heads, and the passes of a draft.
import { NORM_1 } from '../../assembly/layout/enums.ts';
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import { SURFACE_KNOTS } from '../../assembly/layout/surface.ts';
import type { Model } from '../catalog/types.ts';
import type { Kernels } from '../kernels/interface.ts';
import { busiestPairs, touchedExperts } from '../stages/mlp-ops.ts';
import type { Routing } from '../stages/op.ts';
import type { PricedCompute } from './bind-ops.ts';
import { collectiveId } from './collective-twin.ts';
import { GRID_POINTS } from './grid-points.ts';
import { type Curve, locate, type Plane, readCurve, readFactor, readPlane } from './op-table.ts';
import { isLinear, type PricedExchange, type RateBook } from './priced-ops.ts';
import { combine, normId } from './roofline-twin.ts';
import type { Shape } from './surface-key.ts';

const CELLS = GRID_SEQUENCES * SURFACE_KNOTS;

/** A column in the arena: the view to fill and the address that kernels take. */
export interface Column {
  readonly view: Float64Array;
  readonly at: number;
}

/** Columns and memories that all surfaces of one session share. */
export interface Lowering {
  readonly kernels: Kernels;
  readonly book: RateBook;
  /** By model object, then by the rest of the key. */
  readonly shapes: Map<Model, Map<string, Shape>>;
  readonly columns: Columns;
  /** What the token columns were last filled for. */
  readonly filled: { dp: number; pp: number; slowdown: number };
  /** Another slowing of linear work than profiles have, for refits of it. */
  readonly derating?: number;
}

export type ColumnName = keyof typeof COLUMN_LENGTHS;
export type Columns = Readonly<Record<ColumnName, Column>>;

export const COLUMN_LENGTHS = {
  zero: CELLS,
  one: GRID_TOKENS,
  tokens: GRID_TOKENS, // new tokens of one group
  all: GRID_TOKENS, // new tokens of the instance
  slowTokens: GRID_TOKENS, // factor on linear work of `tokens` rows in steps with prompts
  slowAll: GRID_TOKENS,
  slowUnpacked: GRID_TOKENS, // what experts of packed weights add to theirs there
  pairs: GRID_TOKENS, // (token, expert) pairs on the busiest device
  touched: GRID_TOKENS, // distinct experts there
  decodes: CELLS, // decoding sequences of one group
  read: CELLS, // tokens they read under one cap
  linear: GRID_TOKENS, // seconds: matrix multiplications,
  experts: GRID_TOKENS,
  unpacked: GRID_TOKENS, // those of `experts` that unpack their weights
  light: GRID_TOKENS,
  head: GRID_TOKENS,
  headLight: GRID_TOKENS,
  pairPrice: GRID_TOKENS,
  windowPrice: GRID_TOKENS,
  attention: CELLS,
  drafted: GRID_TOKENS, // seconds of the draft's passes after its first: matrix multiplications,
  draftedExperts: GRID_TOKENS,
  draftedLight: GRID_TOKENS,
} as const;

export const SUMS = [
  'linear',
  'experts',
  'unpacked',
  'light',
  'head',
  'headLight',
  'pairPrice',
  'windowPrice',
  'attention',
  'drafted',
  'draftedExperts',
  'draftedLight',
] as const;

/** Columns that an op's seconds go to. */
export interface Sinks {
  readonly linear: ColumnName;
  readonly experts: ColumnName;
  readonly light: ColumnName;
  readonly head: ColumnName;
  readonly headLight: ColumnName;
}

/** The step itself. */
export const STEP: Sinks = {
  linear: 'linear',
  experts: 'experts',
  light: 'light',
  head: 'head',
  headLight: 'headLight',
};

/** Adds an op to the columns, at every grid point. */
export function addCompute(lowering: Lowering, priced: PricedCompute, shape: Shape, sinks: Sinks): void {
  const { columns } = lowering;
  const { op, curve, plane } = priced;
  if (op.over === 'tokens') {
    const out = columns[isLinear(op) ? sinks.linear : sinks.light];
    if (curve) sumCurve(curve, GRID_TOKENS, columns.tokens, 1, out, op.count);
    else sumLine(lowering, priced, GRID_TOKENS, columns.tokens, columns.zero, out);
  } else if (op.over === 'samples') {
    const out = columns[isLinear(op) ? sinks.head : sinks.headLight];
    if (curve) sumCurve(curve, GRID_SEQUENCES, columns.tokens, 1, out, op.count);
    else sumLine(lowering, priced, GRID_SEQUENCES, columns.tokens, columns.zero, out);
  } else if (op.over === 'experts' && op.routing) {
    if (curve) {
      sumCurve(curve, GRID_TOKENS, columns.all, 1, columns[sinks.experts], op.count);
      if (priced.unpacks && sinks.experts === 'experts')
        sumCurve(curve, GRID_TOKENS, columns.all, 1, columns.unpacked, op.count);
    } else {
      fillRouting(columns, op.routing);
      sumLine(lowering, priced, GRID_TOKENS, columns.pairs, columns.touched, columns[sinks.experts]);
    }
  } else if (op.over === 'decode') {
    if (plane) {
      sumPlane(plane, columns, op.cap, shape, op.count);
    } else {
      fillRead(columns, op.cap, shape);
      sumLine(lowering, priced, CELLS, columns.read, columns.decodes, columns.attention);
    }
  } else if (op.over === 'prefill') addPrefill(columns, priced, shape);
}

/** out[i] += count * curve(scale * x[i]) for i < n, x never falling. */
function sumCurve(curve: Curve, n: number, x: Column, scale: number, out: Column, count: number): void {
  const { knots, seconds } = curve;
  const last = knots.length - 1;
  let at = 0;
  for (let i = 0; i < n; i++) {
    const quantity = scale * x.view[i]!;
    while (at < last - 1 && knots[at + 1]! <= quantity) at++;
    let time = seconds[0]!;
    if (quantity > knots[last]! || last === 0) time = readCurve(curve, quantity);
    else if (quantity > knots[0]!) {
      const fraction = (quantity - knots[at]!) / (knots[at + 1]! - knots[at]!);
      time = seconds[at]! + fraction * (seconds[at + 1]! - seconds[at]!);
    }
    out.view[i]! += count * time;
  }
}

/** Decode attention of every cell by a plane of measurements. */
function sumPlane(plane: Plane, columns: Columns, cap: number, { knots, perDecode }: Shape, count: number): void {
  const decodes = columns.decodes.view;
  const out = columns.attention.view;
  const width = plane.columns.length;
  const longest = plane.columns[width - 1]!;
  const most = plane.rows[plane.rows.length - 1]!;
  const seen = knots.map((knot) => Math.min(knot + perDecode, cap));
  const places = seen.map((context) => locate(plane.columns, context));
  for (let i = SURFACE_KNOTS; i < CELLS; i += SURFACE_KNOTS) {
    const sequences = decodes[i]!;
    const row = locate(plane.rows, sequences);
    for (let k = 0; k < SURFACE_KNOTS; k++) {
      if (sequences > most || seen[k]! > longest) {
        out[i + k]! += count * readPlane(plane, sequences, seen[k]!);
        continue;
      }
      const { index, fraction } = places[k]!;
      const at = row.index * width + index;
      const upper = plane.seconds[at]! + fraction * (plane.seconds[at + 1]! - plane.seconds[at]!);
      const below = row.fraction === 0 ? at : at + width;
      const lower = plane.seconds[below]! + fraction * (plane.seconds[below + 1]! - plane.seconds[below]!);
      out[i + k]! += count * (upper + row.fraction * (lower - upper));
    }
  }
}

function sumLine(lowering: Lowering, priced: PricedCompute, n: number, x: Column, y: Column, out: Column): void {
  const { line, norm, op } = priced;
  lowering.kernels.priceLines(
    norm,
    n,
    x.at,
    y.at,
    out.at,
    line.t0,
    line.computeX,
    line.computeY,
    line.memory0,
    line.memoryX,
    line.memoryY,
    op.count,
  );
}

function fillRouting(columns: Columns, routing: Routing): void {
  const all = columns.all.view;
  for (let i = 0; i < GRID_TOKENS; i++) {
    columns.pairs.view[i] = busiestPairs(routing, all[i]!);
    columns.touched.view[i] = touchedExperts(routing, all[i]!);
  }
}

/** Tokens that decodes of mean context x read: x of the cache and their new ones, as far as the layer sees. */
function fillRead(columns: Columns, cap: number, { knots, perDecode }: Shape): void {
  const read = columns.read.view;
  const decodes = columns.decodes.view;
  const seen = knots.map((knot) => Math.min(knot + perDecode, cap));
  for (let i = 0; i < CELLS; i++) read[i] = decodes[i]! * seen[i % SURFACE_KNOTS]!;
}

/**
 * Prefill attention as seconds per pair and per window pair. A chunk of n tokens reads n + past cached tokens once, moves n queries
 * and results, and makes n past + n(n+1)/2 pairs. Where compute and memory add (norm 1), a pair carries a n-th of a token's bytes,
 * which is all there is behind a long past, and the rest, n - pairs(past=0)/n tokens, is a price per new token: carried by the window
 * pairs, of which a chunk has one per token where there is no window. Other norms cannot be taken apart: pairs carry the bytes of a
 * whole prompt (an upper bound behind a past). The launches are AP_FIXED.
 */
function addPrefill(columns: Columns, priced: PricedCompute, { split, window }: Shape): void {
  const { op, line, norm, memoryZ, factors } = priced;
  const capped = Number.isFinite(op.cap);
  const price = capped ? columns.windowPrice.view : columns.pairPrice.view;
  const window0 = columns.windowPrice.view;
  // one window stands for all: layers with a shorter one see their share of its pairs
  const share = (op.count * (capped ? op.cap / window : 1)) / (split.dp * split.pp);
  for (let i = 0; i < GRID_TOKENS; i++) {
    const n = Math.max(1, GRID_POINTS[i]!);
    const windowPairs = n * Math.min((n + 1) / 2, window);
    const pairs = capped ? windowPairs : (n * (n + 1)) / 2;
    const scale = share * (factors ? readFactor(factors.knots, factors.values, n) : 1);
    if (norm !== NORM_1) {
      price[i]! += scale * combine(norm, line.computeX, ((line.memoryY + memoryZ) * n) / pairs);
      continue;
    }
    price[i]! += scale * (line.computeX + line.memoryY / n);
    window0[i]! += (scale * (line.memoryY * (n - pairs / n) + memoryZ * n)) / windowPairs;
  }
}

/** Adds an exchange between devices to the columns. */
export function addExchange(lowering: Lowering, { op, rate, curve }: PricedExchange, sinks: Sinks): void {
  const { columns, kernels } = lowering;
  const x = op.over === 'all' ? columns.all : columns.tokens;
  const [out, n] =
    op.over === 'samples' ? [columns[sinks.headLight], GRID_SEQUENCES] : [columns[sinks.light], GRID_TOKENS];
  if (curve) {
    sumCurve(curve, n, x, op.bytesX, out, op.count);
    return;
  }
  if (rate.fit) {
    const { t0, perByte, p } = rate.fit;
    // the launch takes the place of compute: (t0^p + (bytes perByte)^p)^(1/p)
    kernels.priceOps(normId(p), n, columns.one.at, x.at, out.at, 0, t0, op.bytesX * perByte, op.count, 1);
    return;
  }
  const { inside, across, hopIn, byteIn, hopOut, byteOut } = rate;
  const id = collectiveId(op.op);
  kernels.priceCollective(id, inside, across, n, x.at, out.at, op.bytesX, hopIn, byteIn, hopOut, byteOut, op.count);
}
