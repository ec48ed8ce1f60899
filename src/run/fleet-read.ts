// Reads what a fleet run left in kernel memory: results of visits and requests, counters and loads of clients.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import * as A from '../../assembly/layout/lanes.ts';
import * as L from '../../assembly/layout/load.ts';
import { PACKING_FAIR } from '../../assembly/layout/packing.ts';
import * as P from '../../assembly/layout/replica.ts';
import * as R from '../../assembly/layout/run.ts';
import * as T from '../../assembly/layout/tenants.ts';
import { openConstant } from '../check/constant-column.ts';
import type { Checkpoint, WindowRule } from '../metrics/fleet/window.ts';
import type { FleetProgram, InstanceChange, VisitResults } from '../plan/fleet.ts';
import type { StepRecord } from '../plan/setup.ts';
import { wordsOf } from './cells.ts';
import {
  copyResults,
  type EngineCounters,
  type Gaps,
  HISTOGRAM_EDGES,
  readDrafts,
  readGaps,
  type StopReason,
} from './engine.ts';
import { type FleetColumns, requestStates } from './fleet-columns.ts';
import type { PlacedRequests, RunRecord } from './run-record.ts';

export interface FleetRun {
  readonly results: VisitResults;
  /** STATE_* per request: what its last visit, or its first rejected one, came to. */
  readonly requestState: Int32Array;
  /** By client. */
  readonly clients: readonly EngineCounters[];
  /** By client: what still counts as load there. All 0 when a run is done; what is stuck after a deadlock. None where columns are borrowed. */
  readonly loads: readonly ClientLoad[];
  readonly steps: StepRecord[];
  readonly itl: Gaps;
  /** What was counted by the instants of the window that is measured; absent where none is. */
  readonly window?: { readonly rule: WindowRule | 'steady'; readonly checkpoints: readonly Checkpoint[] };
  readonly stop: StopReason;
  /** Output tokens of visits whose client left before it had its answer, or that failed; absent where none does. */
  readonly wasted?: number;
  /** s, by visit that ends a request, when that failed with an instance; absent where none fails. */
  readonly failedAt?: Float64Array;
  /** s, by request, when it was turned away by a full queue, its client left or it failed, for good; absent where none of that can happen. */
  readonly lostAt?: Float64Array;
  /** Requests that were sent again; absent where nobody tries. */
  readonly tried?: number;
  /** s, the last instant. */
  readonly clock: number;
  /** What became of instances that start and stop, in order; absent where all are on all the time. */
  readonly changes?: readonly InstanceChange[];
  /** By client; absent where it was not asked for. */
  readonly reach?: readonly Reach[];
  /** Names of the clients at which visits wait for ever (stop 'deadlock'). */
  readonly stuck: readonly string[];
}

export interface ClientLoad {
  /** Visits that are routed and not over, their prompt and output tokens, and how many of those no step has processed. */
  readonly visits: number;
  readonly input: number;
  readonly output: number;
  readonly left: number;
  /** KV blocks in use, and where routing asks for them those that will be taken by who is not admitted. */
  readonly blocks: number;
  readonly promised: number;
}

/** What a run left, by visit, request and client. */
export function readRun(
  program: FleetProgram,
  record: RunRecord,
  placed: PlacedRequests,
  fleet: FleetColumns,
  steps: StepRecord[],
  stop: StopReason,
  borrow: boolean,
): FleetRun {
  // nothing is left to happen: what has not come by now follows a request that was rejected
  const left = stop === 'done' && program.requests.turns ? E.STATE_UNSENT : E.STATE_UNFINISHED;
  closeStates(placed, left);
  const { state, first, finish, preemptions, replica } = borrow ? placed : copyResults(placed);
  const own = <T extends Int32Array | Float64Array>(column: T): T => (borrow ? column : (column.slice() as T));
  return {
    results: {
      state,
      first,
      finish,
      preemptions,
      client: replica,
      ready: borrow && stop === 'hopeless' ? placed.ready : readyTimes(program, record, placed, borrow),
      start: own(placed.start),
      cached: fleet.cached ? own(fleet.cached) : borrow ? nothingOf(placed.count) : new Int32Array(placed.count),
    },
    requestState: requestStates(program, fleet, state),
    clients: readClients(record, program.clients.length),
    loads: borrow ? [] : readLoads(record, fleet.loads, program.clients.length),
    steps,
    itl: borrow ? { edges: HISTOGRAM_EDGES, weights: record.histogram } : readGaps(record),
    stop,
    clock: record.cells[R.RUN_CLOCK]!,
    ...(fleet.failedAt ? { failedAt: own(fleet.failedAt) } : {}),
    ...(program.requests.patience || program.outages ? { wasted: fleet.record[F.FLEET_WASTED] } : {}),
    stuck: stop === 'deadlock' ? stuckClients(program, state, replica) : [],
  };
}

