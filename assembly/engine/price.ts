// Phase "price": how long the step just formed takes, by the spec's linear price or by the step surface.
import {
  RUN_AT_CHUNKS, RUN_FIXED, RUN_PER_CONTEXT, RUN_PER_PAIR, RUN_PER_SEQUENCE, RUN_PER_TOKEN, RUN_PIECE_A, RUN_PIECE_B,
  RUN_PIECE_END, RUN_PRICE, RUN_SURFACE,
} from '../layout/run';
import { SURFACE_DECODE } from '../layout/surface';
import { PRICE_LINEAR, PRICE_SURFACE } from '../layout/enums';
import {
  REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMPLETING, REP_CONTEXT, REP_DECODES, REP_DECODING, REP_PAIRS,
} from '../layout/replica';
import { surfaceMixed, surfacePiece } from '../cost/surface';
import { geta, getf, geti, setf } from '../table/cell';

/** The affine price of a decode-only step of the replica's running set: A + B * context, in the run's PIECE_* cells. */
export function priceDecode(run: usize, rep: usize): void {
  const sequences = geti(rep, REP_DECODES);
  if (geti(run, RUN_PRICE) == PRICE_LINEAR) {
    const count = <f64>sequences;
    setf(run, RUN_PIECE_A, getf(run, RUN_FIXED) + getf(run, RUN_PER_TOKEN) * count + getf(run, RUN_PER_SEQUENCE) * count);
    setf(run, RUN_PIECE_B, getf(run, RUN_PER_CONTEXT));
    setf(run, RUN_PIECE_END, Infinity);
    return;
  }
  assert(geti(run, RUN_PRICE) == PRICE_SURFACE, 'priceDecode: unknown price');
  surfacePiece(run, geta(run, RUN_SURFACE), SURFACE_DECODE, sequences, getf(rep, REP_CONTEXT));
}

/** Duration of a step with at least one chunk. */
export function priceMixed(run: usize, rep: usize): f64 {
  const chunks = geti(rep, REP_CHUNKS);
  const decodes = geti(rep, REP_DECODING) != 0 ? geti(rep, REP_DECODES) : 0;
  const tokens = geti(rep, REP_CHUNK_TOKENS) + decodes;
  const context = decodes > 0 ? getf(rep, REP_CONTEXT) : 0;
  if (geti(run, RUN_PRICE) == PRICE_LINEAR) {
    return (
      getf(run, RUN_FIXED) +
      getf(run, RUN_PER_TOKEN) * <f64>tokens +
      getf(run, RUN_PER_PAIR) * getf(rep, REP_PAIRS) +
      getf(run, RUN_PER_SEQUENCE) * <f64>(chunks + decodes) +
      getf(run, RUN_PER_CONTEXT) * context
    );
  }
  const sampling = decodes + geti(rep, REP_COMPLETING);
  return surfaceMixed(run, geta(run, RUN_SURFACE), rep + geta(run, RUN_AT_CHUNKS), chunks, tokens, sampling, decodes, context);
}
