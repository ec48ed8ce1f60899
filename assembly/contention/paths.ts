// Paths between locations: the links that are crossed, their latency and their narrowest bandwidth.
import { FLEET_LINK_BANDWIDTH, FLEET_LINK_LATENCY, FLEET_LOCATIONS, FLEET_PATH_AT, FLEET_PATH_LINKS } from '../layout/fleet';
import { geta, geti, rowf, rowi } from '../table/cell';

/** Address of the first link of a path, and after it `pathLength` of them. */
export function pathStart(fleet: usize, from: i32, to: i32): usize {
  const pair = from * geti(fleet, FLEET_LOCATIONS) + to;
  return geta(fleet, FLEET_PATH_LINKS) + ((<usize>rowi(geta(fleet, FLEET_PATH_AT), pair)) << 2);
}

export function pathLength(fleet: usize, from: i32, to: i32): i32 {
  const at = geta(fleet, FLEET_PATH_AT) + ((<usize>(from * geti(fleet, FLEET_LOCATIONS) + to)) << 2);
  return load<i32>(at, 4) - load<i32>(at);
}

/** Sum of the latencies of `count` links, s. */
export function pathLatency(fleet: usize, links: usize, count: i32): f64 {
  let sum = 0.0;
  for (let i = 0; i < count; i++) sum += rowf(geta(fleet, FLEET_LINK_LATENCY), rowi(links, i));
  return sum;
}

/** The least bandwidth of `count` links, B/s; +inf for none. */
export function pathBandwidth(fleet: usize, links: usize, count: i32): f64 {
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    const bandwidth = rowf(geta(fleet, FLEET_LINK_BANDWIDTH), rowi(links, i));
    if (bandwidth < least) least = bandwidth;
  }
  return least;
}

/** Seconds of an unshared transfer: latencies, and bytes over the narrowest link. */
export function pathSeconds(fleet: usize, from: i32, to: i32, bytes: f64): f64 {
  const count = pathLength(fleet, from, to);
  if (count == 0) return 0;
  const links = pathStart(fleet, from, to);
  return pathLatency(fleet, links, count) + bytes / pathBandwidth(fleet, links, count);
}
