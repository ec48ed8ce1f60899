// Random fleets whose requests begin with one text: what all that run read is there in every other step, which drawProgram seldom sees.
import fc from 'fast-check';
import { type FleetClient, type FleetProgram, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import { drawSurface } from '../engine/random.ts';
import { programOf } from './cases.ts';
import { drawParts } from './random.ts';
import { cascadeBy } from './shapes.ts';

/** Requests of a random fleet as prompts that begin with one text, some with texts of their own behind it; some hold what they read. */
export function drawAlike(): fc.Arbitrary<FleetProgram> {
  const row = fc.record({
    own: fc.integer({ min: 1, max: 20 }),
    output: fc.integer({ min: 1, max: 25 }),
    strange: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
    gap: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.5, noNaN: true })),
  });
  return fc
    .record({
      parts: drawParts(4),
      surface: drawSurface(),
      text: fc.integer({ min: 1, max: 8 }),
      rows: fc.array(row, { minLength: 4, maxLength: 16, size: 'max' }),
      room: fc.constantFrom(60, 120, 400),
      seqs: fc.integer({ min: 2, max: 12 }),
      budget: fc.integer({ min: 3, max: 60 }),
    })
    .map(({ parts, surface, text, rows, room, seqs, budget }) => {
      const [first] = parts.llms;
      const { pages: _, speculation: __, rank: ___, schedulerSteps: ____, evenPrompts: _____, ...plain } = first!;
      const client: FleetClient = {
        ...plain,
        ...{
          channel: -1,
          location: 0,
          blockSize: 1,
          prefixCaching: true,
          price: surface,
          maxModelLen: 0,
          maxPrompt: 0,
        },
        ...{ numGpuBlocks: room, maxNumSeqs: seqs, maxNumBatchedTokens: budget },
        ...cascadeBy(budget),
      };
      return programOf({ clients: [client], hashBlock: 2, requests: requestsOf(rows, text) });
    });
}

interface Row {
  readonly own: number;
  readonly output: number;
  readonly strange: number;
  readonly gap: number;
}

function requestsOf(rows: readonly Row[], text: number) {
  let at = 0;
  return rows.map(({ own, output, strange, gap }, r) => {
    at += gap;
    const hashes = Array.from({ length: text }, (_, block) => (strange > 0 ? 100 + 10 * r : 0) + block);
    return { at, visits: [{ group: 0, prompt: 2 * text + own, output, flags: VISIT_PREFIX, hashes }] };
  });
}
