// A scored choice: what every member costs a visit, the sum of weighted terms. One case per SCORE_* and NORM_* id.
import { CLIENT_BLOCKS, CLIENT_LOCATION } from '../layout/client';
import {
  FLEET_HASH_BLOCK, FLEET_RUNS, POOL_ALL, POOL_ALL_COUNT, POOL_CHOSEN, POOL_COSTS, POOL_COUNT, POOL_MEMBERS, POOL_READ, POOL_REFRESH,
  POOL_TERMS, POOL_TERM_COUNT, TERM_CELLS, TERM_ID, TERM_IS_READ, TERM_NORM, TERM_VALUES, TERM_WEIGHT,
} from '../layout/fleet';
import { LOAD_REQUESTS } from '../layout/load';
import { NORM_MOST, NORM_RANGE, NORM_RAW } from '../layout/norms';
import { REP_RUNNING } from '../layout/replica';
import { RUN_PROMPT, RUN_REPLICA_OF } from '../layout/run';
import {
  SCORES_FROM, SCORE_AGE, SCORE_KV_SHARE, SCORE_PATH, SCORE_PREFIX, SCORE_QUEUE, SCORE_RUNNING, SCORE_UNCACHED,
} from '../layout/scores';
import { leadingBlocks } from '../batching/share';
import { pathSeconds } from '../contention/paths';
import { geta, getf, geti, rowf, rowi, setf } from '../table/cell';
import { clientAt, loadsOf } from '../table/client';
import { hashBlocks } from '../table/runs';
import { blocksInUse, loadOf } from './loads';

/** Leaves in POOL_COSTS what each member costs `visit`, which follows visit `source` with `bytes`; terms are added in their order. */
export function scoreMembers(run: usize, fleet: usize, pool: usize, visit: i32, source: i32, bytes: f64, now: f64): void {
  const members = geta(pool, POOL_MEMBERS);
  const count = geti(pool, POOL_COUNT);
  const costs = geta(pool, POOL_COSTS);
  const due = now - getf(pool, POOL_READ) >= getf(pool, POOL_REFRESH);
  if (due) setf(pool, POOL_READ, now);
  for (let i = 0; i < count; i++) store<f64>(costs + ((<usize>rowi(members, i)) << 3), 0);
  for (let t = 0; t < geti(pool, POOL_TERM_COUNT); t++) {
    const term = geta(pool, POOL_TERMS) + <usize>(t * (TERM_CELLS * 8));
    if (geti(term, TERM_IS_READ) == 0) fillTerm(run, fleet, pool, term, members, count, visit, source, bytes, now);
    else if (due) readTerm(run, fleet, pool, term, visit, source, bytes, now);
    addTerm(term, costs, members, count);
  }
}

/** What is read, is read of all instances: also of those that are off, which may be on before the next reading. */
function readTerm(run: usize, fleet: usize, pool: usize, term: usize, visit: i32, source: i32, bytes: f64, now: f64): void {
  const all = geta(pool, POOL_ALL);
  if (all != 0) fillTerm(run, fleet, pool, term, all, geti(pool, POOL_ALL_COUNT), visit, source, bytes, now);
  else fillTerm(run, fleet, pool, term, geta(pool, POOL_MEMBERS), geti(pool, POOL_COUNT), visit, source, bytes, now);
}

function fillTerm(
  run: usize, fleet: usize, pool: usize, term: usize, members: usize, count: i32, visit: i32, source: i32, bytes: f64, now: f64,
): void {
  const id = geti(term, TERM_ID);
  const values = geta(term, TERM_VALUES);
  for (let i = 0; i < count; i++) {
    const index = rowi(members, i);
    const client = clientAt(run, index);
    const value =
      id < SCORES_FROM
        ? loadOf(run, fleet, id, client, index)
        : id == SCORES_FROM + SCORE_AGE
          ? now - rowf(geta(pool, POOL_CHOSEN), index)
          : scoreOf(run, fleet, id - SCORES_FROM, client, index, visit, source, bytes);
    store<f64>(values + ((<usize>index) << 3), value);
  }
}

function scoreOf(run: usize, fleet: usize, score: i32, client: usize, index: i32, visit: i32, source: i32, bytes: f64): f64 {
  if (score == SCORE_QUEUE) return rowf(loadsOf(run, fleet, LOAD_REQUESTS), index) - <f64>geti(client, REP_RUNNING);
  if (score == SCORE_RUNNING) return <f64>geti(client, REP_RUNNING);
  if (score == SCORE_KV_SHARE) {
    const blocks = geti(client, CLIENT_BLOCKS);
    return blocks == 0 ? 0 : <f64>blocksInUse(client) / <f64>blocks;
  }
  if (score == SCORE_PREFIX) {
    const whole = geta(fleet, FLEET_RUNS) == 0 ? 0 : hashBlocks(fleet, visit);
    return whole == 0 ? 0 : <f64>leadingBlocks(run, client, visit) / <f64>whole;
  }
  if (score == SCORE_UNCACHED) {
    const left = rowi(geta(run, RUN_PROMPT), visit) - leadingBlocks(run, client, visit) * geti(fleet, FLEET_HASH_BLOCK);
    return left > 0 ? <f64>left : 0;
  }
  assert(score == SCORE_PATH, 'unknown score');
  return secondsFrom(run, fleet, client, source, bytes);
}

/** Seconds of `bytes` to a client from where visit `source` ran; 0 for a root. */
export function secondsFrom(run: usize, fleet: usize, client: usize, source: i32, bytes: f64): f64 {
  if (source < 0) return 0;
  const from = clientAt(run, rowi(geta(run, RUN_REPLICA_OF), source));
  return pathSeconds(fleet, geti(from, CLIENT_LOCATION), geti(client, CLIENT_LOCATION), bytes);
}

/** Adds a term to the costs: its values from `low` on, over `width`. */
function addTerm(term: usize, costs: usize, members: usize, count: i32): void {
  const values = geta(term, TERM_VALUES);
  const weight = getf(term, TERM_WEIGHT);
  const norm = geti(term, TERM_NORM);
  let low = 0.0;
  let width = 1.0;
  if (norm != NORM_RAW) {
    let most = -Infinity;
    let least = Infinity;
    for (let i = 0; i < count; i++) {
      const value = rowf(values, rowi(members, i));
      most = max(most, value);
      least = min(least, value);
    }
    if (norm == NORM_RANGE) low = least;
    else assert(norm == NORM_MOST, 'unknown norm');
    width = most - low;
    // All are alike, or nothing
    if (width == 0) return;
  }
  for (let i = 0; i < count; i++) {
    const at = (<usize>rowi(members, i)) << 3;
    store<f64>(costs + at, load<f64>(costs + at) + weight * ((load<f64>(values + at) - low) / width));
  }
}
