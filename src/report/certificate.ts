// The certificate of a sweep: that every row is accounted for, and that none that was left out is better than what was found.
import type { SweepProof, SweepResult } from '../metrics/sweep.ts';
import { formatNumber, formatShare } from './format.ts';
import type { JsonObject } from './json.ts';

type Certified = Pick<
  SweepResult,
  'rows' | 'rejected' | 'dearer' | 'equivalent' | 'simulated' | 'unreached' | 'proof' | 'top' | 'front'
>;

/** In one or two sentences. */
export function tellProof(result: Certified): string {
  const { proof, top, unreached } = result;
  if (!proof.complete || unreached > 0)
    return `Not proved: ${formatNumber(unreached)} rows were not looked at, and one of them may be better.`;
  const margins = tellMargins(proof);
  return `Proved: every row is accounted for, and none that was left out is better than the best ${top}${margins === '' ? '' : `; ${margins}`}.`;
}

function tellMargins({ margin, tooFew }: SweepProof): string {
  const parts: string[] = [];
  if (margin < Number.POSITIVE_INFINITY)
    parts.push(`the nearest of the dearer is worse by ${formatShare(margin)} at least`);
  if (tooFew < Number.POSITIVE_INFINITY)
    parts.push(`of those with too few engines the nearest would need ${formatShare(tooFew - 1)} more`);
  return parts.join(', and ');
}

/** For programs: every row counted, by what became of it. The same bytes for any number of workers. */
export function certificate(result: Certified): JsonObject {
  const { rows, rejected, dearer, equivalent, simulated, unreached, proof, top, front } = result;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    proved: proof.complete && unreached === 0,
    top,
    rows,
    rejected: rejected.map(({ words, count }) => ({ words, count })),
    dearer,
    dearer_margin: finite(proof.margin),
    too_few_margin: finite(proof.tooFew),
    simulated: simulated - equivalent,
    equivalent,
    unreached,
    ...(front ? { front: { objectives: [...front.objectives], proved: front.complete, beaten: front.beaten } } : {}),
  };
}
