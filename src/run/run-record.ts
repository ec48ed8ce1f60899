// The record of one engine run and the columns beside it: placed in kernel memory and filled from a setup.
import { ADMISSION_FULL_LENGTH } from '../../assembly/layout/admission.ts';
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import { ADMISSION, BATCHING, PACKING, reservesFinal } from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import { type EngineSetup, NEW_TOKEN_RATIO, roundOf, type Speculation, type StepRecord } from '../plan/setup.ts';
import type { Requests } from '../workload/types.ts';

export type LeapName = 'none' | 'exact' | 'closed';

/** When a run may give up early: more than `allowed` requests over a limit (s) prove that a percentile misses its promise. */
export interface GiveUp {
  readonly ttftLimit: number;
  readonly ttftAllowed: number;
  readonly tpotLimit: number;
  readonly tpotAllowed: number;
  /** Only of requests from..to-1; absent = of all. */
  readonly from?: number;
  readonly to?: number;
}

/** Instants that the caller wants to hear of. */
export interface Marks {
  /** `running` sequences run on all replicas for the first time, `finished` requests are over; 0 = never. */
  readonly running: number;
  readonly finished: number;
  /** So many requests have arrived: ascending. */
  readonly arrived: readonly number[];
}

/** How an engine run goes: `exact` leaps give the bits of `none`, `closed` ones are equal to 1e-9 relative. */
export interface EngineOptions {
  readonly leap: LeapName;
  /** Called with every full log of steps; needs leap 'none'. */
  readonly onSteps?: (steps: StepRecord[]) => void;
  /** Called about every `quota` steps with the simulated time; return false to stop the run there. */
  readonly onProgress?: (progress: { finished: number; clock: number; steps: number }) => boolean;
  readonly giveUp?: GiveUp;
  readonly marks?: Marks & { readonly onMark: (clock: number, mark: keyof Marks) => void };
  readonly histogram?: boolean;
}

const LEAP = { none: E.LEAP_NONE, exact: E.LEAP_EXACT, closed: E.LEAP_CLOSED } as const;
/** Steps between two looks at progress. */
export const PROGRESS_STEPS = 1e6;

/** Request columns in kernel memory; inputs are shared by every run over them, outputs are overwritten by each. */
export interface PlacedRequests {
  readonly count: number;
  readonly concurrency: number;
  readonly maxOutput: number;
  /** In a closed loop this is overwritten by each run. */
  readonly arrival: Float64Array;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  /** Where every request is one visit, it is ready when it arrives: the same column. */
  readonly ready: Float64Array;
  readonly start: Float64Array;
  readonly first: Float64Array;
  readonly finish: Float64Array;
  readonly state: Int32Array;
  readonly preemptions: Int32Array;
  readonly replica: Int32Array;
  readonly next: Int32Array;
  readonly generated: Int32Array;
  /** null where no client swaps. */
  readonly swapped: Int32Array | null;
}

/**
 * Bytes that placeRequests takes for `count` visits of `arrivals` requests, cache-line padding included; a column for what was
 * `swapped` out only where some client swaps.
 */
export function requestBytes(count: number, arrivals = count, swaps = true): number {
  return count * (REQUEST_COLUMNS + (count > arrivals ? 8 : 0) + (swaps ? 4 : 0)) + arrivals * 8 + 13 * 320;
}
const REQUEST_COLUMNS = 7 * 4 + 3 * 8;

const LONGEST = new WeakMap<Int32Array, { readonly count: number; readonly most: number }>();

/** Longest of the first `count` outputs, at least one token: looked for once in a column, which the rows of a sweep share. */
export function maxOutputOf(output: Int32Array, count: number): number {
  const known = LONGEST.get(output);
  if (known?.count === count) return known.most;
  let most = 1;
  for (let i = 0; i < count; i++) if (output[i]! > most) most = output[i]!;
  LONGEST.set(output, { count, most });
  return most;
}

/**
 * Copies the requests into the arena and reserves the output columns beside them. A fleet places its visits, of which
 * a request may have several: `arrivals` is the number of requests then.
 */
