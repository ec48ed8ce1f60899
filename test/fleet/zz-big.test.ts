import fc from 'fast-check';
import { test } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';
import { writeFileSync } from 'node:fs';
test('big', () => {
  const kinds = new Map<string, number>(); let n = 0;
  for (const program of fc.sample(drawProgram(Number(process.env.MOST ?? 14)), { seed: Number(process.env.SEED ?? 1), numRuns: Number(process.env.RUNS ?? 2000) })) {
    n++;
    const ref = referenceFleet(program);
    for (const leap of ['none', 'exact'] as const) {
      const d = listDifferences(program, runFleet(program, { leap }), ref);
      const rest = d;
      if (d.length > rest.length) kinds.set('peak', (kinds.get('peak') ?? 0) + 1);
      if (rest.length > 0) { const k = leap + ' ' + rest[0].replace(/[\d.]+/g, '#'); kinds.set(k, (kinds.get(k) ?? 0) + 1);
        writeFileSync(`/tmp/mismatch-${n}-${leap}.txt`, rest.slice(0, 20).join('\n') + '\n' + describeProgram(program)); }
    }
  }
  console.log(n, [...kinds]);
}, 600000);
