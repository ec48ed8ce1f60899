// One run of a fleet to its end, whoever waits for it: as long as its sweep ran it, in slices between which others have their turn.
import { UserError } from '../check/issue.ts';
import { turn } from '../host/host.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { lengthen } from './extend.ts';
import { type FleetOptions, type FleetRoom, type FleetRun, type StartedFleet, startFleet } from './fleet.ts';
import { type Simulator, simulateRow } from './simulate-row.ts';

/** As long as the sweep ran it: until it was told whether it keeps up. */
export function longEnough(asked: FleetSpec, simulator: Simulator): FleetSpec {
  const { times } = simulateRow(simulator, asked, false);
  return times > 1 ? (lengthen(asked, times) ?? asked) : asked;
}

export async function advanceToEnd(fleet: StartedFleet): Promise<FleetRun> {
  while (true) {
    const reason = fleet.advance();
    if (reason !== 'more') return fleet.close(reason);
    await turn();
  }
}

/** Throws UserError where its tables do not fit in memory. */
export function startRun({ program }: LoweredFleet, options: FleetOptions, room?: FleetRoom): StartedFleet {
  try {
    return startFleet(program, options, room);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const received = `${program.visits.count.toLocaleString('en-US')} visits of ${program.requests.count.toLocaleString('en-US')} requests`;
    throw new UserError([{ path: 'workload.num_requests', expected: 'a run of at most 4 GiB of tables', received }]);
  }
}
