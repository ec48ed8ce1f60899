// From visit to visit: a visit ends, its edges depart and are delivered, the next becomes ready, is routed and joins (R1, R3, R5, R10).
import {
  STATE_CANCELLED,
  STATE_FAILED,
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
} from '../../../assembly/layout/enums.ts';
import { leaveClient, stateOfGone } from './patience.ts';
import { settleFlows } from './rates.ts';
import { chooseClient, findRefusal, isServed, pathBetween, sumLatencies } from './route.ts';
import { giveUp } from './share.ts';
import type { Client, Edge, FleetEvent, Flow, FormedStep, Visit, World } from './state.ts';

/** Has all its output: writes to its store, lets go of what it shared, and its edges are due now. */
export function endVisit(world: World, visit: Visit, now: number): void {
  const { results, program } = world;
  results.state[visit.index] = visit.leaves ? stateOfGone(world, visit) : STATE_FINISHED;
  if (visit.leaves) world.wasted += visit.output;
  else results.finish[visit.index] = now;
  visit.client!.outstanding.delete(visit);
  if (visit.writes >= 0) world.events.push({ time: now, edge: null, visit, tier: WRITE });
  if (visit.lets >= 0) letGo(world.visits[visit.lets]!);
  for (const edge of visit.edges)
    if (!endSupply(world, edge, now)) world.events.push({ time: now, edge, visit, tier: -1 });
  if (program.requests.last[visit.request] === visit.index) closeRequest(world, visit.request, STATE_FINISHED, now);
}

/** The tier of the event that writes a visit's blocks: after all others of its instant but the turns that arrive, in visit order. */
const WRITE = 1e9;
/** The tier of the event that a request arrives which follows another: after all other events of its instant, in visit order. */
const TURN = 2e9;
/** The same, where the request is another try of it. */
const AGAIN = 3e9;
/** The tier of the event that the client of a request leaves, after all of those. */
const LEAVE = 4e9;
/** The tier of the event that a request which waited for an instance looks again, after all of those. */
const HELD = 5e9;

function writeBlocks(world: World, visit: Visit): void {
  const { tiers, setup } = world.clients[visit.writes]!;
  const policyOf = (tier: number) => setup.tiers[tier]?.policy ?? 'write_through';
  /** Puts a block into a tier; whatever that lets go of goes down a tier that takes such blocks. */
  const put = (id: number, tier: number): void => {
    for (const gone of tiers[tier]!.touch(id))
      if (policyOf(tier + 1) === 'write_back' && tiers[tier + 1]) put(gone, tier + 1);
  };
  for (const id of visit.hashes) {
    let heldNearer = false;
    for (let tier = 0; tier < tiers.length; tier++) {
      // asked here, not before: a nearer tier may just have passed this very block on, or pushed it out
      const held = tiers[tier]!.has(id);
      const policy = policyOf(tier);
      if (held || policy === 'write_through' || (policy === 'write_through_selective' && heldNearer)) put(id, tier);
      heldNearer ||= held;
    }
  }
}

/** One holder fewer; the last one frees the blocks of a visit that has ended. */
function letGo(visit: Visit): void {
  visit.holders -= 1;
  const client = visit.client;
  if (visit.holders > 0 || !client?.held.includes(visit)) return;
  client.held = client.held.filter((one) => one !== visit);
  client.asleep = false;
  if (client.leaving) client.leaving.push(visit);
  else giveUp(client, visit);
}

/**
 * The first end counts: finished, or rejected with its first rejected visit. What follows a finished request arrives its delay later,
 * and not before its time. In a closed loop one that nothing follows, or that was rejected, has the next one sent.
 */
