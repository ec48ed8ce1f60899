// A channel that several clients share (one memory channel, one accelerator under two models): steps under way get max-min
// fair shares of it, and a step that wants d and gets s runs at rate s/d.
import { CLIENT_CHANNEL, CLIENT_DEMAND, CLIENT_LEFT, CLIENT_RATE, CLIENT_UPDATED } from '../layout/client';
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
  let active = 0;
  for (let i = 0; i < count; i++) {
    const rep = clientAt(run, rowi(members, i));
    if (!isActive(rep)) continue;
    active++;
    // Work done since the last change
    setf(rep, CLIENT_LEFT, getf(rep, CLIENT_LEFT) - getf(rep, CLIENT_RATE) * (now - getf(rep, CLIENT_UPDATED)));
    setf(rep, CLIENT_UPDATED, now);
  }
  // Max-min: ascending demand, each takes at most an even part of what is left
  let capacity = 1.0;
  let lastDemand = -Infinity;
  let lastClient = -1;
  while (active > 0) {
    const next = nextByDemand(run, members, count, lastDemand, lastClient);
    const rep = clientAt(run, next);
    const demand = getf(rep, CLIENT_DEMAND);
    lastDemand = demand;
    lastClient = next;
    const even = capacity / <f64>active;
    const share = demand < even ? demand : even;
    capacity -= share;
    active--;
    setRate(run, rep, demand > 0 ? share / demand : 1, now);
  }
}

/** The active client that follows (demand, index) in ascending order. */
function nextByDemand(run: usize, members: usize, count: i32, demand: f64, client: i32): i32 {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    const index = rowi(members, i);
    const rep = clientAt(run, index);
    if (!isActive(rep)) continue;
    const wants = getf(rep, CLIENT_DEMAND);
    if (wants < demand || (wants == demand && index <= client) || wants >= least) continue;
    least = wants;
    best = index;
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
