// What a request takes that is alone: the row's own requests, sent so far apart that none meets another.
import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { achieved } from '../metrics/limits.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import { prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { openShare } from '../plan/pipeline/share.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { Unloaded } from '../spec/relative.ts';
import type { Edge } from '../spec/window.ts';
import { planMeasuring } from './client-view.ts';
import { runFleet } from './fleet.ts';
import { summariseRun } from './measure-fleet.ts';
import { openSession } from './session.ts';

/** So many requests tell their percentiles well enough. */
const MOST_REQUESTS = 200;
/** Requests/s: one every few hours. */
const ALONE_RATE = 1e-4;
const ALL: Edge = { of: 'share', share: 0 };

/** The row without load: its own lengths, prompts and stages, of which everything is measured. */
export function aloneOf(spec: FleetSpec): FleetSpec {
  const { duration: _, ...workload } = spec.workload;
  const { num_requests: count, requests } = workload;
  return {
    ...spec,
    slo: [],
    workload: {
      ...workload,
      arrivals: { process: 'uniform' },
      request_rate: ALONE_RATE,
      num_requests: count > 0 ? Math.min(count, MOST_REQUESTS) : MOST_REQUESTS,
      requests: requests && { ...requests, rate_scale: 1 },
      ...{ warmup: ALL, cooldown: ALL },
    },
  };
}

/** Of rows whose requests alone are the same, they are run once. A row that cannot be is for its reader to refuse: no limit is Infinity. */
export function openUnloaded(catalog: Catalog): Unloaded {
  const known = new Map<string, FleetSummary | null>();
  let open: { session: ReturnType<typeof openSession>; share: ReturnType<typeof openShare> } | null = null;
  const run = (spec: FleetSpec): FleetSummary | null => {
    open ??= { session: openSession(catalog), share: openShare() };
    try {
      const lowered = prepareFleet(spec, catalog, open.session, open.share);
      const found = runFleet(lowered.program, { leap: 'closed', ...planMeasuring(spec, lowered, true) });
      return summariseRun(spec, lowered, found);
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  };
  return (asked, slo) => {
    const { text: _, name: __, ...spec } = aloneOf(asked);
    const key = JSON.stringify(spec);
    if (!known.has(key)) known.set(key, run({ ...asked, ...spec }));
    const found = known.get(key);
    const seconds = found ? achieved(found, slo) : Number.NaN;
    return Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : seconds;
  };
}
