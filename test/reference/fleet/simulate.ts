// The reference fleet: every iteration of every client, every transfer and every look-up, one by one, straight from the rules.
import { STATE_PENDING, STATE_UNFINISHED, STATE_UNSENT } from '../../../assembly/layout/enums.ts';
import { isBatchOfOne } from '../../../src/check/scheduler-lists.ts';
import type { FleetProgram, InstanceChange, VisitResults } from '../../../src/plan/fleet.ts';
import { countBelow } from '../accept.ts';
import { priceRanks, priceStep, type StepWork, sumPairs, sumPrefillTokens } from '../price.ts';
import { adapterCost, noteLeft } from './adapters.ts';
import { decodeTokens, letPass, roundOf } from './blocks.ts';
import { commonTokens } from './cascade.ts';
import type { ClientCounters } from './counters.ts';
import { becomeReady, deliverPhase, departLayers, endVisit, fillCores, letBack, nextEvent } from './deliver.ts';
import { forget } from './expect.ts';
import { failRequests } from './failing.ts';
import { formStep, holdUneven, isEnded, lookAtArrivals } from './form.ts';
import { goLeavers } from './patience.ts';
import { shareChannels, shareLinks, sharesChannel } from './rates.ts';
import { endDrained, nextChange, nextStart, scalePhase } from './scale.ts';
import { giveUp } from './share.ts';
import { type Client, type FormedStep, openWorld, type Step, type Visit, type World } from './state.ts';
import { chargeAnswer } from './tenants.ts';

export interface FleetReference {
  readonly results: VisitResults;
  readonly clients: readonly ClientCounters[];
  readonly requestState: Int32Array;
  /** s, when each request arrived; in a closed loop when it was sent, NaN if never. */
  readonly arrival: Float64Array;
  /** Which clients wait for how many blocks, when nothing is left to happen and visits wait. */
  readonly deadlock: string | null;
  /** s, the last instant. */
  readonly clock: number;
  /** s, every gap between two output tokens of one visit. */
  readonly gaps: readonly number[];
  /** What became of instances that start and stop, in order. */
  readonly changes: readonly InstanceChange[];
  /** Output tokens of visits whose client left before it had its answer. */
  readonly wasted: number;
  /** s, by visit that ends a request, when that failed. */
  readonly failedAt: Float64Array;
}

/** A step as it starts. */
export interface StartedStep {
  readonly formed: FormedStep;
  readonly work: StepWork;
  readonly start: number; // s
  readonly seconds: number; // at full speed, copies included
}

export type WatchStep = (client: Client, step: StartedStep) => void;

/** Runs a program to its end. `watch` sees the world at the end of every instant, `watchStep` each client that has formed a step. */
export function referenceFleet(
  program: FleetProgram,
  watch: (world: World) => void = () => {},
  watchStep: WatchStep = () => {},
): FleetReference {
  const world = openWorld(program);
  world.clients.forEach(forget);
  for (let now = nextInstant(world); now < Number.POSITIVE_INFINITY; now = nextInstant(world)) {
    world.now = now;
    while (nextInstant(world) <= now) {
      retirePhase(world, now);
      deliverPhase(world, now);
      scalePhase(world, now, ({ clients }) => failRequests(world, clients, now));
      arrivePhase(world, now);
    }
    for (const client of world.clients) {
      const together = ranksOf(world, client);
      if (together[0] === client && together.some(canForm)) startStep(world, together, now, watchStep);
      if (together[0] === client && together.every(isIdle)) together.forEach(forget);
    }
    endDrained(world, now);
    shareChannels(world, now);
    shareLinks(world, now);
    watch(world);
  }
  return closeWorld(world);
}

/** The earliest thing that is still to happen; rounding never sets the clock back. */
function nextInstant(world: World): number {
  let instant = nextArrival(world);
  for (const client of world.clients) {
    if (client.busy !== null) instant = Math.min(instant, client.busy.end);
    for (const core of client.cores) instant = Math.min(instant, core.end);
  }
  for (const flow of world.flows) instant = Math.min(instant, flow.end);
  instant = Math.min(instant, nextEvent(world)?.time ?? instant);
  if (world.held.length > 0) instant = Math.min(instant, nextStart(world));
  // where nothing else is to happen, nobody looks at it
  if (instant < Number.POSITIVE_INFINITY) instant = Math.min(instant, nextChange(world));
  return Math.max(instant, world.now);
}

function nextArrival(world: World): number {
  return world.next < world.sent ? world.arrival[world.next]! : Number.POSITIVE_INFINITY;
}

/** Steps that end, in client order, then visits on cores that end, in visit order. */
function retirePhase(world: World, now: number): void {
  for (const client of world.clients)
    if (client.busy !== null && client.busy.end <= now) retireStep(world, client, now);
  for (let due = dueOnCores(world, now); due.length > 0; due = dueOnCores(world, now)) {
    const visit = due.sort((a, b) => a.index - b.index)[0]!;
    const client = visit.client!;
    client.cores = client.cores.filter((core) => core.visit !== visit);
    endVisit(world, visit, now);
    fillCores(world, client, now);
  }
}

