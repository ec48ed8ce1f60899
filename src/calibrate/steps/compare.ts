// Holds step traces against the cost model: how far it is off, and whether the times have the unit that they claim.
import type { Issue } from '../../check/issue.ts';
import { readSurface } from '../../plan/read-surface.ts';
import type { Chunk, StepWork } from '../../plan/step-work.ts';
import { percentile, relativeErrors } from '../fit.ts';
import { medianOf } from './check-steps.ts';
import type { StepRow, StepSeries } from './read-steps.ts';

/** A step as the cost model sees it: chunks and contexts alike. */
export function workOf({ promptTokens, sequences, decodes, contextTokens, pairs }: StepRow): StepWork {
  const chunks = sequences - decodes;
  const prefill = Array.from({ length: chunks }, (_, i): Chunk => {
    const tokens = Math.floor((promptTokens * (i + 1)) / chunks) - Math.floor((promptTokens * i) / chunks);
    const past = Math.max(0, Math.round((pairs / chunks - (tokens * (tokens + 1)) / 2) / Math.max(1, tokens)));
    return { tokens, past, completes: true };
  });
  return { prefill, decode: decodes > 0 ? [{ count: decodes, context: contextTokens / decodes }] : [] };
}

/** Median and 90th percentile of the cost model's |relative error| on these steps. */
export function modelErrors(table: Float64Array, rows: readonly StepRow[]): readonly [number, number] {
  const errors = relativeErrors(rows, (row) => readSurface(table, workOf(row)));
  return [percentile(errors, 0.5), percentile(errors, 0.9)];
}

/** No engine is this many times slower or faster than the cost model on most steps of a trace: its unit is another one. */
const ANOTHER_UNIT = 30;

/** An issue where times look as if they had another unit than their column says. */
export function checkUnit(name: string, { file, rows }: StepSeries, table: Float64Array): Issue | null {
  const ratio = medianOf(rows.map((row) => row.seconds / readSurface(table, workOf(row))));
  if (ratio < ANOTHER_UNIT && ratio > 1 / ANOTHER_UNIT) return null;
  const typical = medianOf(rows.map(({ seconds }) => seconds));
  const received = `steps of ${Number(typical.toPrecision(3))} s in the median, ${Number(ratio.toPrecision(2))} times those of the cost model`;
  const hint = 'the unit is in the name of the column: duration_s, duration_ms or duration_us';
  return { path: name, expected: 'times of an engine step', received, file, line: 2, hint };
}