/** Who has not ended has no end. */
function closeStates({ state, finish }: PlacedRequests, left: number): void {
  for (let v = 0; v < state.length; v++) {
    const own = state[v]!;
    if (own === E.STATE_FINISHED) continue;
    if (own === E.STATE_PENDING) state[v] = left;
    finish[v] = Number.NaN;
  }
}

const nothingOf = openConstant(0);

/** When visits were ready. Where that stands in the column of arrivals, whoever has not arrived when a run stops is taken out. */
function readyTimes(program: FleetProgram, { words }: RunRecord, placed: PlacedRequests, borrow: boolean) {
  const { ready, arrival, replica, state } = placed;
  // turns arrive in any order: whoever has arrived was routed, or waited for an instance until its client left
  const came = (v: number) => replica[v]! >= 0 || state[v] === E.STATE_CANCELLED;
  if (ready === arrival && program.requests.turns) return ready.map((time, v) => (came(v) ? time : Number.NaN));
  const arrived = words[R.RUN_NEXT_ARRIVAL * 2];
  const apart = ready !== arrival || arrived === program.requests.count;
  if (borrow && apart) return ready;
  const own = ready.slice();
  return apart ? own : own.fill(Number.NaN, arrived);
}

/** Of every client what `read` makes of its record. */
function mapClients<T>(
  record: RunRecord,
  count: number,
  read: (cells: Float64Array, words: Int32Array, client: number) => T,
): T[] {
  const { buffer } = record.cells;
  const table = new Int32Array(buffer, record.words[R.RUN_TABLE * 2], count);
  return Array.from(table, (address, client) => {
    const cells = new Float64Array(buffer, address, C.CLIENT_CELLS);
    return read(cells, new Int32Array(buffer, address, C.CLIENT_CELLS * 2), client);
  });
}

function readLoads(record: RunRecord, loads: Float64Array, count: number): ClientLoad[] {
  return mapClients(record, count, (cells, words, client) => ({
    visits: loads[L.LOAD_REQUESTS * count + client]!,
    input: loads[L.LOAD_INPUT * count + client]!,
    output: loads[L.LOAD_OUTPUT * count + client]!,
    left: cells[C.CLIENT_UNDONE]!,
    blocks: words[P.REP_USED * 2]!,
    promised: loads[L.LOAD_KV * count + client]!,
  }));
}

/** What a client has loaded of LoRA adapters, or how unevenly it served its tenants; `at`: where its lanes lie, 0 = it has none. */
function readLanes(buffer: ArrayBufferLike, at: number, packing: number) {
  if (at === 0) return {};
  if (packing === PACKING_FAIR) return { fairGap: new Float64Array(buffer, at, T.TENANTS_CELLS)[T.TENANTS_GAP] };
  const cells = new Float64Array(buffer, at, A.LANES_CELLS);
  const words = wordsOf(cells);
  return {
    adapterLoads: words[A.LANES_LOADS * 2]!,
    adapterFetches: words[A.LANES_FETCHES * 2]!,
    adapterSeconds: cells[A.LANES_LOAD_SECONDS]!,
  };
}

/** Blocks that look-ups found in each tier of a store. */
function readTiers(buffer: ArrayBufferLike, words: Int32Array): { readonly found?: readonly number[] } {
  const count = words[C.CLIENT_TIER_COUNT * 2]!;
  if (count === 0) return {};
  const cells = new Float64Array(buffer, words[C.CLIENT_TIERS * 2]!, count * F.TIER_CELLS);
  return { found: Array.from({ length: count }, (_, tier) => cells[tier * F.TIER_CELLS + F.TIER_FOUND]!) };
}

