// Phase "leap": how many decode iterations pass before the batch can change, and how long they take.
import { CLIENT_AT_RESIDUE, CLIENT_BLOCKS, CLIENT_BLOCK_SIZE, CLIENT_NEED_BLOCKS, CLIENT_RECEIVE_EVERY } from '../layout/client';
import { RUN_ARRIVAL, RUN_LEAP, RUN_NEXT_ARRIVAL, RUN_RELEASED, RUN_REPLICAS } from '../layout/run';
import { LEAP_CLOSED, LEAP_EXACT } from '../layout/enums';
import {
  REP_BLOCKED, REP_CONTEXT, REP_DECODES, REP_END, REP_PHASE, REP_PIECE_A, REP_PIECE_B, REP_SINCE_LOOK, REP_START, REP_STEPS, REP_TICK, REP_USED,
} from '../layout/replica';
import { takenEach } from '../batching/count';
import { geta, getf, geti, rowf, setf, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { wheelGap } from '../table/slots';

/** The most iterations with an unchanged batch: until a sequence ends, the KV cache fills or the price changes its piece. */
export function leapLimit(run: usize, rep: usize, pieceEnd: f64): i32 {
  const decodes = geti(rep, REP_DECODES);
  let limit = wheelGap(run, rep, geti(rep, REP_TICK));
  const every = geti(rep, CLIENT_RECEIVE_EVERY);
  if (every > 1 && every - geti(rep, REP_SINCE_LOOK) < limit) limit = every - geti(rep, REP_SINCE_LOOK);
  if (limit == 1) return 1;
  const toEnd = ceil((pieceEnd - getf(rep, REP_CONTEXT)) / <f64>decodes);
  if (toEnd < <f64>limit) limit = toEnd < 1 ? 1 : <i32>toEnd;
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  const free = geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED);
  // Every sequence takes at most so many blocks per blockSize iterations: enough room for the whole leap needs no closer look.
  const most = <f64>decodes * <f64>takenEach(rep, false) * <f64>(limit / blockSize + 1);
  noteNeed(rep, CLIENT_NEED_BLOCKS, most < 1e9 ? geti(rep, REP_USED) + <i32>most : i32.MAX_VALUE);
  if (<f64>free >= most) return limit;
  const room = stepsThatFit(run, rep, free);
  return room < limit ? room : limit;
}

/** Decode iterations whose new blocks fit into `free` blocks. */
function stepsThatFit(run: usize, rep: usize, free: i32): i32 {
  const residue = rep + geta(rep, CLIENT_AT_RESIDUE);
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  let period = 0;
  for (let i = 0; i < blockSize; i++) period += load<i32>(residue + ((<usize>i) << 2));
  if (period == 0) return i32.MAX_VALUE;
  const periods = free / period;
  let left = free - periods * period;
  let steps = periods * blockSize;
  let phase = geti(rep, REP_PHASE);
  for (let i = 0; i < blockSize; i++) {
    left -= load<i32>(residue + ((<usize>phase) << 2));
    if (left < 0) break;
    steps++;
    phase = phase == 0 ? blockSize - 1 : phase - 1;
  }
  return steps;
}

/**
 * Plans a leap of at most `limit` iterations from START whose last one is the first to end at or after `cut`
 * (an arrival becomes visible there). Writes STEPS and END.
 */
export function planLeap(run: usize, rep: usize, limit: i32, cut: f64): void {
  const a = getf(rep, REP_PIECE_A);
  const b = getf(rep, REP_PIECE_B);
  const start = getf(rep, REP_START);
  const decodes = <f64>geti(rep, REP_DECODES);
  let context = getf(rep, REP_CONTEXT);
  let steps = 0;
  let end = start;
  if (geti(run, RUN_LEAP) == LEAP_EXACT) {
    // The very additions of single steps: same bits, without forming, retiring or looking anything up.
    do {
      end += a + b * context;
      context += decodes;
      steps++;
    } while (steps < limit && end < cut);
  } else {
    assert(geti(run, RUN_LEAP) == LEAP_CLOSED, 'planLeap: unknown leap');
    steps = limit;
    end = start + leapDuration(a, b, context, decodes, limit);
    if (end >= cut) {
      steps = stepsUntil(a, b, context, decodes, limit, cut - start);
      end = start + leapDuration(a, b, context, decodes, steps);
    }
  }
  seti(rep, REP_STEPS, steps);
  setf(rep, REP_END, end);
}

/** Sum over j < k of a + b * (context + j * decodes). */
// @ts-ignore: decorator
@inline
function leapDuration(a: f64, b: f64, context: f64, decodes: f64, k: i32): f64 {
  const n = <f64>k;
  return n * (a + b * context) + b * decodes * (n * (n - 1) * 0.5);
}

/** The least k in 1..limit whose leap lasts at least `target`: the root of a quadratic, mended by at most a few steps. */
function stepsUntil(a: f64, b: f64, context: f64, decodes: f64, limit: i32, target: f64): i32 {
  const square = b * decodes * 0.5;
  const linear = a + b * context - square;
  let root = 0.0;
  if (square > 0) root = (sqrt(linear * linear + 4 * square * target) - linear) / (2 * square);
  else if (linear > 0) root = target / linear;
  let k = root < 1 ? 1 : root > <f64>limit ? limit : <i32>root;
  while (k > 1 && leapDuration(a, b, context, decodes, k - 1) >= target) k--;
  while (k < limit && leapDuration(a, b, context, decodes, k) < target) k++;
  return k;
}

/** When the next arrival that this replica must see comes, as far as it is known before routing. */
export function nextCut(run: usize, rep: usize): f64 {
  if (geti(rep, REP_BLOCKED) != 0 || geti(run, RUN_REPLICAS) > 1) return Infinity;
  const next = geti(run, RUN_NEXT_ARRIVAL);
  return next < geti(run, RUN_RELEASED) ? rowf(geta(run, RUN_ARRIVAL), next) : Infinity;
}
