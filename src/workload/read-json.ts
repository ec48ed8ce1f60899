// Reads request files of JSON: Mooncake, RAGPulse and LLMServingSim lines, our own lines, and vLLM's detailed benchmark results.
import { type Issue, show, UserError } from '../check/issue.ts';
import { isRecord, type Json, tryJson } from '../check/python-json.ts';
import { type RequestRows, RowCollector, type TraceFormat, toNumber } from './rows.ts';
import type { PrefixBlocks } from './types.ts';

interface LineFormat extends TraceFormat {
  /** Units of the time column in one second. */
  readonly perSecond: number;
  /** s after which the recorded clock starts again at 0; 0 = never. */
  readonly wrap: number;
}

const MOONCAKE: LineFormat = {
  format: 'Mooncake trace',
  time: 'timestamp',
  prompt: 'input_length',
  output: 'output_length',
  perSecond: 1000,
  fromFirst: true,
  zeroOutputIsOne: true,
  wrap: 0,
};
/** Its README calls it one week; it is two, and its clock of seconds starts again after the first (the session ids tell). */
const RAGPULSE: LineFormat = { ...MOONCAKE, format: 'RAGPulse trace', perSecond: 1, wrap: 7 * 86400 };
const SERVING_SIM: LineFormat = {
  ...MOONCAKE,
  format: 'LLMServingSim trace',
  time: 'arrival_time_ns',
  prompt: 'input_toks',
  output: 'output_toks',
  perSecond: 1e9,
};
const OWN: LineFormat = {
  format: 'request list',
  time: 'arrival_s',
  prompt: 'prompt_tokens',
  output: 'output_tokens',
  perSecond: 1,
  fromFirst: false,
  zeroOutputIsOne: false,
  wrap: 0,
};
/** Tokens per hash id. Source: README of the Mooncake traces (github.com/kvcache-ai/Mooncake). */
const MOONCAKE_BLOCK = 512;

export function parseJsonRequests(text: string, file: string): RequestRows {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.trim() !== '');
  const opening = lines[head] ?? '';
  const first = parseFields(opening) ?? parseFields(text);
  if (first && ('input_lens' in first || 'start_times' in first)) return readBenchmark(first, text, file);
  const format = first ? pickFormat(first) : null;
  if (!format) throw unknownLine(opening, head + 1, file);
  return readLines(lines, format, file);
}

function parseFields(text: string): Json | null {
  const value = tryJson(text);
  return isRecord(value) ? value : null;
}

function pickFormat(first: Json): LineFormat | null {
  if ('prompt_tokens' in first && 'output_tokens' in first) return OWN;
  if ('input_toks' in first && 'output_toks' in first) return SERVING_SIM;
  if (!('input_length' in first && 'output_length' in first)) return null;
  return 'session_id' in first || typeof first.timestamp === 'string' ? RAGPULSE : MOONCAKE;
}

function readLines(lines: readonly string[], format: LineFormat, file: string): RequestRows {
  const { time, prompt, output } = format;
  const rows = new RowCollector({ ...format, file, timed: true });
  rows.unitsPerSecond = format.perSecond;
  const readTime = makeTimeReader(rows, format);
  const blocks: (readonly number[])[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const fields = parseFields(line);
    if (!fields) {
      rows.report(i + 1, 'row', 'a whole JSON object', show(line.trim()));
      continue;
    }
    rows.add(i + 1, readTime(i + 1, fields[time]), fields[prompt], fields[output]);
    if (format === MOONCAKE) blocks.push(readBlocks(rows, i + 1, fields));
  }
  if (format === RAGPULSE) rows.notes.push('passage ids not used');
  const read = rows.finish();
  return blocks.some((ids) => ids.length > 0) ? { ...read, prefix: packBlocks(blocks) } : read;
}

/** The clock in its own units. Where it wraps, a step back by half the wrap or more means that it started again. */
function makeTimeReader(rows: RowCollector, format: LineFormat): (line: number, value: unknown) => number {
  const wrap = format.wrap * format.perSecond;
  let before = 0;
  let shift = 0;
  return (line, value) => {
    const time = toNumber(value);
    if (!(time >= 0 && time < Infinity)) {
      rows.report(line, format.time, 'a time, 0 or more', value === undefined ? 'nothing' : show(value));
      return Number.NaN;
    }
    if (wrap > 0 && time < before - wrap / 2) {
      shift += wrap;
      rows.notes.push(`the clock starts again at line ${line}: ${format.wrap} s added`);
    }
    before = time;
    return time + shift;
  };
}

/** The hash ids of one line; absent is as good as none. */
function readBlocks(rows: RowCollector, line: number, fields: Json): readonly number[] {
  const ids = fields.hash_ids ?? [];
  if (Array.isArray(ids) && ids.every((id) => Number.isInteger(id) && id >= 0 && id <= 2147483647)) return ids;
  rows.report(line, 'hash_ids', 'a list of whole numbers from 0 to 2147483647', show(ids));
  return [];
}

function packBlocks(blocks: readonly (readonly number[])[]): PrefixBlocks {
  const offset = new Int32Array(blocks.length + 1);
  for (const [i, { length }] of blocks.entries()) offset[i + 1] = offset[i]! + length;
  const ids = new Int32Array(offset.at(-1)!);
  for (const [i, own] of blocks.entries()) ids.set(own, offset[i]);
  return { block_tokens: MOONCAKE_BLOCK, offset, ids };
}

/** The result of `vllm bench serve --save-detailed`: three lists of equal length, in no promised order of time. */
function readBenchmark(result: Json, text: string, file: string): RequestRows {
  const names = ['start_times', 'input_lens', 'output_lens'] as const;
  const lists = names.map((name) => result[name]);
  const counts = lists.map((list) => (Array.isArray(list) ? list.length : -1));
  const wanted = counts[1];
  const issues: Issue[] = [];
  for (const [k, path] of names.entries()) {
    const count = counts[k]!;
    const received = count < 0 ? show(result[path]) : `${count} entries`;
    if (count < 0) issues.push({ path, expected: 'a list (save the result with --save-detailed)', received, file });
    else if (count !== wanted) issues.push({ path, expected: `${wanted} entries as input_lens`, received, file });
  }
  const parts = text.split('\n').filter((line) => line.includes('"input_lens"')).length;
  if (parts > 1) issues.push({ path: 'results', expected: 'one result', received: `${parts} (--append-result)`, file });
  if (issues.length > 0) throw new UserError(issues);
  const [starts, inputs, outputs] = lists as [unknown[], unknown[], unknown[]];
  const order = starts.map((_, i) => i).sort((a, b) => toNumber(starts[a]) - toNumber(starts[b]) || a - b);
  const [time, prompt, output] = names;
  const rules = { format: 'vLLM benchmark result', time, prompt, output, fromFirst: true, zeroOutputIsOne: true };
  const rows = new RowCollector({ ...rules, file, timed: true });
  for (const i of order) {
    const start = toNumber(starts[i]);
    if (!Number.isFinite(start)) rows.report(1, `start_times[${i}]`, 'seconds', show(starts[i]));
    rows.add(1, start, inputs[i], outputs[i]);
  }
  return rows.finish();
}

function unknownLine(line: string, number: number, file: string): UserError {
  const expected =
    'a JSON object with timestamp, input_length and output_length (Mooncake, RAGPulse), with arrival_s, prompt_tokens ' +
    'and output_tokens, or a result of vllm bench serve --save-detailed';
  return new UserError([{ path: 'row', expected, received: show(line.trim()), file, line: number }]);
}
