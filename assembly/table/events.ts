// A binary heap of events by (time, kind, key): deliveries and departures, or visits on cores.
import { EVENT_BYTES, EVENT_KEY, EVENT_KIND, EVENT_TIME } from '../layout/fleet';
import { geta, geti, seti } from './cell';

// @ts-ignore: decorator
@inline
function comesFirst(a: usize, b: usize): bool {
  const timeA = load<f64>(a, EVENT_TIME);
  const timeB = load<f64>(b, EVENT_TIME);
  if (timeA != timeB) return timeA < timeB;
  const kindA = load<i32>(a, EVENT_KIND);
  const kindB = load<i32>(b, EVENT_KIND);
  return kindA != kindB ? kindA < kindB : load<i32>(a, EVENT_KEY) < load<i32>(b, EVENT_KEY);
}

// @ts-ignore: decorator
@inline
function swapEvents(a: usize, b: usize): void {
  const time = load<f64>(a, EVENT_TIME);
  const rest = load<u64>(a, EVENT_KIND);
  store<f64>(a, load<f64>(b, EVENT_TIME), EVENT_TIME);
  store<u64>(a, load<u64>(b, EVENT_KIND), EVENT_KIND);
  store<f64>(b, time, EVENT_TIME);
  store<u64>(b, rest, EVENT_KIND);
}

/** `heap` and `count` are cells of `fleet`. */
export function eventPush(fleet: usize, heap: i32, count: i32, time: f64, kind: i32, key: i32): void {
  const base = geta(fleet, heap);
  let at = geti(fleet, count);
  seti(fleet, count, at + 1);
  const event = base + <usize>(at * EVENT_BYTES);
  store<f64>(event, time, EVENT_TIME);
  store<i32>(event, kind, EVENT_KIND);
  store<i32>(event, key, EVENT_KEY);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const low = base + <usize>(at * EVENT_BYTES);
    const high = base + <usize>(parent * EVENT_BYTES);
    if (!comesFirst(low, high)) return;
    swapEvents(low, high);
    at = parent;
  }
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
  const tail = base + <usize>(last * EVENT_BYTES);
  store<f64>(base, load<f64>(tail, EVENT_TIME), EVENT_TIME);
  store<u64>(base, load<u64>(tail, EVENT_KIND), EVENT_KIND);
  let at = 0;
  while (true) {
    let child = at * 2 + 1;
    if (child >= last) return;
    const left = base + <usize>(child * EVENT_BYTES);
    if (child + 1 < last && comesFirst(left + EVENT_BYTES, left)) child++;
    const low = base + <usize>(child * EVENT_BYTES);
    const high = base + <usize>(at * EVENT_BYTES);
    if (!comesFirst(low, high)) return;
    swapEvents(low, high);
    at = child;
  }
}
