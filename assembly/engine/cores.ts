// Visits on cores: pre- and post-processing, tools. First come first served over independent cores.
import { CLIENT_BUSY, CLIENT_MAX_SEQS, CLIENT_PEAK_SEQS, CLIENT_RUNNING, CLIENT_STEPS } from '../layout/client';
import { EVENT_CORE, EVENT_KEY, FLEET_CORES, FLEET_CORE_COUNT, FLEET_SECONDS, FLEET_START } from '../layout/fleet';
import { REP_RUNNING, REP_WAITING, REP_WAIT_HEAD } from '../layout/replica';
import { RUN_FLEET, RUN_REPLICA_OF } from '../layout/run';
import { addf, addi, geta, geti, rowf, rowi, seti } from '../table/cell';
import { clientAt } from '../table/client';
import { eventPop, eventPush, eventTime } from '../table/events';
import { queuePop, queuePush } from '../table/queue';
import { finishVisit } from './visit';

/** A visit takes a free core, or waits for one. */
export function enterCores(run: usize, rep: usize, visit: i32, now: f64): void {
  if (geti(rep, REP_RUNNING) < geti(rep, CLIENT_MAX_SEQS)) startOnCore(run, rep, visit, now);
  else queuePush(run, rep, visit);
}

function startOnCore(run: usize, rep: usize, visit: i32, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  const seconds = rowf(geta(fleet, FLEET_SECONDS), visit);
  const running = geti(rep, REP_RUNNING) + 1;
  seti(rep, REP_RUNNING, running);
  if (running > geti(rep, CLIENT_PEAK_SEQS)) seti(rep, CLIENT_PEAK_SEQS, running);
  store<f64>(geta(fleet, FLEET_START) + ((<usize>visit) << 3), now);
  addf(rep, CLIENT_STEPS, 1);
  addf(rep, CLIENT_BUSY, seconds);
  addf(rep, CLIENT_RUNNING, seconds);
  eventPush(fleet, FLEET_CORES, FLEET_CORE_COUNT, now + seconds, EVENT_CORE, visit);
}

/** Ends all visits on cores that are due at `now`, in visit order; each frees its core for the next that waits. */
export function retireCores(run: usize, fleet: usize, now: f64): void {
  while (eventTime(fleet, FLEET_CORES, FLEET_CORE_COUNT) <= now) {
    const visit = load<i32>(geta(fleet, FLEET_CORES), EVENT_KEY);
    eventPop(fleet, FLEET_CORES, FLEET_CORE_COUNT);
    const rep = clientAt(run, rowi(geta(run, RUN_REPLICA_OF), visit));
    addi(rep, REP_RUNNING, -1);
    finishVisit(run, rep, visit, now);
    if (geti(rep, REP_WAITING) > 0) {
      const next = geti(rep, REP_WAIT_HEAD);
      queuePop(run, rep);
      startOnCore(run, rep, next, now);
    }
  }
}
