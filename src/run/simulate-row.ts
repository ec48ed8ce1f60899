// Simulates one row of a sweep over the sweep's own requests (common random numbers), in a memory that all rows of a thread share.
import type { Catalog } from '../catalog/open.ts';
import type { ErrorBands } from '../catalog/types.ts';
import { type FleetTrust, trustFleet } from '../metrics/fleet/trust.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import { prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { type FleetShare, openShare } from '../plan/pipeline/share.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { planMeasuring } from './client-view.ts';
import { lengthen, nextTimes } from './extend.ts';
import { type FleetRoom, isUncoupled, openFleetRoom, runFleet } from './fleet.ts';
import { summariseRun } from './measure-fleet.ts';
import type { Session } from './session.ts';
import { giveUpAt } from './tails.ts';

/** What simulating rows shares in one thread. */
export interface Simulator {
  readonly catalog: Catalog;
  readonly session: Session;
  readonly bands: ErrorBands;
  readonly room: FleetRoom;
  readonly share: FleetShare;
}

export function openSimulator(catalog: Catalog, session: Session): Simulator {
  return { catalog, session, bands: catalog.errorBands(), room: openFleetRoom(), share: openShare() };
}

export interface SimulatedRow {
  readonly result: FleetSummary;
  readonly trust: FleetTrust | null;
  /** What the requests were made from, in words. */
  readonly workload: string;
  /** How many times as long it was as the spec says. */
  readonly times: number;
}

/**
 * Throws UserError where the row cannot be. `hasty`: a run that proves early that it misses a limit ends there, without percentiles;
 * of a fleet whose clients matter to each other it never does. A run that is too short to tell is done again, longer.
 */
export function simulateRow(simulator: Simulator, spec: FleetSpec, hasty: boolean): SimulatedRow {
  let found = simulateOnce(simulator, spec, hasty);
  for (let times: number | null = 1; ; ) {
    times = nextTimes(found.result, spec, times);
    const longer = times === null ? null : lengthen(spec, times);
    if (times === null || longer === null) return found;
    found = { ...simulateOnce(simulator, longer, hasty), times };
  }
}

function simulateOnce(simulator: Simulator, spec: FleetSpec, hasty: boolean): SimulatedRow {
  const { catalog, session, bands, room, share } = simulator;
  const lowered = prepareFleet(spec, catalog, session, share);
  const { program } = lowered;
  const { visits } = program;
  const asked = planMeasuring(spec, lowered, true);
  const giveUp = hasty && isUncoupled(program) ? giveUpAt(spec.slo, visits, asked.measuring?.rule) : null;
  const options = { ...asked, ...(giveUp ? { giveUp } : {}) };
  const run = runFleet(program, { leap: 'closed', borrow: true, ...options }, room);
  return {
    result: summariseRun(spec, lowered, run, room.pick(program.requests.count)),
    trust: trustFleet(spec, lowered, run.results, bands),
    workload: lowered.walks.description,
    times: 1,
  };
}
