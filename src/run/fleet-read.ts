// Reads what a fleet run left in kernel memory: results of visits and requests, counters and loads of clients.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import * as P from '../../assembly/layout/replica.ts';
import * as R from '../../assembly/layout/run.ts';
import type { FleetProgram, VisitResults } from '../plan/fleet.ts';
import type { StepRecord } from '../plan/setup.ts';
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
import type { RunWindow } from './fleet-window.ts';
import type { PlacedRequests, RunRecord } from './run-record.ts';

export interface FleetRun {
  readonly results: VisitResults;
  /** STATE_* per request: what its last visit, or its first rejected one, came to. */
  readonly requestState: Int32Array;
  /** By client. */
  readonly clients: readonly EngineCounters[];
  /** By client: what still counts as load there. All 0 when a run is done; what is stuck after a deadlock. */
  readonly loads: readonly ClientLoad[];
  readonly steps: StepRecord[];
  readonly itl: Gaps;
  /** What was counted between the marks of a window; absent where none was asked for, or it never opened. */
  readonly window?: RunWindow;
  readonly stop: StopReason;
  /** s, the last instant. */
  readonly clock: number;
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
  for (let v = 0; v < placed.count; v++) {
    if (placed.state[v] === E.STATE_PENDING) placed.state[v] = E.STATE_UNFINISHED;
    if (placed.state[v] !== E.STATE_FINISHED) placed.finish[v] = Number.NaN;
  }
  const { state, first, finish, preemptions, replica } = borrow ? placed : copyResults(placed);
  const own = <T extends Int32Array | Float64Array>(column: T): T => (borrow ? column : (column.slice() as T));
  return {
    results: {
      state,
      first,
      finish,
      preemptions,
      client: replica,
      ready: own(fleet.ready),
      start: own(fleet.start),
      cached: fleet.cached ? own(fleet.cached) : new Int32Array(placed.count),
    },
    requestState: requestStates(program, fleet, state),
    clients: readClients(record, program.clients.length),
    loads: readLoads(record, fleet.loads, program.clients.length),
    steps,
    itl: borrow ? { edges: HISTOGRAM_EDGES, weights: record.histogram } : readGaps(record),
    stop,
    clock: record.cells[R.RUN_CLOCK],
    stuck: stop === 'deadlock' ? stuckClients(program, state, replica) : [],
  };
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
    visits: loads[(client * F.LOADS_BYTES + F.LOADS_REQUESTS) / 8],
    input: loads[(client * F.LOADS_BYTES + F.LOADS_INPUT) / 8],
    output: loads[(client * F.LOADS_BYTES + F.LOADS_OUTPUT) / 8],
    left: cells[C.CLIENT_UNDONE],
    blocks: words[P.REP_USED * 2],
    promised: loads[(client * F.LOADS_BYTES + F.LOADS_PROMISED) / 8],
  }));
}

/** Counters of every client, from its record. */
export function readClients(record: RunRecord, count: number): EngineCounters[] {
  return mapClients(record, count, (cells, words) => {
    return {
      steps: cells[C.CLIENT_STEPS],
      busySeconds: cells[C.CLIENT_BUSY],
      runningSeconds: cells[C.CLIENT_RUNNING],
      newTokens: cells[C.CLIENT_TOKENS],
      pairs: cells[C.CLIENT_PAIRS],
      contextTokens: cells[C.CLIENT_CONTEXT],
      preemptions: words[C.CLIENT_PREEMPTED * 2],
      swapsOut: words[C.CLIENT_SWAPS_OUT * 2],
      swapsIn: words[C.CLIENT_SWAPS_IN * 2],
      swapSeconds: cells[C.CLIENT_SWAP_SECONDS],
      peakBlocks: words[C.CLIENT_PEAK_BLOCKS * 2],
      peakSequences: words[C.CLIENT_PEAK_SEQS * 2],
      ...readDrafts(cells, words),
    };
  });
}

/** Where unfinished visits wait although nothing is left to happen. */
function stuckClients(program: FleetProgram, state: Int32Array, client: Int32Array): string[] {
  const names = new Set<string>();
  for (let v = 0; v < state.length; v++) {
    if (state[v] === E.STATE_UNFINISHED && client[v] >= 0) names.add(program.clients[client[v]].name);
  }
  return [...names].sort();
}
