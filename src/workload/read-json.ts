// Reads request files of JSON: lines of all the formats in line-formats.ts, and vLLM's detailed benchmark results.
import { type Issue, show, UserError } from '../check/issue.ts';
import { isRecord, tryJson } from '../check/python-json.ts';
import { parseInstant } from './clock.ts';
import { type Fields, fieldOf, type LineFormat, nearestFormat, PARTS, pickFormat } from './line-formats.ts';
import { LinkCollector, packBlocks } from './links.ts';
import { type RequestRows, RowCollector, toNumber } from './rows.ts';

export function parseJsonRequests(text: string, file: string): RequestRows {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.trim() !== '');
  const opening = lines[head] ?? '';
  const first = parseFields(opening) ?? parseFields(text);
  if (first && ('input_lens' in first || 'start_times' in first)) return readBenchmark(first, text, file);
  const report = first ?? parseFields(text);
  if (report && Array.isArray(report.benchmarks)) return readReport(report.benchmarks, file);
  const format = first ? pickFormat(first) : null;
  if (!format) throw unknownLine(opening, first, head + 1, file);
  return readLines(lines, format, file);
}

function parseFields(text: string): Fields | null {
  const value = tryJson(text);
  return isRecord(value) ? value : null;
}

function readLines(lines: readonly string[], format: LineFormat, file: string): RequestRows {
  const { time, prompt, output } = format;
  const rows = new RowCollector({ ...format, file, timed: true });
  rows.unitsPerSecond = format.perSecond;
  const readTime = makeTimeReader(rows, format);
  const links = new LinkCollector(format);
  const blocks: (readonly number[])[] = [];
  for (const { line, fields } of parseLines(lines, rows, format)) {
    const at = readTime(line, fieldOf(fields, time));
    const parts = fields[PARTS];
    if (Array.isArray(parts)) {
      addParts(rows, links, line, at, parts, format);
      continue;
    }
    links.add(rows, line, fields);
    rows.add(line, at, fieldOf(fields, prompt), fieldOf(fields, output));
    if (format.block > 0) blocks.push(readBlocks(rows, line, fields, format));
  }
  if (format.wrap > 0) rows.notes.push('passage ids not used');
  const found = links.finish(rows);
  const turns = found?.after.filter((before) => before >= 0).length ?? 0;
  if (turns > 0) rows.notes.push(`${turns} turns follow an answer`);
  const read = { ...rows.finish(), ...(found ? { links: found } : {}) };
  return blocks.some((ids) => ids.length > 0) ? { ...read, prefix: packBlocks(blocks, format.block) } : read;
}

/** Whole objects with their lines, in the order of their times where the file has another one. */
function parseLines(lines: readonly string[], rows: RowCollector, format: LineFormat) {
  const found = lines.flatMap((text, i) => {
    if (text.trim() === '') return [];
    const fields = parseFields(text);
    if (!fields) rows.report(i + 1, 'row', 'a whole JSON object', show(text.trim()));
    return fields ? [{ line: i + 1, fields }] : [];
  });
  if (!format.sorts) return found;
  const timeOf = ({ fields }: { readonly fields: Fields }) => {
    const value = fieldOf(fields, format.time);
    const date = typeof value === 'string' ? parseInstant(value) : null;
    return date ? date.seconds + date.nanoseconds / 1e9 : toNumber(value) || 0;
  };
  return found.sort((a, b) => timeOf(a) - timeOf(b) || a.line - b.line);
}

/** How long the tool call takes that comes after a part. */
const TOOL_NS = 'tool_duration_ns';

function addParts(
  rows: RowCollector,
  links: LinkCollector,
  line: number,
  at: number,
  parts: readonly unknown[],
  { prompt, output, perSecond }: LineFormat,
): void {
  let wait = 0;
  for (const [i, part] of parts.entries()) {
    const fields = (part ?? {}) as Fields;
    links.push(i === 0 ? -1 : links.count - 1, wait);
    rows.add(line, at, fields[prompt], fields[output]);
    const tool = fields[TOOL_NS] === undefined ? 0 : toNumber(fields[TOOL_NS]);
    if (!(tool >= 0)) rows.report(line, `${PARTS}[${i}].${TOOL_NS}`, 'a time, 0 or more', show(fields[TOOL_NS]));
    wait = tool / perSecond;
  }
}

/** The clock in its own units. Where it wraps, a step back by half the wrap or more means that it started again. */
function makeTimeReader(rows: RowCollector, format: LineFormat): (line: number, value: unknown) => number {
  const wrap = format.wrap * format.perSecond;
  let before = 0;
  let shift = 0;
  return (line, value) => {
    const date = typeof value === 'string' ? parseInstant(value) : null;
    const time = date ? (date.seconds + date.nanoseconds / 1e9) * format.perSecond : toNumber(value);
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

/** The hash ids of one line, as many as its prompt has blocks (the last may be left out where it is not full); absent is as good as none. */
function readBlocks(
  rows: RowCollector,
  line: number,
  fields: Fields,
  { prompt, block }: LineFormat,
): readonly number[] {
  const ids = fields.hash_ids ?? [];
  if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id) && id >= 0 && id <= 2147483647)) {
    rows.report(line, 'hash_ids', 'a list of whole numbers from 0 to 2147483647', show(ids));
    return [];
  }
  const tokens = toNumber(fieldOf(fields, prompt));
  const [least, most] = [Math.floor(tokens / block), Math.ceil(tokens / block)];
  if (ids.length > most || (ids.length > 0 && ids.length < least)) {
    const expected = `${most} ids, one for every ${block} of ${tokens} tokens`;
    rows.report(line, 'hash_ids', expected, `${ids.length}`);
  }
  return ids;
}

/** The result of `vllm bench serve --save-detailed`: three lists of equal length, in no promised order of time. */
function readBenchmark(result: Fields, text: string, file: string): RequestRows {
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

/** GuideLLM's report: the requests of its one benchmark that succeeded. */
function readReport(benchmarks: readonly unknown[], file: string): RequestRows {
  const list = benchmarks.map((one) => fieldOf((one ?? {}) as Fields, 'requests.successful'));
  const [requests] = list;
  if (list.length !== 1 || !Array.isArray(requests)) {
    const received = list.length === 1 ? 'one without its requests' : `${list.length} benchmarks`;
    throw new UserError([{ path: 'benchmarks', expected: 'one benchmark, with requests.successful', received, file }]);
  }
  const [time, prompt, output] = ['start_time', 'prompt_tokens', 'output_tokens'];
  const rules = { format: 'GuideLLM report', time, prompt, output, fromFirst: true, zeroOutputIsOne: true };
  const rows = new RowCollector({ ...rules, file, timed: true });
  const timeOf = (one: unknown) => toNumber(fieldOf((one ?? {}) as Fields, time));
  for (const one of [...requests].sort((a, b) => timeOf(a) - timeOf(b))) {
    const fields = (one ?? {}) as Fields;
    if (!Number.isFinite(timeOf(one))) rows.report(1, time, 'seconds', show(fields[time]));
    rows.add(1, timeOf(one), fields[prompt], fields[output]);
  }
  return rows.finish();
}

function unknownLine(line: string, first: Fields | null, number: number, file: string): UserError {
  const expected = `a JSON object with ${nearestFormat(first)}, or a result of vllm bench serve --save-detailed`;
  return new UserError([{ path: 'row', expected, received: show(line.trim()), file, line: number }]);
}