export function placeRequests(
  arena: Arena,
  requests: Pick<Requests, 'count' | 'concurrency' | 'arrival' | 'prompt' | 'output'>,
  arrivals = requests.count,
  swaps = true,
): PlacedRequests {
  const n = requests.count;
  const arrival = arena.f64(arrivals);
  const prompt = arena.i32(n);
  const output = arena.i32(n);
  arrival.set(requests.arrival.subarray(0, arrivals));
  prompt.set(requests.prompt.subarray(0, n));
  output.set(requests.output.subarray(0, n));
  return {
    count: n,
    concurrency: requests.concurrency,
    maxOutput: maxOutputOf(requests.output, n),
    arrival,
    prompt,
    output,
    ready: n > arrivals ? arena.f64(n) : arrival,
    start: arena.f64(n),
    first: arena.f64(n),
    finish: arena.f64(n),
    state: arena.i32(n),
    preemptions: arena.i32(n),
    replica: arena.i32(n),
    next: arena.i32(n),
    generated: arena.i32(n),
    swapped: swaps ? arena.i32(n) : null,
  };
}

/** A run record with its views, and the histogram beside it; reused from run to run. */
export interface RunRecord {
  readonly cells: Float64Array;
  readonly words: Int32Array;
  readonly histogram: Float64Array;
}

export const RUN_RECORD_BYTES = R.RUN_CELLS * 8 + R.HISTOGRAM_BINS * 8 + 3 * 320;

/** Reserves a run record. */
export function placeRunRecord(arena: Arena): RunRecord {
  const cells = arena.f64(R.RUN_CELLS);
  const words = new Int32Array(cells.buffer, cells.byteOffset, R.RUN_CELLS * 2);
  return { cells, words, histogram: arena.f64(R.HISTOGRAM_BINS) };
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
  put(R.RUN_MARK_RUNNING, options.marks?.running ?? 0);
  put(R.RUN_MARK_FINISHED, options.marks?.finished ?? 0);
  put(R.RUN_MARK_ARRIVED, options.marks?.arrived[0] ?? R.NO_MARK);
  fillAddresses(put, requests, record, options);
  const giveUp = options.giveUp;
  cells[R.RUN_TTFT_LIMIT] = giveUp?.ttftLimit ?? Number.POSITIVE_INFINITY;
  cells[R.RUN_TPOT_LIMIT] = giveUp?.tpotLimit ?? Number.POSITIVE_INFINITY;
  put(R.RUN_TTFT_ALLOWED, giveUp?.ttftAllowed ?? 0x7fffffff);
  put(R.RUN_TPOT_ALLOWED, giveUp?.tpotAllowed ?? 0x7fffffff);
  put(R.RUN_COUNT_FROM, giveUp?.from ?? 0);
  put(R.RUN_COUNT_TO, giveUp?.to ?? requests.count);
  cells[R.RUN_UNTIL] = Number.POSITIVE_INFINITY;
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
  put(R.RUN_SWAPPED, requests.swapped?.byteOffset ?? 0);
  put(R.RUN_HISTOGRAM, options.histogram === false ? 0 : record.histogram.byteOffset);
}

/** What a client's parameters need of its setup; a fleet's clients have more. */
export type ClientSetup = Pick<
  EngineSetup,
  | 'batching'
  | 'admission'
  | 'maxNumSeqs'
  | 'maxNumBatchedTokens'
  | 'numGpuBlocks'
  | 'blockSize'
  | 'maxModelLen'
  | 'maxPrompt'
  | 'newTokenRatio'
  | 'watermark'
  | 'speculation'
  | 'swap'
  | 'schedulerSteps'
  | 'receiveEvery'
  | 'batchWait'
  | 'evenPrompts'
>;

/** Cells of a record in both views. */
interface Cells {
  readonly words: Int32Array;
  readonly cells: Float64Array;
}

