// Fits the regression on whole steps: non-negative least squares of relative errors, half of the steps held out.
import type { StepFit } from '../../catalog/types.ts';
import type { Issue } from '../../check/issue.ts';
import { regressionSeconds, tokensByPiece } from '../../plan/step-regression.ts';
import { percentile, relativeErrors, round } from '../fit.ts';
import { splitByShape } from '../split.ts';
import { checkSteps, keyOf } from './check-steps.ts';
import { solveNonNegative } from './nnls.ts';
import type { StepDeployment, StepRow, StepSeries } from './read-steps.ts';

/** Where the price of a new token may change: kernels change their tiles at powers of two. */
const KNOTS = [0, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];
/** Distinct steps that a piece between two knots must hold to have a price of its own. */
const LEAST_IN_PIECE = 4;
/** Rounds of reweighting, and the relative error above which a step pulls no harder: stalls of the host must not steer a fit. */
const ROUNDS = 4;
const PULL = 0.1;
/** Digits of a coefficient. */
const DIGITS = 5;

export interface StepResult {
  readonly fit: StepFit;
  readonly notes: readonly string[];
  /** The steps that were held out, for comparisons. */
  readonly held: readonly StepRow[];
}

/** "llama-2-70b.h100-sxm-80gb.tp4.fp16.vllm-2023": the deployment as a file name. */
export function stepId({ model, hardware, tp, pp, quantization, profile }: StepDeployment): string {
  const plain = model.slice(Math.max(model.lastIndexOf('/'), model.lastIndexOf('\\')) + 1);
  return [plain, hardware, `tp${tp}`, ...(pp > 1 ? [`pp${pp}`] : []), quantization ?? [], profile ?? []]
    .flat()
    .join('.');
}

/** The regression of one deployment, or null where there can be none, which is told in `issues`. */
export function fitSteps(
  series: StepSeries,
  attribution: { readonly source: string; readonly licence: string },
  issues: Issue[],
): StepResult | null {
  const { deployment } = series;
  const id = stepId(deployment);
  const checked = checkSteps(id, series, issues);
  if (!checked) return null;
  const { rows, notes } = checked;
  const shaped = rows.map((row) => ({ ...row, shape: keyOf(row) }));
  const { fitted, held } = splitByShape(shaped);
  const knots = chooseKnots(fitted);
  const coefficients = solve(fitted, knots);
  const [inside, outside] = [fitted, held].map((part) =>
    relativeErrors(part, (row) => regressionSeconds(fitOf(coefficients, knots), row)),
  );
  const fit: StepFit = {
    id,
    model: deployment.model,
    hardware: deployment.hardware,
    tensor_parallel_size: deployment.tp,
    pipeline_parallel_size: deployment.pp,
    quantization: deployment.quantization,
    profile: deployment.profile,
    ...coefficientsOf(coefficients, knots),
    range: {
      new_tokens: rangeOf(rows, ({ newTokens }) => newTokens),
      sequences: rangeOf(rows, ({ sequences }) => sequences),
      context_tokens: rangeOf(rows, ({ contextTokens }) => contextTokens),
    },
    rows: series.rows.length,
    error_in: round(percentile(inside!, 0.5), 2),
    error_out: round(percentile(outside!, 0.5), 2),
    error_out_p90: round(percentile(outside!, 0.9), 2),
    ...attribution,
  };
  return { fit, notes, held };
}

type Coefficients = Pick<
  StepFit,
  'knots' | 'new_token_s' | 'fixed_s' | 'sequence_s' | 'context_token_s' | 'prompt_step_s' | 'prefill_pair_s'
>;

/** Columns: 1, sequences, context, whether there is a prompt, pairs, then new tokens by piece. */
function features(row: StepRow, knots: readonly number[]): Float64Array {
  const { sequences, contextTokens, promptTokens, pairs, newTokens } = row;
  const prompt = promptTokens > 0 ? 1 : 0;
  return Float64Array.of(1, sequences, contextTokens, prompt, pairs, ...tokensByPiece(knots, newTokens));
}

function coefficientsOf(x: Float64Array, knots: readonly number[]): Coefficients {
  const value = (i: number) => round(x[i]!, DIGITS);
  return {
    knots,
    new_token_s: knots.map((_, j) => value(5 + j)),
    fixed_s: value(0),
    sequence_s: value(1),
    context_token_s: value(2),
    prompt_step_s: value(3),
    prefill_pair_s: value(4),
  };
}

/** Only what prices a step. */
function fitOf(x: Float64Array, knots: readonly number[]): StepFit {
  return coefficientsOf(x, knots) as StepFit;
}

/** Knots between which there are enough different steps on either side. */
function chooseKnots(rows: readonly StepRow[]): number[] {
  const chosen = [0];
  const between = (from: number, to: number) => rows.filter(({ newTokens: n }) => n > from && n <= to).length;
  for (const knot of KNOTS.slice(1)) {
    const enough = between(chosen[chosen.length - 1]!, knot) >= LEAST_IN_PIECE;
    if (enough && between(knot, Number.POSITIVE_INFINITY) >= LEAST_IN_PIECE) chosen.push(knot);
  }
  return chosen;
}

/** Relative errors: every step weighs 1/seconds, and less where it is far off. */
function solve(rows: readonly StepRow[], knots: readonly number[]): Float64Array {
  const matrix = rows.map((row) => features(row, knots));
  const target = Float64Array.from(rows, ({ seconds }) => seconds);
  let weights = target.map((seconds) => 1 / (seconds * seconds));
  let x = solveNonNegative(matrix, target, weights);
  for (let round = 1; round < ROUNDS; round++) {
    const found = fitOf(x, knots);
    weights = target.map((seconds, i) => {
      const off = Math.abs(regressionSeconds(found, rows[i]!) / seconds - 1);
      return Math.min(1, PULL / off) / (seconds * seconds);
    });
    x = solveNonNegative(matrix, target, weights);
  }
  return x;
}

function rangeOf(rows: readonly StepRow[], of: (row: StepRow) => number): [number, number] {
  return rows.reduce<[number, number]>(
    ([low, high], row) => [Math.min(low, of(row)), Math.max(high, of(row))],
    [Number.POSITIVE_INFINITY, 0],
  );
}
