// Admission: from the head of the waiting queue into a slot, as a chunk of the step being formed.
import {
  RUN_ADMISSION, RUN_AT_CHUNKS, RUN_BLOCKS, RUN_BUDGET, RUN_MAX_SEQS, RUN_NEXT, RUN_PEAK_SEQS, RUN_WAIT_STEPS, RUN_WAIT_TOKENS,
} from '../layout/run';
import { ADMISSION_FULL_LENGTH } from '../layout/enums';
import {
  CHUNK_BYTES, CHUNK_PAIRS, CHUNK_SLOT, CHUNK_TOKENS, REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMPLETING, REP_DECODES, REP_HELD, REP_HIDDEN,
  REP_PAIRS, REP_PARTIAL, REP_PARTIAL_PAST, REP_RUNNING, REP_USED, REP_WAITED, REP_WAITING, REP_WAIT_HEAD, SLOT_NEED, SLOT_RESERVED,
} from '../layout/replica';
import { addf, addi, geta, geti, rowi, seti } from '../table/cell';
import { queuePop } from '../table/queue';
import { slotTake } from '../table/slots';
import { admissionBlocks, needOf } from './paging';

/** Whether a sequence waits that the scheduler knows of, and a slot is free for it. */
// @ts-ignore: decorator
@inline
export function canTake(run: usize, rep: usize): bool {
  return geti(rep, REP_WAITING) > geti(rep, REP_HIDDEN) && geti(rep, REP_RUNNING) < geti(run, RUN_MAX_SEQS);
}

/**
 * Admits the head of the queue with a chunk of `tokens` of its `need` if its blocks are free beside `taken` blocks that
 * this step's decodes will take. Returns false, changing nothing, when they are not.
 */
export function admitHead(run: usize, rep: usize, tokens: i32, need: i32, taken: i32): bool {
  const request = geti(rep, REP_WAIT_HEAD);
  const blocks = admissionBlocks(run, request, tokens);
  const used = geti(rep, REP_USED) + blocks;
  if (used + taken > geti(run, RUN_BLOCKS)) return false;
  queuePop(run, rep);
  const slot = slotTake(run, rep, request);
  store<i32>(slot, need, SLOT_NEED);
  store<i32>(slot, geti(run, RUN_ADMISSION) == ADMISSION_FULL_LENGTH ? blocks : 0, SLOT_RESERVED);
  seti(rep, REP_USED, used);
  const running = geti(rep, REP_RUNNING) + 1;
  seti(rep, REP_RUNNING, running);
  if (running > geti(run, RUN_PEAK_SEQS)) seti(run, RUN_PEAK_SEQS, running);
  if (tokens < need) {
    seti(rep, REP_PARTIAL, <i32>slot);
    seti(rep, REP_PARTIAL_PAST, tokens);
  }
  addChunk(run, rep, slot, tokens, 0, tokens == need);
  return true;
}

/** Adds a chunk of `tokens` after `past` cached ones to the step being formed. */
export function addChunk(run: usize, rep: usize, slot: usize, tokens: i32, past: i32, completes: bool): void {
  const index = geti(rep, REP_CHUNKS);
  const chunk = rep + geta(run, RUN_AT_CHUNKS) + <usize>(index * CHUNK_BYTES);
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

/** Tokens of the head of the queue that must be prefilled. */
// @ts-ignore: decorator
@inline
export function headNeed(run: usize, rep: usize): i32 {
  return needOf(run, geti(rep, REP_WAIT_HEAD));
}

/**
 * Batch waiting (TensorRT-LLM): while sequences decode, prompts that could be admitted are held back until they and the
 * decodes make a step of RUN_WAIT_TOKENS tokens, or were held back for RUN_WAIT_STEPS steps. `left` is the budget that this
 * step has for them; with `whole` a prompt is never cut, and one above the whole budget goes as the only one.
 */
export function holdBack(run: usize, rep: usize, left: i32, taken: i32, whole: bool): bool {
  const steps = geti(run, RUN_WAIT_STEPS);
  if (steps == 0) return false;
  const decodes = geti(rep, REP_DECODES);
  const tokens = decodes > 0 ? admissible(run, rep, left, taken, whole) : 0;
  if (tokens == 0) return false;
  const step = geti(rep, REP_CHUNK_TOKENS) + decodes + tokens;
  if (geti(rep, REP_WAITED) >= steps || step >= geti(run, RUN_WAIT_TOKENS)) {
    seti(rep, REP_WAITED, 0);
    return false;
  }
  addi(rep, REP_WAITED, 1);
  seti(rep, REP_HELD, 1);
  return true;
}

/** Tokens of the prompts that admission would take now, by the rules of admitHead, changing nothing. */
function admissible(run: usize, rep: usize, left: i32, taken: i32, whole: bool): i32 {
  const budget = geti(run, RUN_BUDGET);
  let request = geti(rep, REP_WAIT_HEAD);
  let known = geti(rep, REP_WAITING) - geti(rep, REP_HIDDEN);
  let slots = geti(run, RUN_MAX_SEQS) - geti(rep, REP_RUNNING);
  let room = geti(run, RUN_BLOCKS) - geti(rep, REP_USED) - taken;
  let tokens = 0;
  while (known > 0 && slots > 0) {
    const need = needOf(run, request);
    let chunk = need;
    if (need > left - tokens) {
      const alone = whole && need > budget && tokens == 0 && geti(rep, REP_CHUNKS) == 0;
      if (whole ? !alone : tokens >= left) return tokens;
      if (!whole) chunk = left - tokens;
    }
    room -= admissionBlocks(run, request, chunk);
    if (room < 0) return tokens;
    tokens += chunk;
    if (whole && tokens > left) return tokens;
    request = rowi(geta(run, RUN_NEXT), request);
    known--;
    slots--;
  }
  return tokens;
}
