// The reference: every iteration of every replica, one by one, straight from DESIGN.md sections 4 and 4a.
import {
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
} from '../../assembly/layout/enums.ts';
import type { EngineSetup, RequestResults, StepRecord } from '../../src/plan/setup.ts';
import type { Requests } from '../../src/workload/types.ts';
import { countBelow } from './accept.ts';
import {
  countBlocks,
  decodeTokens,
  type FormedStep,
  finalLength,
  formStep,
  isEnded,
  lookAtArrivals,
  type Replica,
  release,
  roundOf,
  type Sequence,
} from './form.ts';
import { priceStep, type StepWork, sumPairs, sumPrefillTokens } from './price.ts';

export interface Counters {
  steps: number;
  busySeconds: number;
  /** Seconds of steps, each times the sequences in it. */
  runningSeconds: number;
  newTokens: number;
  pairs: number;
  contextTokens: number;
  preemptions: number;
  swapsOut: number;
  swapsIn: number;
  /** Seconds that steps lasted longer for copies. */
  swapSeconds: number;
  /** Most KV blocks one replica had in use in one step. */
  peakBlocks: number;
  /** Most sequences one replica had admitted at once. */
  peakSequences: number;
  /** With speculative decoding: steps that verified drafts, and how often 0, 1, ... drafts were accepted. */
  draftSteps?: number;
  accepted?: number[];
}

export interface ReferenceRun {
  readonly results: RequestResults;
  readonly steps: StepRecord[];
  readonly counters: Counters;
  /** s, every gap between two output tokens of one request. */
  readonly gaps: number[];
}

interface Engine extends Replica {
  busy: { step: FormedStep; end: number } | null;
  lastHadPrompts: boolean;
}

interface World {
  readonly requests: Requests;
  readonly setup: EngineSetup;
  readonly engines: Engine[];
  readonly run: ReferenceRun;
  /** The next request to arrive, and how many have been sent so far (a closed loop sends one per request that is over). */
  next: number;
  sent: number;
  lastChosen: number;
  readonly watch: (replica: Replica, step: FormedStep) => void;
}

/** Runs a workload to its end. `watch` sees each replica right after it formed a step. */
export function referenceRun(
  requests: Requests,
  setup: EngineSetup,
  watch: (replica: Replica, step: FormedStep) => void = () => {},
): ReferenceRun {
  const world = openWorld(requests, setup, watch);
  for (let now = nextInstant(world); now < Number.POSITIVE_INFINITY; now = nextInstant(world)) {
    for (const engine of world.engines) if (engine.busy !== null && engine.busy.end <= now) retire(world, engine, now);
    while (nextArrival(world) <= now) arrive(world, now);
    for (const engine of world.engines) if (engine.busy === null && hasWork(engine)) startStep(world, engine, now);
  }
  return world.run;
}

