// Runs one deployment request by request: columns into memory, the engine kernel until it is done, results out.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import { SURFACE_SIZE } from '../../assembly/layout/surface.ts';
import { type Arena, openArena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { loadKernels } from '../kernels/load.ts';
import type { Requests } from '../workload/types.ts';
import type { EngineSetup, RequestResults, StepRecord } from './setup.ts';

export type LeapName = 'none' | 'exact' | 'closed';

/** When a run may give up early: more than `allowed` requests over a limit (s) prove that a percentile misses its promise. */
export interface GiveUp {
  readonly ttftLimit: number;
  readonly ttftAllowed: number;
  readonly tpotLimit: number;
  readonly tpotAllowed: number;
}

/** How an engine run goes: `exact` leaps give the bits of `none`, `closed` ones are equal to 1e-9 relative. */
export interface EngineOptions {
  readonly leap: LeapName;
  /** Called with every full log of steps; needs leap 'none'. */
  readonly onSteps?: (steps: StepRecord[]) => void;
  /** Called about every `quota` steps with the simulated time; return false to stop the run there. */
  readonly onProgress?: (progress: { finished: number; clock: number; steps: number }) => boolean;
  readonly giveUp?: GiveUp;
  readonly histogram?: boolean;
}

export interface EngineCounters {
  readonly steps: number;
  readonly busySeconds: number;
  readonly runningSeconds: number;
  readonly newTokens: number;
  readonly pairs: number;
  readonly contextTokens: number;
  readonly preemptions: number;
  readonly peakBlocks: number;
  readonly peakSequences: number;
}

export type StopReason = 'done' | 'hopeless' | 'stopped' | 'deadlock';

const BATCHING = {
  static: E.BATCHING_STATIC,
  continuous: E.BATCHING_CONTINUOUS,
  chunked: E.BATCHING_CHUNKED,
  mixed: E.BATCHING_MIXED,
} as const;
const LEAP = { none: E.LEAP_NONE, exact: E.LEAP_EXACT, closed: E.LEAP_CLOSED } as const;
export const LOG_STEPS = 16384;
const PROGRESS_STEPS = 1e6;

/** Request columns in kernel memory; inputs are shared by every run over them, outputs are overwritten by each. */
export interface PlacedRequests {
  readonly count: number;
  readonly concurrency: number;
  readonly maxOutput: number;
  /** In a closed loop this is overwritten by each run. */
  readonly arrival: Float64Array;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly first: Float64Array;
  readonly finish: Float64Array;
  readonly state: Int32Array;
  readonly preemptions: Int32Array;
  readonly replica: Int32Array;
  readonly next: Int32Array;
  readonly generated: Int32Array;
}

/** Bytes that placeRequests takes for `count` requests, cache-line padding included. */
export function requestBytes(count: number): number {
  return count * 52 + 10 * 320;
}

/** Copies the requests into the arena and reserves the output columns beside them. */
export function placeRequests(arena: Arena, requests: Requests): PlacedRequests {
  const n = requests.count;
  const arrival = arena.f64(n);
  const prompt = arena.i32(n);
  const output = arena.i32(n);
  arrival.set(requests.arrival.subarray(0, n));
  prompt.set(requests.prompt.subarray(0, n));
  output.set(requests.output.subarray(0, n));
  let maxOutput = 1;
  for (let i = 0; i < n; i++) if (output[i] > maxOutput) maxOutput = output[i];
  return {
    count: n,
    concurrency: requests.concurrency,
    maxOutput,
    arrival,
    prompt,
    output,
    first: arena.f64(n),
    finish: arena.f64(n),
    state: arena.i32(n),
    preemptions: arena.i32(n),
    replica: arena.i32(n),
    next: arena.i32(n),
    generated: arena.i32(n),
  };
}

/** A run record with its views, and the histogram beside it; reused from run to run. */
export interface RunRecord {
  readonly cells: Float64Array;
  readonly words: Int32Array;
  readonly histogram: Float64Array;
  readonly surface: Float64Array;
}

export const RUN_RECORD_BYTES = R.RUN_CELLS * 8 + R.HISTOGRAM_BINS * 8 + SURFACE_SIZE * 8 + 4 * 320;

/** Reserves a run record. */
export function placeRunRecord(arena: Arena): RunRecord {
  const cells = arena.f64(R.RUN_CELLS);
  const words = new Int32Array(cells.buffer, cells.byteOffset, R.RUN_CELLS * 2);
  return { cells, words, histogram: arena.f64(R.HISTOGRAM_BINS), surface: arena.f64(SURFACE_SIZE) };
}

/** Fills the parameters of a run record. The surface is used where it lies when it is in kernel memory, else copied. */
export function fillRunRecord(
  record: RunRecord,
  requests: PlacedRequests,
  setup: EngineSetup,
  options: EngineOptions,
): void {
  fillRunOptions(record, requests, options);
  const put = (cell: number, value: number) => {
    record.words[cell * 2] = value;
  };
  put(R.RUN_REQUESTS, requests.count);
  put(R.RUN_VISITS, requests.count);
  put(R.RUN_REPLICAS, setup.replicas);
  put(R.RUN_ROUTING, setup.routing === 'least-loaded' ? E.ROUTING_LEAST_LOADED : E.ROUTING_ROUND_ROBIN);
  fillClient(record, R.RUN_CLIENT - C.CLIENT_FIRST, setup);
  fillPrice(record, R.RUN_CLIENT - C.CLIENT_FIRST, setup.price, record.surface);
}

/** The part of a run record that does not depend on the clients. */
export function fillRunOptions(record: RunRecord, requests: PlacedRequests, options: EngineOptions): void {
  const { cells, words } = record;
  cells.fill(0);
  const put = (cell: number, value: number) => {
    words[cell * 2] = value;
  };
  put(R.RUN_LEAP, LEAP[options.leap]);
  put(R.RUN_CONCURRENCY, requests.concurrency);
  put(R.RUN_MAX_OUTPUT, requests.maxOutput);
  fillAddresses(put, requests, record, options);
  const giveUp = options.giveUp;
  cells[R.RUN_TTFT_LIMIT] = giveUp?.ttftLimit ?? Number.POSITIVE_INFINITY;
  cells[R.RUN_TPOT_LIMIT] = giveUp?.tpotLimit ?? Number.POSITIVE_INFINITY;
  put(R.RUN_TTFT_ALLOWED, giveUp?.ttftAllowed ?? 0x7fffffff);
  put(R.RUN_TPOT_ALLOWED, giveUp?.tpotAllowed ?? 0x7fffffff);
  cells[R.RUN_STEP_QUOTA] = options.onProgress ? PROGRESS_STEPS : Number.POSITIVE_INFINITY;
}

type Put = (cell: number, value: number) => void;

function fillAddresses(put: Put, requests: PlacedRequests, record: RunRecord, options: EngineOptions): void {
  put(R.RUN_ARRIVAL, requests.arrival.byteOffset);
  put(R.RUN_PROMPT, requests.prompt.byteOffset);
  put(R.RUN_OUTPUT, requests.output.byteOffset);
  put(R.RUN_FIRST, requests.first.byteOffset);
  put(R.RUN_FINISH, requests.finish.byteOffset);
  put(R.RUN_STATE, requests.state.byteOffset);
  put(R.RUN_PREEMPTIONS, requests.preemptions.byteOffset);
  put(R.RUN_REPLICA_OF, requests.replica.byteOffset);
  put(R.RUN_NEXT, requests.next.byteOffset);
  put(R.RUN_GENERATED, requests.generated.byteOffset);
  put(R.RUN_HISTOGRAM, options.histogram === false ? 0 : record.histogram.byteOffset);
}

/** What a client's parameters need of its setup; a fleet's clients have more. */
export type ClientSetup = Omit<EngineSetup, 'routing' | 'replicas'>;

/** Writes a client's limits into cells of a record, CLIENT_X at cell `base` + CLIENT_X. */
export function fillClient(record: { words: Int32Array; cells: Float64Array }, base: number, setup: ClientSetup): void {
  const { words } = record;
  const put = (cell: number, value: number) => {
    words[(base + cell) * 2] = value;
  };
  put(C.CLIENT_KIND, E.KIND_LLM);
  put(C.CLIENT_BATCHING, BATCHING[setup.batching]);
  // A static batch holds its blocks until its last sequence ends, so it reserves final lengths whatever the spec says.
  const full = setup.admission === 'full-length' || setup.batching === 'static';
  put(C.CLIENT_ADMISSION, full ? E.ADMISSION_FULL_LENGTH : E.ADMISSION_PROMPT);
  put(C.CLIENT_PACKING, E.PACKING_FCFS);
  put(C.CLIENT_MAX_SEQS, setup.maxNumSeqs);
  put(C.CLIENT_BUDGET, setup.maxNumBatchedTokens);
  put(C.CLIENT_BLOCKS, setup.numGpuBlocks);
  put(C.CLIENT_BLOCK_SIZE, setup.blockSize);
  put(C.CLIENT_MAX_LEN, setup.maxModelLen);
  put(C.CLIENT_CHANNEL, -1);
  put(C.CLIENT_LEAPS, 1);
}

/** Writes a client's price; a surface that does not lie in kernel memory is copied to `room`. */
export function fillPrice(
  record: { words: Int32Array; cells: Float64Array },
  base: number,
  price: EngineSetup['price'],
  room: Float64Array,
): void {
  const { cells, words } = record;
  if (price instanceof Float64Array) {
    words[(base + C.CLIENT_PRICE) * 2] = E.PRICE_SURFACE;
    const inMemory = price.buffer === cells.buffer;
    if (!inMemory) room.set(price);
    words[(base + C.CLIENT_SURFACE) * 2] = inMemory ? price.byteOffset : room.byteOffset;
    return;
  }
  words[(base + C.CLIENT_PRICE) * 2] = E.PRICE_LINEAR;
  cells[base + C.CLIENT_PER_STEP] = price.fixed_s;
  cells[base + C.CLIENT_PER_TOKEN] = price.per_new_token_s;
  cells[base + C.CLIENT_PER_PAIR] = price.per_prefill_pair_s;
  cells[base + C.CLIENT_PER_SEQUENCE] = price.per_sequence_s;
  cells[base + C.CLIENT_PER_CONTEXT] = price.per_context_token_s;
}

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
  if (stop === E.STOP_EVENTS) cells[R.RUN_STEP_QUOTA] = cells[R.RUN_STEPS] + PROGRESS_STEPS;
  else if (stop !== E.STOP_LOG_FULL) throw new Error(`the engine stopped for a reason that is not known here: ${stop}`);
  const progress = { finished: words[R.RUN_FINISHED * 2], clock: cells[R.RUN_CLOCK], steps: cells[R.RUN_STEPS] };
  return options.onProgress && !options.onProgress(progress) ? 'stopped' : 'more';
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
    peakBlocks: words[R.RUN_PEAK_BLOCKS * 2],
    peakSequences: words[R.RUN_PEAK_SEQS * 2],
  };
}

/** Marks what a stopped run left undone and clears the times that only a finished request has. */
export function closeStates(requests: PlacedRequests): void {
  for (let i = 0; i < requests.count; i++) {
    if (requests.state[i] === E.STATE_PENDING) requests.state[i] = E.STATE_UNFINISHED;
    if (requests.state[i] !== E.STATE_FINISHED) requests.finish[i] = Number.NaN;
  }
}

/** Lower edges (s) of the bins of the inter-token histogram, and one past the last. */
export function histogramEdges(): Float64Array {
  return Float64Array.from({ length: R.HISTOGRAM_BINS + 1 }, (_, i) => {
    const octave = 2 ** (R.HISTOGRAM_MIN_EXPONENT + Math.floor(i / R.HISTOGRAM_PER_OCTAVE));
    return octave * (1 + (i % R.HISTOGRAM_PER_OCTAVE) / R.HISTOGRAM_PER_OCTAVE);
  });
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
  words[R.RUN_MAX_OUTPUT * 2] = requests.maxOutput;
  fillClient(probe.record, R.RUN_CLIENT - C.CLIENT_FIRST, setup);
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
  const placed = placeRequests(arena, requests);
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
