// Slots of a replica: who runs, in order of admission (a linked list), and who ends at which decode tick (a wheel of buckets).
import { CLIENT_AT_BITS, CLIENT_AT_SLOTS, CLIENT_AT_WHEEL, CLIENT_WHEEL_MASK } from '../layout/client';
import {
  REP_FREE_SLOT, REP_RUN_HEAD, REP_RUN_TAIL, REP_SLOTS_USED, SLOT_BYTES, SLOT_FINISH_TICK, SLOT_REQUEST, SLOT_RUN_NEXT, SLOT_RUN_PREV,
  SLOT_WHEEL_NEXT, SLOT_WHEEL_PREV,
} from '../layout/replica';
import { addi, geta, geti, seti } from './cell';

/** A free slot for `request`, appended to the order of admission. Slots never run out: max_num_seqs of them exist. */
// @ts-ignore: decorator
@inline
export function slotTake(run: usize, rep: usize, request: i32): usize {
  let slot = geta(rep, REP_FREE_SLOT);
  if (slot != 0) {
    seti(rep, REP_FREE_SLOT, load<i32>(slot, SLOT_RUN_NEXT));
  } else {
    const used = geti(rep, REP_SLOTS_USED);
    slot = rep + geta(rep, CLIENT_AT_SLOTS) + <usize>(used * SLOT_BYTES);
    seti(rep, REP_SLOTS_USED, used + 1);
  }
  const tail = geta(rep, REP_RUN_TAIL);
  store<i32>(slot, request, SLOT_REQUEST);
  store<i32>(slot, <i32>tail, SLOT_RUN_PREV);
  store<i32>(slot, 0, SLOT_RUN_NEXT);
  if (tail != 0) store<i32>(tail, <i32>slot, SLOT_RUN_NEXT);
  else seti(rep, REP_RUN_HEAD, <i32>slot);
  seti(rep, REP_RUN_TAIL, <i32>slot);
  return slot;
}

/** Takes a slot out of the order of admission and frees it. */
// @ts-ignore: decorator
@inline
export function slotFree(rep: usize, slot: usize): void {
  const prev = <usize>load<u32>(slot, SLOT_RUN_PREV);
  const next = <usize>load<u32>(slot, SLOT_RUN_NEXT);
  if (prev != 0) store<i32>(prev, <i32>next, SLOT_RUN_NEXT);
  else seti(rep, REP_RUN_HEAD, <i32>next);
  if (next != 0) store<i32>(next, <i32>prev, SLOT_RUN_PREV);
  else seti(rep, REP_RUN_TAIL, <i32>prev);
  store<i32>(slot, geti(rep, REP_FREE_SLOT), SLOT_RUN_NEXT);
  seti(rep, REP_FREE_SLOT, <i32>slot);
}

/** Puts a slot into the bucket of its finish tick. */
// @ts-ignore: decorator
@inline
export function wheelAdd(run: usize, rep: usize, slot: usize, tick: i32): void {
  const bucket = tick & geti(rep, CLIENT_WHEEL_MASK);
  const head = rep + geta(rep, CLIENT_AT_WHEEL) + ((<usize>bucket) << 2);
  const first = <usize>load<u32>(head);
  store<i32>(slot, tick, SLOT_FINISH_TICK);
  store<i32>(slot, 0, SLOT_WHEEL_PREV);
  store<i32>(slot, <i32>first, SLOT_WHEEL_NEXT);
  if (first != 0) store<i32>(first, <i32>slot, SLOT_WHEEL_PREV);
  store<u32>(head, <u32>slot);
  const word = rep + geta(rep, CLIENT_AT_BITS) + ((<usize>(bucket >> 6)) << 3);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (<u64>(bucket & 63))));
}

/** Takes a slot out of its bucket (preemption). */
export function wheelRemove(run: usize, rep: usize, slot: usize): void {
  const prev = <usize>load<u32>(slot, SLOT_WHEEL_PREV);
  const next = <usize>load<u32>(slot, SLOT_WHEEL_NEXT);
  if (next != 0) store<i32>(next, <i32>prev, SLOT_WHEEL_PREV);
  if (prev != 0) {
    store<i32>(prev, <i32>next, SLOT_WHEEL_NEXT);
    return;
  }
  const bucket = load<i32>(slot, SLOT_FINISH_TICK) & geti(rep, CLIENT_WHEEL_MASK);
  store<u32>(rep + geta(rep, CLIENT_AT_WHEEL) + ((<usize>bucket) << 2), <u32>next);
  if (next == 0) wheelClear(run, rep, bucket);
}

/** Empties the bucket of `tick` and returns its first slot (0 = none); the chain stays linked by SLOT_WHEEL_NEXT. */
export function wheelTake(run: usize, rep: usize, tick: i32): usize {
  const bucket = tick & geti(rep, CLIENT_WHEEL_MASK);
  const head = rep + geta(rep, CLIENT_AT_WHEEL) + ((<usize>bucket) << 2);
  const first = <usize>load<u32>(head);
  if (first != 0) {
    store<u32>(head, 0);
    wheelClear(run, rep, bucket);
  }
  return first;
}

// @ts-ignore: decorator
@inline
function wheelClear(run: usize, rep: usize, bucket: i32): void {
  const word = rep + geta(rep, CLIENT_AT_BITS) + ((<usize>(bucket >> 6)) << 3);
  store<u64>(word, load<u64>(word) & ~((<u64>1) << (<u64>(bucket & 63))));
}

/** Ticks from `tick` to the next bucket with a slot in it (>= 1), given that somebody decodes. */
export function wheelGap(run: usize, rep: usize, tick: i32): i32 {
  const mask = geti(rep, CLIENT_WHEEL_MASK);
  const bits = rep + geta(rep, CLIENT_AT_BITS);
  const words = (mask + 1) >> 6;
  const start = (tick + 1) & mask;
  let word = start >> 6;
  let value = load<u64>(bits + ((<usize>word) << 3)) & (~(<u64>0) << (<u64>(start & 63)));
  let seen = 0;
  while (value == 0 && seen < words) {
    word = word + 1 == words ? 0 : word + 1;
    value = load<u64>(bits + ((<usize>word) << 3));
    seen++;
  }
  const bucket = (word << 6) + <i32>ctz(value);
  return ((bucket - start) & mask) + 1;
}
