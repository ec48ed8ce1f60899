// A closed loop: whoever is over lets the next request arrive.
import { RUN_ARRIVAL, RUN_RELEASED, RUN_REQUESTS } from '../layout/run';
import { geta, geti, seti } from '../table/cell';

/** The next request is sent at the instant one leaves. */
export function releaseNext(run: usize, now: f64): void {
  const released = geti(run, RUN_RELEASED);
  if (released >= geti(run, RUN_REQUESTS)) return;
  store<f64>(geta(run, RUN_ARRIVAL) + ((<usize>released) << 3), now);
  seti(run, RUN_RELEASED, released + 1);
}
