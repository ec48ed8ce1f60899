// Places and clears the working set of an engine run: tree, ready list and one record with its arrays per replica.
import {
  CLIENT_AT_ACCEPTED, CLIENT_AT_BITS, CLIENT_AT_CHUNKS, CLIENT_AT_GROUPS, CLIENT_AT_RESIDUE, CLIENT_AT_SLOTS, CLIENT_AT_WHEEL, CLIENT_BLOCK_SIZE, CLIENT_CELLS, CLIENT_DRAFTS,
  CLIENT_FIRST, CLIENT_KIND, CLIENT_MAX_SEQS, CLIENT_PARAMETERS, CLIENT_WHEEL_MASK,
} from '../layout/client';
import { KIND_LLM } from '../layout/enums';
import { FLEET_READY, FLEET_START } from '../layout/fleet';
import { CHUNK_BYTES, GROUP_BYTES, REP_END, REP_INDEX, SLOT_BYTES } from '../layout/replica';
import {
  HISTOGRAM_BINS, RUN_ARRIVAL, RUN_CELLS, RUN_CLIENTS, RUN_CONCURRENCY, RUN_FINISH, RUN_FIRST, RUN_FLEET, RUN_GENERATED, RUN_HISTOGRAM,
  RUN_MAX_OUTPUT, RUN_PARAMETERS, RUN_PREEMPTIONS, RUN_READY, RUN_RELEASED, RUN_REPLICAS, RUN_REPLICA_OF, RUN_REQUESTS,
  RUN_STATE, RUN_SWAPPED, RUN_TABLE, RUN_TREE, RUN_TREE_LEAVES, RUN_VISITS,
} from '../layout/run';
import { forgetRatio } from '../batching/expect';
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

/** The parameters of client `index`, as if they stood in a client record (field CLIENT_X is at cell CLIENT_X). */
function parametersOf(run: usize, index: i32): usize {
  return geta(run, RUN_CLIENTS) + <usize>(index * (CLIENT_PARAMETERS * 8)) - (CLIENT_FIRST << 3);
}

/** Sequences that can be admitted at once: slots beyond the number of visits would never be used. Only engines have slots. */
function slotCount(run: usize, parameters: usize): i32 {
  if (geti(parameters, CLIENT_KIND) != KIND_LLM) return 0;
  const seqs = geti(parameters, CLIENT_MAX_SEQS);
  const visits = geti(run, RUN_VISITS);
  return seqs < visits ? seqs : visits;
}

/** Bytes of one client record with its arrays; with `rep` != 0 their places are written. The odd 192 bytes keep clients off the same cache sets. */
function placeClient(run: usize, parameters: usize, rep: usize): i32 {
  const slots = slotCount(run, parameters);
  const wheel = slots > 0 ? wheelSize(run) : 64;
  const residue = CLIENT_CELLS * 8;
  const bits = residue + ((geti(parameters, CLIENT_BLOCK_SIZE) * 4 + 63) & ~63);
  const accepted = bits + (((wheel >> 3) + 63) & ~63);
  const drafts = geti(parameters, CLIENT_DRAFTS);
  const buckets = accepted + (drafts > 0 ? ((drafts + 1) * 8 + 63) & ~63 : 0);
  const chunks = buckets + wheel * 4;
  const groups = chunks + (slots + 1) * CHUNK_BYTES;
  const first = (groups + (slots + 2) * GROUP_BYTES + 63) & ~63;
  if (rep != 0) {
    seti(rep, CLIENT_AT_RESIDUE, residue);
    seti(rep, CLIENT_AT_BITS, bits);
    seti(rep, CLIENT_AT_ACCEPTED, accepted);
    seti(rep, CLIENT_AT_WHEEL, buckets);
    seti(rep, CLIENT_AT_CHUNKS, chunks);
    seti(rep, CLIENT_AT_GROUPS, groups);
    seti(rep, CLIENT_AT_SLOTS, first);
    seti(rep, CLIENT_WHEEL_MASK, wheel - 1);
  }
  return (first + slots * SLOT_BYTES + 192 + 63) & ~63;
}

/** Bytes of the ready list or of the table of clients. */
function listBytes(run: usize): i32 {
  return (geti(run, RUN_REPLICAS) * 4 + 127) & ~63;
}

