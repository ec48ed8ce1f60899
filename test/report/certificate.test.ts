// The certificate for programs: every margin is its own, and what there is none of is null.
import { expect, test } from 'vitest';
import { certificate, tellProof } from '../../src/report/certificate.ts';
import { makeSweep } from './fixture.ts';

test('margins of what was left out for its cost, and for its engines, are told apart', () => {
  const sweep = makeSweep();
  const told = (margin: number, tooFew: number) => certificate({ ...sweep, proof: { complete: true, margin, tooFew } });
  expect(told(0.25, 1.125)).toMatchObject({ dearer_margin: 0.25, too_few_margin: 1.125 });
  expect(told(Number.POSITIVE_INFINITY, 1.5)).toMatchObject({ dearer_margin: null, too_few_margin: 1.5 });
  expect(told(0, Number.POSITIVE_INFINITY)).toMatchObject({ dearer_margin: 0, too_few_margin: null });
});

test('nothing is proved while rows were not looked at', () => {
  const whole = makeSweep({ unreached: 0, proof: { complete: true, margin: 1, tooFew: 1.5 } });
  expect([whole, { ...whole, unreached: 3 }].map((sweep) => certificate(sweep).proved)).toEqual([true, false]);
  expect(tellProof({ ...whole, unreached: 3 })).toContain('3 rows were not looked at');
});
