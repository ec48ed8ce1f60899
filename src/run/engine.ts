// Runs one deployment request by request: columns into memory, the engine kernel until it is done, results out.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import { type Arena, openArena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { loadKernels } from '../kernels/load.ts';
import type { ClientCounters } from '../metrics/fleet/types.ts';
import type { EngineSetup, RequestResults, StepRecord } from '../plan/setup.ts';
import type { Requests } from '../workload/types.ts';
import {
  type EngineOptions,
  fillClient,
  fillRunRecord,
  type PlacedRequests,
  PROGRESS_STEPS,
  placeRequests,
  placeRunRecord,
  RUN_RECORD_BYTES,
  type RunRecord,
  requestBytes,
} from './run-record.ts';

export type { EngineOptions, GiveUp, LeapName, PlacedRequests, RunRecord } from './run-record.ts';
export { fillRunRecord, placeRequests, placeRunRecord, RUN_RECORD_BYTES, requestBytes } from './run-record.ts';

/** What metrics read of a client, and what an engine always counts: preemptions that went to host memory and came back. */
export interface EngineCounters extends ClientCounters {
  readonly swapsOut: number;
  readonly swapsIn: number;
  /** s that steps lasted longer for copies (at full speed). */
  readonly swapSeconds: number;
}

export type StopReason = 'done' | 'hopeless' | 'stopped' | 'deadlock';

export const LOG_STEPS = 16384;

/** Runs a filled record to its end; its working set is taken from the arena and given back. */
export function runRecord(
  kernels: Kernels,
  arena: Arena,
  record: RunRecord,
  requests: PlacedRequests,
  options: EngineOptions,
): StopReason {
  const mark = arena.mark();
  try {
    const log = startRecord(kernels, arena, record, requests, options);
    while (true) {
      const stop = advanceRecord(kernels, record, log, options);
      if (stop !== 'more') return stop;
    }
  } finally {
    arena.release(mark);
  }
}

/** Takes the working set (and the step log, if asked for) and resets the run. */
export function startRecord(
  kernels: Kernels,
  arena: Arena,
  record: RunRecord,
  requests: PlacedRequests,
  options: EngineOptions,
): Float64Array | null {
  const { cells, words } = record;
  const work = arena.take(kernels.engineBytes(cells.byteOffset));
  const log = options.onSteps ? arena.f64(logCapacity(words) * R.LOG_FIELDS) : null;
  if (log) {
    words[R.RUN_LOG * 2] = log.byteOffset;
    words[R.RUN_LOG_CAPACITY * 2] = logCapacity(words);
  }
  if (requests.concurrency > 0) requests.arrival.fill(0);
  kernels.engineReset(cells.byteOffset, work);
  return log;
}

function logCapacity(words: Int32Array): number {
  return Math.max(LOG_STEPS, 2 * words[R.RUN_REPLICAS * 2]);
}

/** One call of the kernel: until the run is done, the log is full or the step quota is spent. */
export function advanceRecord(
  kernels: Kernels,
  record: RunRecord,
  log: Float64Array | null,
  options: EngineOptions,
): StopReason | 'more' {
  const { cells, words } = record;
  const stop = kernels.engineRun(cells.byteOffset);
  if (log && options.onSteps) {
    options.onSteps(readLog(log, words[R.RUN_LOGGED * 2]));
    words[R.RUN_LOGGED * 2] = 0;
  }
  if (stop === E.STOP_DONE) return 'done';
  if (stop === E.STOP_HOPELESS) return 'hopeless';
  if (stop === E.STOP_DEADLOCK) return 'deadlock';
  if (stop === E.STOP_MARK) noteMark(record, options);
  else if (stop === E.STOP_EVENTS) cells[R.RUN_STEP_QUOTA] = cells[R.RUN_STEPS] + PROGRESS_STEPS;
  else if (stop !== E.STOP_LOG_FULL) throw new Error(`the engine stopped for a reason that is not known here: ${stop}`);
  const progress = { finished: words[R.RUN_FINISHED * 2], clock: cells[R.RUN_CLOCK], steps: cells[R.RUN_STEPS] };
  return options.onProgress && !options.onProgress(progress) ? 'stopped' : 'more';
}

