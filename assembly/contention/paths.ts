// Paths between locations: the links that are crossed, their latency and their narrowest bandwidth.
import { FLEET_LINK_BANDWIDTH, FLEET_LINK_FLOWS, FLEET_LINK_LATENCY, FLEET_LOCATIONS, FLEET_PATH_AT, FLEET_PATH_LINKS } from '../layout/fleet';
import { geta, geti, rowf, rowi } from '../table/cell';

/** Address of a path: how many links it has, then the links. */
export function pathBetween(fleet: usize, from: i32, to: i32): usize {
  const pair = from * geti(fleet, FLEET_LOCATIONS) + to;
  return geta(fleet, FLEET_PATH_LINKS) + ((<usize>rowi(geta(fleet, FLEET_PATH_AT), pair)) << 2);
}

// @ts-ignore: decorator
@inline
export function pathLength(path: usize): i32 {
  return load<i32>(path);
}

/** Link i of a path. */
// @ts-ignore: decorator
@inline
export function pathLink(path: usize, i: i32): i32 {
  return load<i32>(path + ((<usize>i) << 2), 4);
}

/** One flow more (or fewer) on every link of a path. */
export function countFlow(fleet: usize, path: usize, by: i32): void {
  const flows = geta(fleet, FLEET_LINK_FLOWS);
  for (let i = 0; i < pathLength(path); i++) {
    const at = flows + ((<usize>pathLink(path, i)) << 2);
    store<i32>(at, load<i32>(at) + by);
  }
}

/** Sum of the latencies of a path, s. */
export function pathLatency(fleet: usize, path: usize): f64 {
  const count = pathLength(path);
  let sum = 0.0;
  for (let i = 0; i < count; i++) sum += rowf(geta(fleet, FLEET_LINK_LATENCY), pathLink(path, i));
  return sum;
}

/** The least bandwidth of a path, B/s; +inf where nothing is crossed. */
export function pathBandwidth(fleet: usize, path: usize): f64 {
  const count = pathLength(path);
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    const bandwidth = rowf(geta(fleet, FLEET_LINK_BANDWIDTH), pathLink(path, i));
    if (bandwidth < least) least = bandwidth;
  }
  return least;
}

/** Seconds of an unshared transfer: latencies, and bytes over the narrowest link. */
export function pathSeconds(fleet: usize, from: i32, to: i32, bytes: f64): f64 {
  const path = pathBetween(fleet, from, to);
  if (pathLength(path) == 0) return 0;
  return pathLatency(fleet, path) + bytes / pathBandwidth(fleet, path);
}
