// The state of the engine twin: what the kernel keeps in records of cells, as objects with typed arrays.
import { HISTOGRAM_BINS } from '../../assembly/layout/run.ts';
import type { EngineSetup, RequestResults } from '../../src/plan/setup.ts';
import type { LeapName } from '../../src/run/run-record.ts';
import type { Requests } from '../../src/workload/types.ts';

/** Slots by number; -1 = none. One array per field, one entry per slot. */
export interface Slots {
  readonly request: Int32Array;
  readonly runPrev: Int32Array;
  readonly runNext: Int32Array;
  readonly wheelPrev: Int32Array;
  readonly wheelNext: Int32Array;
  readonly past0: Int32Array; // past - tick while it decodes
  readonly finishTick: Int32Array;
  readonly need: Int32Array;
  readonly residue: Int32Array;
  readonly entered: Float64Array;
}

/** One LLM client: numbers that IDLE names, and its arrays. */
export type Replica = { -readonly [Name in keyof typeof IDLE]: (typeof IDLE)[Name] } & {
  readonly index: number;
  /** Decoding sequences by the phase in which they need a block. */
  readonly residues: Int32Array;
  /** First slot of each bucket of finish ticks, and a bit per bucket that is not empty. */
  readonly wheel: Int32Array;
  readonly wheelBits: Int32Array;
  readonly chunkSlot: Int32Array; // -1: the chunk does not complete its prompt
  readonly chunkSize: Int32Array;
  readonly chunkPairs: Float64Array;
  /** Sequences by the time of their last token. */
  readonly groupTime: Float64Array;
  readonly groupCount: Int32Array;
  readonly slots: Slots;
};

export interface TwinCounters {
  steps: number;
  busySeconds: number;
  runningSeconds: number;
  newTokens: number;
  pairs: number;
  contextTokens: number;
  preemptions: number;
  swapsOut: number;
  swapsIn: number;
  swapSeconds: number;
  peakBlocks: number;
  peakSequences: number;
}

export interface TwinRun {
  readonly setup: EngineSetup;
  readonly exact: boolean;
  readonly leaps: boolean;
  readonly count: number;
  readonly arrival: Float64Array;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly results: RequestResults;
  readonly next: Int32Array;
  readonly generated: Int32Array;
  readonly histogram: Float64Array;
  readonly replicas: Replica[];
  readonly counters: TwinCounters;
  nextArrival: number;
  lastReplica: number;
  /** The affine price of the decode step last looked up: seconds = a + b * context while context < end. */
  piece: { a: number; b: number; end: number };
}

/** A run with its memory. The columns of `requests` are read, not copied. */
export function openTwin(requests: Requests, setup: EngineSetup, leap: LeapName): TwinRun {
  const small = (setup.receiveEvery ?? 1) <= 1 && setup.batchWait === undefined && setup.speculation === undefined;
  if (setup.batching !== 'chunked' || setup.admission !== 'prompt' || requests.concurrency > 0 || !small) {
    throw new Error(
      'the engine twin knows chunked batching, admission by prompt, open arrivals, and no rules of one engine',
    );
  }
  const { count } = requests;
  let maxOutput = 1;
  for (let i = 0; i < count; i++) if (requests.output[i] > maxOutput) maxOutput = requests.output[i];
  return {
    setup,
    exact: leap === 'exact',
    leaps: leap !== 'none',
    count,
    arrival: requests.arrival,
    prompt: requests.prompt,
    output: requests.output,
    results: {
      state: new Int32Array(count),
      arrival: requests.arrival,
      first: new Float64Array(count),
      finish: new Float64Array(count),
      preemptions: new Int32Array(count),
      replica: new Int32Array(count),
    },
    next: new Int32Array(count),
    generated: new Int32Array(count),
    histogram: new Float64Array(HISTOGRAM_BINS),
    replicas: Array.from({ length: setup.replicas }, (_, i) => openReplica(i, setup, count, maxOutput)),
    counters: { ...NOTHING },
    nextArrival: 0,
    lastReplica: 0,
    piece: { a: 0, b: 0, end: 0 },
  };
}

const NOTHING: TwinCounters = {
  steps: 0,
  busySeconds: 0,
  runningSeconds: 0,
  newTokens: 0,
  pairs: 0,
  contextTokens: 0,
  preemptions: 0,
  swapsOut: 0,
  swapsIn: 0,
  swapSeconds: 0,
  peakBlocks: 0,
  peakSequences: 0,
};

/** Clears what a run left behind. */
export function resetTwin(run: TwinRun): void {
  const { results } = run;
  results.state.fill(0);
  results.first.fill(Number.NaN);
  results.finish.fill(Number.NaN);
  results.preemptions.fill(0);
  results.replica.fill(-1);
  run.generated.fill(0);
  run.histogram.fill(0);
  Object.assign(run.counters, NOTHING);
  run.nextArrival = 0;
  run.lastReplica = run.replicas.length - 1;
  for (const rep of run.replicas) {
    Object.assign(rep, IDLE);
    rep.residues.fill(0);
    rep.wheel.fill(-1);
    rep.wheelBits.fill(0);
  }
}

