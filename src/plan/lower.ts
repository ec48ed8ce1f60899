// Lowers a model on a hardware to a step surface: every op priced over the grids by the WASM kernels, summed into tables.
import { GRID_EXACT, GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as surface from '../../assembly/layout/surface.ts';
import type { Basis } from '../catalog/types.ts';
import type { Arena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { devicesOf, layersOf } from '../stages/split.ts';
import type { PricedCompute } from './bind-ops.ts';
import { derate, UNPACKING } from './datasheet.ts';
import type { FitSource } from './efficiency.ts';
import { standingWatts, workFigures } from './energy.ts';
import { hostOf } from './engine-host.ts';
import { GRID_POINTS } from './grid-points.ts';
import {
  addCompute,
  addExchange,
  COLUMN_LENGTHS,
  type Column,
  type ColumnName,
  type Columns,
  type Lowering,
  STEP,
  SUMS,
} from './lower-columns.ts';
import { addDraft, hostOfPasses, hostPerLayer, passesAt } from './lower-draft.ts';
import {
  basisOf,
  type OpPrice,
  openRateBook,
  type PricedOps,
  priceList,
  priceStepExactly,
  remember,
} from './priced-ops.ts';
import { readGrid } from './read-surface.ts';
import { overlaySteps } from './step-regression.ts';
import { perGroup, perMicroBatch, type StepWork } from './step-work.ts';
import { makeShape, type Shape, type SurfaceKey, shapeName } from './surface-key.ts';

export type { Lowering } from './lower-columns.ts';

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

/** Takes the scratch columns from `arena` (about 70 KB, for the life of the session). */
export function openLowering(fits: FitSource, kernels: Kernels, arena: Arena): Lowering {
  const columns = {} as Record<ColumnName, Column>;
  for (const [name, length] of Object.entries(COLUMN_LENGTHS)) {
    const view = arena.f64(length);
    view.fill(name === 'one' ? 1 : 0);
    columns[name as ColumnName] = { view, at: view.byteOffset };
  }
  return { kernels, book: openRateBook(fits), shapes: new Map(), columns, filled: { dp: 0, pp: 0, slowdown: 0 } };
}

/** Lowers one surface into `into` (SURFACE_SIZE f64), or into a new array. */
export function lowerSurface(key: SurfaceKey, lowering: Lowering, into?: Float64Array): LoweredSurface {
  const table = into ?? new Float64Array(surface.SURFACE_SIZE);
  const shape = shapeOf(key, lowering);
  const priced = priceList(shape.ops, key.hardware, lowering.book, key.profile);
  fillGrids(lowering, shape, priced.slowdown);
  for (const name of SUMS) lowering.columns[name].view.fill(0);
  for (const op of priced.compute) addCompute(lowering, op, shape, STEP);
  for (const op of priced.exchange) addExchange(lowering, op, STEP);
  const drafted = shape.draft ? addDraft(lowering, key, shape, shape.draft) : null;
  const scale = key.profile.kernel_scale ?? 1;
  if (scale !== 1) for (const name of SUMS) scaleColumn(lowering.columns[name].view, scale);
  writeHeader(table, key, shape, drafted ? [...priced.compute, ...drafted.compute] : priced.compute);
  table[surface.SURFACE_AP_FIXED] = scale * table[surface.SURFACE_AP_FIXED]! + promptLaunches(key.model, key.profile);
  writeTables(table, lowering.columns, shape.perDecode, hostOfPasses(key, shape));
  if (shape.split.dp > 1) writeShared(table, lowering, priced, shape, scale);
  if (key.steps) overlaySteps(table, key.steps);
  const basis = key.steps ? 'measured' : basisOf(typicalPrices(priced, drafted, shape));
  return { table, basis, shape, priced };
}

function typicalPrices(priced: PricedOps, drafted: PricedOps | null, { split, draft }: Shape): OpPrice[] {
  const prices = priceStepExactly(priced, TYPICAL, split);
  return drafted && draft ? [...prices, ...priceStepExactly(drafted, TYPICAL, draft.split)] : prices;
}

/** What all attention groups do together: of everything else a step lasts as long as the group that has most. */
function writeShared(table: Float64Array, lowering: Lowering, priced: PricedOps, shape: Shape, scale: number): void {
  const { columns } = lowering;
  for (const name of SUMS) columns[name].view.fill(0);
  for (const one of priced.compute) if (one.op.over === 'experts') addCompute(lowering, one, shape, STEP);
  for (const one of priced.exchange) if (one.op.over === 'all') addExchange(lowering, one, STEP);
  const { experts, linear, light, unpacked, slowAll, slowUnpacked } = columns;
  for (let i = 1; i < GRID_TOKENS; i++) {
    const slowed = (experts.view[i]! + linear.view[i]!) * slowAll.view[i]!;
    const seconds = slowed + unpacked.view[i]! * slowUnpacked.view[i]! + light.view[i]!;
    table[surface.SURFACE_SHARED + i] = scale * seconds;
  }
  table[surface.SURFACE_SHARED] = 0;
}

export function scaleColumn(view: Float64Array, factor: number): void {
  for (let i = 0; i < view.length; i++) view[i]! *= factor;
}

/** Ops and knots of a key, made once for all hardware. */
export function shapeOf(key: SurfaceKey, lowering: Lowering): Shape {
  const shapes = remember(lowering.shapes, key.model, () => new Map<string, Shape>());
  return remember(shapes, shapeName(key), () => makeShape(key));
}

/** The token quantities at every grid point, and how much slower steps with prompts are there; they change with few things. */
export function fillGrids({ columns, filled, derating }: Lowering, { split, knots }: Shape, share: number): void {
  if (knots.length !== SURFACE_KNOTS) throw new Error(`${knots.length} knots, the layout has ${SURFACE_KNOTS}`);
  const slowdown = derating ?? share;
  if (filled.dp === split.dp && filled.pp === split.pp && filled.slowdown === slowdown) return;
  const tokens = columns.tokens.view;
  const all = columns.all.view;
  for (let i = 0; i < GRID_TOKENS; i++) {
    tokens[i] = perGroup(GRID_POINTS[i]!, split);
    all[i] = perMicroBatch(GRID_POINTS[i]!, split);
    columns.slowTokens.view[i] = derate(tokens[i]!, slowdown);
    columns.slowAll.view[i] = derate(all[i]!, slowdown);
    columns.slowUnpacked.view[i] = columns.slowAll.view[i]! * (derate(all[i]!, UNPACKING) - 1);
  }
  const decodes = columns.decodes.view;
  for (let i = 0; i < CELLS; i++) decodes[i] = tokens[Math.floor(i / SURFACE_KNOTS)]!;
  filled.dp = split.dp;
  filled.pp = split.pp;
  filled.slowdown = slowdown;
}

function writeHeader(table: Float64Array, key: SurfaceKey, shape: Shape, compute: readonly PricedCompute[]): void {
  const { prefill_floor } = key.profile;
  const host = hostOf(key.profile, key.model);
  const { split } = shape;
  const layers = layersOf(key.model);
  const energy = workFigures(shape, key.hardware);
  table.fill(0, 0, surface.SURFACE_HEADER);
  table.fill(0, surface.SURFACE_DECODE + CELLS); // the end that makes the size a multiple of 8
  // every micro-batch of a pipeline is a step of its own to the host of each stage; attention groups have hosts of their own
  const { draft } = shape;
  const drafted = draft ? draft.layers * hostPerLayer(key, draft.split.tp) : 0;
  table[surface.SURFACE_HOST_STEP] = split.pp * host.step_s + layers * hostPerLayer(key, split.tp) + drafted;
  table[surface.SURFACE_HOST_SEQUENCE] = host.sequence_s / split.dp;
  table[surface.SURFACE_HOST_NORM] = host.norm;
  table[surface.SURFACE_FLOOR] = layers * prefill_floor.layer_s;
  table[surface.SURFACE_FLOOR_TOKENS] = prefill_floor.tokens;
  table[surface.SURFACE_AP_FIXED] = sumLaunches(compute);
  table[surface.SURFACE_WINDOW] = shape.window;
  table[surface.SURFACE_J_STEP] = energy.perStep;
  table[surface.SURFACE_J_TOKEN] = energy.perToken;
  table[surface.SURFACE_J_PAIR] = energy.perPair;
  table[surface.SURFACE_J_CONTEXT] = energy.perContext;
  table[surface.SURFACE_J_DRAFT_STEP] = energy.perDraftStep ?? 0;
  table[surface.SURFACE_J_DRAFT] = energy.perDraft ?? 0;
  const watts = standingWatts(key.hardware, split);
  table[surface.SURFACE_IDLE_W] = watts.idle;
  table[surface.SURFACE_BUSY_W] = watts.busy;
  table[surface.SURFACE_DEVICES] = devicesOf(split);
  for (let k = 0; k < SURFACE_KNOTS; k++) table[surface.SURFACE_KNOTS_AT + k] = shape.knots[k]!;
}

/** Seconds that a step with prompts spends outside captured graphs, s. */
export function promptLaunches(model: SurfaceKey['model'], profile: SurfaceKey['profile']): number {
  return layersOf(model) * (hostOf(profile, model).prompt_layer_s ?? 0);
}

/** Launch time of the prefill attention kernels of a step. */
export function sumLaunches(compute: readonly PricedCompute[]): number {
  let launches = 0;
  for (const { op, line } of compute) if (op.over === 'prefill') launches += op.count * line.t0;
  return launches;
}

export function writeTables(table: Float64Array, columns: Columns, perDecode: number, hostPasses: number): void {
  const { linear, experts, unpacked, light, head, headLight, slowTokens, slowAll, slowUnpacked } = columns;
  const captured = { tokens: new Float64Array(GRID_TOKENS), samples: new Float64Array(GRID_SEQUENCES) };
  for (let i = 1; i < GRID_TOKENS; i++) {
    captured.tokens[i] = linear.view[i]! + experts.view[i]! + light.view[i]!;
    const slowed = linear.view[i]! * slowTokens.view[i]! + experts.view[i]! * slowAll.view[i]!;
    table[surface.SURFACE_G + i] = slowed + unpacked.view[i]! * slowUnpacked.view[i]! + light.view[i]!;
  }
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    captured.samples[i] = head.view[i]! + headLight.view[i]!;
    table[surface.SURFACE_LM + i] = head.view[i]! * slowTokens.view[i]! + headLight.view[i]!;
  }
  // a step of no tokens, of no samples, of no decodes costs nothing
  table[surface.SURFACE_G] = 0;
  table[surface.SURFACE_LM] = 0;
  writePairPrices(table, surface.SURFACE_APF, columns.pairPrice.view);
  writePairPrices(table, surface.SURFACE_APW, columns.windowPrice.view);
  writeDecode(table, columns, captured, perDecode, hostPasses);
}

/**
 * A price per pair falls with the length of the chunk, but no faster than the chunk grows: between grid points n1 < n2 the price of
 * a chunk, n times the line from p1 to p2, rises (L7) if p1 <= p2 (1 + (n2-n1)/n2). Where memory alone bounds a short chunk the chord
 * would break this by a few parts in a thousand, and factors of a table may fall faster; such points are lifted. Where every count
 * has a point of its own, n times the price itself must not fall.
 */
function writePairPrices(table: Float64Array, at: number, prices: Float64Array): void {
  let before = prices[0]!;
  table[at] = before;
  for (let i = 1; i < GRID_TOKENS; i++) {
    const [n1, n2] = [Math.max(1, GRID_POINTS[i - 1]!), GRID_POINTS[i]];
    const least = i > GRID_EXACT ? before / (1 + (n2! - n1) / n2!) : (before * n1) / n2!;
    const price = Math.max(prices[i]!, least);
    table[at + i] = price;
    before = price;
  }
}

/** Seconds of token-wise work and of the LM head in steps without prompts, over their grids. */
interface Captured {
  readonly tokens: Float64Array;
  readonly samples: Float64Array;
}

/**
 * What rides with prompts (decode attention and the draft's passes), and the whole decode-only step with the host at every knot: B
 * sequences are B times perDecode tokens and samples.
 */
function writeDecode(
  table: Float64Array,
  columns: Columns,
  captured: Captured,
  perDecode: number,
  hostPasses: number,
): void {
  const attention = columns.attention.view;
  const hostStep = table[surface.SURFACE_HOST_STEP]!;
  const hostSequence = table[surface.SURFACE_HOST_SEQUENCE]!;
  const overlaps = table[surface.SURFACE_HOST_NORM] === 2;
  for (let k = 0; k < SURFACE_KNOTS; k++) {
    table[surface.SURFACE_DA + k] = 0;
    table[surface.SURFACE_DECODE + k] = 0;
  }
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    const tokenWise = tokenWiseAt(captured, i, perDecode);
    const passes = passesAt(columns, i, hostPasses);
    const host = hostStep + hostSequence * GRID_POINTS[i]!;
    for (let k = 0; k < SURFACE_KNOTS; k++) {
      const cell = i * SURFACE_KNOTS + k;
      const riding = attention[cell]! + passes;
      const device = tokenWise + riding;
      table[surface.SURFACE_DA + cell] = riding;
      table[surface.SURFACE_DECODE + cell] = overlaps ? Math.sqrt(device * device + host * host) : device + host;
    }
  }
}

/** Token-wise work and LM head of B decodes. */
function tokenWiseAt({ tokens, samples }: Captured, i: number, perDecode: number): number {
  if (perDecode === 1) return tokens[i]! + samples[i]!;
  const verified = GRID_POINTS[i]! * perDecode;
  return readGrid(tokens, 0, GRID_TOKENS, verified) + readGrid(samples, 0, GRID_SEQUENCES, verified);
}
