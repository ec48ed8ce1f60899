// Flows over links share bandwidth max-min fairly; rates change only when a flow starts or ends.
import {
  FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FLOWS, FLEET_FLOW_COUNT, FLEET_FLOW_DIRTY, FLEET_FLOW_NEXT, FLEET_FLOW_UPDATED,
  FLEET_LINK_BANDWIDTH, FLEET_LINK_COUNT, FLEET_LINK_FLOWS, FLEET_LINK_LEFT, FLOW_BYTES, FLOW_DONE, FLOW_KEY, FLOW_KIND, FLOW_LATENCY,
  FLOW_LEFT, FLOW_LINKS, FLOW_PATH, FLOW_RATE,
} from '../layout/fleet';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { eventPush } from '../table/events';

/** Adds a flow of `bytes` over `count` links listed at `links`; `latency` follows its last byte. Kept in order of (kind, key). */
export function startFlow(fleet: usize, kind: i32, key: i32, bytes: f64, links: usize, count: i32, latency: f64): void {
  const base = geta(fleet, FLEET_FLOWS);
  const flows = geti(fleet, FLEET_FLOW_COUNT);
  let flow = base + <usize>(flows * FLOW_BYTES);
  while (flow > base && comesAfter(flow - FLOW_BYTES, kind, key)) {
    memory.copy(flow, flow - FLOW_BYTES, FLOW_BYTES);
    flow -= FLOW_BYTES;
  }
  store<f64>(flow, bytes, FLOW_LEFT);
  store<f64>(flow, 0, FLOW_RATE);
  store<f64>(flow, Infinity, FLOW_DONE);
  store<i32>(flow, kind, FLOW_KIND);
  store<i32>(flow, key, FLOW_KEY);
  store<u32>(flow, <u32>links, FLOW_PATH);
  store<i32>(flow, count, FLOW_LINKS);
  store<f64>(flow, latency, FLOW_LATENCY);
  seti(fleet, FLEET_FLOW_COUNT, flows + 1);
  seti(fleet, FLEET_FLOW_DIRTY, 1);
}

// @ts-ignore: decorator
@inline
function comesAfter(flow: usize, kind: i32, key: i32): bool {
  const other = load<i32>(flow, FLOW_KIND);
  return other != kind ? other > kind : load<i32>(flow, FLOW_KEY) > key;
}

/** Flows that are done at `now` become deliveries after their latency. */
export function endFlows(fleet: usize, now: f64): void {
  if (getf(fleet, FLEET_FLOW_NEXT) > now) return;
  const base = geta(fleet, FLEET_FLOWS);
  const flows = geti(fleet, FLEET_FLOW_COUNT);
  let kept = base;
  for (let i = 0; i < flows; i++) {
    const flow = base + <usize>(i * FLOW_BYTES);
    if (load<f64>(flow, FLOW_DONE) <= now) {
      const time = now + load<f64>(flow, FLOW_LATENCY);
      eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, time, load<i32>(flow, FLOW_KIND), load<i32>(flow, FLOW_KEY));
      continue;
    }
    if (kept != flow) memory.copy(kept, flow, FLOW_BYTES);
    kept += FLOW_BYTES;
  }
  seti(fleet, FLEET_FLOW_COUNT, <i32>((kept - base) / FLOW_BYTES));
  seti(fleet, FLEET_FLOW_DIRTY, 1);
  // Found again by shareLinks at the end of the instant.
  setf(fleet, FLEET_FLOW_NEXT, Infinity);
}

/** After flows started or ended: progress to `now`, new fair rates, when each will be done. */
export function shareLinks(fleet: usize, now: f64): void {
  if (geti(fleet, FLEET_FLOW_DIRTY) == 0) return;
  seti(fleet, FLEET_FLOW_DIRTY, 0);
  const elapsed = now - getf(fleet, FLEET_FLOW_UPDATED);
  setf(fleet, FLEET_FLOW_UPDATED, now);
  const base = geta(fleet, FLEET_FLOWS);
  const end = base + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    store<f64>(flow, load<f64>(flow, FLOW_LEFT) - load<f64>(flow, FLOW_RATE) * elapsed, FLOW_LEFT);
    store<f64>(flow, -1, FLOW_RATE);
  }
  fillLinks(fleet, base, end);
  let next = Infinity;
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    const done = now + load<f64>(flow, FLOW_LEFT) / load<f64>(flow, FLOW_RATE);
    store<f64>(flow, done, FLOW_DONE);
    if (done < next) next = done;
  }
  setf(fleet, FLEET_FLOW_NEXT, next);
}

