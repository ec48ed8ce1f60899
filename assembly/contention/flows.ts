// Flows over links share bandwidth max-min fairly; rates change only when a flow starts or ends.
import {
  EVENT_BYTES, EVENT_EDGE, EVENT_TIER, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FLOWS, FLEET_FLOW_COUNT, FLEET_FLOW_DIRTY, FLEET_FLOW_NEXT,
  FLEET_FLOW_UPDATED, FLEET_LINK_BANDWIDTH, FLEET_LINK_COUNT, FLEET_LINK_FLOWS, FLEET_LINK_LEFT, FLEET_LINK_USERS, FLOW_BYTES, FLOW_DONE, FLOW_KEY, FLOW_LEFT,
  FLOW_PATH, FLOW_RATE, FLOW_TIER, TIER_LATENCY, TIER_PATH,
} from '../layout/fleet';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { eventPush } from '../table/events';
import { pathLatency, pathLength, pathLink } from './paths';

/** Adds a flow of `bytes` over `path`, of an edge or of FLOW_TIER | a tier's key. Flows are kept in order of key. */
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
  countFlow(fleet, path, 1);
  seti(fleet, FLEET_FLOW_COUNT, flows + 1);
  seti(fleet, FLEET_FLOW_DIRTY, 1);
}

/** Flows that are done at `now` become deliveries after their latency. */
export function endFlows(fleet: usize, now: f64): void {
  if (getf(fleet, FLEET_FLOW_NEXT) > now) return;
  let flow = geta(fleet, FLEET_FLOWS);
  let end = flow + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  while (flow < end) {
    if (load<f64>(flow, FLOW_DONE) > now) {
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
  const elapsed = now - getf(fleet, FLEET_FLOW_UPDATED);
  setf(fleet, FLEET_FLOW_UPDATED, now);
  const base = geta(fleet, FLEET_FLOWS);
  const end = base + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  let next = Infinity;
  let open = 0;
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    store<f64>(flow, load<f64>(flow, FLOW_LEFT) - load<f64>(flow, FLOW_RATE) * elapsed, FLOW_LEFT);
    const rate = rateAlone(fleet, flow);
    store<f64>(flow, rate, FLOW_RATE);
    if (rate < 0) {
      open++;
      continue;
    }
    const done = now + load<f64>(flow, FLOW_LEFT) / rate;
    store<f64>(flow, done, FLOW_DONE);
    if (done < next) next = done;
  }
  if (open > 0) next = fillLinks(fleet, base, end, open, now, next);
  setf(fleet, FLEET_FLOW_NEXT, next);
}

/** A flow that shares none of its links goes at the bandwidth of its narrowest; -1 when it meets others. */
// @ts-ignore: decorator
@inline
function rateAlone(fleet: usize, flow: usize): f64 {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  const count = pathLength(path);
  const flows = geta(fleet, FLEET_LINK_FLOWS);
  const bandwidth = geta(fleet, FLEET_LINK_BANDWIDTH);
  let narrowest = Infinity;
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
 * per flow fixes the rate of its flows. Returns when the first of them, or of those before (`next`), is done.
 */
function fillLinks(fleet: usize, base: usize, end: usize, open: i32, now: f64, next: f64): f64 {
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
    const isOpen = load<f64>(flow, FLOW_RATE) < 0;
    if (few && isOpen) openLinks(fleet, flow, left, users);
    else if (!few && !isOpen) dropUser(flow, users);
  }
  let first = next;
  while (open > 0) {
    const tightest = few ? tightestCrossed(base, end, left, users) : tightestOf(links, left, users);
    const least = rowf(left, tightest) / <f64>rowi(users, tightest);
    for (let flow = base; flow < end; flow += FLOW_BYTES) {
      if (load<f64>(flow, FLOW_RATE) >= 0 || !crosses(flow, tightest)) continue;
      store<f64>(flow, least, FLOW_RATE);
      takeShare(flow, left, least);
      dropUser(flow, users);
      open--;
      const done = now + load<f64>(flow, FLOW_LEFT) / least;
      store<f64>(flow, done, FLOW_DONE);
      if (done < first) first = done;
    }
  }
  return first;
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

/** One flow more (or fewer) on every link of a path. */
function countFlow(fleet: usize, path: usize, by: i32): void {
  const flows = geta(fleet, FLEET_LINK_FLOWS);
  for (let i = 0; i < pathLength(path); i++) {
    const at = flows + ((<usize>pathLink(path, i)) << 2);
    store<i32>(at, load<i32>(at) + by);
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
