// KV stores: which leading blocks of a prompt lie in which tier, sending them, and writing blocks back.
import { CLIENT_STEPS, CLIENT_TIERS, CLIENT_TIER_COUNT } from '../layout/client';
import {
  EVENT_TIER, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FETCHED, FLEET_FETCHES, FLEET_FOUND, FLEET_HASH_BLOCK,
  FLEET_START, FLEET_STORE_BYTES, FLOW_TIER, HASH_RUN_BYTES, HASH_RUN_END, HASH_RUN_ID, TIERS_MOST, TIER_CAPACITY, TIER_CELLS, TIER_FOUND, TIER_LATENCY, TIER_PATH,
  TIER_POLICY, WRITE_BACK, WRITE_SELECTIVE, WRITE_THROUGH,
} from '../layout/fleet';
import { RUN_FLEET, RUN_NEXT, RUN_REPLICA_OF } from '../layout/run';
import { startFlow } from '../contention/flows';
import { addf, geta, getf, geti, rowi } from '../table/cell';
import { clientAt } from '../table/client';
import { eventPush } from '../table/events';
import { absentFrom, evictOldest, heldFrom, insertBlocks, renewBlocks, touchBlock } from '../table/recent';
import { runsOf } from '../table/runs';
import { finishVisit } from './visit';

/** A kv-fetch visit: finds the leading blocks, tier by tier, and sends what it found; with nothing found it ends at once. */
export function lookUpBlocks(run: usize, rep: usize, visit: i32, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  store<f64>(geta(fleet, FLEET_START) + ((<usize>visit) << 3), now);
  addf(rep, CLIENT_STEPS, 1);
  const found = findBlocks(fleet, rep, visit);
  const target = rowi(geta(fleet, FLEET_FETCHES), visit);
  if (target >= 0) store<i32>(geta(fleet, FLEET_FETCHED) + ((<usize>target) << 2), found * geti(fleet, FLEET_HASH_BLOCK));
  if (found == 0) {
    finishVisit(run, rep, visit, now);
    return;
  }
  sendBlocks(run, fleet, rep, visit, now);
}

/** Counts the leading blocks by tier into FOUND (touching them) and returns how many there are. */
function findBlocks(fleet: usize, rep: usize, visit: i32): i32 {
  const counts = fleet + (FLEET_FOUND << 3);
  memory.fill(counts, 0, TIERS_MOST * 4);
  const tiers = geta(rep, CLIENT_TIERS);
  const tierCount = geti(rep, CLIENT_TIER_COUNT);
  let found = 0;
  for (let at = runsOf(fleet, visit); at < runsOf(fleet, visit + 1); at += HASH_RUN_BYTES) {
    const end = load<i32>(at, HASH_RUN_END);
    let id = load<i32>(at, HASH_RUN_ID);
    while (found < end) {
      // As many as lie in the same tier, and in none before it
      let part = end - found;
      let tier = 0;
      for (; tier < tierCount; tier++) {
        const held = heldFrom(tierAt(tiers, tier), id, part);
        if (held > 0) {
          part = held;
          break;
        }
        part = absentFrom(tierAt(tiers, tier), id, part);
      }
      if (tier == tierCount) return found;
      renewBlocks(tierAt(tiers, tier), id, part);
      const count = counts + ((<usize>tier) << 2);
      store<i32>(count, load<i32>(count) + part);
      addf(tierAt(tiers, tier), TIER_FOUND, <f64>part);
      id += part;
      found += part;
    }
  }
  return found;
}

// @ts-ignore: decorator
@inline
function tierAt(tiers: usize, tier: i32): usize {
  return tiers + <usize>(tier * (TIER_CELLS * 8));
}