export function closeRequest(world: World, request: number, state: number, now: number): void {
  if (world.requestState[request] !== STATE_PENDING) return;
  world.requestState[request] = state;
  const { count, concurrency, turns, first, arrival } = world.program.requests;
  const isAgain = (r: number) => turns?.again?.[r] === 1;
  let origin = request;
  while (isAgain(origin)) origin = turns!.after[origin]!;
  const listed = Array.from(turns?.after ?? [], (after, r) => ({ after, r }));
  const next = listed.filter(({ after, r }) => !isAgain(r) && after === origin && state === STATE_FINISHED);
  const mayTry = [STATE_REJECTED_QUEUE, STATE_TIMED_OUT, STATE_FAILED].includes(state);
  const tries = listed.filter(({ after, r }) => isAgain(r) && after === request && mayTry);
  if (next.length + tries.length > 0) {
    for (const { r } of [...next, ...tries]) {
      const time = Math.max(now + turns!.delay[r]!, arrival[r]!);
      world.arrival[r] = time;
      world.events.push({ time, edge: null, visit: world.visits[first[r]!]!, tier: isAgain(r) ? AGAIN : TURN });
    }
  } else if (concurrency > 0 && world.sent < (turns?.roots ?? count)) world.arrival[world.sent++] = now;
}

/** Ends the flows that are over and handles every event that is due, in order. */
export function deliverPhase(world: World, now: number): void {
  const due = world.flows.filter((one) => one.end <= now);
  if (due.length > 0) settleFlows(world, now);
  for (const flow of due.filter((one) => one.pace > 0)) {
    // its first layer is there, or it has sent all that is there
    flow.remaining = 0;
    flow.end = Number.POSITIVE_INFINITY;
    world.flowsChanged = true;
  }
  for (const flow of due.filter((one) => one.pace === 0)) {
    world.flows = world.flows.filter((one) => one !== flow);
    world.flowsChanged = true;
    world.events.push({ time: now + flowLatency(world, flow), edge: flow.edge, visit: flow.visit, tier: flow.tier });
  }
  for (let event = nextEvent(world); event !== null && event.time <= now; event = nextEvent(world)) {
    const handled = event;
    world.events = world.events.filter((one) => one !== handled);
    if (handled.tier === WRITE) writeBlocks(world, handled.visit);
    else if (handled.tier === LEAVE) leave(world, handled.visit, now);
    else if (handled.tier === HELD) enterRoot(world, handled.visit, now);
    else if (handled.tier === TURN || handled.tier === AGAIN) becomeReady(world, handled.visit, null, now);
    else if (handled.edge === null) deliverTier(world, handled.visit, now);
    else if (handled.edge.departed) deliverEdge(world, handled.edge, now);
    else departEdge(world, handled.edge, now);
  }
}

function flowLatency(world: World, flow: Flow): number {
  if (flow.edge === null) return flow.visit.client!.setup.tiers[flow.tier]!.latency;
  return sumLatencies(world, flow.links);
}

/** The earliest event; at one time edges by index, then stores by visit and tier. */
export function nextEvent(world: World): FleetEvent | null {
  let first: FleetEvent | null = null;
  // whoever has the answer does not leave
  world.events = world.events.filter(
    ({ tier, visit }) => tier !== LEAVE || world.requestState[visit.request] === STATE_PENDING,
  );
  for (const event of world.events) if (first === null || comesBefore(event, first)) first = event;
  return first;
}

function comesBefore(a: FleetEvent, b: FleetEvent): boolean {
  if (a.time !== b.time) return a.time < b.time;
  if (a.edge !== null && b.edge !== null) return a.edge.index < b.edge.index;
  if (a.edge !== null || b.edge !== null) return a.edge !== null;
  if (rankOf(a) !== rankOf(b)) return rankOf(a) < rankOf(b);
  return a.visit.index < b.visit.index || (a.visit === b.visit && a.tier < b.tier);
}

function rankOf({ tier }: FleetEvent): number {
  return Math.max(0, [WRITE, TURN, AGAIN, LEAVE, HELD].indexOf(tier) + 1);
}

/** The client of a request that has no answer leaves: what of it is still to come never does. */
function leave(world: World, root: Visit, now: number): void {
  abandon(world, root.request);
  closeRequest(world, root.request, STATE_TIMED_OUT, now);
}

/** Nobody waits for what of a request is there or still to come. */
export function abandon(world: World, request: number): void {
  for (const visit of world.visits) {
    if (visit.request !== request || !isPending(world, visit)) continue;
    if (visit.pending > 0 || visit.client === null) cancelVisit(world, visit);
    else leaveClient(world, visit, letBack);
  }
}