function dueOnCores(world: World, now: number): Visit[] {
  const cores = world.clients.flatMap((client) => client.cores);
  return cores.filter((core) => core.end <= now).map((core) => core.visit);
}

/** Chunks and decodes enter the cache, tokens come out, what has all its output ends and leaves. */
function retireStep(world: World, client: Client, now: number): void {
  const { formed, start } = client.busy!;
  client.busy = null;
  client.leaving = [];
  if (formed.decodes.length > 0) client.sinceLook += 1;
  const { base, decayed } = client.ratio;
  if (formed.decodes.length > 0 && formed.chunks.length + formed.preempted.length === 0)
    client.ratio = { base, decayed: decayed + 1 };
  client.counters.busySeconds += now - start;
  for (const { visit, tokens } of formed.chunks) {
    advance(visit, tokens);
    letPass(client, visit);
    if (visit.past < visit.need) continue;
    emitTokens(world, visit, 1, now);
  }
  for (const visit of formed.decodes) {
    const tokens = Math.min(1 + countAccepted(client, visit), visit.output - visit.generated);
    advance(visit, tokens);
    emitTokens(world, visit, tokens, now);
  }
  letLeave(client);
  goLeavers(world, client, letBack);
  noteLeft(client, now);
}

function advance(visit: Visit, tokens: number): void {
  visit.past += tokens;
  visit.processed += tokens;
}

function countAccepted(client: Client, visit: Visit): number {
  const { speculation } = client.setup;
  if (roundOf(client) > 1) return roundOf(client) - 1;
  if (!speculation) return 0;
  const accepted = countBelow(speculation, visit.index, visit.generated);
  client.counters.accepted![accepted]! += 1;
  return accepted;
}

/** The tokens of one step come at once: one gap, however many they are. */
function emitTokens(world: World, visit: Visit, tokens: number, now: number): void {
  const isFirst = visit.generated === 0 && !visit.resident;
  visit.generated += tokens;
  chargeAnswer(visit.client!, visit, tokens);
  if (isFirst) world.results.first[visit.index] = now;
  else world.gaps.push(now - visit.lastToken);
  visit.lastToken = now;
  if (!isEnded(visit)) return;
  visit.client!.full = false;
  endVisit(world, visit, now);
}

/** Ended visits leave; their blocks are free, or held while others need them. A static batch leaves as one. */
function letLeave(client: Client): void {
  if (!isBatchOfOne(client.setup.batching) || client.running.every(isEnded)) {
    const ended = client.running.filter(isEnded);
    client.held.push(...ended.filter((visit) => visit.hold && visit.holders > 0 && !visit.leaves));
    client.leaving!.push(...ended.filter((visit) => !client.held.includes(visit)));
    client.running = client.running.filter((visit) => !isEnded(visit));
  }
  for (const visit of client.leaving!.toSorted((a, b) => a.index - b.index)) giveUp(client, visit);
  client.leaving = null;
}

function arrivePhase(world: World, now: number): void {
  while (nextArrival(world) <= now) {
    const request = world.next++;
    const root = world.visits[world.program.requests.first[request]!]!;
    becomeReady(world, root, null, world.arrival[request]!);
  }
}

function canForm(client: Client): boolean {
  const { kind } = client.setup;
  return kind === 'llm' && client.busy === null && !client.asleep && client.waiting.length + client.running.length > 0;
}

function isIdle({ busy, waiting, running }: Client): boolean {
  return busy === null && waiting.length + running.length === 0;
}

/** A client and those whose steps begin and end with its own. */
function ranksOf({ clients }: World, { index, setup: { rank } }: Client): readonly Client[] {
  return rank ? clients.slice(index - rank.at, index - rank.at + rank.of) : [clients[index]!];
}

/** One client starts a step, or several that step together: each forms its own, and all last as long as they take together. */
function startStep(world: World, together: readonly Client[], now: number, watch: WatchStep): void {
  together.forEach(lookAtArrivals);
  holdUneven(together);
  const steps = together.map((client) => {
    const formed = formStep(client);
    noteLeft(client, now);
    client.lastHadPrompts = formed.chunks.length > 0;
    noteMembers(world, client, formed, now);
    return { client, formed, work: describeWork(formed, client) };
  });
  // blocks kept for ended visits leave nothing to run: they sleep until blocks are let go or a visit joins
  const asleep = steps.every(({ formed }) => isEmpty(formed));
  for (const client of together) client.asleep = asleep;
  if (asleep) return;
  const copies = together.map(
    ({ moved, setup, adapters }) => moved * (setup.swap?.secondsPerBlock ?? 0) + adapters.loading,
  );
  const works = steps.map(({ work }) => work);
  const { price } = together[0]!.setup;
  const seconds = (works.length > 1 ? priceRanks(works, price) : priceStep(works[0]!, price)) + Math.max(...copies);
  steps.forEach(({ client, formed, work }, i) => {
    client.moved = 0;
    if (client.setup.adapters) client.counters.adapterSeconds! += copies[i]!;
    else client.counters.swapSeconds += copies[i]!;
    client.adapters.loading = 0;
    const shared = sharesChannel(client);
    const end = shared ? Number.POSITIVE_INFINITY : now + seconds;
    const wants = describeWants(client, work, seconds);
    client.busy = { formed, start: now, wants, left: seconds, rate: shared ? 0 : 1, updated: now, end };
    if (now + seconds > now) departLayers(world, formed, now);
    if (!isEmpty(formed)) watch(client, { formed, work, start: now, seconds });
    countStep(client, work);
  });
}

