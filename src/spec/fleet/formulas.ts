// Expressions of requests and visits in a spec: what they may speak of, and what is wrong with one.
import { type FormulaNames, openFormula } from '../../check/expression/formula.ts';
import { ExpressionError } from '../../check/expression/tokens.ts';
import { type Path, show } from '../../check/issue.ts';
import type { UnitKind } from '../../check/units.ts';
import type { Ledger } from './ledger.ts';

/** Of a request: tokens of its prompt, with what came before it, and of its answer. */
export const SCORE_NAMES = { input_len: 'number', output_len: 'number' } as const satisfies FormulaNames;

/** The expression of a priority that each request of a pipeline has by itself; null where it is a number. */
export function readScore(priority: unknown, pipeline: Path, ledger: Ledger): string | null {
  if (typeof priority !== 'object' || priority === null) return null;
  const { score } = priority as { readonly score?: string };
  if (score === undefined) return null; // the schema says that it is missing
  refuseFormula(score, [...pipeline, 'priority', 'score'], SCORE_NAMES, 'number', ledger);
  return score;
}

/** Says what is wrong with an expression; of one that is right, nothing. */
function refuseFormula(text: string, path: Path, names: FormulaNames, unit: UnitKind, ledger: Ledger): void {
  try {
    openFormula(text, names, unit);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { expected, received, hint } = error;
    ledger.add({ path, expected, received: `${received} in ${show(text)}`, hint });
  }
}
