// Reads request files of comma-separated text: Azure's traces, BurstGPT's, Vidur's, and plain lists of lengths and times.
import { show, UserError } from '../check/issue.ts';
import { type Instant, nanosecondsBetween, parseInstant } from './clock.ts';
import { type CsvRecord, readRecords } from './csv.ts';
import { type RequestRows, RowCollector, type TraceFormat, toNumber } from './rows.ts';

/** Known headers, lower case; the first whose prompt and output columns are both there. The time column may be missing. */
const FORMATS: readonly TraceFormat[] = [
  own('request list', 'prompt_tokens', 'output_tokens'),
  own('request list', 'input_len', 'output_len'),
  recorded('Azure LLM inference trace', 'timestamp', 'contexttokens', 'generatedtokens', true),
  recorded('BurstGPT trace', 'timestamp', 'request tokens', 'response tokens', true),
  recorded('Vidur trace', 'arrived_at', 'num_prefill_tokens', 'num_decode_tokens', false),
  recorded('CSV trace', 'timestamp', 'input_length', 'output_length', false),
  recorded('CSV trace', 'timestamp', 'input', 'output', false),
  recorded('usage log', 'timestamp', 'prompt_tokens', 'completion_tokens', true),
];

function own(format: string, prompt: string, output: string): TraceFormat {
  return { format, time: 'arrival_s', prompt, output, fromFirst: false, zeroOutputIsOne: false };
}

function recorded(format: string, time: string, prompt: string, output: string, zeroOutputIsOne: boolean): TraceFormat {
  return { format, time, prompt, output, fromFirst: true, zeroOutputIsOne };
}

export function parseCsvRequests(text: string, file: string): RequestRows {
  const records = readRecords(text);
  const first = records.next();
  const header = first.done ? [] : first.value.cells.map((cell) => cell.trim());
  const lower = header.map((cell) => cell.toLowerCase());
  const twice = lower.findIndex((name, i) => name !== '' && lower.indexOf(name) !== i);
  if (twice >= 0) {
    const received = `${show(header[twice])} twice`;
    throw new UserError([{ path: 'header', expected: 'every column once', received, file, line: 1 }]);
  }
  const format = FORMATS.find((f) => lower.includes(f.prompt) && lower.includes(f.output));
  if (!format) throw unknownHeader(header, file);
  const at = {
    time: lower.indexOf(format.time),
    prompt: lower.indexOf(format.prompt),
    output: lower.indexOf(format.output),
  };
  const timed = at.time >= 0;
  const names = { time: header[at.time] ?? format.time, prompt: header[at.prompt]!, output: header[at.output]! };
  const words = timed ? format.format : `${format.format} without times`;
  const rows = new RowCollector({ ...format, ...names, file, format: words, timed });
  const readTime = timed ? makeTimeReader(rows) : () => 0;
  for (const record of records) {
    if (record.cells.length !== header.length) reportWidth(rows, record, header.length);
    else
      rows.add(
        record.line,
        readTime(record.line, record.cells[at.time] ?? ''),
        record.cells[at.prompt],
        record.cells[at.output],
      );
  }
  return rows.finish();
}

function reportWidth(rows: RowCollector, record: CsvRecord, width: number): void {
  const cells = `${record.cells.length} in ${show(record.cells.join(','))}`;
  rows.report(record.line, 'row', `${width} columns as in the header`, cells);
}

/** Seconds, or dates as nanoseconds since the first date; a file keeps to what its first good row has. */
function makeTimeReader(rows: RowCollector): (line: number, cell: string) => number {
  let first: Instant | null = null;
  let inSeconds = !rows.rules.fromFirst;
  return (line, cell) => {
    const text = cell.trim();
    const instant = inSeconds ? null : parseInstant(text);
    if (instant) {
      first ??= instant;
      rows.unitsPerSecond = 1e9;
      return nanosecondsBetween(first, instant);
    }
    const seconds = first ? Number.NaN : toNumber(text);
    if (seconds >= 0 && seconds < Infinity) {
      inSeconds = true;
      return seconds;
    }
    const choice = inSeconds ? 'seconds, 0 or more' : 'seconds (0 or more) or a date and time';
    const expected = first ? 'a date and time like 2023-11-16 18:17:03.9799600' : choice;
    rows.report(line, rows.rules.time, expected, text === '' ? 'nothing' : show(text));
    return Number.NaN;
  };
}

function unknownHeader(header: readonly string[], file: string): UserError {
  const lower = header.map((cell) => cell.toLowerCase());
  const count = (f: TraceFormat) => [f.time, f.prompt, f.output].filter((name) => lower.includes(name)).length;
  const most = Math.max(...FORMATS.map(count));
  const nearest = most > 0 ? FORMATS.filter((f) => count(f) === most) : FORMATS;
  const known = nearest.map((f) => `${f.time},${f.prompt},${f.output}`).join(' | ');
  const received = header.length === 0 ? 'an empty file' : show(header.join(','));
  return new UserError([{ path: 'header', expected: `one of ${known}`, received, file, line: 1 }]);
}
