// A binary heap of events by (time, kind, key): deliveries and departures, or visits on cores. It grows downwards from its first
// event, so that what lies below can grow towards it.
import {
  EVENT_BYTES, EVENT_KEY, EVENT_KIND, EVENT_TIME, FLEET_EVENTS, FLEET_FLOWS, FLEET_FLOW_COUNT, FLOW_BYTES,
} from '../layout/fleet';
import { geta, geti, seti } from './cell';

/** By time; then by kind and key, which are one number: the kind stands above the key. */
// @ts-ignore: decorator
@inline
function comesFirst(a: usize, b: usize): bool {
  const timeA = load<f64>(a, EVENT_TIME);
  const timeB = load<f64>(b, EVENT_TIME);
  return timeA != timeB ? timeA < timeB : load<u64>(a, EVENT_KEY) < load<u64>(b, EVENT_KEY);
}

// @ts-ignore: decorator
@inline
function copyEvent(to: usize, from: usize): void {
  store<f64>(to, load<f64>(from, EVENT_TIME), EVENT_TIME);
  store<u64>(to, load<u64>(from, EVENT_KEY), EVENT_KEY);
}

/** Whether one more event has room above the flows, or a visit on cores above the events. */
function hasRoom(fleet: usize, heap: i32, at: i32): bool {
  const event = geta(fleet, heap) - <usize>(at * EVENT_BYTES);
  if (heap != FLEET_EVENTS) return event > geta(fleet, FLEET_EVENTS);
  return event >= geta(fleet, FLEET_FLOWS) + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
}

/** `heap` and `count` are cells of `fleet`. */
export function eventPush(fleet: usize, heap: i32, count: i32, time: f64, kind: i32, key: i32): void {
  const base = geta(fleet, heap);
  let at = geti(fleet, count);
  assert(hasRoom(fleet, heap, at), 'eventPush: the room for events is full');
  seti(fleet, count, at + 1);
  const order = ((<u64>kind) << 32) | <u64>(<u32>key);
  // What comes later moves down
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const high = base - <usize>(parent * EVENT_BYTES);
    const parentTime = load<f64>(high, EVENT_TIME);
    if (parentTime < time || (parentTime == time && load<u64>(high, EVENT_KEY) < order)) break;
    copyEvent(base - <usize>(at * EVENT_BYTES), high);
    at = parent;
  }
  const event = base - <usize>(at * EVENT_BYTES);
  store<f64>(event, time, EVENT_TIME);
  store<u64>(event, order, EVENT_KEY);
}

/** Time of the first event, +inf when there is none. */
// @ts-ignore: decorator
@inline
export function eventTime(fleet: usize, heap: i32, count: i32): f64 {
  return geti(fleet, count) > 0 ? load<f64>(geta(fleet, heap), EVENT_TIME) : Infinity;
}

/** Removes the first event; read it at the heap's base before. */
export function eventPop(fleet: usize, heap: i32, count: i32): void {
  const base = geta(fleet, heap);
  const last = geti(fleet, count) - 1;
  seti(fleet, count, last);
  if (last <= 0) return;
  // The last one sinks from the top
  const tail = base - <usize>(last * EVENT_BYTES);
  let at = 0;
  while (true) {
    let child = at * 2 + 1;
    if (child >= last) break;
    let low = base - <usize>(child * EVENT_BYTES);
    if (child + 1 < last && comesFirst(low - EVENT_BYTES, low)) {
      child++;
      low -= EVENT_BYTES;
    }
    if (!comesFirst(low, tail)) break;
    copyEvent(base - <usize>(at * EVENT_BYTES), low);
    at = child;
  }
  copyEvent(base - <usize>(at * EVENT_BYTES), tail);
}
