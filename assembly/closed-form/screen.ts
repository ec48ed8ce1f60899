// Closed-form steady state of a block of configurations, two at a time: batch by Little's law, latencies, load, power.
import { GRID_SEQUENCES } from '../layout/grid';
import {
  CURVE_COST, CURVE_DECODE, CURVE_PREFILL, CURVE_PREFILLS, CURVE_SIZE, CURVE_STEPS, SCREENED_DOUBTFUL, SCREENED_FEASIBLE,
  SCREEN_ADVANCE, SCREEN_BATCH, SCREEN_CLASS, SCREEN_CONTEXT, SCREEN_CURVE, SCREEN_CURVES, SCREEN_DRAFTS,
  SCREEN_IN_FLIGHT, SCREEN_LOAD, SCREEN_MAX_SEQS, SCREEN_OUTPUT, SCREEN_PAIRS, SCREEN_PROMPT, SCREEN_PROMPT_SQUARE,
  SCREEN_PROMPT_TAIL, SCREEN_RANKS, SCREEN_RATE, SCREEN_REPLICAS, SCREEN_ROOM, SCREEN_ROWS, SCREEN_SERVED, SCREEN_STATUS, SCREEN_SURFACE,
  SCREEN_TAIL, SCREEN_TAIL_SIGMA, SCREEN_TPOT, SCREEN_TPOT_LIMIT, SCREEN_TPOT_TAIL, SCREEN_TPOT_TAIL_LIMIT, SCREEN_TTFT,
  SCREEN_TTFT_LIMIT, SCREEN_TTFT_TAIL, SCREEN_TTFT_TAIL_LIMIT, SCREEN_WATTS,
} from '../layout/screen';
import { SURFACE_BUSY_W, SURFACE_IDLE_W, SURFACE_J_CONTEXT, SURFACE_J_DRAFT, SURFACE_J_DRAFT_STEP, SURFACE_J_PAIR, SURFACE_J_STEP, SURFACE_J_TOKEN } from '../layout/surface';
import { geta, getf, geti } from '../table/cell';
import { gridFraction, gridIndex, gridValue } from '../table/grid';

// @ts-ignore: decorator
@inline
function pair(low: f64, high: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(low), 1, high);
}

// @ts-ignore: decorator
@inline
function max0(x: v128): v128 {
  return f64x2.pmax(f64x2.splat(0), x);
}

/** Where a row stands on its curve. Kept in plain globals' place: locals of the caller, packed into two lanes at once. */
// @ts-ignore: decorator
@inline
function curvePoint(curve: usize, part: i32, index: i32, fraction: f64): f64 {
  const at = curve + ((<usize>(part + index)) << 3);
  const left = load<f64>(at);
  return left + fraction * (load<f64>(at, 8) - left);
}

/** The first grid index whose cost is at most `allowed` seconds per request, GRID_SEQUENCES when there is none. */
// @ts-ignore: decorator
@inline
function firstAffordable(curve: usize, allowed: f64): i32 {
  let low = 0;
  let high = GRID_SEQUENCES;
  // 8 halvings of 161 points, without a data-dependent exit
  for (let i = 0; i < 8; i++) {
    const middle = (low + high) >> 1;
    const fits = middle < GRID_SEQUENCES && load<f64>(curve + ((<usize>middle) << 3), CURVE_COST * 8) <= allowed;
    high = select(middle, high, fits);
    low = select(low, middle + 1 > high ? high : middle + 1, fits);
  }
  return high;
}

/** The batch at which a request costs exactly `allowed`, between two grid points; 1 at least, +inf when no batch affords it. */
// @ts-ignore: decorator
@inline
function steadyBatch(curve: usize, allowed: f64): f64 {
  const index = firstAffordable(curve, allowed);
  if (index >= GRID_SEQUENCES) return Infinity;
  if (index <= 1) return 1;
  const right = load<f64>(curve + ((<usize>index) << 3), CURVE_COST * 8);
  const left = load<f64>(curve + ((<usize>(index - 1)) << 3), CURVE_COST * 8);
  const low = <f64>gridValue(index - 1);
  const span = <f64>gridValue(index) - low;
  return left > right && left < Infinity ? low + span * ((left - allowed) / (left - right)) : low + span;
}