/** Writes a client's limits into cells of a record, CLIENT_X at cell `base` + CLIENT_X. */
export function fillClient(record: Cells, base: number, setup: ClientSetup): void {
  const put = (cell: number, value: number) => {
    record.words[(base + cell) * 2] = value;
  };
  put(C.CLIENT_KIND, E.KIND_LLM);
  put(C.CLIENT_BATCHING, BATCHING.id[setup.batching]);
  // A static batch holds its blocks until its last sequence ends, so it reserves final lengths whatever the spec says.
  const full = reservesFinal(setup);
  put(C.CLIENT_ADMISSION, full ? ADMISSION_FULL_LENGTH : ADMISSION.id[setup.admission]);
  put(C.CLIENT_PACKING, PACKING.id.fcfs);
  put(C.CLIENT_MAX_SEQS, setup.maxNumSeqs);
  put(C.CLIENT_BUDGET, setup.maxNumBatchedTokens);
  put(C.CLIENT_BLOCKS, setup.numGpuBlocks);
  put(C.CLIENT_BLOCK_SIZE, setup.blockSize);
  put(C.CLIENT_MAX_LEN, setup.maxModelLen);
  put(C.CLIENT_MAX_PROMPT, setup.maxPrompt ?? 0);
  record.cells[base + C.CLIENT_NEW_TOKEN_RATIO] = setup.newTokenRatio ?? NEW_TOKEN_RATIO;
  put(C.CLIENT_WATERMARK, Math.floor((setup.watermark ?? 0) * setup.numGpuBlocks));
  // Where nothing is ever preempted nothing is swapped.
  put(C.CLIENT_SWAP_BLOCKS, full ? 0 : (setup.swap?.hostBlocks ?? 0));
  record.cells[base + C.CLIENT_PER_SWAP] = setup.swap?.secondsPerBlock ?? 0;
  put(C.CLIENT_CHANNEL, -1);
  put(C.CLIENT_RECEIVE_EVERY, setup.receiveEvery ?? 1);
  put(C.CLIENT_WAIT_STEPS, setup.batchWait?.steps ?? 0);
  put(C.CLIENT_WAIT_TOKENS, setup.batchWait?.tokens ?? 0);
  put(C.CLIENT_EVEN_STEPS, setup.evenPrompts?.steps ?? 0);
  put(C.CLIENT_EVEN_BATCH, setup.evenPrompts?.batching ?? 0);
  // Whose sequences advance unequally is looked at in every step.
  // A round takes the path of drafts that are all accepted: sequences are walked one by one.
  const round = roundOf(setup);
  if (round > 1 && setup.speculation) throw new RangeError('rounds of decodes and speculation cannot be together');
  put(C.CLIENT_ROUND, round > 1 ? round : 0);
  put(C.CLIENT_LEAPS, setup.speculation || round > 1 ? 0 : 1);
  put(C.CLIENT_DRAFTS, round > 1 ? round - 1 : (setup.speculation?.drafts ?? 0));
}

/** Writes a client's price; a surface that does not lie in kernel memory is copied to `room`. */
export function fillPrice(record: Cells, base: number, price: EngineSetup['price'], room: Float64Array): void {
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

/** Writes how a client's drafts are accepted, and what they cost where the spec says so; `room` is in kernel memory. */
export function fillSpeculation(
  record: Cells,
  base: number,
  speculation: Speculation,
  price: EngineSetup['price'],
  room: Float64Array,
): void {
  const { cells, words } = record;
  const { drafts, acceptance, seed } = speculation;
  for (let i = 0; i < drafts; i++) room[i] = acceptance[i]! * 2 ** 32;
  words[(base + C.CLIENT_ACCEPTANCE) * 2] = room.byteOffset;
  words[(base + C.CLIENT_DRAFT_SEED) * 2] = seed;
  words[(base + C.CLIENT_PREFIX_LOSS) * 2] = speculation.prefixLoss ?? 0;
  if (price instanceof Float64Array) return;
  cells[base + C.CLIENT_PER_DRAFT_STEP] = drafts * (price.per_draft_pass_s ?? 0);
  cells[base + C.CLIENT_PER_DRAFT] = drafts * (price.per_draft_token_s ?? 0);
}
