// Places and clears the working set of an engine run: tree, ready list and one record with its arrays per replica.
import {
  HISTOGRAM_BINS, RUN_AT_BITS, RUN_AT_CHUNKS, RUN_AT_GROUPS, RUN_AT_RESIDUE, RUN_AT_SLOTS, RUN_AT_WHEEL, RUN_BLOCK_SIZE, RUN_CELLS,
  RUN_CONCURRENCY, RUN_FINISH, RUN_FIRST, RUN_GENERATED, RUN_HISTOGRAM, RUN_LAST_REPLICA, RUN_MAX_OUTPUT, RUN_MAX_SEQS,
  RUN_PARAMETERS, RUN_PREEMPTIONS, RUN_READY, RUN_RELEASED, RUN_REPLICA, RUN_REPLICAS, RUN_REPLICA_OF, RUN_REPLICA_STRIDE,
  RUN_REQUESTS, RUN_STATE, RUN_TREE, RUN_TREE_LEAVES, RUN_WHEEL_MASK,
} from '../layout/run';
import { CHUNK_BYTES, GROUP_BYTES, REP_CELLS, REP_END, REP_INDEX, SLOT_BYTES } from '../layout/replica';
import { geta, geti, setf, seti } from '../table/cell';
import { treeBytes, treeReset } from '../table/tree';

/** Buckets of the finish wheel: more than any sequence can have left to decode, a power of two, at least one word of bits. */
function wheelSize(run: usize): i32 {
  let size = 64;
  while (size < geti(run, RUN_MAX_OUTPUT) + 1) size <<= 1;
  return size;
}

function treeLeaves(run: usize): i32 {
  let leaves = 1;
  while (leaves < geti(run, RUN_REPLICAS)) leaves <<= 1;
  return leaves;
}

/** Sequences that can be admitted at once: slots beyond the number of requests would never be used. */
function slotCount(run: usize): i32 {
  const seqs = geti(run, RUN_MAX_SEQS);
  const requests = geti(run, RUN_REQUESTS);
  return seqs < requests ? seqs : requests;
}

/** Lays out one replica and returns its bytes; the odd 192 bytes keep replicas off the same cache sets. */
function placeReplica(run: usize): i32 {
  const slots = slotCount(run);
  const wheel = wheelSize(run);
  let at = REP_CELLS * 8;
  seti(run, RUN_AT_RESIDUE, at);
  at += (geti(run, RUN_BLOCK_SIZE) * 4 + 63) & ~63;
  seti(run, RUN_AT_BITS, at);
  at += ((wheel >> 3) + 63) & ~63;
  seti(run, RUN_AT_WHEEL, at);
  seti(run, RUN_WHEEL_MASK, wheel - 1);
  at += wheel * 4;
  seti(run, RUN_AT_CHUNKS, at);
  at += (slots + 1) * CHUNK_BYTES;
  seti(run, RUN_AT_GROUPS, at);
  at += (slots + 2) * GROUP_BYTES;
  at = (at + 63) & ~63;
  seti(run, RUN_AT_SLOTS, at);
  at += slots * SLOT_BYTES;
  return at + 192;
}

/** Bytes of working set that engineReset needs for the run record's parameters. f64, because it may pass 2^31. */
export function engineBytes(run: usize): f64 {
  const leaves = treeLeaves(run);
  const replicas = geti(run, RUN_REPLICAS);
  return <f64>(treeBytes(leaves) + ((replicas * 4 + 127) & ~63)) + <f64>placeReplica(run) * <f64>replicas;
}

/** Clears progress and outputs and places the working set at `work` (engineBytes of them, 64-byte aligned). */
export function engineReset(run: usize, work: usize): void {
  assert((work & 63) == 0, 'engineReset: the working set is not 64-byte aligned');
  assert(geti(run, RUN_REQUESTS) >= 0, 'engineReset: negative number of requests');
  assert(geti(run, RUN_REPLICAS) > 0 && geti(run, RUN_BLOCK_SIZE) > 0, 'engineReset: replicas and block size must be positive');
  memory.fill(run + RUN_PARAMETERS * 8, 0, (RUN_CELLS - RUN_PARAMETERS) * 8);
  const replicas = geti(run, RUN_REPLICAS);
  const leaves = treeLeaves(run);
  seti(run, RUN_TREE, <i32>work);
  seti(run, RUN_TREE_LEAVES, leaves);
  treeReset(work, leaves);
  const ready = work + <usize>treeBytes(leaves);
  seti(run, RUN_READY, <i32>ready);
  const first = (ready + <usize>(replicas * 4) + 63) & ~63;
  const stride = placeReplica(run);
  seti(run, RUN_REPLICA, <i32>first);
  seti(run, RUN_REPLICA_STRIDE, stride);
  seti(run, RUN_LAST_REPLICA, replicas - 1);
  for (let i = 0; i < replicas; i++) {
    const rep = first + <usize>i * <usize>stride;
    // Slots need no clearing: each is written when it is taken.
    memory.fill(rep, 0, geta(run, RUN_AT_CHUNKS));
    seti(rep, REP_INDEX, i);
    setf(rep, REP_END, Infinity);
  }
  clearColumns(run);
}

function clearColumns(run: usize): void {
  const requests = geti(run, RUN_REQUESTS);
  const bytes = <usize>requests << 2;
  memory.fill(geta(run, RUN_STATE), 0, bytes);
  memory.fill(geta(run, RUN_PREEMPTIONS), 0, bytes);
  memory.fill(geta(run, RUN_GENERATED), 0, bytes);
  memory.fill(geta(run, RUN_REPLICA_OF), 0xff, bytes);
  fillNaN(geta(run, RUN_FIRST), requests);
  fillNaN(geta(run, RUN_FINISH), requests);
  if (geti(run, RUN_HISTOGRAM) != 0) memory.fill(geta(run, RUN_HISTOGRAM), 0, HISTOGRAM_BINS * 8);
  const concurrency = geti(run, RUN_CONCURRENCY);
  seti(run, RUN_RELEASED, concurrency > 0 && concurrency < requests ? concurrency : requests);
}

function fillNaN(column: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f64>(column + ((<usize>i) << 3), NaN);
}
