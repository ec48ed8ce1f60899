// L8 from outside, on what the kernel leaves: whatever window one takes, no link has carried more than it can.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import type { FleetProgram, VisitResults } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf, type RequestRow } from './cases.ts';
import { drawProgram } from './random.ts';

/** What certainly went over a path, and between which instants, s. */
interface Carried {
  readonly bytes: number;
  readonly links: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Edges that were alone in making their target ready: they were delivered then. */
function listCarried(program: FleetProgram, results: VisitResults): Carried[] {
  const { visits, clients, paths, locations, links } = program;
  const carried: Carried[] = [];
  for (let v = 0; v < visits.count; v++) {
    for (let e = visits.edgeAt[v]!; e < visits.edgeAt[v + 1]!; e++) {
      const to = visits.edgeTo[e]!;
      const [bytes, layers] = [visits.edgeBytes[e]!, visits.edgeLayers[e]!];
      if (bytes === 0 || visits.pending[to] !== 1 || results.state[to] !== STATE_FINISHED) continue;
      const place = (visit: number) => clients[results.client[visit]!]!.location;
      const path = paths[place(v) * locations + place(to)]!;
      const latency = path.reduce((sum, link) => sum + links[link]!.latency, 0);
      const from = layers > 0 ? results.start[v]! : results.finish[v]!;
      carried.push({ bytes, links: path, from, to: results.ready[to]! - latency });
    }
  }
  return carried;
}

function demandWindows(program: FleetProgram): void {
  const carried = listCarried(program, runFleet(program, { leap: 'exact' }).results);
  program.links.forEach(({ bandwidth }, link) => {
    const over = carried.filter(({ links }) => links.includes(link));
    for (const { from } of over) {
      for (const { to } of over) {
        const within = over.filter((one) => one.from >= from && one.to <= to);
        const bytes = within.reduce((sum, one) => sum + one.bytes, 0);
        const most = bandwidth * (to - from);
        // times are rounded to some 1e-15 of the clock
        if (bytes > 0 && bytes > most * (1 + 1e-9) + bandwidth * 1e-9)
          throw new Error(`link ${link}: ${bytes} B, ${most} have room`);
      }
    }
  });
}

describe('L8: in any window', () => {
  test('transfers of random programs fit their links', () => {
    fc.assert(fc.property(drawProgram(40), demandWindows), { seed: 61, numRuns: runs(100) });
  });

  test('layer-wise transfers of prompts that one step computes fit their link', () => {
    const handOffs = fc.record({
      fans: fc.array(fc.record({ at: fc.constantFrom(0, 0, 0.3), bytes: fc.double({ min: 1, max: 9, noNaN: true }) }), {
        minLength: 1,
        maxLength: 8,
      }),
      layers: fc.integer({ min: 2, max: 80 }),
      bandwidth: fc.double({ min: 0.5, max: 50, noNaN: true }),
      channel: fc.constantFrom(-1, 0),
    });
    fc.assert(
      fc.property(handOffs, ({ fans, layers, bandwidth, channel }) => {
        const requests = [...fans]
          .sort((a, b) => a.at - b.at)
          .map(
            ({ at, bytes }, i): RequestRow => ({
              at,
              visits: [{ group: i % 2, to: [[1, bytes, layers]] }, { group: 2 }],
            }),
          );
        const source = { channel, demand: 1 };
        const clients = [source, source, { location: 1 }];
        demandWindows(programOf({ clients, links: [[bandwidth, 0]], paths: [[0, 1, 0]], requests }));
      }),
      { seed: 62, numRuns: runs(100) },
    );
  });
});

test('a layer-wise transfer that has its link for itself leaves max(one layer, what the link could not send meanwhile)', () => {
  const alone = fc.record({
    bytes: fc.double({ min: 0.1, max: 100, noNaN: true }),
    layers: fc.integer({ min: 1, max: 100 }),
    bandwidth: fc.double({ min: 0.1, max: 100, noNaN: true }),
    seconds: fc.double({ min: 0.01, max: 10, noNaN: true }),
  });
  fc.assert(
    fc.property(alone, ({ bytes, layers, bandwidth, seconds }) => {
      const price = {
        fixed_s: seconds,
        per_new_token_s: 0,
        per_prefill_pair_s: 0,
        per_sequence_s: 0,
        per_context_token_s: 0,
      };
      const visits = [{ group: 0, to: [[1, bytes, layers]] as const }, { group: 1 }];
      const clients = [{ price }, { location: 1 }];
      const program = programOf({
        clients,
        links: [[bandwidth, 0]],
        paths: [[0, 1, 0]],
        requests: [{ at: 0, visits }],
      });
      const left = Math.max(bytes / layers, bytes - (bandwidth * seconds * (layers - 1)) / layers);
      for (const { results } of [runFleet(program, { leap: 'exact' }), referenceFleet(program)]) {
        expect(results.ready[1]! - seconds).toBeCloseTo(left / bandwidth, 9);
      }
    }),
    { seed: 63, numRuns: runs(100) },
  );
});
