// What one request costs a replica in steady state, as a function of the batch size: the screen's only look at the surface.
import { GRID_SEQUENCES } from '../layout/grid';
import { CHUNK_PAIRS, CHUNK_TOKENS } from '../layout/replica';
import { RUN_PIECE_A, RUN_PIECE_B } from '../layout/run';
import {
  CURVE_COST, CURVE_DECODE, CURVE_PREFILL, CURVE_PREFILLS, CURVE_STEPS, SCREEN_ADVANCE, SCREEN_CHUNK, SCREEN_CONTEXT, SCREEN_DRAFTS, SCREEN_OUTPUT,
  SCREEN_OUTPUT_MAX, SCREEN_PAIRS, SCREEN_PROMPT, SCREEN_RANKS, SCREEN_SURFACE,
} from '../layout/screen';
import { BATCHING_CHUNKED, BATCHING_CONTINUOUS, BATCHING_STATIC } from '../layout/batching';
import { SURFACE_DECODE } from '../layout/surface';
import { ranksSeconds, surfaceDecodes, surfaceMixed, surfacePiece, surfacePrompts } from '../cost/surface';
import { geta, getf, geti, setf } from '../table/cell';
import { gridValue } from '../table/grid';

/**
 * Fills one curve for a batching and a token budget. In steady state a request needs `prefills` steps that carry its prompt
 * and, sharing each step with B - 1 others, (output - 1)/B steps to decode; steps that carry prompts decode too, unless the
 * batching is continuous. With drafts a decode gains ADVANCE tokens and is 1 + DRAFTS new ones. So it costs a replica prefills*t_prefill(B) + max(0, (output-1)/B - shared)*t_decode(B) seconds.
 */
export function screenCurve(screen: usize, curve: usize, batching: i32, budget: i32): void {
  let least = Infinity;
  for (let i = 0; i < GRID_SEQUENCES; i++) {
    const batch = i == 0 ? 1 : gridValue(i);
    const at = curve + ((<usize>i) << 3);
    const cost = batching == BATCHING_STATIC ? staticCost(screen, at, batch) : sharedCost(screen, at, batching, budget, batch);
    if (cost < least) least = cost;
    store<f64>(at, least, CURVE_COST * 8);
  }
}

/** Seconds of a decode-only step of `batch` sequences at the workload's mean context. */
function decodeSeconds(screen: usize, batch: i32): f64 {
  const all = geti(screen, SCREEN_RANKS) * batch;
  const context = getf(screen, SCREEN_CONTEXT) * <f64>all;
  surfacePiece(screen, geta(screen, SCREEN_SURFACE), SURFACE_DECODE, all, context);
  return getf(screen, RUN_PIECE_A) + getf(screen, RUN_PIECE_B) * context;
}

/** Seconds of a step with one chunk of `tokens` (`pairs` prefill pairs) beside `decodes` sequences. */
function prefillSeconds(screen: usize, tokens: f64, pairs: f64, sampling: i32, decodes: i32): f64 {
  const chunk = screen + (SCREEN_CHUNK << 3);
  const whole = <i32>ceil(tokens);
  store<i32>(chunk, whole, CHUNK_TOKENS);
  setf(screen, SCREEN_CHUNK + (CHUNK_PAIRS >> 3), pairs);
  const context = getf(screen, SCREEN_CONTEXT) * <f64>decodes;
  const verified = decodes * (1 + geti(screen, SCREEN_DRAFTS));
  const ranks = geti(screen, SCREEN_RANKS);
  if (ranks > 1) {
    const surface = geta(screen, SCREEN_SURFACE);
    const own = min(whole + verified, i32.MAX_VALUE / ranks); // of a static batch beyond any
    let attention = <f64>ranks * surfacePrompts(surface, chunk, 1);
    if (decodes > 0) attention += surfaceDecodes(screen, surface, ranks * decodes, <f64>ranks * context);
    return ranksSeconds(surface, ranks, ranks * own, own, sampling + verified, ranks, attention, 1 + decodes);
  }
  return surfaceMixed(screen, geta(screen, SCREEN_SURFACE), chunk, 1, whole + verified, sampling + verified, decodes, context, 0);
}

function sharedCost(screen: usize, at: usize, batching: i32, budget: i32, batch: i32): f64 {
  const prompt = getf(screen, SCREEN_PROMPT);
  const alone = batching == BATCHING_CONTINUOUS;
  let prefills: f64 = 1;
  if (batching == BATCHING_CHUNKED) {
    const room = <f64>(budget - batch * (1 + geti(screen, SCREEN_DRAFTS)));
    // Without room beside the decodes no prompt would ever be admitted at this batch.
    if (room < 1) return giveUp(at);
    if (prompt > room) prefills = prompt / room;
  }
  const others = alone ? 0 : batch - 1;
  const prefill = prefillSeconds(screen, prompt / prefills, getf(screen, SCREEN_PAIRS) / prefills, 1, others);
  const decode = decodeSeconds(screen, batch);
  let steps = (getf(screen, SCREEN_OUTPUT) - 1) / (<f64>batch * getf(screen, SCREEN_ADVANCE)) - (alone ? 0 : prefills);
  if (steps < 0) steps = 0;
  store<f64>(at, decode, CURVE_DECODE * 8);
  store<f64>(at, prefill, CURVE_PREFILL * 8);
  store<f64>(at, prefills, CURVE_PREFILLS * 8);
  store<f64>(at, steps, CURVE_STEPS * 8);
  return prefills * prefill + steps * decode;
}

/** A static batch lasts until its longest output: towards the p99 with growing batch; the mean share of it is active. */
function staticCost(screen: usize, at: usize, batch: i32): f64 {
  const output = getf(screen, SCREEN_OUTPUT);
  const spread = batch >= 100 ? 1.0 : 1.0 - 1.0 / <f64>batch;
  const longest = output + (getf(screen, SCREEN_OUTPUT_MAX) - output) * spread;
  const active = <i32>ceil((<f64>batch * output) / (longest > 1 ? longest : 1.0));
  const tokens = getf(screen, SCREEN_PROMPT) * <f64>batch;
  const prefill = prefillSeconds(screen, tokens, getf(screen, SCREEN_PAIRS) * <f64>batch, batch, 0);
  const decode = decodeSeconds(screen, active < 1 ? 1 : active);
  const steps = (longest - 1) / (<f64>batch * getf(screen, SCREEN_ADVANCE));
  store<f64>(at, decode, CURVE_DECODE * 8);
  store<f64>(at, prefill, CURVE_PREFILL * 8);
  store<f64>(at, 1.0 / <f64>batch, CURVE_PREFILLS * 8);
  store<f64>(at, steps, CURVE_STEPS * 8);
  return prefill / <f64>batch + steps * decode;
}

function giveUp(at: usize): f64 {
  store<f64>(at, 0, CURVE_DECODE * 8);
  store<f64>(at, 0, CURVE_PREFILL * 8);
  store<f64>(at, 0, CURVE_PREFILLS * 8);
  store<f64>(at, 0, CURVE_STEPS * 8);
  return Infinity;
}
