// KV stores: which leading blocks of a prompt lie in which tier, sending them, and writing blocks back.
import { CLIENT_STEPS, CLIENT_TIERS, CLIENT_TIER_COUNT } from '../layout/client';
import {
  EVENT_TIER, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FETCHED, FLEET_FETCHES, FLEET_FOUND, FLEET_HASH_AT, FLEET_HASH_BLOCK, FLEET_HASH_IDS,
  FLEET_START, FLEET_STORE_BYTES, FLOW_TIER, TIERS_MOST, TIER_CELLS, TIER_LATENCY, TIER_PATH,
  TIER_POLICY, WRITE_BACK, WRITE_SELECTIVE, WRITE_THROUGH,
} from '../layout/fleet';
import { RUN_FLEET, RUN_NEXT, RUN_REPLICA_OF } from '../layout/run';
import { startFlow } from '../contention/flows';
import { addf, geta, getf, geti, rowi } from '../table/cell';
import { clientAt } from '../table/client';
import { eventPush } from '../table/events';
import { holdsBlock, touchBlock } from '../table/recent';
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
  const at = geta(fleet, FLEET_HASH_AT) + ((<usize>visit) << 2);
  const end = load<i32>(at, 4);
  const ids = geta(fleet, FLEET_HASH_IDS);
  const tiers = geta(rep, CLIENT_TIERS);
  const tierCount = geti(rep, CLIENT_TIER_COUNT);
  let found = 0;
  for (let j = load<i32>(at); j < end; j++) {
    const id = rowi(ids, j);
    let tier = 0;
    while (tier < tierCount && !holdsBlock(tiers + <usize>(tier * (TIER_CELLS * 8)), id)) tier++;
    if (tier == tierCount) break;
    touchBlock(tiers + <usize>(tier * (TIER_CELLS * 8)), id);
    const count = counts + ((<usize>tier) << 2);
    store<i32>(count, load<i32>(count) + 1);
    found++;
  }
  return found;
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
    const record = tiers + <usize>(tier * (TIER_CELLS * 8));
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
  const at = geta(fleet, FLEET_HASH_AT) + ((<usize>visit) << 2);
  const end = load<i32>(at, 4);
  const ids = geta(fleet, FLEET_HASH_IDS);
  for (let j = load<i32>(at); j < end; j++) writeBlock(tiers, count, rowi(ids, j));
}

/** Nearest tier first: where the block is, or where the tier's policy wants it. */
function writeBlock(tiers: usize, count: i32, id: i32): void {
  let nearer = false;
  for (let tier = 0; tier < count; tier++) {
    const record = tiers + <usize>(tier * (TIER_CELLS * 8));
    const held = holdsBlock(record, id);
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
    const record = tiers + <usize>(next * (TIER_CELLS * 8));
    if (geti(record, TIER_POLICY) != WRITE_BACK) return;
    left = touchBlock(record, left);
  }
}
