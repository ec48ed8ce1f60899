// Cascade attention: KV blocks that all running sequences read are read once in a step, for all its queries (vLLM V1 on FlashAttention).
import { CLIENT_AT_CHUNKS, CLIENT_BLOCK_SIZE, CLIENT_PREFIX } from '../layout/client';
import {
  CACHE_KV_HEADS, CACHE_LEAST_SEQUENCES, CACHE_LEAST_TOKENS, CACHE_MULTIPROCESSORS, CACHE_QUERY_HEADS, CACHE_UNIT, NODE_COUNT,
} from '../layout/cache';
import { HASH_RUN_BYTES, HASH_RUN_END, HASH_RUN_ID, HASH_RUN_SEGMENT } from '../layout/fleet';
import {
  CHUNK_BYTES, CHUNK_PAIRS, CHUNK_TOKENS, REP_CHUNKS, REP_DECODES, REP_DECODING, REP_RUNNING, REP_RUN_HEAD, SLOT_REQUEST,
} from '../layout/replica';
import { RUN_FLEET } from '../layout/run';
import { geta, geti } from '../table/cell';
import { findExtent, nodeAt, restOf } from '../table/extents';
import { runsOf } from '../table/runs';
import { idCount } from './share';

/** Edge of a tile of queries and of keys, by which vLLM weighs cascade attention against flash decoding. */
const TILE = 128;

/** Tokens at the front of every context that the step just formed reads once for all its queries; 0 = each sequence reads its own. */
export function commonTokens(run: usize, rep: usize): i32 {
  const cache = geta(rep, CLIENT_PREFIX);
  if (cache == 0 || geti(cache, CACHE_QUERY_HEADS) == 0) return 0;
  const sequences = geti(rep, REP_CHUNKS) + (geti(rep, REP_DECODING) != 0 ? geti(rep, REP_DECODES) : 0);
  if (sequences < geti(cache, CACHE_LEAST_SEQUENCES)) return 0;
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  let tokens = readByAll(run, rep, cache) * blockSize;
  // What a chunk of this step is still to compute it cannot read
  let chunk = rep + geta(rep, CLIENT_AT_CHUNKS);
  const end = chunk + <usize>(geti(rep, REP_CHUNKS) * CHUNK_BYTES);
  let single = true;
  for (; chunk < end; chunk += CHUNK_BYTES) {
    const own = load<i32>(chunk, CHUNK_TOKENS);
    const past = pastOf(own, load<f64>(chunk, CHUNK_PAIRS));
    if (past < tokens) tokens = past - past % blockSize;
    if (own > 1) single = false;
  }
  if (tokens < geti(cache, CACHE_LEAST_TOKENS)) return 0;
  return single && !beatsFlashDecoding(cache, sequences, tokens) ? 0 : tokens;
}

/** Tokens in the cache before a chunk of `tokens` tokens and so many causal pairs. */
// @ts-ignore: decorator
@inline
function pastOf(tokens: i32, pairs: f64): i32 {
  const n = <f64>tokens;
  return <i32>((pairs - n * (n + 1) * 0.5) / n);
}

/** Leading KV blocks of what runs that as many sequences read as run. */
function readByAll(run: usize, rep: usize, cache: usize): i32 {
  const slot = geta(rep, REP_RUN_HEAD);
  if (slot == 0) return 0;
  const fleet = geta(run, RUN_FLEET);
  const visit = load<i32>(slot, SLOT_REQUEST);
  const count = idCount(fleet, visit);
  const running = geti(rep, REP_RUNNING);
  let units = 0;
  for (let at = count > 0 ? runsOf(fleet, visit) : 0; units < count; at += HASH_RUN_BYTES) {
    const end = load<i32>(at, HASH_RUN_END);
    let id = load<i32>(at, HASH_RUN_ID);
    while (units < end) {
      const node = findExtent(cache, load<i32>(at, HASH_RUN_SEGMENT), id);
      if (node == 0 || load<i32>(nodeAt(cache, node), NODE_COUNT) != running) return units * geti(cache, CACHE_UNIT);
      const part = restOf(cache, node, id, end - units);
      id += part;
      units += part;
    }
  }
  return units * geti(cache, CACHE_UNIT);
}

/** vLLM's estimate for steps of decodes alone: waves of thread blocks times tiles of keys, against those of flash decoding. */
function beatsFlashDecoding(cache: usize, sequences: i32, tokens: i32): bool {
  const queries = geti(cache, CACHE_QUERY_HEADS);
  const keys = geti(cache, CACHE_KV_HEADS);
  const processors = geti(cache, CACHE_MULTIPROCESSORS);
  const group = queries / keys;
  if (group == 1) return true;
  const tiles = tilesOf(tokens);
  const cascade = (queries * tilesOf(sequences) + processors - 1) / processors * tiles;
  const decoding = (sequences * keys * tilesOf(group) * tiles + processors - 1) / processors;
  return cascade < decoding;
}

// @ts-ignore: decorator
@inline
function tilesOf(count: i32): i32 {
  return (count + TILE - 1) / TILE;
}
