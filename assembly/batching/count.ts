// Counts of KV blocks: of tokens, of what another visit holds, and what the decodes of coming steps take.
import { ADMISSION_FULL_LENGTH } from '../layout/admission';
import { BATCHING_CHUNKED } from '../layout/batching';
import {
  CLIENT_ADMISSION, CLIENT_AT_RESIDUE, CLIENT_BATCHING, CLIENT_BLOCK_SIZE, CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_PAGES, PAGES_FIXED, PAGES_FULL, PAGES_NEAR,
  PAGES_WINDOW,
} from '../layout/client';
import { FLEET_ASKED, FLEET_SHARED } from '../layout/fleet';
import { REP_PHASE } from '../layout/replica';
import { RUN_FLEET, RUN_OUTPUT } from '../layout/run';
import { geta, geti, rowi } from '../table/cell';

// @ts-ignore: decorator
@inline
function blocksFor(tokens: i32, blockSize: i32): i32 {
  return <i32>(<u32>(tokens + blockSize - 1) / <u32>blockSize);
}

/**
 * Blocks that a sequence of `tokens` tokens holds, with the decode that brings it there: one for every block of tokens or, of a hybrid
 * model, its pages: of full layers by length, of windows as far as one reaches, of states always as many.
 */
// @ts-ignore: decorator
@inline
export function heldBlocks(rep: usize, tokens: i32): i32 {
  const blocks = blocksFor(tokens, geti(rep, CLIENT_BLOCK_SIZE));
  return geta(rep, CLIENT_PAGES) == 0 ? blocks : pagesOf(rep, blocks, nearBlocks(rep, 1 + geti(rep, CLIENT_DRAFTS)));
}

/** The same, with `near` blocks of tokens that windows may touch. */
function pagesOf(rep: usize, blocks: i32, near: i32): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  const window = load<i32>(pages, PAGES_NEAR) * (blocks < near ? blocks : near);
  return load<i32>(pages, PAGES_FULL) * blocks + window + load<i32>(pages, PAGES_FIXED);
}

/** Blocks of tokens that the windows of a step's `tokens` newest tokens touch, wherever in a block they begin. */
function nearBlocks(rep: usize, tokens: i32): i32 {
  return blocksFor(load<i32>(geta(rep, CLIENT_PAGES), PAGES_WINDOW) - 1 + tokens, geti(rep, CLIENT_BLOCK_SIZE)) + 1;
}

/** What a chunk of `chunk` tokens that ends at `tokens` needs beyond what stays: windows of all its tokens. Reserved with the final length. */
// @ts-ignore: decorator
@inline
export function passingBlocks(rep: usize, tokens: i32, chunk: i32): i32 {
  return geta(rep, CLIENT_PAGES) == 0 || geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_LENGTH ? 0 : chunkWindows(rep, tokens, chunk);
}

function chunkWindows(rep: usize, tokens: i32, chunk: i32): i32 {
  if (chunk <= 1 + geti(rep, CLIENT_DRAFTS)) return 0;
  return pagesOf(rep, blocksFor(tokens, geti(rep, CLIENT_BLOCK_SIZE)), nearBlocks(rep, chunk)) - heldBlocks(rep, tokens);
}

/** The most that a sequence of `tokens` tokens in the end ever holds: it may have to be prefilled as far as a step takes. */
// @ts-ignore: decorator
@inline
export function mostBlocks(rep: usize, tokens: i32): i32 {
  return heldBlocks(rep, tokens) + (geta(rep, CLIENT_PAGES) == 0 ? 0 : chunkWindows(rep, tokens, longestChunk(rep, tokens)));
}

function longestChunk(rep: usize, tokens: i32): i32 {
  const budget = geti(rep, CLIENT_BUDGET);
  return geti(rep, CLIENT_BATCHING) == BATCHING_CHUNKED && budget < tokens ? budget : tokens;
}

/** Blocks that a sequence takes whenever its past fills a block of tokens, as long as its windows grow, and after (`full`). */
// @ts-ignore: decorator
@inline
export function takenEach(rep: usize, full: bool): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  return pages == 0 ? 1 : load<i32>(pages, PAGES_FULL) + (full ? 0 : load<i32>(pages, PAGES_NEAR));
}

/** Tokens from which on a sequence's windows are full; 0 without windows. */
// @ts-ignore: decorator
@inline
export function windowsFill(rep: usize): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  if (pages == 0 || load<i32>(pages, PAGES_NEAR) == 0) return 0;
  return nearBlocks(rep, 1 + geti(rep, CLIENT_DRAFTS)) * geti(rep, CLIENT_BLOCK_SIZE);
}

/** Whole blocks of a visit's context that another one holds for it: of layers that keep all of it. */
// @ts-ignore: decorator
@inline
export function sharedBlocks(fleet: usize, rep: usize, visit: i32): i32 {
  const shared = geta(fleet, FLEET_SHARED);
  return shared == 0 ? 0 : takenEach(rep, true) * (rowi(shared, visit) / geti(rep, CLIENT_BLOCK_SIZE));
}

/** Blocks that the decodes of the coming step take: those whose past fills its last block exactly. */
// @ts-ignore: decorator
@inline
export function decodeBlocks(run: usize, rep: usize): i32 {
  return load<i32>(rep + geta(rep, CLIENT_AT_RESIDUE) + ((<usize>geti(rep, REP_PHASE)) << 2));
}

/** Blocks that the next `steps` decode iterations fill: whole periods of the block size, then the rest class by class. */
// @ts-ignore: decorator
@inline
export function blocksTaken(rep: usize, steps: i32): i32 {
  const residue = rep + geta(rep, CLIENT_AT_RESIDUE);
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  let phase = geti(rep, REP_PHASE);
  let left = steps;
  let taken = 0;
  if (left >= blockSize) {
    let period = 0;
    for (let i = 0; i < blockSize; i++) period += load<i32>(residue + ((<usize>i) << 2));
    taken = (left / blockSize) * period;
    left %= blockSize;
  }
  while (left > 0) {
    taken += load<i32>(residue + ((<usize>phase) << 2));
    phase = phase == 0 ? blockSize - 1 : phase - 1;
    left--;
  }
  return taken;
}

/** Output tokens that the client of `request` asked for at most; no fewer than it gets. */
// @ts-ignore: decorator
@inline
export function askedOutput(run: usize, request: i32): i32 {
  const asked = geta(geta(run, RUN_FLEET), FLEET_ASKED);
  return rowi(asked == 0 ? geta(run, RUN_OUTPUT) : asked, request);
}
