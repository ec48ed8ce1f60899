// Drives the engine kernel over a filled run record: starts it, calls it until it is done, reads its log and its gaps.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import type { Arena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import type { ClientCounters } from '../metrics/fleet/types.ts';
import type { RequestResults, StepRecord } from '../plan/setup.ts';
import { type EngineOptions, type PlacedRequests, PROGRESS_STEPS, type RunRecord } from './run-record.ts';

/** What metrics read of a client, and what an engine always counts: preemptions that went to host memory and came back. */
export interface EngineCounters extends ClientCounters {
  readonly swapsOut: number;
  readonly swapsIn: number;
  /** s that steps lasted longer for copies (at full speed). */
  readonly swapSeconds: number;
}

export type StopReason = 'done' | 'hopeless' | 'stopped' | 'deadlock';

export const LOG_STEPS = 16384;

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
  return Math.max(LOG_STEPS, 2 * words[R.RUN_REPLICAS * 2]!);
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
    options.onSteps(readLog(log, words[R.RUN_LOGGED * 2]!));
    words[R.RUN_LOGGED * 2] = 0;
  }
  if (stop === E.STOP_DONE) return 'done';
  if (stop === E.STOP_HOPELESS) return 'hopeless';
  if (stop === E.STOP_DEADLOCK) return 'deadlock';
  if (stop === E.STOP_MARK) noteMark(record, options);
  else if (stop === E.STOP_EVENTS) cells[R.RUN_STEP_QUOTA] = cells[R.RUN_STEPS]! + PROGRESS_STEPS;
  else if (stop !== E.STOP_LOG_FULL) throw new Error(`the engine stopped for a reason that is not known here: ${stop}`);
  const progress = { finished: words[R.RUN_FINISHED * 2]!, clock: cells[R.RUN_CLOCK]!, steps: cells[R.RUN_STEPS]! };
  return options.onProgress && !options.onProgress(progress) ? 'stopped' : 'more';
}

/** One mark at a time: the kernel stops again at once where several were reached. */
function noteMark({ cells, words }: RunRecord, { marks }: EngineOptions): void {
  const arrived = words[R.RUN_NEXT_ARRIVAL * 2]! + words[R.RUN_TURNED * 2]!;
  if (arrived >= words[R.RUN_MARK_ARRIVED * 2]!) {
    words[R.RUN_MARK_ARRIVED * 2] = marks?.arrived.find((mark) => mark > arrived) ?? R.NO_MARK;
    marks?.onMark(cells[R.RUN_CLOCK]!, 'arrived');
    return;
  }
  const finished = words[R.RUN_MARK_FINISHED * 2]!;
  const isLast = finished > 0 && words[R.RUN_FINISHED * 2]! >= finished;
  words[(isLast ? R.RUN_MARK_FINISHED : R.RUN_MARK_RUNNING) * 2] = 0;
  marks?.onMark(cells[R.RUN_CLOCK]!, isLast ? 'finished' : 'running');
}

function readLog(log: Float64Array, count: number): StepRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const at = i * R.LOG_FIELDS;
    return {
      replica: log[at + R.LOG_REPLICA]!,
      start: log[at + R.LOG_START]!,
      duration: log[at + R.LOG_DURATION]!,
      prefillTokens: log[at + R.LOG_PREFILL_TOKENS]!,
      sequences: log[at + R.LOG_SEQUENCES]!,
      context: log[at + R.LOG_CONTEXT]!,
      blocks: log[at + R.LOG_BLOCKS]!,
    };
  });
}

/** What of its drafts a client had accepted; nothing where it has none. */
export function readDrafts(cells: Float64Array, words: Int32Array): Pick<EngineCounters, 'draftSteps' | 'accepted'> {
  const drafts = words[C.CLIENT_DRAFTS * 2]!;
  if (drafts === 0 || words[C.CLIENT_ROUND * 2] !== 0) return {};
  const counts = new Float64Array(cells.buffer, cells.byteOffset + words[C.CLIENT_AT_ACCEPTED * 2]!, drafts + 1);
  return { draftSteps: cells[C.CLIENT_DRAFT_STEPS], accepted: Array.from(counts) };
}

/** Lower edges (s) of the bins of the inter-token histogram, and one past the last: the same for every run, never written to. */
export const HISTOGRAM_EDGES: Float64Array = Float64Array.from({ length: R.HISTOGRAM_BINS + 1 }, (_, i) => {
  const octave = 2 ** (R.HISTOGRAM_MIN_EXPONENT + Math.floor(i / R.HISTOGRAM_PER_OCTAVE));
  return octave * (1 + (i % R.HISTOGRAM_PER_OCTAVE) / R.HISTOGRAM_PER_OCTAVE);
});

/** Inter-token gaps by length. */
export interface Gaps {
  readonly edges: Float64Array;
  readonly weights: Float64Array;
}

/** The histogram of inter-token gaps of a finished run. */
export function readGaps(record: RunRecord): Gaps {
  return { edges: HISTOGRAM_EDGES, weights: record.histogram.slice() };
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
