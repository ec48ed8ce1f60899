// Runs engine simulations one after the other in one memory, which grows only when a run needs more than any before it.
import { type Arena, openArena } from '../../columns/arena.ts';
import type { Kernels } from '../../kernels/interface.ts';
import { loadKernels } from '../../kernels/load.ts';
import type { ItlHistogram } from '../../metrics/itl.ts';
import type { EngineSetup, RequestResults } from '../../plan/setup.ts';
import {
  closeStates,
  type EngineCounters,
  fillRunRecord,
  histogramEdges,
  type PlacedRequests,
  placeRequests,
  placeRunRecord,
  RUN_RECORD_BYTES,
  type RunRecord,
  readCounters,
  requestBytes,
  runRecord,
  workingSetBytes,
} from '../../run/engine.ts';
import type { Requests } from '../../workload/types.ts';

/** What a run leaves behind. The columns are valid until the next run. */
export interface SimulatedRun {
  readonly requests: Requests;
  readonly results: RequestResults;
  readonly counters: EngineCounters;
  readonly gaps: ItlHistogram;
  /** What a steady window held; null where the whole run counts. */
  readonly window: WindowedRun | null;
}

/** The part of a run between two marks: from the first instant with `running` sequences to the end of request `finished`. */
export interface Marks {
  readonly running: number;
  readonly finished: number;
}

/** A window of a run, s; counters and gaps are those inside it. */
export interface WindowedRun {
  readonly start: number;
  readonly end: number;
  readonly counters: EngineCounters;
  readonly gaps: ItlHistogram;
}

export interface Simulator {
  /** With `marks`, also what happened between them; a run that never reaches the first has no window. */
  run(requests: Requests, setup: EngineSetup, marks?: Marks): SimulatedRun;
}

interface Snapshot {
  readonly clock: number;
  readonly counters: EngineCounters;
  readonly weights: Float64Array;
}

function takeSnapshot(clock: number, record: RunRecord): Snapshot {
  return { clock, counters: readCounters(record), weights: record.histogram.slice() };
}

function lastFinish({ finish, count }: PlacedRequests): number {
  let last = 0;
  for (let i = 0; i < count; i++) if (finish[i] > last) last = finish[i];
  return last;
}

/** What was counted between two snapshots. Peaks cannot be taken apart: they are those of the run so far. */
function subtract(from: Snapshot, to: Snapshot, edges: Float64Array): WindowedRun {
  const { counters: a } = from;
  const { counters: b } = to;
  const counters: EngineCounters = {
    ...b,
    steps: b.steps - a.steps,
    busySeconds: b.busySeconds - a.busySeconds,
    runningSeconds: b.runningSeconds - a.runningSeconds,
    newTokens: b.newTokens - a.newTokens,
    pairs: b.pairs - a.pairs,
    contextTokens: b.contextTokens - a.contextTokens,
    preemptions: b.preemptions - a.preemptions,
  };
  const weights = to.weights.map((weight, i) => weight - from.weights[i]);
  return { start: from.clock, end: to.clock, counters, gaps: { edges, weights } };
}

const SLACK = 4096;
const LEAST_BYTES = 1 << 24;

export function openSimulator(): Simulator {
  let arena: Arena | null = null;
  let kernels: Kernels | null = null;
  let start = 0;
  const edges = histogramEdges();

  /** An arena with `bytes` free, and kernels on it. */
  const reserve = (bytes: number): { arena: Arena; kernels: Kernels } => {
    if (arena === null || kernels === null || arena.bytes < bytes + start) {
      arena = openArena(Math.max(bytes + bytes / 2, LEAST_BYTES));
      kernels = loadKernels(arena.memory);
      start = arena.mark();
    }
    arena.release(start);
    return { arena, kernels };
  };
  return {
    run(requests, setup, marks) {
      const maxOutput = requests.output.reduce((most, tokens) => Math.max(most, tokens), 1);
      const work = workingSetBytes({ count: requests.count, maxOutput }, setup);
      const room = reserve(requestBytes(requests.count) + RUN_RECORD_BYTES + work + SLACK);
      const placed: PlacedRequests = placeRequests(room.arena, requests);
      const record = placeRunRecord(room.arena);
      const snapshots: Snapshot[] = [];
      const onMark = (clock: number) => void snapshots.push(takeSnapshot(clock, record));
      const options = { leap: 'closed', ...(marks ? { marks: { ...marks, onMark } } : {}) } as const;
      fillRunRecord(record, placed, setup, options);
      runRecord(room.kernels, room.arena, record, placed, options);
      closeStates(placed);
      const counters = readCounters(record);
      const gaps = { edges, weights: record.histogram };
      // the last completion is the end of the run: the kernel is done there and does not stop for it
      if (marks && snapshots.length === 1) snapshots.push(takeSnapshot(lastFinish(placed), record));
      const window = snapshots.length === 2 ? subtract(snapshots[0], snapshots[1], edges) : null;
      return { requests, results: placed, counters, gaps, window };
    },
  };
}
