// Opens a trace or request file, whatever its format, and replays it as requests.
import { type Issue, show, UserError } from '../check/issue.ts';
import { tryReadText } from '../check/text-file.ts';
import { orderBlocks, orderRows } from './links.ts';
import { parseCsvRequests } from './read-csv.ts';
import { parseJsonRequests } from './read-json.ts';
import type { RequestRows } from './rows.ts';
import { type ClientsDraw, drawClients, isServeGen } from './servegen.ts';
import type { Requests, Turns } from './types.ts';

/** The rows of a request file. Formats are told apart by their first character and their column names. */
export function parseRequestRows(text: string, file: string): RequestRows {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const first = body.trimStart()[0];
  if (first === undefined) {
    throw new UserError([{ path: 'requests', expected: 'at least one request', received: 'an empty file', file }]);
  }
  return first === '{' || first === '[' ? parseJsonRequests(body, file) : parseCsvRequests(body, file);
}

/** `draw`: what to draw where the file is a folder of clients' streams. */
export function readRequestRows(file: string, draw: ClientsDraw = { count: 0, seed: 0, start: 0 }): RequestRows {
  if (isServeGen(file)) return drawClients(file, draw);
  if (draw.start > 0) {
    const expected = 'none beside a trace: it is for the streams of clients (ServeGen)';
    throw new UserError([{ path: 'requests.start', expected, received: `${draw.start} s` }]);
  }
  const read = tryReadText(file);
  if ('text' in read) return parseRequestRows(read.text, file);
  const received =
    read.received === 'a folder' ? 'a folder without clients of ServeGen (chunk-1-trace.csv, ...)' : read.received;
  const line = read.line ? { line: read.line } : {};
  throw new UserError([{ path: 'requests', expected: 'a readable file', received, file, ...line }]);
}

/**
 * A trace as it was recorded, linked turns no sooner than the answer before, `rateScale` times as fast. Recorded clocks count from their first request; the
 * `arrival_s` of our own lists stays as it is.
 */
export function readTrace(file: string, options: { readonly rateScale?: number } = {}): Requests {
  return replayRows(readRequestRows(file), options.rateScale ?? 1);
}

export function replayRows(rows: RequestRows, rateScale: number): Requests {
  const issues: Issue[] = [];
  if (!(rateScale > 0 && rateScale < Infinity)) {
    issues.push({ path: 'rate_scale', expected: 'a number above 0', received: show(rateScale) });
  }
  if (!rows.arrival) {
    const received = `a ${rows.format}`;
    issues.push({ path: 'requests', expected: 'a file with arrival times', received, file: rows.file });
  }
  if (!rows.arrival || issues.length > 0) throw new UserError(issues);
  const times = rows.arrival.map((time) => time / rateScale);
  const rate = meanRate(times);
  const ordered = orderRows(rows.links ?? null);
  const own = <T extends Float64Array | Int32Array>(column: T): T =>
    ordered ? (column.map((_, request) => column[ordered.rows[request]!]!) as T) : column;
  const prefix = rows.prefix && (ordered ? orderBlocks(rows.prefix, ordered.rows) : rows.prefix);
  const speed = rateScale === 1 ? '' : `, ${rateScale} times as fast`;
  return {
    count: times.length,
    arrival: own(times),
    prompt: own(rows.prompt),
    output: own(rows.output),
    concurrency: 0,
    rate,
    ...(ordered ? { rows: ordered.rows, turns: quicken(ordered.turns, rateScale) } : {}),
    ...(prefix ? { prefix } : {}),
    description: `${describeRows(rows)}${speed}, ${Number(rate.toPrecision(4))} req/s`,
  };
}

/** Delays between turns, too, go by the faster clock. */
function quicken(turns: Turns, rateScale: number): Turns {
  return rateScale === 1 ? turns : { ...turns, delay: turns.delay.map((wait) => wait / rateScale) };
}

/** Gaps per second between the first and the last arrival; 0 where all arrive at once. */
export function meanRate(arrival: Float64Array): number {
  const span = arrival.length > 1 ? arrival.at(-1)! - arrival[0]! : 0;
  return span > 0 ? (arrival.length - 1) / span : 0;
}

/** "conv.csv (Azure LLM inference trace, 19366 requests)", with what was done to its rows. */
export function describeRows(rows: RequestRows): string {
  const name = rows.file.slice(Math.max(rows.file.lastIndexOf('/'), rows.file.lastIndexOf('\\')) + 1);
  return `${name} (${[rows.format, `${rows.prompt.length} requests`, ...rows.notes].join('; ')})`;
}
