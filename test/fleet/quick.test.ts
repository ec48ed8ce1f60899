import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { drawProgram } from './random.ts';

it('equals', () => {
  fc.assert(
    fc.property(drawProgram(), (program) => {
      writeFileSync('/tmp/p.json', fc.stringify(program));
      const T0 = Date.now();
      const ref = referenceFleet(program);
      if (Date.now() - T0 > 500) console.log('slow reference', Date.now() - T0, program.visits.count);
      writeFileSync('/tmp/p2.json', 'ref done');
      for (const leap of ['none', 'exact'] as const) {
        let budget = 0;
        const run = runFleet(program, { leap, onProgress: () => budget++ < 3 });
        expect(run.stop === 'deadlock').toBe(ref.deadlock !== null);
        for (const key of ['state', 'ready', 'start', 'first', 'finish', 'client', 'preemptions', 'cached'] as const) {
          expect([leap, key, ...run.results[key]]).toEqual([leap, key, ...ref.results[key]]);
        }
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 300), seed: Number(process.env.SEED ?? 1) },
  );
});
