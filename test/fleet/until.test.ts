// A run that is stopped at instants and goes on: the bits of one run to the end, which are those of the reference; and nothing later has happened at a stop.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import type { FleetProgram, InstanceChange } from '../../src/plan/fleet.ts';
import { startRecord } from '../../src/run/engine.ts';
import { fillFleetRecord, openFleetRoom, placeProgram, runFleet } from '../../src/run/fleet.ts';
import { readRun } from '../../src/run/fleet-read.ts';
import { takeChanges } from '../../src/run/scaler-tables.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

/** Stopped at each of `instants`, in order, and then run to the end. `heard`: at how many of them it stopped. */
function runStopped(program: FleetProgram, leap: 'none' | 'exact', instants: readonly number[]) {
  const { arena, kernels, record, placed, fleet } = placeProgram(program, false, openFleetRoom());
  fillFleetRecord(record, program, placed, fleet, { leap });
  startRecord(kernels, arena, record, placed, { leap });
  let heard = 0;
  const changes: InstanceChange[] = [];
  for (const at of [...instants, Number.POSITIVE_INFINITY]) {
    record.cells[R.RUN_UNTIL] = at;
    let stop: number = E.STOP_LOG_FULL;
    while (stop === E.STOP_LOG_FULL) {
      stop = kernels.engineRun(record.cells.byteOffset);
      if (program.scalers) changes.push(...takeChanges(fleet.record));
    }
    if (stop === E.STOP_UNTIL) {
      heard++;
      expect(record.cells[R.RUN_CLOCK]).toBeLessThanOrEqual(at);
      for (const finish of placed.finish) expect(finish > at).toBe(false);
      continue;
    }
    const reason = stop === E.STOP_DEADLOCK ? 'deadlock' : 'done';
    const own = readRun(program, record, placed, fleet, [], reason, false);
    return { heard, run: program.scalers ? { ...own, changes } : own };
  }
  throw new Error('it never ended');
}

test('the kernel can be stopped at any instant, and does not show it', () => {
  let heard = 0;
  const shares = fc.array(fc.double({ min: 0, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(drawProgram(), shares, fc.constantFrom('none', 'exact'), (program, drawn, leap) => {
      const reference = referenceFleet(program);
      const whole = runFleet(program, { leap });
      // some where something happens, most between
      const ends = [...whole.results.finish].filter(Number.isFinite).slice(0, 4);
      const instants = [...drawn.map((share) => share * whole.clock), ...ends].sort((a, b) => a - b);
      const stopped = runStopped(program, leap, instants);
      heard += stopped.heard;
      const differences = listDifferences(program, stopped.run, reference);
      if (differences.length > 0)
        throw new Error(`${instants.join(' ')}: ${differences.slice(0, 8).join('; ')}\n${describeProgram(program)}`);
    }),
    { seed: 51, numRuns: 150 },
  );
  expect(heard).toBeGreaterThan(500);
});