/** One mark at a time: the kernel stops again at once where both were reached. */
function noteMark({ cells, words }: RunRecord, options: EngineOptions): void {
  const finished = words[R.RUN_MARK_FINISHED * 2];
  const isLast = finished > 0 && words[R.RUN_FINISHED * 2] >= finished;
  words[(isLast ? R.RUN_MARK_FINISHED : R.RUN_MARK_RUNNING) * 2] = 0;
  options.marks?.onMark(cells[R.RUN_CLOCK], isLast);
}

function readLog(log: Float64Array, count: number): StepRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const at = i * R.LOG_FIELDS;
    return {
      replica: log[at + R.LOG_REPLICA],
      start: log[at + R.LOG_START],
      duration: log[at + R.LOG_DURATION],
      prefillTokens: log[at + R.LOG_PREFILL_TOKENS],
      sequences: log[at + R.LOG_SEQUENCES],
      context: log[at + R.LOG_CONTEXT],
      blocks: log[at + R.LOG_BLOCKS],
    };
  });
}

/** The counters of a finished run. */
export function readCounters(record: RunRecord): EngineCounters {
  const { cells, words } = record;
  return {
    steps: cells[R.RUN_STEPS],
    busySeconds: cells[R.RUN_BUSY],
    runningSeconds: cells[R.RUN_RUNNING],
    newTokens: cells[R.RUN_TOKENS],
    pairs: cells[R.RUN_PAIRS],
    contextTokens: cells[R.RUN_CONTEXT],
    preemptions: words[R.RUN_PREEMPTED * 2],
    swapsOut: words[R.RUN_SWAPS_OUT * 2],
    swapsIn: words[R.RUN_SWAPS_IN * 2],
    swapSeconds: cells[R.RUN_SWAP_SECONDS],
    peakBlocks: words[R.RUN_PEAK_BLOCKS * 2],
    peakSequences: words[R.RUN_PEAK_SEQS * 2],
    ...sumDrafts(listClients(record)),
  };
}

/** A client's record in both views. */
export interface ClientCells {
  readonly cells: Float64Array;
  readonly words: Int32Array;
}

/** The records of all clients of a run that was reset. */
export function listClients(record: RunRecord): ClientCells[] {
  const { buffer } = record.cells;
  const table = new Int32Array(buffer, record.words[R.RUN_TABLE * 2], record.words[R.RUN_REPLICAS * 2]);
  return Array.from(table, (address) => ({
    cells: new Float64Array(buffer, address, C.CLIENT_CELLS),
    words: new Int32Array(buffer, address, C.CLIENT_CELLS * 2),
  }));
}

/** Draft counters of clients that speculate alike; nothing where none does. */
export function sumDrafts(clients: readonly ClientCells[]): Pick<EngineCounters, 'draftSteps' | 'accepted'> {
  let draftSteps = 0;
  const accepted: number[] = [];
  for (const { cells, words } of clients) {
    const drafts = words[C.CLIENT_DRAFTS * 2];
    if (drafts === 0 || words[C.CLIENT_ROUND * 2] !== 0) continue;
    draftSteps += cells[C.CLIENT_DRAFT_STEPS];
    const counts = new Float64Array(cells.buffer, cells.byteOffset + words[C.CLIENT_AT_ACCEPTED * 2], drafts + 1);
    for (const [i, count] of counts.entries()) accepted[i] = (accepted[i] ?? 0) + count;
  }
  return accepted.length > 0 ? { draftSteps, accepted } : {};
}

/** Marks what a stopped run left undone and clears the times that only a finished request has. */
export function closeStates(requests: PlacedRequests): void {
  for (let i = 0; i < requests.count; i++) {
    if (requests.state[i] === E.STATE_PENDING) requests.state[i] = E.STATE_UNFINISHED;
    if (requests.state[i] !== E.STATE_FINISHED) requests.finish[i] = Number.NaN;
  }
}

/** Lower edges (s) of the bins of the inter-token histogram, and one past the last: the same for every run, never written to. */
export const HISTOGRAM_EDGES: Float64Array = Float64Array.from({ length: R.HISTOGRAM_BINS + 1 }, (_, i) => {
  const octave = 2 ** (R.HISTOGRAM_MIN_EXPONENT + Math.floor(i / R.HISTOGRAM_PER_OCTAVE));
  return octave * (1 + (i % R.HISTOGRAM_PER_OCTAVE) / R.HISTOGRAM_PER_OCTAVE);
});

