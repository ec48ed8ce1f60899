// Flows over links share bandwidth max-min fairly; rates change only when a flow starts, ends or has caught up with what is computed.
import {
  EVENT_BYTES, EVENT_EDGE, EVENT_TIER, FLEET_EDGE_PACE, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FLOWS, FLEET_FLOW_COUNT, FLEET_FLOW_DIRTY, FLEET_FLOW_NEXT,
  FLEET_FLOW_UPDATED, FLEET_LINK_BANDWIDTH, FLEET_LINK_COUNT, FLEET_LINK_FLOWS, FLEET_LINK_LEFT, FLEET_LINK_USERS, FLOW_BYTES, FLOW_DONE, FLOW_KEY, FLOW_LEFT,
  FLOW_PATH, FLOW_RATE, FLOW_TIER, TIER_LATENCY, TIER_PATH,
} from '../layout/fleet';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { eventPush } from '../table/events';
import { countFlow, pathLatency, pathLength, pathLink } from './paths';
import { paceOf, settleFlows, turnFlow } from './supply';

/** Adds a flow of `bytes` (below 0: closed, supply.ts) over `path`, of an edge or of FLOW_TIER | a tier's key. Flows are kept in order of key. */
export function startFlow(fleet: usize, key: i32, bytes: f64, path: usize): void {
  const base = geta(fleet, FLEET_FLOWS);
  const flows = geti(fleet, FLEET_FLOW_COUNT);
  let flow = base + <usize>(flows * FLOW_BYTES);
  assert(
    flow + FLOW_BYTES <= geta(fleet, FLEET_EVENTS) - <usize>(geti(fleet, FLEET_EVENT_COUNT) * EVENT_BYTES) + EVENT_BYTES,
    'startFlow: the room for flows is full',
  );
  while (flow > base && load<i32>(flow - FLOW_BYTES, FLOW_KEY) > key) {
    memory.copy(flow, flow - FLOW_BYTES, FLOW_BYTES);
    flow -= FLOW_BYTES;
  }
  store<f64>(flow, bytes, FLOW_LEFT);
  store<f64>(flow, 0, FLOW_RATE);
  store<f64>(flow, Infinity, FLOW_DONE);
  store<i32>(flow, key, FLOW_KEY);
  store<u32>(flow, <u32>path, FLOW_PATH);
  if (bytes >= 0) countFlow(fleet, path, 1);
  seti(fleet, FLEET_FLOW_COUNT, flows + 1);
  seti(fleet, FLEET_FLOW_DIRTY, 1);
}

/** Flows that are done at `now` become deliveries after their latency. */
export function endFlows(fleet: usize, now: f64): void {
  if (getf(fleet, FLEET_FLOW_NEXT) > now) return;
  const paces = geta(fleet, FLEET_EDGE_PACE);
  if (paces != 0) settleFlows(fleet, now);
  let flow = geta(fleet, FLEET_FLOWS);
  let end = flow + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  while (flow < end) {
    if (load<f64>(flow, FLOW_DONE) > now) {
      flow += FLOW_BYTES;
      continue;
    }
    if (paceOf(paces, flow) > 0) {
      turnFlow(fleet, flow);
      flow += FLOW_BYTES;
      continue;
    }
    const key = load<i32>(flow, FLOW_KEY);
    const path = <usize>load<u32>(flow, FLOW_PATH);
    // Gone before its delivery is pushed: the two never take room at once.
    end -= FLOW_BYTES;
    memory.copy(flow, flow + FLOW_BYTES, end - flow);
    seti(fleet, FLEET_FLOW_COUNT, geti(fleet, FLEET_FLOW_COUNT) - 1);
    countFlow(fleet, path, -1);
    pushDelivery(fleet, key, path, now);
  }
  seti(fleet, FLEET_FLOW_DIRTY, 1);
  // Found again by shareLinks at the end of the instant.
  setf(fleet, FLEET_FLOW_NEXT, Infinity);
}

