// Attention data parallel: ranks whose steps begin together and last as long as the fullest, which all of them wait for.
import { CLIENT_AT_CHUNKS, CLIENT_DRAFTS, CLIENT_PRICE, CLIENT_RANKS, CLIENT_SURFACE, RANKS_PLACE } from '../layout/client';
import { PRICE_LINEAR } from '../layout/enums';
import { REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMPLETING, REP_DECODING, REP_INDEX } from '../layout/replica';
import { stepContext, stepDecodes } from '../batching/drafts';
import { swapSeconds } from '../batching/swap';
import { ranksSeconds, surfaceDecodes, surfacePrompts } from '../cost/surface';
import { geta, geti } from '../table/cell';
import { clientAt } from '../table/client';
import { priceDrafts, priceMixed } from './price';

/** Ranks that step together with a client; 0 = it is alone. */
// @ts-ignore: decorator
@inline
export function ranksOf(rep: usize): i32 {
  return geti(rep, CLIENT_RANKS) % RANKS_PLACE;
}

/** Index of the first of them. */
// @ts-ignore: decorator
@inline
export function firstRank(rep: usize): i32 {
  return geti(rep, REP_INDEX) - geti(rep, CLIENT_RANKS) / RANKS_PLACE;
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
