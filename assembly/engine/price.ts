// Phase "price": how long the step just formed takes, by the spec's linear price or by the step surface.
import { CLIENT_AT_CHUNKS, CLIENT_BANDWIDTH, CLIENT_COMPUTE, CLIENT_DEMAND, CLIENT_DRAFTS, CLIENT_LANES, CLIENT_PARTS, CLIENT_PER_CONTEXT, CLIENT_PER_DRAFT, CLIENT_PER_DRAFT_STEP, CLIENT_PER_PAIR, CLIENT_PER_SEQUENCE, CLIENT_PER_STEP, CLIENT_PER_TOKEN, CLIENT_PRICE, CLIENT_ROUND, CLIENT_SURFACE } from '../layout/client';
import { BY_ADAPTERS, LANES_ACTIVE, LANES_OVERHEAD, LANES_SECONDS, LANES_SHARE } from '../layout/lanes';
import { RUN_PIECE_A, RUN_PIECE_B, RUN_PIECE_END } from '../layout/run';
import { SURFACE_DECODE, SURFACE_HOST_NORM, SURFACE_HOST_SEQUENCE, SURFACE_HOST_STEP, SURFACE_SIZE } from '../layout/surface';
import { PRICE_LINEAR, PRICE_SURFACE } from '../layout/enums';
import {
  REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMMON, REP_COMPLETING, REP_CONTEXT, REP_DECODES, REP_DECODING, REP_PAIRS, REP_VERIFY, REP_VERIFY_CONTEXT,
} from '../layout/replica';
import { surfaceCascade, surfaceMixed, surfacePiece } from '../cost/surface';
import { geta, getf, geti, setf } from '../table/cell';

/** The affine price of a decode-only step of the replica's running set: A + B * context, in the run's PIECE_* cells. */
export function priceDecode(run: usize, rep: usize): void {
  const price = geti(rep, CLIENT_PRICE);
  if (price == PRICE_LINEAR) {
    pieceByLine(run, rep);
    return;
  }
  if (price >= BY_ADAPTERS) {
    pieceWithAdapters(run, rep);
    return;
  }
  assert(price == PRICE_SURFACE, 'priceDecode: unknown price');
  pieceBy(run, rep, geta(rep, CLIENT_SURFACE));
}

// @ts-ignore: decorator
@inline
function pieceByLine(run: usize, rep: usize): void {
  const count = <f64>geti(rep, REP_DECODES);
  setf(run, RUN_PIECE_A, getf(rep, CLIENT_PER_STEP) + getf(rep, CLIENT_PER_TOKEN) * count + getf(rep, CLIENT_PER_SEQUENCE) * count);
  setf(run, RUN_PIECE_B, getf(rep, CLIENT_PER_CONTEXT));
  setf(run, RUN_PIECE_END, Infinity);
}

/** The same with LoRA adapters. */
function pieceWithAdapters(run: usize, rep: usize): void {
  if ((geti(rep, CLIENT_PRICE) & (BY_ADAPTERS - 1)) == PRICE_LINEAR) pieceByLine(run, rep);
  else pieceBy(run, rep, geta(rep, CLIENT_SURFACE));
  setf(run, RUN_PIECE_A, withAdapters(rep, getf(run, RUN_PIECE_A)));
  setf(run, RUN_PIECE_B, getf(run, RUN_PIECE_B) * adapterFactor(rep));
}

/** How many times as long a step takes with the adapters that run as without any. */
function adapterFactor(rep: usize): f64 {
  const lanes = geta(rep, CLIENT_LANES);
  const running = geti(lanes, LANES_ACTIVE);
  return running == 0 ? 1 : 1 + getf(lanes, LANES_OVERHEAD) + <f64>running * getf(lanes, LANES_SHARE);
}

/** Seconds of a step, given those without adapters. */
function withAdapters(rep: usize, seconds: f64): f64 {
  const lanes = geta(rep, CLIENT_LANES);
  return seconds * adapterFactor(rep) + <f64>geti(lanes, LANES_ACTIVE) * getf(lanes, LANES_SECONDS);
}

