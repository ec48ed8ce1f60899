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
}

export interface Simulator {
  run(requests: Requests, setup: EngineSetup): SimulatedRun;
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
    run(requests, setup) {
      const maxOutput = requests.output.reduce((most, tokens) => Math.max(most, tokens), 1);
      const work = workingSetBytes({ count: requests.count, maxOutput }, setup);
      const room = reserve(requestBytes(requests.count) + RUN_RECORD_BYTES + work + SLACK);
      const placed: PlacedRequests = placeRequests(room.arena, requests);
      const record = placeRunRecord(room.arena);
      const options = { leap: 'closed' } as const;
      fillRunRecord(record, placed, setup, options);
      runRecord(room.kernels, room.arena, record, placed, options);
      closeStates(placed);
      return { requests, results: placed, counters: readCounters(record), gaps: { edges, weights: record.histogram } };
    },
  };
}
