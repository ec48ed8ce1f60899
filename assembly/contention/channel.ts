// A channel that several clients share (an accelerator under two models, a processor with its memory): steps under way get max-min
// fair shares of its compute and its bandwidth, and a step that wants d and gets s runs at rate s/d.
import {
  CLIENT_BANDWIDTH, CLIENT_CHANNEL, CLIENT_COMPUTE, CLIENT_DEMAND, CLIENT_LEFT, CLIENT_RATE, CLIENT_SHARED, CLIENT_UPDATED,
} from '../layout/client';
import { FLEET_CHANNEL_AT, FLEET_CHANNEL_COUNT, FLEET_CHANNEL_DIRTY, FLEET_CHANNEL_MEMBERS, FLEET_DIRTY_CHANNELS, FLEET_EDGE_PACE } from '../layout/fleet';
import { REP_END, REP_INDEX } from '../layout/replica';
import { RUN_FLEET, RUN_TREE, RUN_TREE_LEAVES } from '../layout/run';
import { addi, geta, getf, geti, rowi, setf, seti } from '../table/cell';
import { clientAt } from '../table/client';
import { treeSet } from '../table/tree';
import { changePace } from './supply';

/** A step of `rep` started or ended: the shares of its channel must be found again at the end of the instant. */
export function markChannel(run: usize, rep: usize): void {
  const fleet = geta(run, RUN_FLEET);
  const at = geta(fleet, FLEET_CHANNEL_DIRTY) + ((<usize>geti(rep, CLIENT_CHANNEL)) << 2);
  if (load<i32>(at) != 0) return;
  store<i32>(at, 1);
  addi(fleet, FLEET_DIRTY_CHANNELS, 1);
}

/** A step of `duration` seconds at full speed starts at `now`. */
export function startOnChannel(run: usize, rep: usize, duration: f64, now: f64): void {
  setf(rep, CLIENT_LEFT, duration);
  setf(rep, CLIENT_RATE, 0);
  setf(rep, CLIENT_UPDATED, now);
  markChannel(run, rep);
}

/** Finds the shares of every channel whose steps changed at this instant. */
export function shareChannels(run: usize, fleet: usize, now: f64): void {
  if (geti(fleet, FLEET_DIRTY_CHANNELS) == 0) return;
  seti(fleet, FLEET_DIRTY_CHANNELS, 0);
  const channels = geti(fleet, FLEET_CHANNEL_COUNT);
  const dirty = geta(fleet, FLEET_CHANNEL_DIRTY);
  for (let channel = 0; channel < channels; channel++) {
    if (rowi(dirty, channel) == 0) continue;
    store<i32>(dirty + ((<usize>channel) << 2), 0);
    const at = geta(fleet, FLEET_CHANNEL_AT) + ((<usize>channel) << 2);
    const members = geta(fleet, FLEET_CHANNEL_MEMBERS);
    shareChannel(run, members + ((<usize>load<i32>(at)) << 2), load<i32>(at, 4) - load<i32>(at), now);
  }
}

// @ts-ignore: decorator
@inline
function isActive(rep: usize): bool {
  return getf(rep, REP_END) != Infinity;
}

/** The shares of the `count` clients of one channel, listed at `members` in order. */
function shareChannel(run: usize, members: usize, count: i32, now: f64): void {
  let open = 0;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, rowi(members, i));
    seti(rep, CLIENT_SHARED, isActive(rep) ? 0 : 1);
    if (!isActive(rep)) continue;
    open++;
    // Work done since the last change
    setf(rep, CLIENT_LEFT, getf(rep, CLIENT_LEFT) - getf(rep, CLIENT_RATE) * (now - getf(rep, CLIENT_UPDATED)));
    setf(rep, CLIENT_UPDATED, now);
  }
  // Max-min in the larger of the two shares that a step wants (dominant resource fairness): all get the same of theirs, until one
  // has what it wants at most, or a resource is used up by those who want of it
  let compute = 1.0;
  let bandwidth = 1.0;
  while (open > 0) {
    const computeLevel = levelOf(compute, sumOpen(run, members, count, CLIENT_COMPUTE));
    const bandwidthLevel = levelOf(bandwidth, sumOpen(run, members, count, CLIENT_BANDWIDTH));
    const level = computeLevel < bandwidthLevel ? computeLevel : bandwidthLevel;
    const tight = computeLevel < bandwidthLevel ? CLIENT_COMPUTE : CLIENT_BANDWIDTH;
    const modest = leastWanting(run, members, count);
    const isContent = mostWanted(modest) <= level;
    for (let i = 0; i < count; i++) {
      const rep = clientAt(run, rowi(members, i));
      if (geti(rep, CLIENT_SHARED) != 0 || (isContent ? rep != modest : !(getf(rep, tight) > 0))) continue;
      const wants = larger(rep);
      const rate = wants > 0 ? (isContent ? mostWanted(rep) : level) / wants : 1;
      compute -= getf(rep, CLIENT_COMPUTE) * rate;
      bandwidth -= getf(rep, CLIENT_BANDWIDTH) * rate;
      seti(rep, CLIENT_SHARED, 1);
      open--;
      setRate(run, rep, rate, now);
    }
  }
}

/** The larger of what a step wants of compute and of bandwidth at full speed. */
// @ts-ignore: decorator
@inline
function larger(rep: usize): f64 {
  const compute = getf(rep, CLIENT_COMPUTE);
  const bandwidth = getf(rep, CLIENT_BANDWIDTH);
  return compute > bandwidth ? compute : bandwidth;
}

/** The same, but no more than its client may have. */
// @ts-ignore: decorator
@inline
function mostWanted(rep: usize): f64 {
  const wants = larger(rep);
  const demand = getf(rep, CLIENT_DEMAND);
  return wants < demand ? wants : demand;
}

/** How far the shares of those who want `sum` of a resource for each unit can grow on what is left of it. */
// @ts-ignore: decorator
@inline
function levelOf(left: f64, sum: f64): f64 {
  return sum > 0 ? left / sum : Infinity;
}

/** What those without a rate want of a resource together, each by a unit of its larger share. */
function sumOpen(run: usize, members: usize, count: i32, resource: i32): f64 {
  let sum = 0.0;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, rowi(members, i));
    if (geti(rep, CLIENT_SHARED) == 0 && larger(rep) > 0) sum += getf(rep, resource) / larger(rep);
  }
  return sum;
}

/** Of those without a rate the one that wants the least, the first of equals. */
function leastWanting(run: usize, members: usize, count: i32): usize {
  let best: usize = 0;
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, rowi(members, i));
    if (geti(rep, CLIENT_SHARED) != 0 || mostWanted(rep) >= least) continue;
    least = mostWanted(rep);
    best = rep;
  }
  return best;
}

function setRate(run: usize, rep: usize, rate: f64, now: f64): void {
  const before = getf(rep, CLIENT_RATE);
  if (rate == before) return;
  if (before > 0 && geta(geta(run, RUN_FLEET), FLEET_EDGE_PACE) != 0) changePace(run, rep, rate / before, now);
  setf(rep, CLIENT_RATE, rate);
  setf(rep, REP_END, now + getf(rep, CLIENT_LEFT) / rate);
  treeSet(geta(run, RUN_TREE), geti(run, RUN_TREE_LEAVES), geti(rep, REP_INDEX), getf(rep, REP_END));
}