/** The same by a surface. */
// @ts-ignore: decorator
@inline
function pieceBy(run: usize, rep: usize, surface: usize): void {
  const sequences = geti(rep, REP_DECODES);
  const common = geti(rep, REP_COMMON);
  if (common > 0) surfaceCascade(run, surface, sequences, getf(rep, REP_CONTEXT), common);
  else surfacePiece(run, surface, SURFACE_DECODE, sequences, getf(rep, REP_CONTEXT));
}

/** Duration of a step with at least one chunk. */
export function priceMixed(run: usize, rep: usize): f64 {
  const price = geti(rep, CLIENT_PRICE);
  if (price >= BY_ADAPTERS) return mixedWithAdapters(run, rep);
  return price == PRICE_LINEAR ? mixedByLine(run, rep) : mixedBy(run, rep, geta(rep, CLIENT_SURFACE));
}

/** The same with LoRA adapters. */
function mixedWithAdapters(run: usize, rep: usize): f64 {
  const linear = (geti(rep, CLIENT_PRICE) & (BY_ADAPTERS - 1)) == PRICE_LINEAR;
  return withAdapters(rep, linear ? mixedByLine(run, rep) : mixedBy(run, rep, geta(rep, CLIENT_SURFACE)));
}

// @ts-ignore: decorator
@inline
function mixedByLine(run: usize, rep: usize): f64 {
  const chunks = geti(rep, REP_CHUNKS);
  const decodes = geti(rep, REP_DECODING) != 0 ? geti(rep, REP_DECODES) : 0;
  const tokens = geti(rep, REP_CHUNK_TOKENS) + decodes;
  const context = decodes > 0 ? getf(rep, REP_CONTEXT) : 0;
  return (
    getf(rep, CLIENT_PER_STEP) +
    getf(rep, CLIENT_PER_TOKEN) * <f64>tokens +
    getf(rep, CLIENT_PER_PAIR) * getf(rep, REP_PAIRS) +
    getf(rep, CLIENT_PER_SEQUENCE) * <f64>(chunks + decodes) +
    getf(rep, CLIENT_PER_CONTEXT) * context
  );
}

/** The same by a surface. */
function mixedBy(run: usize, rep: usize, surface: usize): f64 {
  const chunks = geti(rep, REP_CHUNKS);
  const decodes = geti(rep, REP_DECODING) != 0 ? geti(rep, REP_DECODES) : 0;
  const tokens = geti(rep, REP_CHUNK_TOKENS) + decodes;
  const context = decodes > 0 ? getf(rep, REP_CONTEXT) : 0;
  const sampling = decodes + geti(rep, REP_COMPLETING);
  return surfaceMixed(run, surface, rep + geta(rep, CLIENT_AT_CHUNKS), chunks, tokens, sampling, decodes, context, geti(rep, REP_COMMON));
}

/**
 * What the step just formed, of `duration` s, wants of its channel's compute and bandwidth at full speed: the seconds that it takes of
 * each, but no more than all of either.
 */
export function noteWants(run: usize, rep: usize, duration: f64): void {
  const parts = geta(rep, CLIENT_PARTS);
  let compute = getf(rep, CLIENT_DEMAND);
  let bandwidth = compute;
  if (parts != 0) {
    compute = partOf(run, rep, parts) / duration;
    bandwidth = partOf(run, rep, parts + SURFACE_SIZE * 8) / duration;
    const most = compute > bandwidth ? compute : bandwidth;
    if (most > 1) {
      compute /= most;
      bandwidth /= most;
    }
  }
  setf(rep, CLIENT_COMPUTE, compute);
  setf(rep, CLIENT_BANDWIDTH, bandwidth);
}

/** Seconds of the step just formed by a surface. */
function partOf(run: usize, rep: usize, surface: usize): f64 {
  if (geti(rep, CLIENT_DRAFTS) != 0) return draftsBy(run, rep, surface);
  if (geti(rep, REP_CHUNKS) > 0) return mixedBy(run, rep, surface);
  pieceBy(run, rep, surface);
  return getf(run, RUN_PIECE_A) + getf(run, RUN_PIECE_B) * getf(rep, REP_CONTEXT);
}

