// What of a run goes into a trace: the visits in the window, thinned by whole requests until they fit.
import { isRejected } from '../../metrics/fleet/walk.ts';
import type { FleetProgram, VisitResults } from '../../plan/fleet.ts';

export interface TraceOptions {
  /** s; the whole run if absent. */
  readonly from?: number;
  readonly to?: number;
  /** Client indices; all if absent. */
  readonly clients?: readonly number[];
  /** One process per request instead of one per instance: the listed ones, or (true) as many as fit. */
  readonly perRequest?: boolean | readonly number[];
  /** Most slices and flow arrows (default 100,000: about 15 MB); beyond, every n-th request is drawn. */
  readonly mostEvents?: number;
}

export interface Selection {
  readonly from: number;
  readonly to: number;
  /** 1 for visits that are drawn. */
  readonly drawn: Uint8Array;
  /** Every n-th request is drawn. */
  readonly every: number;
}

const MOST_EVENTS = 100_000;
/** Processes that a viewer can list. */
const MOST_REQUESTS = 200;

/** Visits that were under way inside the window on the chosen instances, of all requests or every n-th one. */
export function selectVisits(program: FleetProgram, results: VisitResults, options: TraceOptions): Selection {
  const { from = 0, to = Number.POSITIVE_INFINITY, mostEvents = MOST_EVENTS } = options;
  const { visits } = program;
  const drawn = new Uint8Array(visits.count);
  const chosen = options.clients === undefined ? null : new Set(options.clients);
  const listed = Array.isArray(options.perRequest) ? new Set(options.perRequest as readonly number[]) : null;
  let events = 0;
  for (let v = 0; v < visits.count; v++) {
    const ready = results.ready[v]!;
    const end = Number.isNaN(results.finish[v]) ? Number.POSITIVE_INFINITY : results.finish[v];
    if (!(ready <= to && end! >= from) || results.client[v]! < 0 || isRejected(results.state[v]!)) continue;
    if (chosen !== null && !chosen.has(results.client[v]!)) continue;
    if (listed !== null && !listed.has(visits.request[v]!)) continue;
    drawn[v] = 1;
    events += eventsOf(program, v);
  }
  const { ranks, count } = rankRequests(program, drawn);
  const most = options.perRequest === true ? MOST_REQUESTS : Number.POSITIVE_INFINITY;
  const every = Math.max(1, Math.ceil(events / mostEvents), Math.ceil(count / most));
  if (every > 1) {
    for (let v = 0; v < visits.count; v++) if (ranks[visits.request[v]!]! % every !== 0) drawn[v] = 0;
  }
  return { from, to, drawn, every };
}

/** Two slices, and two ends of an arrow per edge. */
function eventsOf(program: FleetProgram, v: number): number {
  return 2 + 2 * (program.visits.edgeAt[v + 1]! - program.visits.edgeAt[v]!);
}

/** Requests that have a drawn visit, numbered from 0 in order (others keep 0), and how many there are. */
function rankRequests(program: FleetProgram, drawn: Uint8Array) {
  const { first, count: requests } = program.requests;
  const ranks = new Int32Array(requests);
  let count = 0;
  for (let r = 0; r < requests; r++) {
    if (drawn.subarray(first[r], first[r + 1]).includes(1)) ranks[r] = count++;
  }
  return { ranks, count };
}