/** Progressive filling: again and again the link with the least share per flow fixes the rate of its flows. */
function fillLinks(fleet: usize, base: usize, end: usize): void {
  const left = geta(fleet, FLEET_LINK_LEFT);
  const users = geta(fleet, FLEET_LINK_FLOWS);
  const links = geti(fleet, FLEET_LINK_COUNT);
  const bandwidth = geta(fleet, FLEET_LINK_BANDWIDTH);
  let open = 0;
  // A large fleet has many links and mostly few flows: then only the links that flows cross are looked at.
  const few = <i32>((end - base) / FLOW_BYTES) * 4 < links;
  if (few) {
    for (let flow = base; flow < end; flow += FLOW_BYTES) openLinks(flow, bandwidth, left, users);
  } else {
    memory.copy(left, bandwidth, <usize>links << 3);
    memory.fill(users, 0, <usize>links << 2);
  }
  for (let flow = base; flow < end; flow += FLOW_BYTES) {
    countUser(flow, users, 1);
    open++;
  }
  for (let flow = base; flow < end; flow += FLOW_BYTES) if (fillAlone(flow, bandwidth, users)) open--;
  while (open > 0) {
    const tightest = few ? tightestCrossed(base, end, left, users) : tightestOf(links, left, users);
    const least = rowf(left, tightest) / <f64>rowi(users, tightest);
    for (let flow = base; flow < end; flow += FLOW_BYTES) {
      if (load<f64>(flow, FLOW_RATE) >= 0 || !crosses(flow, tightest)) continue;
      store<f64>(flow, least, FLOW_RATE);
      takeShare(flow, left, least);
      countUser(flow, users, -1);
      open--;
    }
  }
}

/** A flow that shares none of its links goes at the bandwidth of its narrowest; false when it meets others. */
function fillAlone(flow: usize, bandwidth: usize, users: usize): bool {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  const count = load<i32>(flow, FLOW_LINKS);
  let narrowest = Infinity;
  for (let i = 0; i < count; i++) {
    const link = rowi(path, i);
    if (rowi(users, link) != 1) return false;
    const room = rowf(bandwidth, link);
    if (room < narrowest) narrowest = room;
  }
  store<f64>(flow, narrowest, FLOW_RATE);
  countUser(flow, users, -1);
  return true;
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
    for (let i = 0; i < load<i32>(flow, FLOW_LINKS); i++) {
      const link = rowi(path, i);
      const share = rowf(left, link) / <f64>rowi(users, link);
      if (share < least || (share == least && link < tightest)) {
        least = share;
        tightest = link;
      }
    }
  }
  return tightest;
}

/** The whole bandwidth of the links that a flow crosses is there, and nobody uses them yet. */
function openLinks(flow: usize, bandwidth: usize, left: usize, users: usize): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < load<i32>(flow, FLOW_LINKS); i++) {
    const link = rowi(path, i);
    store<f64>(left + ((<usize>link) << 3), rowf(bandwidth, link));
    store<i32>(users + ((<usize>link) << 2), 0);
  }
}

function countUser(flow: usize, users: usize, by: i32): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < load<i32>(flow, FLOW_LINKS); i++) {
    const at = users + ((<usize>rowi(path, i)) << 2);
    store<i32>(at, load<i32>(at) + by);
  }
}

function takeShare(flow: usize, left: usize, share: f64): void {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < load<i32>(flow, FLOW_LINKS); i++) {
    const at = left + ((<usize>rowi(path, i)) << 3);
    store<f64>(at, load<f64>(at) - share);
  }
}

function crosses(flow: usize, link: i32): bool {
  const path = <usize>load<u32>(flow, FLOW_PATH);
  for (let i = 0; i < load<i32>(flow, FLOW_LINKS); i++) if (rowi(path, i) == link) return true;
  return false;
}
