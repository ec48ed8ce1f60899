// Reports on random pipelines of every kind, run by the reference fleet: what holds on any run whatever happened in it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import type { FleetRun } from '../../src/metrics/fleet/types.ts';
import { fleetHtml } from '../../src/report/fleet/html.ts';
import { fleetTable } from '../../src/report/fleet/terminal.ts';
import { writeTrace } from '../../src/report/timeline/trace.ts';
import { drawProgram } from '../fleet/random.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { makeCounters } from './builder.ts';
import { checkTrace, parseTrace } from './check-trace.ts';
import { CONTEXT } from './fixture.ts';

function demand(law: (run: FleetRun, reference: ReturnType<typeof referenceFleet>) => void, numRuns = 60): void {
  fc.assert(
    fc.property(drawProgram(), (program) => {
      const reference = referenceFleet(program);
      const counters = reference.clients.map((counted) => makeCounters(counted));
      const roles = { prefill: program.stages.map((_, s) => s), decode: [], think: [] };
      const { deadlock, clock } = reference;
      const stopped = deadlock === null ? {} : { stopped: deadlock, deadlock: true, clock };
      const { results, requestState, changes } = reference;
      law({ program, results, requestState, counters, changes, roles, slo: [], ...stopped }, reference);
    }),
    { seed: 17, numRuns },
  );
}

test('requests end as the reference says, sent when it says', () => {
  demand((run, reference) => {
    const { state, arrival, result } = measureFleet(run);
    expect([...state]).toEqual([...reference.requestState]);
    for (let r = 0; r < state.length; r++) {
      if (state[r] === STATE_FINISHED) expect(arrival[r]).toBe(reference.arrival[r]);
    }
    const { completed, rejected_kv, rejected_length, unfinished, unsent = 0 } = result;
    expect(completed + rejected_kv + rejected_length + unfinished + unsent).toBe(state.length);
  });
});

test('every figure is possible: parts add up, shares are shares, tokens have an order', () => {
  demand((run) => {
    const { result, latencies, timeline } = measureFleet(run);
    for (const { e2el, parts, requests } of result.breakdown) {
      if (requests === 0) continue;
      const all = parts.flatMap((part) => [part.queue, part.service, part.transfer]);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(-1e-12);
      expect(all.reduce((a, b) => a + b, 0)).toBeCloseTo(e2el, 9);
    }
    for (let r = 0; r < latencies.e2el.length; r++) expect(latencies.ttft[r] > latencies.e2el[r]).toBe(false);
    for (const [c, client] of result.clients.entries()) {
      if (result.duration > 0) expect(client.utilisation).toBeLessThanOrEqual(1 + 1e-9);
      const { running, busy } = timeline.clients[c];
      expect(Math.max(...busy)).toBeLessThanOrEqual(1 + 1e-9);
      if (client.kind !== 'store')
        expect(Math.max(...running)).toBeLessThanOrEqual(run.program.clients[c].maxNumSeqs * 4 + 1e-9);
    }
  });
});

test('both traces are valid', () => {
  demand((run) => {
    expect(checkTrace(parseTrace(writeTrace(run.program, run.results)))).toEqual([]);
    expect(checkTrace(parseTrace(writeTrace(run.program, run.results, { perRequest: true })))).toEqual([]);
    const to = measureFleet(run).timeline.to / 2;
    expect(checkTrace(parseTrace(writeTrace(run.program, run.results, { to })))).toEqual([]);
  }, 40);
});

test('pages and tables of any run have no figure that is not one', () => {
  demand((run) => {
    const measured = measureFleet(run);
    expect(fleetTable(measured.result, CONTEXT)).not.toMatch(/NaN|undefined|Infinity/);
    expect(fleetHtml(measured, CONTEXT)).not.toMatch(/NaN|undefined|Infinity/);
  }, 25);
});
