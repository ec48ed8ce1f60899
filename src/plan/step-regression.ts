// A regression on whole steps (paper.md section 2) as the price of a step: which one fits a deployment, and its step surface.
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as surface from '../../assembly/layout/surface.ts';
import type { StepFit, WeightFormat } from '../catalog/types.ts';
import type { Split } from '../stages/split.ts';
import { GRID_POINTS } from './grid-points.ts';

const { SURFACE_KNOTS } = surface;

/** What of a step the regression looks at. */
export interface StepQuantities {
  /** Prompt tokens of all chunks and one token per decode. */
  readonly newTokens: number;
  /** Chunks and decodes. */
  readonly sequences: number;
  /** Sum of past over the decodes. */
  readonly contextTokens: number;
  /** Prompt tokens; a step without any has no chunk. */
  readonly promptTokens: number;
  /** Sum over the chunks of n past + n(n+1)/2. */
  readonly pairs: number;
}

/** What of `tokens` lies in each piece between two knots; the last piece has no end. */
export function tokensByPiece(knots: readonly number[], tokens: number): number[] {
  return knots.map((from, j) => Math.max(0, Math.min(tokens, knots[j + 1] ?? Number.POSITIVE_INFINITY) - from));
}

/** Seconds of N new tokens beside everything else. */
function tokenSeconds({ knots, new_token_s }: StepFit, tokens: number): number {
  return tokensByPiece(knots, tokens).reduce((sum, count, j) => sum + count * new_token_s[j]!, 0);
}

/** Seconds of a step: the formula of StepFit. */
export function regressionSeconds(fit: StepFit, step: StepQuantities): number {
  return (
    fit.fixed_s +
    tokenSeconds(fit, step.newTokens) +
    fit.sequence_s * step.sequences +
    fit.context_token_s * step.contextTokens +
    (step.promptTokens > 0 ? fit.prompt_step_s : 0) +
    fit.prefill_pair_s * step.pairs
  );
}

/** What a regression must have been measured on to stand for a deployment. */
export interface DeployedSteps {
  readonly model: string;
  readonly hardware: string;
  readonly split: Split;
  readonly weights: WeightFormat;
  readonly profile: string;
}

/**
 * The regression of this model, hardware and split; of several the one that says most about format and engine, then the first.
 * Attention data parallel and expert parallel have none: step traces do not tell their groups apart.
 */
export function findSteps(fits: readonly StepFit[], at: DeployedSteps): StepFit | null {
  const same = sameArithmetic(at.weights);
  const fitting = fits.filter(
    (fit) =>
      fit.model === at.model &&
      fit.hardware === at.hardware &&
      fit.tensor_parallel_size === at.split.tp &&
      fit.pipeline_parallel_size === at.split.pp &&
      at.split.dp === 1 &&
      at.split.ep === 1 &&
      (fit.quantization === null || sameArithmetic(fit.quantization) === same) &&
      (fit.profile === null || fit.profile === at.profile),
  );
  const said = (fit: StepFit) => Number(fit.quantization !== null) + 2 * Number(fit.profile !== null);
  return fitting.reduce<StepFit | null>((best, fit) => (best && said(best) >= said(fit) ? best : fit), null);
}

/** Both 16-bit formats run at the same rate. */
function sameArithmetic(format: WeightFormat): WeightFormat {
  return format === 'fp16' ? 'bf16' : format;
}

/** Which regression, how good it is, and what it has seen. */
export function describeSteps({ id, rows, range, error_out, error_out_p90 }: StepFit): string {
  const percent = (share: number) => Number((100 * share).toPrecision(2));
  const [low, high] = range.new_tokens;
  const errors = `${percent(error_out)} % off in the median, ${percent(error_out_p90)} % in 9 of 10`;
  return `regression on step traces ${id} (${rows} steps of ${low} to ${high} new tokens; ${errors})`;
}

/** Overwrites the prices of a lowered surface; its knots, energy and devices stay. */
export function overlaySteps(table: Float64Array, fit: StepFit): void {
  table[surface.SURFACE_HOST_STEP] = fit.fixed_s;
  table[surface.SURFACE_HOST_SEQUENCE] = fit.sequence_s;
  table[surface.SURFACE_HOST_NORM] = 1;
  table[surface.SURFACE_FLOOR] = 0;
  table[surface.SURFACE_FLOOR_TOKENS] = 0;
  table[surface.SURFACE_AP_FIXED] = fit.prompt_step_s;
  for (let i = 0; i < GRID_TOKENS; i++) {
    table[surface.SURFACE_G + i] = tokenSeconds(fit, GRID_POINTS[i]!);
    table[surface.SURFACE_APF + i] = fit.prefill_pair_s;
    table[surface.SURFACE_APW + i] = 0;
  }
  for (let i = 0; i < GRID_SEQUENCES; i++) {
    table[surface.SURFACE_LM + i] = 0;
    const decodes = GRID_POINTS[i]!;
    for (let k = 0; k < SURFACE_KNOTS; k++) {
      const cell = i * SURFACE_KNOTS + k;
      const read = fit.context_token_s * decodes * table[surface.SURFACE_KNOTS_AT + k]!;
      const step = fit.fixed_s + tokenSeconds(fit, decodes) + fit.sequence_s * decodes;
      table[surface.SURFACE_DA + cell] = read;
      table[surface.SURFACE_DECODE + cell] = decodes === 0 ? 0 : step + read;
    }
  }
}
