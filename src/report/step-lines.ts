// One line per iteration: what `mist run --steps` writes, as CSV or JSON lines.
import type { StepRecord } from '../plan/setup.ts';

const STEP_COLUMNS = [
  'instance',
  'start_s',
  'duration_s',
  'prefill_tokens',
  'sequences',
  'context_tokens',
  'blocks_in_use',
] as const;
export type LineFormat = 'csv' | 'jsonl';

/** CSV unless the file's name says JSON. */
export function lineFormatOf(file: string): LineFormat {
  return /\.(jsonl|json|ndjson)$/i.test(file) ? 'jsonl' : 'csv';
}

type Cell = number | string | null;

/** Nothing, or null in JSON, where there is no figure. */
export function writeLine(format: LineFormat, columns: readonly string[], cells: readonly Cell[]): string {
  if (format === 'csv') return `${cells.map((cell) => (Number.isNaN(cell) ? '' : cell)).join(',')}\n`;
  return `${JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, cells[i]])))}\n`;
}

/** The heading line of a step file ('' for JSON lines). */
export function stepHeading(format: LineFormat): string {
  return format === 'csv' ? `${STEP_COLUMNS.join(',')}\n` : '';
}

/** Lines of some iterations. */
export function stepLines(steps: readonly StepRecord[], format: LineFormat): string {
  let text = '';
  for (const step of steps) {
    const { replica, start, duration, prefillTokens, sequences, context, blocks } = step;
    text += writeLine(format, STEP_COLUMNS, [replica, start, duration, prefillTokens, sequences, context, blocks]);
  }
  return text;
}
