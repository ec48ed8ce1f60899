// The prompt parts of the step being formed, as a list that is priced and completed in this order.
import { CLIENT_AT_CHUNKS } from '../layout/client';
import { CHUNK_BYTES, CHUNK_PAIRS, CHUNK_SLOT, CHUNK_TOKENS, REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMPLETING, REP_PAIRS } from '../layout/replica';
import { addf, addi, geta, geti, seti } from '../table/cell';

/** Adds a chunk of `tokens` after `past` cached ones to the step being formed. */
// @ts-ignore: decorator
@inline
export function addChunk(run: usize, rep: usize, slot: usize, tokens: i32, past: i32, completes: bool): void {
  const index = geti(rep, REP_CHUNKS);
  const chunk = rep + geta(rep, CLIENT_AT_CHUNKS) + <usize>(index * CHUNK_BYTES);
  const n = <f64>tokens;
  const pairs = n * <f64>past + (n * (n + 1)) / 2;
  store<i32>(chunk, completes ? <i32>slot : 0, CHUNK_SLOT);
  store<i32>(chunk, tokens, CHUNK_TOKENS);
  store<f64>(chunk, pairs, CHUNK_PAIRS);
  seti(rep, REP_CHUNKS, index + 1);
  if (completes) addi(rep, REP_COMPLETING, 1);
  addi(rep, REP_CHUNK_TOKENS, tokens);
  addf(rep, REP_PAIRS, pairs);
}