/** Counters of every client, from its record. `clock`: with what of the step under way is over by then, evenly over its time. */
export function readClients(record: RunRecord, count: number, clock = Number.NEGATIVE_INFINITY): EngineCounters[] {
  return mapClients(record, count, (cells, words) => {
    const part = readUnderWay(cells, words, clock);
    return {
      steps: cells[C.CLIENT_STEPS]! + part.steps,
      busySeconds: cells[C.CLIENT_BUSY]! + part.seconds,
      runningSeconds: cells[C.CLIENT_RUNNING]! + part.seconds * part.sequences,
      newTokens: cells[C.CLIENT_TOKENS]! + part.tokens,
      pairs: cells[C.CLIENT_PAIRS]! + part.pairs,
      contextTokens: cells[C.CLIENT_CONTEXT]! + part.context,
      preemptions: words[C.CLIENT_PREEMPTED * 2]!,
      swapsOut: words[C.CLIENT_SWAPS_OUT * 2]!,
      swapsIn: words[C.CLIENT_SWAPS_IN * 2]!,
      swapSeconds: cells[C.CLIENT_SWAP_SECONDS]!,
      peakBlocks: words[C.CLIENT_PEAK_BLOCKS * 2]!,
      peakSequences: words[C.CLIENT_PEAK_SEQS * 2]!,
      ...readDrafts(cells, words),
      ...readTiers(cells.buffer, words),
      ...readLanes(cells.buffer, words[C.CLIENT_LANES * 2]!, words[C.CLIENT_PACKING * 2]!),
    };
  });
}

/** The least of each limit under which a client would have done the same; more than the limit itself where it had a say. */
export interface Reach {
  readonly sequences: number;
  readonly budget: number;
  readonly blocks: number;
}

export function readReach(record: RunRecord, count: number): Reach[] {
  return mapClients(record, count, (_, words) => ({
    sequences: words[C.CLIENT_NEED_SEQS * 2]!,
    budget: words[C.CLIENT_NEED_BUDGET * 2]!,
    blocks: words[C.CLIENT_NEED_BLOCKS * 2]!,
  }));
}

const NOTHING = { steps: 0, seconds: 0, sequences: 0, tokens: 0, pairs: 0, context: 0 };

/** What the kernel will count of the step (or leap) under way when it ends (assembly/engine/retire.ts), as far as it is over by `clock`. */
function readUnderWay(cells: Float64Array, words: Int32Array, clock: number): typeof NOTHING {
  const [start, end] = [cells[P.REP_START]!, cells[P.REP_END]!];
  if (!(end < Number.POSITIVE_INFINITY) || !(clock > start) || !(end > start)) return NOTHING;
  const share = Math.min(1, (clock - start) / (end - start));
  const drafts = words[C.CLIENT_DRAFTS * 2]!;
  const decodes = words[P.REP_DECODING * 2] === 0 ? 0 : words[(drafts === 0 ? P.REP_DECODES : P.REP_VERIFY) * 2]!;
  const round = decodes > 0 ? words[C.CLIENT_ROUND * 2]! : 0;
  const steps = round || words[P.REP_STEPS * 2]!;
  const past = cells[drafts === 0 ? P.REP_CONTEXT : P.REP_VERIFY_CONTEXT]!;
  return {
    steps: share * steps,
    seconds: Math.min(end, clock) - start,
    sequences: decodes + words[P.REP_CHUNKS * 2]!,
    tokens: share * (steps * decodes + words[P.REP_CHUNK_TOKENS * 2]! + (round ? 0 : decodes * drafts)),
    pairs: share * cells[P.REP_PAIRS]!,
    context: decodes > 0 ? share * (steps * past + (decodes * steps * (steps - 1)) / 2) : 0,
  };
}

/** Where unfinished visits wait although nothing is left to happen. */
function stuckClients(program: FleetProgram, state: Int32Array, client: Int32Array): string[] {
  const names = new Set<string>();
  for (let v = 0; v < state.length; v++) {
    if (state[v] === E.STATE_UNFINISHED && client[v]! >= 0) names.add(program.clients[client[v]!]!.name);
  }
  return [...names].sort();
}
