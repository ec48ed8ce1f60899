import fc from 'fast-check';
import { test } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { drawImpatient } from './random.ts';
test('count', () => {
  const n: Record<string, number> = {};
  fc.assert(fc.property(drawImpatient(), (program) => {
    const run = runFleet(program, { leap: 'exact' });
    for (const s of run.requestState) n[`r${s}`] = (n[`r${s}`] ?? 0) + 1;
    for (const s of run.results.state) n[`v${s}`] = (n[`v${s}`] ?? 0) + 1;
    if ((run.wasted ?? 0) > 0) n.wasted = (n.wasted ?? 0) + 1;
    n[run.stop] = (n[run.stop] ?? 0) + 1;
    const { again, after } = program.requests.turns ?? {};
    again?.forEach((one, r) => { if (one && run.requestState[r] !== 6) n.tried = (n.tried ?? 0) + 1; if (one && run.requestState[r] === 1) n.triedok = (n.triedok ?? 0) + 1; });
  }), { seed: 91, numRuns: 300 });
  console.log(JSON.stringify(n));
});
