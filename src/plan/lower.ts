// Lowers a model on a hardware to a step surface: every op priced over the grids by the WASM kernels, summed into tables.
import { NORM_1 } from '../../assembly/layout/enums.ts';
import { GRID_EXACT, GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as surface from '../../assembly/layout/surface.ts';
import type { Basis, Model } from '../catalog/types.ts';
import type { Arena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { busiestPairs, touchedExperts } from '../stages/mlp-ops.ts';
import type { Routing } from '../stages/op.ts';
import { devicesOf, layersOf } from '../stages/split.ts';
import type { PricedCompute } from './bind-ops.ts';
import { collectiveId } from './collective-twin.ts';
import { derate } from './datasheet.ts';
import type { FitSource } from './efficiency.ts';
import { lowerEnergy } from './energy.ts';
import { GRID_POINTS } from './grid-points.ts';
import { type Curve, locate, type Plane, readCurve, readFactor, readPlane } from './op-table.ts';
import {
  basisOf,
  isLinear,
  openRateBook,
  type PricedExchange,
  type PricedOps,
  priceList,
  priceStepExactly,
  type RateBook,
  remember,
} from './priced-ops.ts';
import { combine, normId } from './roofline-twin.ts';
import { overlaySteps } from './step-regression.ts';
import { perGroup, perMicroBatch, type StepWork } from './step-work.ts';
import { makeShape, type Shape, type SurfaceKey, shapeName } from './surface-key.ts';

const { SURFACE_KNOTS } = surface;
const CELLS = GRID_SEQUENCES * SURFACE_KNOTS;
/** The step by which a surface's basis is judged: some decodes and a prompt. */
const TYPICAL: StepWork = {
  prefill: [{ tokens: 512, past: 0, completes: true }],
  decode: [{ count: 32, context: 1024 }],
};

export interface LoweredSurface {
  /** SURFACE_SIZE f64 (assembly/layout/surface.ts). */
  readonly table: Float64Array;
  /** The least trustworthy basis among the ops that matter. */
  readonly basis: Basis;
  readonly shape: Shape;
  readonly priced: PricedOps;
}

/** A column in the arena: the view to fill and the address that kernels take. */
interface Column {
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
  /** dp and pp that the token columns were last filled for. */
  readonly filled: { dp: number; pp: number };
  /** Another slowing of linear work than plan/datasheet.ts has, for refits of it. */
  readonly derating?: number;
}

type ColumnName = keyof typeof COLUMN_LENGTHS;
type Columns = Readonly<Record<ColumnName, Column>>;

const COLUMN_LENGTHS = {
  zero: CELLS,
  one: GRID_TOKENS,
  tokens: GRID_TOKENS, // new tokens of one group
  all: GRID_TOKENS, // new tokens of the instance
  slowTokens: GRID_TOKENS, // derating of linear work on `tokens` rows
  slowAll: GRID_TOKENS,
  pairs: GRID_TOKENS, // (token, expert) pairs on the busiest device
  touched: GRID_TOKENS, // distinct experts there
  decodes: CELLS, // decoding sequences of one group
  read: CELLS, // tokens they read under one cap
  linear: GRID_TOKENS, // seconds: matrix multiplications, before derating
  experts: GRID_TOKENS,
  light: GRID_TOKENS,
  head: GRID_TOKENS,
  headLight: GRID_TOKENS,
  pairPrice: GRID_TOKENS,
  windowPrice: GRID_TOKENS,
  attention: CELLS,
} as const;

const SUMS = ['linear', 'experts', 'light', 'head', 'headLight', 'pairPrice', 'windowPrice', 'attention'] as const;

/** Takes the scratch columns from `arena` (about 70 KB, for the life of the session). */
export function openLowering(fits: FitSource, kernels: Kernels, arena: Arena): Lowering {
  const columns = {} as Record<ColumnName, Column>;
  for (const [name, length] of Object.entries(COLUMN_LENGTHS)) {
    const view = arena.f64(length);
    view.fill(name === 'one' ? 1 : 0);
    columns[name as ColumnName] = { view, at: view.byteOffset };
  }
  return { kernels, book: openRateBook(fits), shapes: new Map(), columns, filled: { dp: 0, pp: 0 } };
}

/** Lowers one surface into `into` (SURFACE_SIZE f64), or into a new array. */
export function lowerSurface(key: SurfaceKey, lowering: Lowering, into?: Float64Array): LoweredSurface {
  const table = into ?? new Float64Array(surface.SURFACE_SIZE);
  const shape = shapeOf(key, lowering);
  const priced = priceList(shape.ops, key.hardware, lowering.book, key.profile);
  fillGrids(lowering, shape);
  for (const name of SUMS) lowering.columns[name].view.fill(0);
  for (const op of priced.compute) addCompute(lowering, op, shape);
  for (const op of priced.exchange) addExchange(lowering, op);
  const scale = key.profile.kernel_scale ?? 1;
  if (scale !== 1) for (const name of SUMS) scaleColumn(lowering.columns[name].view, scale);
  writeHeader(table, key, shape, priced);
  table[surface.SURFACE_AP_FIXED] *= scale;
  writeTables(table, lowering.columns);
  if (key.steps) overlaySteps(table, key.steps);
  const basis = key.steps ? 'measured' : basisOf(priceStepExactly(priced, TYPICAL, shape.split));
  return { table, basis, shape, priced };
}

function scaleColumn(view: Float64Array, factor: number): void {
  for (let i = 0; i < view.length; i++) view[i] *= factor;
}

/** Ops and knots of a key, made once for all hardware. */
export function shapeOf(key: SurfaceKey, lowering: Lowering): Shape {
  const shapes = remember(lowering.shapes, key.model, () => new Map<string, Shape>());
  return remember(shapes, shapeName(key), () => makeShape(key));
}

/** The token quantities at every grid point, with their derating; they change only with dp and pp. */
function fillGrids({ columns, filled, derating }: Lowering, { split, knots }: Shape): void {
  if (knots.length !== SURFACE_KNOTS) throw new Error(`${knots.length} knots, the layout has ${SURFACE_KNOTS}`);
  if (filled.dp === split.dp && filled.pp === split.pp) return;
  const tokens = columns.tokens.view;
  const all = columns.all.view;
  for (let i = 0; i < GRID_TOKENS; i++) {
    tokens[i] = perGroup(GRID_POINTS[i], split);
    all[i] = perMicroBatch(GRID_POINTS[i], split);
    columns.slowTokens.view[i] = derate(tokens[i], derating);
    columns.slowAll.view[i] = derate(all[i], derating);
  }
  const decodes = columns.decodes.view;
  for (let i = 0; i < CELLS; i++) decodes[i] = tokens[Math.floor(i / SURFACE_KNOTS)];
  filled.dp = split.dp;
  filled.pp = split.pp;
}

function addCompute(lowering: Lowering, priced: PricedCompute, shape: Shape): void {
  const { columns } = lowering;
  const { op, curve, plane } = priced;
  if (op.over === 'tokens') {
    const out = isLinear(op) ? columns.linear : columns.light;
    if (curve) sumCurve(curve, GRID_TOKENS, columns.tokens, 1, out, op.count);
    else sumLine(lowering, priced, GRID_TOKENS, columns.tokens, columns.zero, out);
  } else if (op.over === 'samples') {
    const out = isLinear(op) ? columns.head : columns.headLight;
    if (curve) sumCurve(curve, GRID_SEQUENCES, columns.tokens, 1, out, op.count);
    else sumLine(lowering, priced, GRID_SEQUENCES, columns.tokens, columns.zero, out);
  } else if (op.over === 'experts' && op.routing) {
    if (curve) {
      sumCurve(curve, GRID_TOKENS, columns.all, 1, columns.experts, op.count);
    } else {
      fillRouting(columns, op.routing);
      sumLine(lowering, priced, GRID_TOKENS, columns.pairs, columns.touched, columns.experts);
    }
  } else if (op.over === 'decode') {
    if (plane) {
      sumPlane(plane, columns, op.cap, shape.knots, op.count);
    } else {
      fillRead(columns, op.cap, shape.knots);
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
    const quantity = scale * x.view[i];
    while (at < last - 1 && knots[at + 1] <= quantity) at++;
    let time = seconds[0];
    if (quantity > knots[last] || last === 0) time = readCurve(curve, quantity);
    else if (quantity > knots[0]) {
      const fraction = (quantity - knots[at]) / (knots[at + 1] - knots[at]);
      time = seconds[at] + fraction * (seconds[at + 1] - seconds[at]);
    }
    out.view[i] += count * time;
  }
}

/** Decode attention of every cell by a plane of measurements. */
function sumPlane(plane: Plane, columns: Columns, cap: number, knots: readonly number[], count: number): void {
  const decodes = columns.decodes.view;
  const out = columns.attention.view;
  const width = plane.columns.length;
  const longest = plane.columns[width - 1];
  const most = plane.rows[plane.rows.length - 1];
  const seen = knots.map((knot) => Math.min(knot + 1, cap));
  const places = seen.map((context) => locate(plane.columns, context));
  for (let i = SURFACE_KNOTS; i < CELLS; i += SURFACE_KNOTS) {
    const sequences = decodes[i];
    const row = locate(plane.rows, sequences);
    for (let k = 0; k < SURFACE_KNOTS; k++) {
      if (sequences > most || seen[k] > longest) {
        out[i + k] += count * readPlane(plane, sequences, seen[k]);
        continue;
      }
      const { index, fraction } = places[k];
      const at = row.index * width + index;
      const upper = plane.seconds[at] + fraction * (plane.seconds[at + 1] - plane.seconds[at]);
      const below = row.fraction === 0 ? at : at + width;
      const lower = plane.seconds[below] + fraction * (plane.seconds[below + 1] - plane.seconds[below]);
      out[i + k] += count * (upper + row.fraction * (lower - upper));
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
    columns.pairs.view[i] = busiestPairs(routing, all[i]);
    columns.touched.view[i] = touchedExperts(routing, all[i]);
  }
}

/** Tokens that decodes of mean context x read: x of the cache and their own, as far as the layer sees. */
function fillRead(columns: Columns, cap: number, knots: readonly number[]): void {
  const read = columns.read.view;
  const decodes = columns.decodes.view;
  const seen = knots.map((knot) => Math.min(knot + 1, cap));
  for (let i = 0; i < CELLS; i++) read[i] = decodes[i] * seen[i % SURFACE_KNOTS];
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
    const n = Math.max(1, GRID_POINTS[i]);
    const windowPairs = n * Math.min((n + 1) / 2, window);
    const pairs = capped ? windowPairs : (n * (n + 1)) / 2;
    const scale = share * (factors ? readFactor(factors.knots, factors.values, n) : 1);
    if (norm !== NORM_1) {
      price[i] += scale * combine(norm, line.computeX, ((line.memoryY + memoryZ) * n) / pairs);
      continue;
    }
    price[i] += scale * (line.computeX + line.memoryY / n);
    window0[i] += (scale * (line.memoryY * (n - pairs / n) + memoryZ * n)) / windowPairs;
  }
}

function addExchange(lowering: Lowering, { op, rate, curve }: PricedExchange): void {
  const { columns, kernels } = lowering;
  const x = op.over === 'all' ? columns.all : columns.tokens;
  const [out, n] = op.over === 'samples' ? [columns.headLight, GRID_SEQUENCES] : [columns.light, GRID_TOKENS];
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

function writeHeader(table: Float64Array, key: SurfaceKey, shape: Shape, priced: PricedOps): void {
  const { host, prefill_floor } = key.profile;
  const { split } = shape;
  const layers = layersOf(key.model);
  const energy = lowerEnergy(shape.ops, key.hardware, split);
  table.fill(0, 0, surface.SURFACE_HEADER);
  table.fill(0, surface.SURFACE_DECODE + CELLS); // the end that makes the size a multiple of 8
  // every micro-batch of a pipeline is a step of its own to the host of each stage; attention groups have hosts of their own
  const perLayer = host.layer_s + split.tp * (host.layer_device_s ?? 0);
  table[surface.SURFACE_HOST_STEP] = split.pp * host.step_s + layers * perLayer;
  table[surface.SURFACE_HOST_SEQUENCE] = host.sequence_s / split.dp;
  table[surface.SURFACE_HOST_NORM] = host.norm;
  table[surface.SURFACE_FLOOR] = layers * prefill_floor.layer_s;
  table[surface.SURFACE_FLOOR_TOKENS] = prefill_floor.tokens;
  table[surface.SURFACE_AP_FIXED] = sumLaunches(priced.compute);
  table[surface.SURFACE_WINDOW] = shape.window;
  table[surface.SURFACE_J_STEP] = energy.step;
  table[surface.SURFACE_J_TOKEN] = energy.token;
  table[surface.SURFACE_J_PAIR] = energy.pair;
  table[surface.SURFACE_J_CONTEXT] = energy.context;
  table[surface.SURFACE_IDLE_W] = energy.idleWatts;
  table[surface.SURFACE_DEVICES] = devicesOf(split);
  for (let k = 0; k < SURFACE_KNOTS; k++) table[surface.SURFACE_KNOTS_AT + k] = shape.knots[k];
}

/** Launch time of the prefill attention kernels of a step. */
export function sumLaunches(compute: readonly PricedCompute[]): number {
  let launches = 0;
  for (const { op, line } of compute) if (op.over === 'prefill') launches += op.count * line.t0;
  return launches;
}

function writeTables(table: Float64Array, columns: Columns): void {
  const slowTokens = columns.slowTokens.view;
  const slowAll = columns.slowAll.view;
  for (let i = 1; i < GRID_TOKENS; i++) {
    const linear = columns.linear.view[i] * slowTokens[i] + columns.experts.view[i] * slowAll[i];
    table[surface.SURFACE_G + i] = linear + columns.light.view[i];
  }
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    table[surface.SURFACE_LM + i] = columns.head.view[i] * slowTokens[i] + columns.headLight.view[i];
  }
  // a step of no tokens, of no samples, of no decodes costs nothing
  table[surface.SURFACE_G] = 0;
  table[surface.SURFACE_LM] = 0;
  writePairPrices(table, surface.SURFACE_APF, columns.pairPrice.view);
  writePairPrices(table, surface.SURFACE_APW, columns.windowPrice.view);
  writeDecode(table, columns.attention.view);
}

/**
 * A price per pair falls with the length of the chunk, but no faster than the chunk grows: between grid points n1 < n2 the price of
 * a chunk, n times the line from p1 to p2, rises (L7) if p1 <= p2 (1 + (n2-n1)/n2). Where memory alone bounds a short chunk the chord
 * would break this by a few parts in a thousand, and factors of a table may fall faster; such points are lifted. Where every count
 * has a point of its own, n times the price itself must not fall.
 */
function writePairPrices(table: Float64Array, at: number, prices: Float64Array): void {
  let before = prices[0];
  table[at] = before;
  for (let i = 1; i < GRID_TOKENS; i++) {
    const [n1, n2] = [Math.max(1, GRID_POINTS[i - 1]), GRID_POINTS[i]];
    const least = i > GRID_EXACT ? before / (1 + (n2 - n1) / n2) : (before * n1) / n2;
    const price = Math.max(prices[i], least);
    table[at + i] = price;
    before = price;
  }
}

/** Decode attention alone, and the whole decode-only step with the host at every knot. */
function writeDecode(table: Float64Array, attention: Float64Array): void {
  const hostStep = table[surface.SURFACE_HOST_STEP];
  const hostSequence = table[surface.SURFACE_HOST_SEQUENCE];
  const overlaps = table[surface.SURFACE_HOST_NORM] === 2;
  for (let k = 0; k < SURFACE_KNOTS; k++) {
    table[surface.SURFACE_DA + k] = 0;
    table[surface.SURFACE_DECODE + k] = 0;
  }
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    const tokenWise = table[surface.SURFACE_G + i] + table[surface.SURFACE_LM + i];
    const host = hostStep + hostSequence * GRID_POINTS[i];
    for (let k = 0; k < SURFACE_KNOTS; k++) {
      const cell = i * SURFACE_KNOTS + k;
      const device = tokenWise + attention[cell];
      table[surface.SURFACE_DA + cell] = attention[cell];
      table[surface.SURFACE_DECODE + cell] = overlaps ? Math.sqrt(device * device + host * host) : device + host;
    }
  }
}
