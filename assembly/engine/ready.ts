// Clients that are free at this instant and form a step at its end.
import { REP_READY } from '../layout/replica';
import { RUN_READY, RUN_READY_COUNT } from '../layout/run';
import { geta, geti, seti } from '../table/cell';

/** Puts a free client on the list of those that form a step at this instant. */
export function markReady(run: usize, rep: usize): void {
  if (geti(rep, REP_READY) != 0) return;
  seti(rep, REP_READY, 1);
  const count = geti(run, RUN_READY_COUNT);
  store<u32>(geta(run, RUN_READY) + ((<usize>count) << 2), <u32>rep);
  seti(run, RUN_READY_COUNT, count + 1);
}