/** It needs nothing any more that another visit holds for it. */
export function letBack(world: World, visit: Visit): void {
  if (visit.lets >= 0) letGo(world.visits[visit.lets]!);
}

/** Of visits that end with this step, edges that go layer by layer depart in the instant in which it starts. */
export function departLayers(world: World, { chunks }: FormedStep, now: number): void {
  for (const { visit, tokens } of chunks) {
    if (visit.past + tokens < visit.need || visit.generated + 1 < visit.output) continue;
    for (const edge of visit.edges) if (edge.layers > 1) world.events.push({ time: now, edge, visit, tier: -1 });
  }
}

/** An edge departs when its source has ended, and layer by layer before, if it can. */
function departEdge(world: World, edge: Edge, now: number): void {
  const { from, to, bytes, layers } = edge;
  const early = isPending(world, from);
  edge.departed = !early;
  if (bytes > 0 && findsNobody(world, to)) {
    edge.departed = false;
    if (!early) holdBack(world, { time: now, edge, visit: from, tier: -1 });
    return;
  }
  if (to.client === null && bytes > 0 && isPending(world, to)) routeVisit(world, to, edge, now);
  const links = bytes > 0 && isPending(world, to) ? pathBetween(world, from.client!, to.client!) : [];
  if (links.length > 0) {
    edge.departed = true;
    settleFlows(world, now);
    const path = { edge, visit: from, tier: -1, links };
    if (early) startFlow(world, path, -bytes / layers, now, bytes / (from.client!.busy!.end - now));
    else startFlow(world, path, bytes, now);
  } else if (!early) {
    if (isPending(world, to)) deliverEdge(world, edge, now);
    // its target was rejected or cancelled: nobody needs what it would bring
    else if (bytes > 0) letGo(from);
  }
}

/** The source of an edge has ended: the last layer of what it sends is there. False if none of it has departed. */
function endSupply(world: World, edge: Edge, now: number): boolean {
  if (!edge.departed) return false;
  settleFlows(world, now);
  const flow = world.flows.find((one) => one.edge === edge)!;
  flow.remaining = Math.max(0, flow.remaining) + edge.bytes / edge.layers;
  flow.pace = 0;
  flow.end = Number.POSITIVE_INFINITY;
  world.flowsChanged = true;
  return true;
}

type FlowPath = Pick<Flow, 'edge' | 'visit' | 'tier' | 'links'>;

function startFlow(world: World, path: FlowPath, bytes: number, now: number, pace = 0): void {
  world.flows.push({ ...path, remaining: bytes, pace, rate: 0, updated: now, end: Number.POSITIVE_INFINITY });
  world.flowsChanged = true;
}

/** Whether a visit is still to be routed and no instance is on that could have it: it waits at the router. */
function findsNobody(world: World, visit: Visit): boolean {
  return visit.client === null && isPending(world, visit) && !isServed(world, visit);
}

function holdBack(world: World, event: FleetEvent): void {
  if (!world.program.outages) throw new Error('a group without an instance that is on');
  world.held.push(event);
}

function deliverEdge(world: World, edge: Edge, now: number): void {
  if (edge.to.pending === 1 && findsNobody(world, edge.to)) {
    holdBack(world, { time: now, edge, visit: edge.from, tier: -1 });
    return;
  }
  if (edge.bytes > 0) letGo(edge.from);
  if (!isPending(world, edge.to)) return;
  edge.to.pending -= 1;
  if (edge.to.pending === 0) becomeReady(world, edge.to, edge, now);
}

/** Everything a visit needs is there: it joins its client, once routed. `edge` came last; null for roots. */
export function becomeReady(world: World, visit: Visit, edge: Edge | null, now: number): void {
  world.results.ready[visit.index] = now;
  const patience =
    edge === null
      ? (world.program.requests.patience?.[visit.request] ?? Number.POSITIVE_INFINITY)
      : Number.POSITIVE_INFINITY;
  if (patience < Number.POSITIVE_INFINITY) world.events.push({ time: now + patience, edge: null, visit, tier: LEAVE });
  visit.lastToken = edge === null ? now : world.results.finish[edge.from.index]!;
  enterRoot(world, visit, now, edge);
}