/** Rows that share a surface and a workload (layout/screen.ts). Reads the columns in, writes the columns out. */
export function screenRows(screen: usize): void {
  const rows = geti(screen, SCREEN_ROWS);
  assert(rows >= 0, 'screenRows: negative number of rows');
  let row = 0;
  for (; row + 1 < rows; row += 2) screenPair(screen, row, row + 1);
  if (row < rows) screenPair(screen, row, row);
}

/** Rows `a` and `b` in the two lanes; they may be the same row (odd tail). */
function screenPair(screen: usize, a: i32, b: i32): void {
  const curveA = curveOf(screen, a);
  const curveB = curveOf(screen, b);
  const atA = (<usize>a) << 3;
  const atB = (<usize>b) << 3;
  // Load and limits of one replica
  const replicas = loadPair(screen, SCREEN_REPLICAS, atA, atB);
  const rate = loadPair(screen, SCREEN_RATE, atA, atB);
  const flying = loadPair(screen, SCREEN_IN_FLIGHT, atA, atB);
  const most = f64x2.pmin(loadPair(screen, SCREEN_MAX_SEQS, atA, atB), pair(roomOf(screen, a), roomOf(screen, b)));
  const offered = f64x2.div(rate, replicas);
  const allowed = f64x2.div(f64x2.splat(1), offered);
  const held = f64x2.pmin(f64x2.div(flying, replicas), most);
  // Batch: what the rate needs, or what a closed loop holds
  const steadyA = batchOf(curveA, f64x2.extract_lane(allowed, 0), f64x2.extract_lane(held, 0));
  const steadyB = batchOf(curveB, f64x2.extract_lane(allowed, 1), f64x2.extract_lane(held, 1));
  const batch = f64x2.pmax(f64x2.splat(1), f64x2.pmin(pair(steadyA, steadyB), most));
  // Step times at that batch
  const countA = f64x2.extract_lane(batch, 0);
  const countB = f64x2.extract_lane(batch, 1);
  const indexA = gridIndex(<i32>countA, GRID_SEQUENCES);
  const indexB = gridIndex(<i32>countB, GRID_SEQUENCES);
  const fracA = fractionAt(countA, indexA);
  const fracB = fractionAt(countB, indexB);
  const decode = pair(curvePoint(curveA, CURVE_DECODE, indexA, fracA), curvePoint(curveB, CURVE_DECODE, indexB, fracB));
  const prefill = pair(curvePoint(curveA, CURVE_PREFILL, indexA, fracA), curvePoint(curveB, CURVE_PREFILL, indexB, fracB));
  const prefills = pair(curvePoint(curveA, CURVE_PREFILLS, indexA, fracA), curvePoint(curveB, CURVE_PREFILLS, indexB, fracB));
  const steps = pair(curvePoint(curveA, CURVE_STEPS, indexA, fracA), curvePoint(curveB, CURVE_STEPS, indexB, fracB));
  // Cost of a request, throughput and load. A closed loop is always busy: its throughput follows from its batch.
  const own = f64x2.mul(prefills, prefill);
  const cost = f64x2.add(own, f64x2.mul(steps, decode));
  const open = f64x2.gt(rate, f64x2.splat(0));
  const served = v128.bitselect(f64x2.pmin(offered, f64x2.div(f64x2.splat(1), cost)), f64x2.div(f64x2.splat(1), cost), open);
  const loadShare = v128.bitselect(f64x2.mul(offered, cost), f64x2.splat(1), open);
  const busy = f64x2.pmin(f64x2.splat(1), loadShare);
  // TPOT: decode steps, and the prompts of others that come between two tokens
  const perToken = f64x2.div(f64x2.mul(prefills, max0(f64x2.sub(prefill, decode))), f64x2.splat(outputGaps(screen)));
  const advance = f64x2.splat(getf(screen, SCREEN_ADVANCE));
  const tpot = f64x2.add(f64x2.div(decode, advance), f64x2.mul(f64x2.mul(batch, busy), perToken));
  // TTFT: rest of a step under way, prompts ahead, one's own prompt
  const ahead = promptsAhead(screen, served, own);
  const rest = f64x2.mul(f64x2.mul(busy, f64x2.splat(0.5)), f64x2.mul(tpot, advance));
  const ttft = f64x2.add(f64x2.add(rest, ahead), own);
  // Tails: the batch fluctuates like a Poisson count, queues end exponentially, the longest prompts take their length
  const swing = f64x2.mul(f64x2.splat(getf(screen, SCREEN_TAIL_SIGMA)), f64x2.sqrt(batch));
  const excess = max0(f64x2.sub(f64x2.add(batch, swing), most));
  const slots = v128.bitselect(f64x2.div(excess, served), max0(f64x2.sub(f64x2.div(flying, replicas), most)), open);
  const ttftTail = ttftTailOf(screen, rest, ahead, slots, own);
  const crowd = f64x2.div(f64x2.pmin(f64x2.add(batch, swing), most), batch);
  const more = f64x2.mul(batch, f64x2.sub(crowd, f64x2.splat(1)));
  const denser = f64x2.add(decode, f64x2.mul(pair(slopeAt(curveA, indexA), slopeAt(curveB, indexB)), more));
  const tpotTail = f64x2.add(f64x2.div(denser, advance), f64x2.mul(f64x2.mul(f64x2.mul(batch, crowd), busy), f64x2.mul(perToken, f64x2.splat(1.5))));
  // Power: idle, that of running steps, and the work done per second (law L11); boards are not held at their limit here
  storePair(screen, SCREEN_BATCH, atA, atB, batch);
  storeLatencies(screen, atA, atB, ttft, tpot, ttftTail, tpotTail);
  storePair(screen, SCREEN_LOAD, atA, atB, loadShare);
  storePair(screen, SCREEN_SERVED, atA, atB, f64x2.mul(served, replicas));
  storePair(screen, SCREEN_WATTS, atA, atB, wattsOf(screen, replicas, served, busy, prefills, steps));
  judgePair(screen, a, b, most, steadyA, steadyB);
}

