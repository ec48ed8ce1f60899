// Attention data parallel: ranks whose steps begin together and last as long as the fullest, which all of them wait for.
import { CLIENT_AT_CHUNKS, CLIENT_DRAFTS, CLIENT_EVEN_BATCH, CLIENT_EVEN_STEPS, CLIENT_PRICE, CLIENT_SURFACE } from '../layout/client';
import { PRICE_LINEAR } from '../layout/enums';
import { REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMPLETING, REP_DECODES, REP_DECODING, REP_EVEN, REP_HOLDS, REP_PARTIAL, REP_UNEVEN } from '../layout/replica';
import { canTake, headIsResident } from '../batching/admit';
import { stepContext, stepDecodes } from '../batching/drafts';
import { swapSeconds } from '../batching/swap';
import { ranksSeconds, surfaceDecodes, surfacePrompts } from '../cost/surface';
import { geta, geti, seti } from '../table/cell';
import { clientAt } from '../table/client';
import { priceDrafts, priceMixed } from './price';

/**
 * Some engines hold prompts back until every rank has one, while all decode (TensorRT-LLM's attention_dp_config): a prompt on one rank
 * alone would stall the decodes of all. A prompt that is computed in pieces goes on.
 */
export function holdUneven(run: usize, first: i32, count: i32): void {
  const head = clientAt(run, first);
  const steps = geti(head, CLIENT_EVEN_STEPS);
  if (steps == 0) return;
  let even = true;
  let decodes = true;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, first + i);
    if (geti(rep, REP_PARTIAL) == 0 && (!canTake(run, rep) || headIsResident(run, rep))) even = false;
    if (geti(rep, REP_DECODES) == 0) decodes = false;
  }
  const counter = even ? REP_EVEN : REP_UNEVEN;
  const waited = geti(head, counter) + 1;
  let holds = false;
  if (even) seti(head, REP_UNEVEN, 0);
  if (decodes) holds = even ? waited <= geti(head, CLIENT_EVEN_BATCH) : waited < steps;
  if (decodes || !even) seti(head, counter, holds ? waited : 0);
  for (let i = 0; i < count; i++) seti(clientAt(run, first + i), REP_HOLDS, holds ? 1 : 0);
}

/** Duration of the step that ranks `first` .. `first` + `count` - 1 have formed, copies to and from host memory included. */
export function priceRanks(run: usize, first: i32, count: i32): f64 {
  let copies = 0.0;
  for (let i = 0; i < count; i++) {
    const own = swapSeconds(clientAt(run, first + i));
    if (own > copies) copies = own;
  }
  const alike = clientAt(run, first);
  return copies + (geti(alike, CLIENT_PRICE) == PRICE_LINEAR ? longest(run, first, count) : bySurface(run, first, count));
}

/** By the spec's own price: the longest of the ranks' steps. */
function longest(run: usize, first: i32, count: i32): f64 {
  let most = 0.0;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, first + i);
    const own = geti(rep, CLIENT_DRAFTS) != 0 ? priceDrafts(run, rep) : priceMixed(run, rep);
    if (own > most) most = own;
  }
  return most;
}

/** By the surface of the whole instance: each part as long as it takes the rank that has most of it, what they share by the work of all. */
function bySurface(run: usize, first: i32, count: i32): f64 {
  const surface = geta(clientAt(run, first), CLIENT_SURFACE);
  let all = 0;
  let tokens = 0;
  let samples = 0;
  let sequences = 0;
  let prompts = 0;
  let attention = 0.0;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, first + i);
    const decodes = geti(rep, REP_DECODING) != 0 ? stepDecodes(rep) : 0;
    const verified = decodes * (1 + geti(rep, CLIENT_DRAFTS));
    const chunks = geti(rep, REP_CHUNKS);
    const own = geti(rep, REP_CHUNK_TOKENS) + verified;
    let reads = <f64>count * surfacePrompts(surface, rep + geta(rep, CLIENT_AT_CHUNKS), chunks);
    if (decodes > 0) reads += surfaceDecodes(run, surface, count * decodes, <f64>count * stepContext(rep));
    all += own;
    prompts += chunks;
    tokens = max(tokens, own);
    samples = max(samples, verified + geti(rep, REP_COMPLETING));
    sequences = max(sequences, chunks + decodes);
    attention = max(attention, reads);
  }
  return ranksSeconds(surface, count, all, tokens, samples, prompts, attention, sequences);
}