/** Bytes of working set that engineReset needs for the run record's parameters. f64, because it may pass 2^31. */
export function engineBytes(run: usize): f64 {
  let bytes = <f64>(treeBytes(treeLeaves(run)) + 2 * listBytes(run) + 64);
  const clients = geti(run, RUN_REPLICAS);
  for (let i = 0; i < clients; i++) bytes += <f64>placeClient(run, parametersOf(run, i), 0);
  return bytes;
}

/** Clears progress and outputs and places the working set at `work` (engineBytes of them, 64-byte aligned). */
export function engineReset(run: usize, work: usize): void {
  assert((work & 63) == 0, 'engineReset: the working set is not 64-byte aligned');
  assert(geti(run, RUN_REQUESTS) >= 0, 'engineReset: negative number of requests');
  assert(geti(run, RUN_REPLICAS) > 0, 'engineReset: replicas must be positive');
  memory.fill(run + RUN_PARAMETERS * 8, 0, (RUN_CELLS - RUN_PARAMETERS) * 8);
  const clients = geti(run, RUN_REPLICAS);
  const leaves = treeLeaves(run);
  seti(run, RUN_TREE, <i32>work);
  seti(run, RUN_TREE_LEAVES, leaves);
  treeReset(work, leaves);
  const ready = (work + <usize>treeBytes(leaves) + 63) & ~63;
  const table = ready + <usize>listBytes(run);
  seti(run, RUN_READY, <i32>ready);
  seti(run, RUN_TABLE, <i32>table);
  let rep = table + <usize>listBytes(run);
  for (let i = 0; i < clients; i++) {
    store<u32>(table + ((<usize>i) << 2), <u32>rep);
    rep += <usize>resetClient(run, i, rep);
  }
  clearColumns(run);
}

/** Clears a client; slots need no clearing: each is written when it is taken. Returns its bytes. */
function resetClient(run: usize, index: i32, rep: usize): i32 {
  const parameters = parametersOf(run, index);
  assert(geti(parameters, CLIENT_BLOCK_SIZE) > 0, 'engineReset: block size must be positive');
  memory.fill(rep, 0, CLIENT_CELLS * 8);
  const bytes = placeClient(run, parameters, rep);
  memory.fill(rep + CLIENT_CELLS * 8, 0, <usize>geti(rep, CLIENT_AT_CHUNKS) - CLIENT_CELLS * 8);
  memory.copy(rep + (CLIENT_FIRST << 3), parameters + (CLIENT_FIRST << 3), CLIENT_PARAMETERS * 8);
  seti(rep, REP_INDEX, index);
  setf(rep, REP_END, Infinity);
  forgetRatio(rep);
  return bytes;
}

function clearColumns(run: usize): void {
  const visits = geti(run, RUN_VISITS);
  const bytes = <usize>visits << 2;
  memory.fill(geta(run, RUN_STATE), 0, bytes);
  memory.fill(geta(run, RUN_PREEMPTIONS), 0, bytes);
  memory.fill(geta(run, RUN_GENERATED), 0, bytes);
  if (geti(run, RUN_SWAPPED) != 0) memory.fill(geta(run, RUN_SWAPPED), 0, bytes);
  memory.fill(geta(run, RUN_REPLICA_OF), 0xff, bytes);
  const fleet = geta(run, RUN_FLEET);
  if (geti(fleet, FLEET_READY) != geti(run, RUN_ARRIVAL)) fillNaN(geta(fleet, FLEET_READY), visits);
  fillNaN(geta(fleet, FLEET_START), visits);
  fillNaN(geta(run, RUN_FIRST), visits);
  fillNaN(geta(run, RUN_FINISH), visits);
  if (geti(run, RUN_HISTOGRAM) != 0) memory.fill(geta(run, RUN_HISTOGRAM), 0, HISTOGRAM_BINS * 8);
  const requests = geti(run, RUN_REQUESTS);
  const concurrency = geti(run, RUN_CONCURRENCY);
  seti(run, RUN_RELEASED, concurrency > 0 && concurrency < requests ? concurrency : requests);
}

function fillNaN(column: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f64>(column + ((<usize>i) << 3), NaN);
}