// @ts-ignore: decorator
@inline
function curveOf(screen: usize, row: i32): usize {
  return geta(screen, SCREEN_CURVES) + <usize>(load<i32>(geta(screen, SCREEN_CURVE) + ((<usize>row) << 2)) * (CURVE_SIZE * 8));
}

// @ts-ignore: decorator
@inline
function loadPair(screen: usize, column: i32, atA: usize, atB: usize): v128 {
  return pair(load<f64>(geta(screen, column) + atA), load<f64>(geta(screen, column) + atB));
}

/** Seconds until the prompts ahead are done: one server, general service times. */
// @ts-ignore: decorator
@inline
function promptsAhead(screen: usize, served: v128, own: v128): v128 {
  const prompts = f64x2.pmin(f64x2.mul(served, own), f64x2.splat(0.995));
  const variation = f64x2.splat(getf(screen, SCREEN_PROMPT_SQUARE) * 0.5);
  return f64x2.div(f64x2.mul(f64x2.mul(prompts, variation), own), f64x2.sub(f64x2.splat(1), prompts));
}

// @ts-ignore: decorator
@inline
function ttftTailOf(screen: usize, rest: v128, ahead: v128, slots: v128, own: v128): v128 {
  const waits = f64x2.add(f64x2.mul(f64x2.splat(2), rest), f64x2.mul(ahead, f64x2.splat(getf(screen, SCREEN_TAIL))));
  return f64x2.add(f64x2.add(waits, slots), f64x2.mul(own, f64x2.splat(getf(screen, SCREEN_PROMPT_TAIL))));
}

// @ts-ignore: decorator
@inline
function storeLatencies(screen: usize, atA: usize, atB: usize, ttft: v128, tpot: v128, ttftTail: v128, tpotTail: v128): void {
  storePair(screen, SCREEN_TTFT, atA, atB, ttft);
  storePair(screen, SCREEN_TPOT, atA, atB, tpot);
  storePair(screen, SCREEN_TTFT_TAIL, atA, atB, ttftTail);
  storePair(screen, SCREEN_TPOT_TAIL, atA, atB, tpotTail);
}

// @ts-ignore: decorator
@inline
function judgePair(screen: usize, a: i32, b: i32, most: v128, steadyA: f64, steadyB: f64): void {
  judge(screen, a, f64x2.extract_lane(most, 0), steadyA);
  judge(screen, b, f64x2.extract_lane(most, 1), steadyB);
}