export function histogramEdges(): Float64Array {
  return HISTOGRAM_EDGES;
}

/** What an engine run left: per-request columns, iterations where they were asked for, counters, inter-token gaps. */
export interface EngineRun {
  readonly results: RequestResults;
  readonly steps: StepRecord[];
  readonly counters: EngineCounters;
  readonly itl: { readonly edges: Float64Array; readonly weights: Float64Array };
  readonly stop: StopReason;
}

let probe: { kernels: Kernels; record: RunRecord } | undefined;

/** Working-set bytes of a run, asked of the kernel itself on a small memory of its own: no size is declared twice. */
export function workingSetBytes(requests: { count: number; maxOutput: number }, setup: EngineSetup): number {
  if (!probe) {
    const arena = openArena(RUN_RECORD_BYTES);
    probe = { kernels: loadKernels(arena.memory), record: placeRunRecord(arena) };
  }
  const { words, cells } = probe.record;
  words[R.RUN_REQUESTS * 2] = requests.count;
  words[R.RUN_VISITS * 2] = requests.count;
  words[R.RUN_REPLICAS * 2] = setup.replicas;
  fillClient(probe.record, R.RUN_CLIENT - C.CLIENT_FIRST, setup);
  words[R.RUN_MAX_OUTPUT * 2] = requests.maxOutput;
  return probe.kernels.engineBytes(cells.byteOffset);
}

/** A run in a memory of its own that goes on call by call, so that a long one can show progress and be stopped. */
export interface StartedRun {
  advance(): StopReason | 'more';
  /** Copies everything out; what is not finished counts as unfinished. */
  close(stop: StopReason): EngineRun;
}

/** Starts `requests` through `setup`. Throws RangeError when the columns and the working set pass 4 GiB. */
export function startEngine(
  requests: Requests,
  setup: EngineSetup,
  options: EngineOptions & { steps?: boolean },
): StartedRun {
  let maxOutput = 1;
  for (let i = 0; i < requests.count; i++) if (requests.output[i] > maxOutput) maxOutput = requests.output[i];
  const work = workingSetBytes({ count: requests.count, maxOutput }, setup);
  const steps: StepRecord[] = [];
  const collect = (batch: StepRecord[]) => {
    for (const step of batch) steps.push(step);
  };
  const full: EngineOptions = { ...options, onSteps: options.onSteps ?? (options.steps ? collect : undefined) };
  const logBytes = full.onSteps ? Math.max(LOG_STEPS, 2 * setup.replicas) * R.LOG_FIELDS * 8 : 0;
  const arena = openArena(requestBytes(requests.count) + RUN_RECORD_BYTES + work + logBytes + 2048);
  const kernels = loadKernels(arena.memory);
  const placed = placeRequests(arena, requests, requests.count, setup.swap !== undefined);
  const record = placeRunRecord(arena);
  fillRunRecord(record, placed, setup, full);
  const log = startRecord(kernels, arena, record, placed, full);
  return {
    advance: () => advanceRecord(kernels, record, log, full),
    close: (stop) => {
      closeStates(placed);
      return { results: copyResults(placed), steps, counters: readCounters(record), itl: readGaps(record), stop };
    },
  };
}

/** The histogram of inter-token gaps of a finished run. */
export function readGaps(record: RunRecord): EngineRun['itl'] {
  return { edges: histogramEdges(), weights: record.histogram.slice() };
}

/** Copies of the result columns. */
export function copyResults(placed: PlacedRequests): RequestResults {
  return {
    state: placed.state.slice(),
    arrival: placed.arrival.slice(),
    first: placed.first.slice(),
    finish: placed.finish.slice(),
    preemptions: placed.preemptions.slice(),
    replica: placed.replica.slice(),
  };
}

/** Runs `requests` through `setup` to the end and returns copies of everything. */
export function runEngine(
  requests: Requests,
  setup: EngineSetup,
  options: EngineOptions & { steps?: boolean },
): EngineRun {
  const run = startEngine(requests, setup, options);
  while (true) {
    const stop = run.advance();
    if (stop !== 'more') return run.close(stop);
  }
}