function isEmpty({ chunks, decodes }: FormedStep): boolean {
  return chunks.length + decodes.length === 0;
}

/** What a step wants of its channel: what it takes of each resource over what it lasts, and no more than all of it. */
function describeWants({ setup }: Client, { adapters: _, ...work }: StepWork, seconds: number): Step['wants'] {
  if (!setup.parts) return { compute: setup.demand, bandwidth: setup.demand };
  const compute = priceStep(work, setup.parts.compute) / seconds;
  const bandwidth = priceStep(work, setup.parts.bandwidth) / seconds;
  const most = Math.max(1, compute, bandwidth);
  return { compute: compute / most, bandwidth: bandwidth / most };
}

function noteMembers(world: World, client: Client, formed: FormedStep, now: number): void {
  const { results } = world;
  for (const { visit, skip } of formed.admitted) {
    if (!Number.isNaN(results.start[visit.index]!)) continue;
    results.start[visit.index] = now;
    results.cached[visit.index] = visit.shared > 0 ? 0 : skip;
  }
  for (const visit of formed.preempted) results.preemptions[visit.index]! += 1;
  client.counters.preemptions += formed.preempted.length;
  client.counters.swapsOut += formed.swappedOut.length;
  client.counters.swapsIn += formed.swappedIn.length;
}

function describeWork(formed: FormedStep, client: Client): StepWork {
  const chunks = formed.chunks.map(({ visit, tokens }) => ({
    tokens,
    past: visit.past,
    completes: visit.past + tokens === visit.need,
  }));
  const decodes = formed.decodes.length;
  return {
    chunks,
    decodes,
    common: commonTokens(client, { chunks, decodes }),
    context: formed.decodes.reduce((sum, visit) => sum + visit.past, 0),
    drafts: client.setup.speculation?.drafts ?? 0,
    round: roundOf(client),
    adapters: adapterCost(client),
  };
}

function countStep(client: Client, work: StepWork): void {
  const { counters, setup } = client;
  const round = work.decodes > 0 ? roundOf(client) : 1;
  counters.steps += round;
  counters.newTokens += sumPrefillTokens(work) + work.decodes * decodeTokens(client);
  if (work.decodes > 0 && setup.speculation) counters.draftSteps! += 1;
  counters.pairs += sumPairs(work);
  for (let i = 0; i < round; i++) counters.contextTokens += work.context + work.decodes * i;
  // what decodes read in common is read once, and each of them looks at it
  const common = work.common ?? 0;
  counters.pairs += work.decodes * common;
  if (work.decodes > 0) counters.contextTokens += common - work.decodes * common;
  counters.peakBlocks = Math.max(counters.peakBlocks, setup.numGpuBlocks - client.pool.room);
}

function closeWorld(world: World): FleetReference {
  const { results, requestState, arrival } = world;
  const deadlock = describeDeadlock(world);
  // when nothing is left to happen, what has not come follows a request that was rejected
  const left = deadlock === null && world.program.requests.turns ? STATE_UNSENT : STATE_UNFINISHED;
  for (const states of [results.state, requestState]) {
    for (let i = 0; i < states.length; i++) if (states[i] === STATE_PENDING) states[i] = left;
  }
  const clients = world.clients.map((client) => client.counters);
  const { gaps, wasted, changes, failedAt, now: clock } = world;
  return { results, clients, requestState, arrival, deadlock, clock, gaps, changes, wasted, failedAt };
}

function describeDeadlock(world: World): string | null {
  const stuck = world.clients.filter((client) => client.waiting.length + client.running.length > 0);
  if (stuck.length === 0) return null;
  const words = stuck.map(({ setup, waiting, running, held, pool }) => {
    const blocks = held.reduce((sum, visit) => sum + visit.kv.length, 0);
    return `${setup.name}: ${waiting.length + running.length} visits wait, ${held.length} hold ${blocks} of ${setup.numGpuBlocks} blocks, ${pool.room} are free`;
  });
  return words.join('; ');
}
