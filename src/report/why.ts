// Why a sweep's answer is what it is, and how sure: the sentences that every way of showing it has.
import type { SweepResult } from '../metrics/sweep.ts';
import { explainAnswer } from './answer.ts';
import { explainDraws } from './draws.ts';
import { explainPrices } from './prices.ts';
import { explainTrust } from './trust.ts';

export function explainWhole(result: SweepResult): string[] {
  return [
    ...explainAnswer(result),
    ...explainTrust(result),
    ...explainDraws(result),
    ...(result.caveats ?? []),
    ...explainPrices(result),
  ];
}
