// Runs that are too short to tell whether they keep up are done again, longer, from the same random streams: until it is told, or so long.
import type { Told } from '../metrics/fleet/measure.ts';
import { isUndecided, overBudget } from '../metrics/limits.ts';
import { MOST_TIMES } from '../metrics/sweep.ts';
import { timesToDecide } from '../metrics/verdict.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';

/** How many times as long the next run of a row is to be; null where this one has told, or nothing longer can. */
export function nextTimes(result: Told, spec: FleetSpec, times: number): number | null {
  if (times >= MOST_TIMES || result.stopped !== '' || !isUndecided(spec.slo, result)) return null;
  if (overBudget(spec.budget, result).length > 0) return null;
  let next = times * 2;
  while (next < MOST_TIMES && next < times * timesToDecide(result.balance)) next *= 2;
  return next;
}

/** The spec with `times` as much traffic of the same kind; null where there is no more: a file has what it has, a ramp goes over the run. */
export function lengthen(spec: FleetSpec, times: number): FleetSpec | null {
  const { workload } = spec;
  const { arrivals, requests, num_requests: count, duration } = workload;
  const closed = arrivals.process === 'closed-loop';
  if (arrivals.process === 'ramp' || arrivals.process === 'all-at-once' || (requests && !closed)) return null;
  const longer = {
    ...workload,
    num_requests: count * times,
    ...(duration === undefined ? {} : { duration: duration * times }),
  };
  return { ...spec, workload: longer };
}