/** The path of a tier lies in its own record, which has its latency; edges have that of their links. */
function pushDelivery(fleet: usize, key: i32, path: usize, now: f64): void {
  if ((key & FLOW_TIER) != 0) {
    const latency = getf(path - (TIER_PATH << 3), TIER_LATENCY);
    eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now + latency, EVENT_TIER, key & ~FLOW_TIER);
  } else {
    eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now + pathLatency(fleet, path), EVENT_EDGE, key * 2 + 1);
  }
}

/** After flows started or ended: progress to `now`, new fair rates, when each will be done. */
export function shareLinks(fleet: usize, now: f64): void {
  if (geti(fleet, FLEET_FLOW_DIRTY) == 0) return;
  seti(fleet, FLEET_FLOW_DIRTY, 0);
  const paces = geta(fleet, FLEET_EDGE_PACE);
  // Which flows are open must be known before the first has its rate.
  if (paces != 0) settleFlows(fleet, now);
  const elapsed = now - getf(fleet, FLEET_FLOW_UPDATED);
  setf(fleet, FLEET_FLOW_UPDATED, now);
  const base = geta(fleet, FLEET_FLOWS);
  const end = base + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  let next = Infinity;
  let open = 0;
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    if (paces == 0) {
      const left = load<f64>(flow, FLOW_LEFT) - load<f64>(flow, FLOW_RATE) * elapsed;
      store<f64>(flow, left < 0 ? 0 : left, FLOW_LEFT);
    }
    const rate = rateAlone(fleet, flow, paces);
    store<f64>(flow, rate, FLOW_RATE);
    if (rate < 0) {
      open++;
      continue;
    }
    const done = whenDone(flow, rate, paces, now);
    if (done < next) next = done;
  }
  if (open > 0) next = fillLinks(fleet, base, end, open, now, next, paces);
  setf(fleet, FLEET_FLOW_NEXT, next);
}

/** When a flow of this rate is done, which is noted; one that grows is never done, but it may catch up with what is computed. */
// @ts-ignore: decorator
@inline
function whenDone(flow: usize, rate: f64, paces: usize, now: f64): f64 {
  const left = load<f64>(flow, FLOW_LEFT);
  const pace = paceOf(paces, flow);
  let done = Infinity;
  if (left < 0) done = now - left / pace;
  else if (pace == 0 || (left > 0 && rate > pace)) done = now + left / (rate - pace);
  store<f64>(flow, done, FLOW_DONE);
  return done;
}

/** The most that a flow can send: what comes up, once it has sent all that is there. */
// @ts-ignore: decorator
@inline
function mostOf(paces: usize, flow: usize): f64 {
  return load<f64>(flow, FLOW_LEFT) == 0 && paceOf(paces, flow) > 0 ? paceOf(paces, flow) : Infinity;
}

/** A flow that shares none of its links goes at the bandwidth of its narrowest; -1 when it meets others, 0 while it is closed. */
// @ts-ignore: decorator
@inline
function rateAlone(fleet: usize, flow: usize, paces: usize): f64 {
  if (load<f64>(flow, FLOW_LEFT) < 0) return 0;
  const path = <usize>load<u32>(flow, FLOW_PATH);
  const count = pathLength(path);
  const flows = geta(fleet, FLEET_LINK_FLOWS);
  const bandwidth = geta(fleet, FLEET_LINK_BANDWIDTH);
  let narrowest = mostOf(paces, flow);
  for (let i = 0; i < count; i++) {
    const link = pathLink(path, i);
    if (rowi(flows, link) != 1) return -1;
    const room = rowf(bandwidth, link);
    if (room < narrowest) narrowest = room;
  }
  return narrowest;
}

/**
 * Progressive filling of the links of the `open` flows that meet others (rate -1): again and again the link with the least share
 * per flow fixes the rate of its flows, or what a flow can send at most fixes its own. Returns when the first of them, or of those
 * before (`next`), is done.
 */
