// A program laid out in kernel memory once and run again and again: benches time the engine and not the copying.
import type { FleetProgram } from '../src/plan/fleet.ts';
import { advanceRecord, type StopReason, startRecord } from '../src/run/engine.ts';
import { fillFleetRecord, openFleetRoom, placeProgram } from '../src/run/fleet.ts';
import { type FleetRun, readRun } from '../src/run/fleet-read.ts';
import type { EngineOptions } from '../src/run/run-record.ts';

export interface PlacedFleet {
  /** Runs it from its start to its end. */
  run(options: Pick<EngineOptions, 'leap'>): void;
  /** What the last run left: columns of the run itself, which the next one overwrites. */
  read(): FleetRun;
  readonly bytes: number;
}

export function placeFleetRun(program: FleetProgram): PlacedFleet {
  const { arena, kernels, record, placed, fleet, mark } = placeProgram(program, false, openFleetRoom());
  const end = arena.mark();
  const { buffer } = record.cells;
  // what a run changes of the fleet's tables is put back before the next one
  const tables = new Uint8Array(buffer, mark, end - mark);
  const untouched = tables.slice();
  let stop: StopReason = 'done';
  return {
    run(options) {
      tables.set(untouched);
      fillFleetRecord(record, program, placed, fleet, options);
      arena.release(end);
      const log = startRecord(kernels, arena, record, placed, options);
      let reason: StopReason | 'more' = 'more';
      while (reason === 'more') reason = advanceRecord(kernels, record, log, options);
      stop = reason;
    },
    read: () => readRun(program, record, placed, fleet, [], stop, true),
    bytes: arena.bytes,
  };
}
