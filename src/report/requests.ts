// One line per request and one per iteration: what `mist run --requests` and `--steps` write, as CSV or JSON lines.
import { STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import type { RequestResults, StepRecord } from '../plan/setup.ts';
import type { Requests } from '../workload/types.ts';

const REQUEST_COLUMNS = [
  'request',
  'client',
  'state',
  'arrival_s',
  'first_token_s',
  'finish_s',
  'prompt_tokens',
  'output_tokens',
  'preemptions',
] as const;
const STEP_COLUMNS = [
  'client',
  'start_s',
  'duration_s',
  'prefill_tokens',
  'sequences',
  'context_tokens',
  'blocks_in_use',
] as const;
/** Lines per piece: a file of millions of lines is never one string. */
const PIECE = 8192;

export type LineFormat = 'csv' | 'jsonl';

/** CSV unless the file's name says JSON. */
export function lineFormatOf(file: string): LineFormat {
  return /\.(jsonl|json|ndjson)$/i.test(file) ? 'jsonl' : 'csv';
}

function stateName(state: number): string {
  if (state === STATE_FINISHED) return 'finished';
  if (state === STATE_REJECTED_KV) return 'rejected-kv';
  return state === STATE_REJECTED_LENGTH ? 'rejected-length' : 'unfinished';
}

type Cell = number | string;

function writeLine(format: LineFormat, columns: readonly string[], cells: readonly Cell[]): string {
  if (format === 'csv') return `${cells.map((cell) => (Number.isNaN(cell) ? '' : String(cell))).join(',')}\n`;
  return `${JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, Number.isNaN(cells[i]) ? null : cells[i]])))}\n`;
}

/** Lines of all requests in order of arrival, in pieces; times in s, empty (null) where the event never happened. */
export function* requestLines(requests: Requests, results: RequestResults, format: LineFormat): Generator<string> {
  let piece = format === 'csv' ? `${REQUEST_COLUMNS.join(',')}\n` : '';
  for (let i = 0; i < requests.count; i++) {
    piece += writeLine(format, REQUEST_COLUMNS, [
      i,
      results.replica[i],
      stateName(results.state[i]),
      results.arrival[i],
      results.first[i],
      results.finish[i],
      requests.prompt[i],
      requests.output[i],
      results.preemptions[i],
    ]);
    if (i % PIECE === PIECE - 1) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
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