/** It is routed, unless it was, and joins its client; a request that finds no instance that is on waits until one is. */
function enterRoot(world: World, visit: Visit, now: number, edge: Edge | null = null): void {
  if (findsNobody(world, visit)) {
    holdBack(world, { time: now, edge, visit, tier: HELD });
    return;
  }
  if (!isPending(world, visit)) return;
  if (visit.client === null) routeVisit(world, visit, edge, now);
  if (world.results.state[visit.index] === STATE_PENDING) joinClient(world, visit.client!, visit, now);
}

export function isPending(world: World, visit: Visit): boolean {
  return world.results.state[visit.index] === STATE_PENDING;
}

/** Gives a visit its client, or rejects it and its request: of that, nothing more joins a client. */
function routeVisit(world: World, visit: Visit, edge: Edge | null, now: number): void {
  const client = chooseClient(world, visit, edge);
  const refusal = findRefusal(visit, client);
  visit.client = client;
  world.results.client[visit.index] = client.index;
  world.results.state[visit.index] = refusal;
  if (refusal === STATE_PENDING) {
    client.outstanding.add(visit);
    return;
  }
  world.results.ready[visit.index] = now;
  if (visit.lets >= 0) letGo(world.visits[visit.lets]!);
  for (const other of world.visits) {
    if (other.request === visit.request && other.pending > 0 && isPending(world, other)) cancelVisit(world, other);
  }
  closeRequest(world, visit.request, refusal, now);
}

/** Never joins: it is no client's load, and needs no blocks that another visit holds. */
function cancelVisit(world: World, visit: Visit): void {
  world.results.state[visit.index] = STATE_CANCELLED;
  visit.client?.outstanding.delete(visit);
  if (visit.lets >= 0) letGo(world.visits[visit.lets]!);
}

function joinClient(world: World, client: Client, visit: Visit, now: number): void {
  if (client.setup.kind === 'store') {
    startFetch(world, client, visit, now);
    return;
  }
  visit.joined = client.joins++;
  client.asleep = false;
  client.hidden += 1;
  client.waiting.push(visit);
  if (client.setup.kind === 'cores') fillCores(world, client, now);
}

/** First come, first served on as many cores as there are. */
export function fillCores(world: World, client: Client, now: number): void {
  while (client.waiting.length > 0 && client.cores.length < client.setup.maxNumSeqs) {
    const visit = client.waiting.shift()!;
    world.results.start[visit.index] = now;
    client.cores.push({ visit, end: now + visit.seconds });
  }
}

/** Looks the visit's blocks up, each in the nearest tier that holds it, until one is held by none; each tier sends its own. */
function startFetch(world: World, client: Client, visit: Visit, now: number): void {
  const { hashBlock, storeBytesPerToken } = world.program;
  world.results.start[visit.index] = now;
  const found = client.tiers.map(() => 0);
  for (const id of visit.hashes) {
    const tier = client.tiers.findIndex((one) => one.has(id));
    if (tier < 0) break;
    client.tiers[tier]!.touch(id);
    found[tier]! += 1;
    client.counters.found![tier]! += 1;
  }
  const blocks = found.reduce((sum, count) => sum + count, 0);
  if (visit.fetches >= 0) world.visits[visit.fetches]!.fetched = blocks * hashBlock;
  client.setup.tiers.forEach(({ link, latency }, tier) => {
    if (found[tier] === 0) return;
    visit.parts += 1;
    const bytes = found[tier]! * hashBlock * storeBytesPerToken;
    if (link >= 0) startFlow(world, { edge: null, visit, tier, links: [link] }, bytes, now);
    else world.events.push({ time: now + latency, edge: null, visit, tier });
  });
  if (visit.parts === 0) endVisit(world, visit, now);
}

function deliverTier(world: World, visit: Visit, now: number): void {
  visit.parts -= 1;
  if (visit.parts === 0) endVisit(world, visit, now);
}