function fillLinks(fleet: usize, base: usize, end: usize, open: i32, now: f64, next: f64, paces: usize): f64 {
  const left = geta(fleet, FLEET_LINK_LEFT);
  const users = geta(fleet, FLEET_LINK_USERS);
  const links = geti(fleet, FLEET_LINK_COUNT);
  // A large fleet has many links and mostly few flows: then only the links that open flows cross are looked at.
  const few = open * 4 < links;
  if (!few) {
    memory.copy(left, geta(fleet, FLEET_LINK_BANDWIDTH), <usize>links << 3);
    memory.copy(users, geta(fleet, FLEET_LINK_FLOWS), <usize>links << 2);
  }
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    // A closed flow is no user.
    if (load<f64>(flow, FLOW_LEFT) < 0) continue;
    const isOpen = load<f64>(flow, FLOW_RATE) < 0;
    if (few && isOpen) openLinks(fleet, flow, left, users);
    else if (!few && !isOpen) dropUser(flow, users);
  }
  let first = next;
  while (open > 0) {
    const tightest = few ? tightestCrossed(base, end, left, users) : tightestOf(links, left, users);
    let least = rowf(left, tightest) / <f64>rowi(users, tightest);
    const only: usize = paces == 0 ? 0 : leastSupplied(base, end, paces, least);
    if (only != 0) least = paceOf(paces, only);
    for (let flow = base; flow < end; flow += FLOW_BYTES) {
      if (only != 0 ? flow != only : load<f64>(flow, FLOW_RATE) >= 0 || !crosses(flow, tightest)) continue;
      store<f64>(flow, least, FLOW_RATE);
      takeShare(flow, left, least);
      dropUser(flow, users);
      open--;
      const done = whenDone(flow, least, paces, now);
      if (done < first) first = done;
    }
  }
  return first;
}

/** The flow without a rate that can send the least, and less than `share`: 0 where there is none. */
function leastSupplied(base: usize, end: usize, paces: usize, share: f64): usize {
  let least = share;
  let found: usize = 0;
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    if (load<f64>(flow, FLOW_RATE) >= 0 || !(mostOf(paces, flow) < least)) continue;
    least = mostOf(paces, flow);
    found = flow;
  }
  return found;
}

/** The link with the least share per flow, the first of equals. */
function tightestOf(links: i32, left: usize, users: usize): i32 {
  let least = Infinity;
  let tightest = -1;
  for (let link = 0; link < links; link++) {
    const flows = rowi(users, link);
    if (flows == 0) continue;
    const share = rowf(left, link) / <f64>flows;
    if (share < least) {
      least = share;
      tightest = link;
    }
  }
  return tightest;
}

/** The same, looking only at the links of flows that have no rate yet: all others have no users. */
function tightestCrossed(base: usize, end: usize, left: usize, users: usize): i32 {
  let least = Infinity;
  let tightest = i32.MAX_VALUE;
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    if (load<f64>(flow, FLOW_RATE) >= 0) continue;
    const path = <usize>load<u32>(flow, FLOW_PATH);
    for (let i = 0; i < pathLength(path); i++) {
      const link = pathLink(path, i);
      const share = rowf(left, link) / <f64>rowi(users, link);
      if (share < least || (share == least && link < tightest)) {
        least = share;
        tightest = link;
      }
    }
  }
  return tightest;
}

/** The whole bandwidth of the links that a flow crosses is there, and all their flows want of it. */
function openLinks(fleet: usize, flow: usize, left: usize, users: usize): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < pathLength(path); i++) {
    const link = pathLink(path, i);
    store<f64>(left + ((<usize>link) << 3), rowf(geta(fleet, FLEET_LINK_BANDWIDTH), link));
    store<i32>(users + ((<usize>link) << 2), rowi(geta(fleet, FLEET_LINK_FLOWS), link));
  }
}

function dropUser(flow: usize, users: usize): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < pathLength(path); i++) {
    const at = users + ((<usize>pathLink(path, i)) << 2);
    store<i32>(at, load<i32>(at) - 1);
  }
}

function takeShare(flow: usize, left: usize, share: f64): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < pathLength(path); i++) {
    const at = left + ((<usize>pathLink(path, i)) << 3);
    store<f64>(at, load<f64>(at) - share);
  }
}

function crosses(flow: usize, link: i32): bool {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < pathLength(path); i++) if (pathLink(path, i) == link) return true;
  return false;
}