/** Starts a flow on the link of every tier that found something. */
function sendBlocks(run: usize, fleet: usize, rep: usize, visit: i32, now: f64): void {
  const counts = fleet + (FLEET_FOUND << 3);
  const tiers = geta(rep, CLIENT_TIERS);
  const tierCount = geti(rep, CLIENT_TIER_COUNT);
  let sending = 0;
  for (let tier = 0; tier < tierCount; tier++) if (rowi(counts, tier) > 0) sending++;
  // Tiers still sending: a visit to a store never queues.
  store<i32>(geta(run, RUN_NEXT) + ((<usize>visit) << 2), sending);
  for (let tier = 0; tier < tierCount; tier++) {
    const blocks = rowi(counts, tier);
    if (blocks == 0) continue;
    const record = tierAt(tiers, tier);
    const key = visit * TIERS_MOST + tier;
    if (geti(record, TIER_PATH) == 0) {
      eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now + getf(record, TIER_LATENCY), EVENT_TIER, key);
      continue;
    }
    const bytes = <f64>(blocks * geti(fleet, FLEET_HASH_BLOCK)) * getf(fleet, FLEET_STORE_BYTES);
    startFlow(fleet, FLOW_TIER | key, bytes, record + (TIER_PATH << 3));
  }
}

/** What a tier sent has arrived; after the last tier the visit ends. */
export function deliverTier(run: usize, fleet: usize, key: i32, now: f64): void {
  const visit = key / TIERS_MOST;
  const at = geta(run, RUN_NEXT) + ((<usize>visit) << 2);
  const left = load<i32>(at) - 1;
  store<i32>(at, left);
  if (left == 0) finishVisit(run, clientAt(run, rowi(geta(run, RUN_REPLICA_OF), visit)), visit, now);
}

/** Writes the blocks of an ended visit into the tiers of store client `index`, in order of the prompt. */
export function writeBlocks(run: usize, fleet: usize, index: i32, visit: i32): void {
  const rep = clientAt(run, index);
  const tiers = geta(rep, CLIENT_TIERS);
  const count = geti(rep, CLIENT_TIER_COUNT);
  const passes = passesOn(tiers, count);
  let i = 0;
  for (let at = runsOf(fleet, visit); at < runsOf(fleet, visit + 1); at += HASH_RUN_BYTES) {
    const end = load<i32>(at, HASH_RUN_END);
    let id = load<i32>(at, HASH_RUN_ID);
    while (i < end) {
      const part = passes ? 1 : writeRun(tiers, count, id, end - i);
      if (passes) writeBlock(tiers, count, id);
      id += part;
      i += part;
    }
  }
}

/** Whether a tier takes what another one lets go of, block by block; otherwise tiers have nothing to do with each other. */
function passesOn(tiers: usize, count: i32): bool {
  for (let tier = 0; tier < count; tier++) if (geti(tierAt(tiers, tier), TIER_POLICY) == WRITE_BACK) return true;
  return false;
}

/** Writes blocks from `id` on, at most `most`, as many as each tier has all or none of; returns how many. */
function writeRun(tiers: usize, count: i32, id: i32, most: i32): i32 {
  let part = most;
  for (let tier = 0; tier < count; tier++) {
    const held = heldFrom(tierAt(tiers, tier), id, part);
    part = held > 0 ? held : absentFrom(tierAt(tiers, tier), id, part);
  }
  let nearer = false;
  for (let tier = 0; tier < count; tier++) {
    const record = tierAt(tiers, tier);
    const policy = geti(record, TIER_POLICY);
    if (heldFrom(record, id, 1) > 0) {
      renewBlocks(record, id, part);
      nearer = true;
    } else if ((policy == WRITE_THROUGH || (policy == WRITE_SELECTIVE && nearer)) && geti(record, TIER_CAPACITY) > 0) {
      insertBlocks(record, id, part);
      evictOldest(record);
    }
  }
  return part;
}

/** Nearest tier first: where the block is, or where the tier's policy wants it. */
function writeBlock(tiers: usize, count: i32, id: i32): void {
  let nearer = false;
  for (let tier = 0; tier < count; tier++) {
    const record = tierAt(tiers, tier);
    const held = heldFrom(record, id, 1) > 0;
    const policy = geti(record, TIER_POLICY);
    if (held || policy == WRITE_THROUGH || (policy == WRITE_SELECTIVE && nearer)) {
      passOn(tiers, count, tier, touchBlock(record, id));
    }
    nearer = nearer || held;
  }
}

/** What a tier let go of goes into the next one, if that takes what is let go; and so on. */
function passOn(tiers: usize, count: i32, tier: i32, id: i32): void {
  let left = id;
  for (let next = tier + 1; left >= 0 && next < count; next++) {
    const record = tierAt(tiers, next);
    if (geti(record, TIER_POLICY) != WRITE_BACK) return;
    left = touchBlock(record, left);
  }
}