const IDLE = {
  end: Number.POSITIVE_INFINITY,
  start: 0,
  decodes: 0,
  context: 0,
  tick: 0,
  phase: 0,
  used: 0,
  waitHead: -1,
  waitTail: -1,
  waiting: 0,
  runTail: -1,
  partial: -1,
  partialPast: 0,
  freeSlot: -1,
  slotsUsed: 0,
  running: 0,
  outstanding: 0,
  steps: 0,
  decoding: false,
  chunks: 0,
  chunkTokens: 0,
  pairs: 0,
  completing: 0,
  lastDecode: 0,
  groups: 0,
  ready: false,
  preempted: false,
  blocked: false,
  pieceA: 0,
  pieceB: 0,
  busySeconds: 0,
  runningSeconds: 0,
};

function openReplica(index: number, setup: EngineSetup, count: number, maxOutput: number): Replica {
  const most = Math.min(setup.maxNumSeqs, count);
  let wheel = 64;
  while (wheel < maxOutput + 1) wheel *= 2;
  return {
    index,
    ...IDLE,
    residues: new Int32Array(setup.blockSize),
    wheel: new Int32Array(wheel),
    wheelBits: new Int32Array(wheel / 32),
    chunkSlot: new Int32Array(most + 1),
    chunkSize: new Int32Array(most + 1),
    chunkPairs: new Float64Array(most + 1),
    groupTime: new Float64Array(most + 2),
    groupCount: new Int32Array(most + 2),
    slots: openSlots(most),
  };
}

function openSlots(most: number): Slots {
  const column = () => new Int32Array(most);
  return {
    request: column(),
    runPrev: column(),
    runNext: column(),
    wheelPrev: column(),
    wheelNext: column(),
    past0: column(),
    finishTick: column(),
    need: column(),
    residue: column(),
    entered: new Float64Array(most),
  };
}

export function blocksFor(tokens: number, blockSize: number): number {
  return ((tokens + blockSize - 1) / blockSize) | 0;
}

// The order of admission

export function takeSlot(rep: Replica, request: number): number {
  const { slots } = rep;
  let slot = rep.freeSlot;
  if (slot >= 0) rep.freeSlot = slots.runNext[slot];
  else slot = rep.slotsUsed++;
  slots.request[slot] = request;
  slots.runPrev[slot] = rep.runTail;
  slots.runNext[slot] = -1;
  if (rep.runTail >= 0) slots.runNext[rep.runTail] = slot;
  rep.runTail = slot;
  return slot;
}

export function freeSlot(rep: Replica, slot: number): void {
  const { runPrev, runNext } = rep.slots;
  const prev = runPrev[slot];
  const next = runNext[slot];
  if (prev >= 0) runNext[prev] = next;
  if (next >= 0) runPrev[next] = prev;
  else rep.runTail = prev;
  runNext[slot] = rep.freeSlot;
  rep.freeSlot = slot;
}

// The wheel of finish ticks

export function addToWheel(rep: Replica, slot: number, tick: number): void {
  const { slots, wheel, wheelBits } = rep;
  const bucket = tick & (wheel.length - 1);
  const first = wheel[bucket];
  slots.finishTick[slot] = tick;
  slots.wheelPrev[slot] = -1;
  slots.wheelNext[slot] = first;
  if (first >= 0) slots.wheelPrev[first] = slot;
  wheel[bucket] = slot;
  wheelBits[bucket >> 5] |= 1 << (bucket & 31);
}

export function removeFromWheel(rep: Replica, slot: number): void {
  const { slots, wheel } = rep;
  const prev = slots.wheelPrev[slot];
  const next = slots.wheelNext[slot];
  if (next >= 0) slots.wheelPrev[next] = prev;
  if (prev >= 0) {
    slots.wheelNext[prev] = next;
    return;
  }
  const bucket = slots.finishTick[slot] & (wheel.length - 1);
  wheel[bucket] = next;
  if (next < 0) clearBit(rep, bucket);
}

/** Empties the bucket of `tick`; its first slot, the others linked behind it. */
export function takeFromWheel(rep: Replica, tick: number): number {
  const bucket = tick & (rep.wheel.length - 1);
  const first = rep.wheel[bucket];
  if (first >= 0) {
    rep.wheel[bucket] = -1;
    clearBit(rep, bucket);
  }
  return first;
}

function clearBit(rep: Replica, bucket: number): void {
  rep.wheelBits[bucket >> 5] &= ~(1 << (bucket & 31));
}

/** Ticks until the next sequence ends. */
export function findGap(rep: Replica): number {
  const { wheelBits, wheel } = rep;
  const mask = wheel.length - 1;
  const words = wheelBits.length;
  const start = (rep.tick + 1) & mask;
  let word = start >> 5;
  let value = wheelBits[word] & (-1 << (start & 31));
  for (let seen = 0; value === 0 && seen < words; seen++) {
    word = word + 1 === words ? 0 : word + 1;
    value = wheelBits[word];
  }
  const bucket = (word << 5) + (31 - Math.clz32(value & -value));
  return ((bucket - start) & mask) + 1;
}