// @ts-ignore: decorator
@inline
function roomOf(screen: usize, row: i32): f64 {
  const room = geta(screen, SCREEN_ROOM);
  return load<f64>(room + ((<usize>load<i32>(geta(screen, SCREEN_CLASS) + ((<usize>row) << 2))) << 3));
}

// @ts-ignore: decorator
@inline
function batchOf(curve: usize, allowed: f64, held: f64): f64 {
  return allowed < Infinity ? steadyBatch(curve, allowed) : held;
}

// @ts-ignore: decorator
@inline
function fractionAt(count: f64, index: i32): f64 {
  const left = <f64>gridValue(index);
  return (count - left) / (<f64>gridValue(index + 1) - left);
}

/** Seconds that a decode-only step grows per further sequence, at grid index `index`. */
// @ts-ignore: decorator
@inline
function slopeAt(curve: usize, index: i32): f64 {
  const at = curve + ((<usize>index) << 3);
  return (load<f64>(at, (CURVE_DECODE + 1) * 8) - load<f64>(at, CURVE_DECODE * 8)) / <f64>(gridValue(index + 1) - gridValue(index));
}

// @ts-ignore: decorator
@inline
function outputGaps(screen: usize): f64 {
  const gaps = getf(screen, SCREEN_OUTPUT) - 1;
  return gaps > 1 ? gaps : 1;
}

function wattsOf(screen: usize, replicas: v128, served: v128, busy: v128, prefills: v128, steps: v128): v128 {
  const surface = geta(screen, SCREEN_SURFACE);
  const gaps = getf(screen, SCREEN_OUTPUT) - 1;
  const verified = gaps / getf(screen, SCREEN_ADVANCE);
  const fixed =
    getf(surface, SURFACE_J_TOKEN) * (getf(screen, SCREEN_PROMPT) + verified * <f64>(1 + geti(screen, SCREEN_DRAFTS))) +
    getf(surface, SURFACE_J_PAIR) * getf(screen, SCREEN_PAIRS) +
    getf(surface, SURFACE_J_CONTEXT) * getf(screen, SCREEN_CONTEXT) * verified +
    getf(surface, SURFACE_J_DRAFT) * verified;
  const ranks = <f64>geti(screen, SCREEN_RANKS);
  const perStep = f64x2.splat((getf(surface, SURFACE_J_STEP) + getf(surface, SURFACE_J_DRAFT_STEP)) / ranks);
  const perRequest = f64x2.add(f64x2.splat(fixed), f64x2.mul(f64x2.add(prefills, steps), perStep));
  const standing = f64x2.add(f64x2.splat(getf(surface, SURFACE_IDLE_W) / ranks), f64x2.mul(busy, f64x2.splat(getf(surface, SURFACE_BUSY_W) / ranks)));
  return f64x2.mul(replicas, f64x2.add(standing, f64x2.mul(served, perRequest)));
}

// @ts-ignore: decorator
@inline
function storePair(screen: usize, column: i32, atA: usize, atB: usize, value: v128): void {
  const base = geta(screen, column);
  store<f64>(base + atA, f64x2.extract_lane(value, 0));
  store<f64>(base + atB, f64x2.extract_lane(value, 1));
}

/** Whether the row may keep its limits by the estimate. */
// @ts-ignore: decorator
@inline
function judge(screen: usize, row: i32, most: f64, steady: f64): void {
  const at = (<usize>row) << 3;
  const late = load<f64>(geta(screen, SCREEN_TTFT) + at) > getf(screen, SCREEN_TTFT_LIMIT)
    || load<f64>(geta(screen, SCREEN_TTFT_TAIL) + at) > getf(screen, SCREEN_TTFT_TAIL_LIMIT)
    || load<f64>(geta(screen, SCREEN_TPOT) + at) > getf(screen, SCREEN_TPOT_LIMIT)
    || load<f64>(geta(screen, SCREEN_TPOT_TAIL) + at) > getf(screen, SCREEN_TPOT_TAIL_LIMIT);
  const status = most < 1 || steady > most || late ? SCREENED_DOUBTFUL : SCREENED_FEASIBLE;
  store<i32>(geta(screen, SCREEN_STATUS) + ((<usize>row) << 2), status);
}