/**
 * Duration of a round: ROUND decode iterations of `sequences` whose contexts sum to `context` before the first. The host's time
 * per step is paid once, its time per sequence in every iteration; where host and device overlap, they do so over the round.
 * `surface` 0: by the linear price.
 */
function priceRound(run: usize, rep: usize, surface: usize, sequences: i32, context: f64): f64 {
  const iterations = geti(rep, CLIENT_ROUND);
  const count = <f64>sequences;
  if (surface == 0) {
    const decodes = getf(rep, CLIENT_PER_TOKEN) * count + getf(rep, CLIENT_PER_SEQUENCE) * count;
    let seconds = getf(rep, CLIENT_PER_STEP);
    for (let i = 0; i < iterations; i++) seconds += decodes + getf(rep, CLIENT_PER_CONTEXT) * (context + count * <f64>i);
    return seconds;
  }
  const adds = getf(surface, SURFACE_HOST_NORM) == 1;
  const perStep = getf(surface, SURFACE_HOST_STEP);
  const perIteration = getf(surface, SURFACE_HOST_SEQUENCE) * count;
  const host = perStep + perIteration;
  let device = 0.0;
  for (let i = 0; i < iterations; i++) {
    const read = context + count * <f64>i;
    surfacePiece(run, surface, SURFACE_DECODE, sequences, read);
    const step = getf(run, RUN_PIECE_A) + getf(run, RUN_PIECE_B) * read;
    if (step > host) device += adds ? step - host : sqrt(step * step - host * host);
  }
  const once = perStep + perIteration * <f64>iterations;
  return adds ? device + once : sqrt(device * device + once * once);
}

/** Duration of a step of a client that drafts: VERIFY decodes of 1 + DRAFTS new tokens each, and chunks. */
export function priceDrafts(run: usize, rep: usize): f64 {
  const price = geti(rep, CLIENT_PRICE);
  const seconds = draftsBy(run, rep, (price & (BY_ADAPTERS - 1)) == PRICE_LINEAR ? 0 : geta(rep, CLIENT_SURFACE));
  return price < BY_ADAPTERS ? seconds : withAdapters(rep, seconds);
}

/** The same by a surface, or by the linear price (0). */
function draftsBy(run: usize, rep: usize, surface: usize): f64 {
  const chunks = geti(rep, REP_CHUNKS);
  if (chunks == 0 && geti(rep, CLIENT_ROUND) != 0) return priceRound(run, rep, surface, geti(rep, REP_VERIFY), getf(rep, REP_VERIFY_CONTEXT));
  const verified = geti(rep, REP_DECODING) != 0 ? geti(rep, REP_VERIFY) : 0;
  const context = verified > 0 ? getf(rep, REP_VERIFY_CONTEXT) : 0;
  const sampling = verified * (1 + geti(rep, CLIENT_DRAFTS)) + geti(rep, REP_COMPLETING);
  const tokens = geti(rep, REP_CHUNK_TOKENS) + verified * (1 + geti(rep, CLIENT_DRAFTS));
  if (surface == 0) {
    const seconds =
      getf(rep, CLIENT_PER_STEP) +
      getf(rep, CLIENT_PER_TOKEN) * <f64>tokens +
      getf(rep, CLIENT_PER_PAIR) * getf(rep, REP_PAIRS) +
      getf(rep, CLIENT_PER_SEQUENCE) * <f64>(chunks + verified) +
      getf(rep, CLIENT_PER_CONTEXT) * context;
    return verified == 0 ? seconds : seconds + (getf(rep, CLIENT_PER_DRAFT_STEP) + getf(rep, CLIENT_PER_DRAFT) * <f64>verified);
  }
  if (chunks > 0) return surfaceMixed(run, surface, rep + geta(rep, CLIENT_AT_CHUNKS), chunks, tokens, sampling, verified, context, 0);
  surfacePiece(run, surface, SURFACE_DECODE, verified, context);
  return getf(run, RUN_PIECE_A) + getf(run, RUN_PIECE_B) * context;
}