function openWorld(requests: Requests, setup: EngineSetup, watch: World['watch']): World {
  const { count } = requests;
  const results: RequestResults = {
    state: new Int32Array(count).fill(STATE_PENDING),
    arrival: requests.concurrency > 0 ? new Float64Array(count).fill(Number.NaN) : requests.arrival.slice(),
    first: new Float64Array(count).fill(Number.NaN),
    finish: new Float64Array(count).fill(Number.NaN),
    preemptions: new Int32Array(count),
    replica: new Int32Array(count).fill(-1),
  };
  const counters: Counters = {
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
  if (setup.speculation) {
    counters.draftSteps = 0;
    counters.accepted = new Array(setup.speculation.drafts + 1).fill(0);
  }
  const engines = Array.from({ length: setup.replicas }, (_, id) => ({
    id,
    waiting: [],
    running: [],
    free: setup.numGpuBlocks,
    hostFree: setup.swap?.hostBlocks ?? 0,
    moved: 0,
    hidden: 0,
    sinceLook: 0,
    waited: 0,
    busy: null,
    lastHadPrompts: false,
  }));
  const run: ReferenceRun = { results, steps: [], counters, gaps: [] };
  const world: World = { requests, setup, engines, run, next: 0, sent: 0, lastChosen: setup.replicas - 1, watch };
  const atOnce = requests.concurrency > 0 ? Math.min(requests.concurrency, count) : count;
  for (let i = 0; i < atOnce; i++) send(world, requests.arrival[i]!);
  return world;
}

/** The next request sets out, to arrive at `at`. */
function send(world: World, at: number): void {
  if (world.sent === world.requests.count) return;
  world.run.results.arrival[world.sent++] = at;
}

/** A request is over, done or rejected: in a closed loop the next one is sent at this instant. */
function replace(world: World, now: number): void {
  if (world.requests.concurrency > 0) send(world, now);
}

function nextArrival(world: World): number {
  return world.next < world.sent ? world.run.results.arrival[world.next]! : Number.POSITIVE_INFINITY;
}

function nextInstant(world: World): number {
  let instant = nextArrival(world);
  for (const engine of world.engines) if (engine.busy !== null) instant = Math.min(instant, engine.busy.end);
  return instant;
}

function hasWork(engine: Engine): boolean {
  return engine.waiting.length + engine.running.length > 0;
}

/** Routes the next request, then queues or rejects it. */
function arrive(world: World, now: number): void {
  const { requests, setup, run } = world;
  const index = world.next++;
  const engine = chooseReplica(world);
  const prompt = requests.prompt[index]!;
  const output = requests.output[index]!;
  run.results.replica[index] = engine.id;
  const long = setup.maxModelLen > 0 && prompt + output > setup.maxModelLen;
  if (long || (setup.maxPrompt && prompt > setup.maxPrompt)) {
    run.results.state[index] = STATE_REJECTED_LENGTH;
    replace(world, now);
  } else if (countBlocks(finalLength({ prompt, output }), setup) > setup.numGpuBlocks) {
    run.results.state[index] = STATE_REJECTED_KV;
    replace(world, now);
  } else {
    const fresh = { past: 0, need: prompt, generated: 0, blocks: 0, lastToken: Number.NaN, swapped: false };
    engine.waiting.push({ index, prompt, output, ...fresh });
    engine.hidden += 1;
  }
}

/** Round robin counts every arrival; least loaded takes the fewest outstanding, from the one after the last chosen. */
function chooseReplica(world: World): Engine {
  const { engines } = world;
  const inTurn = engines.map((_, step) => engines[(world.lastChosen + 1 + step) % engines.length]!);
  let chosen = inTurn[0]!;
  if (world.setup.routing === 'least-loaded') {
    for (const engine of inTurn) if (countOutstanding(engine) < countOutstanding(chosen)) chosen = engine;
  }
  world.lastChosen = chosen.id;
  return chosen;
}

/** An ended sequence of a static batch keeps its slot, but its request is no longer outstanding. */
function countOutstanding(engine: Engine): number {
  return engine.waiting.length + engine.running.filter((sequence) => !isEnded(sequence)).length;
}

function startStep(world: World, engine: Engine, now: number): void {
  lookAtArrivals(engine, world.setup, engine.lastHadPrompts);
  const step = formStep(engine, world.setup);
  engine.lastHadPrompts = step.chunks.length > 0;
  if (step.chunks.length + step.decodes.length === 0) throw new Error(`replica ${engine.id} has work but no step`);
  world.watch(engine, step);
  const work = describeWork(step, world.setup);
  // Blocks are copied before the step computes anything.
  const copying = engine.moved * (world.setup.swap?.secondsPerBlock ?? 0);
  engine.moved = 0;
  const duration = priceStep(work, world.setup.price) + copying;
  world.run.counters.swapSeconds += copying;
  engine.busy = { step, end: now + duration };
  recordStep(world, engine, step, work, now, duration);
}

function describeWork(step: FormedStep, setup: EngineSetup): StepWork {
  return {
    chunks: step.chunks.map(({ sequence, tokens }) => ({
      tokens,
      past: sequence.past,
      completes: sequence.past + tokens === sequence.need,
    })),
    decodes: step.decodes.length,
    context: step.decodes.reduce((sum, sequence) => sum + sequence.past, 0),
    drafts: setup.speculation?.drafts ?? 0,
    round: roundOf(setup),
  };
}

function recordStep(
  world: World,
  engine: Engine,
  step: FormedStep,
  work: StepWork,
  start: number,
  duration: number,
): void {
  const { counters, results, steps } = world.run;
  const prefillTokens = sumPrefillTokens(work);
  const sequences = work.chunks.length + work.decodes;
  const blocks = engine.running.reduce((sum, sequence) => sum + sequence.blocks, 0);
  steps.push({ replica: engine.id, start, duration, prefillTokens, sequences, context: work.context, blocks });
  const round = work.decodes > 0 ? roundOf(world.setup) : 1;
  counters.steps += round;
  counters.busySeconds += duration;
  counters.runningSeconds += duration * sequences;
  counters.newTokens += prefillTokens + work.decodes * decodeTokens(world.setup);
  counters.pairs += sumPairs(work);
  for (let i = 0; i < round; i++) counters.contextTokens += work.context + work.decodes * i;
  counters.preemptions += step.preempted.length;
  counters.swapsOut += step.swappedOut.length;
  counters.swapsIn += step.swappedIn.length;
  counters.peakBlocks = Math.max(counters.peakBlocks, blocks);
  counters.peakSequences = Math.max(counters.peakSequences, engine.running.length);
  for (const victim of step.preempted) results.preemptions[victim.index]! += 1;
}

/** The end of a step: chunks and decodes enter the cache, tokens come out, what has all its output ends. */
function retire(world: World, engine: Engine, now: number): void {
  const { step } = engine.busy!;
  const { counters } = world.run;
  engine.busy = null;
  for (const { sequence, tokens } of step.chunks) {
    sequence.past += tokens;
    if (sequence.past === sequence.need) emitTokens(world, sequence, 1, now);
  }
  for (const sequence of step.decodes) {
    const tokens = Math.min(1 + countAccepted(world, sequence), sequence.output - sequence.generated);
    sequence.past += tokens;
    emitTokens(world, sequence, tokens, now);
  }
  if (step.decodes.length > 0 && world.setup.speculation) counters.draftSteps = (counters.draftSteps ?? 0) + 1;
  if (step.decodes.length > 0) engine.sinceLook += 1;
  letGo(world, engine);
}

/** Tokens beside the first: those of a round, or drafts, as many as the draw of the request and place allows. */
function countAccepted(world: World, sequence: Sequence): number {
  const { speculation } = world.setup;
  if (roundOf(world.setup) > 1) return roundOf(world.setup) - 1;
  if (speculation === undefined) return 0;
  const accepted = countBelow(speculation, sequence.index, sequence.generated);
  world.run.counters.accepted![accepted]! += 1;
  return accepted;
}

/** The tokens of one step come at once: one gap, however many they are. */
function emitTokens(world: World, sequence: Sequence, tokens: number, now: number): void {
  const { results, gaps } = world.run;
  const isFirst = sequence.generated === 0;
  sequence.generated += tokens;
  if (isFirst) results.first[sequence.index] = now;
  else gaps.push(now - sequence.lastToken);
  sequence.lastToken = now;
  if (!isEnded(sequence)) return;
  results.state[sequence.index] = STATE_FINISHED;
  results.finish[sequence.index] = now;
  replace(world, now);
}

/** Ended sequences leave and free their blocks; a static batch leaves as one, when its last sequence has ended. */
function letGo(world: World, engine: Engine): void {
  if (world.setup.batching === 'static' && !engine.running.every(isEnded)) return;
  for (const sequence of engine.running) if (isEnded(sequence)) release(engine, sequence);
  engine.running = engine.running.filter((sequence) => !isEnded(sequence));
}
