// Turns a workload of the spec into request columns: a trace replayed, a list of lengths sampled, or everything drawn.
import type { LengthShape } from '../catalog/types.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { MAX_REQUESTS } from '../spec/limits.ts';
import type { ReplaySpec, WorkloadSpec } from '../spec/types.ts';
import { describeArrivals, drawArrivals } from './arrivals.ts';
import { checkWorkload } from './check.ts';
import { driftApart } from './drift.ts';
import { describeLength, drawLengthPairs, drawRows, drawShape, type Lengths } from './lengths.ts';
import type { RequestRows } from './rows.ts';
import { describeRows, meanRate, readRequestRows, replayRows } from './traces.ts';
import type { PrefixBlocks, Requests } from './types.ts';

export interface MakeOptions {
  /** Looks a shape up in the catalog; throws for an unknown id. */
  readonly catalogShape: (id: string) => LengthShape;
  /** These three replace the workload's own figures (axes of a sweep, flags of the command line). */
  readonly requestRate?: number;
  readonly numRequests?: number;
  readonly seed?: number;
  /** Rows of `workload.requests.file` when they have been read already (a sweep reads a file once). */
  readonly rows?: RequestRows;
}

/**
 * Requests of a workload; the same workload and seed give the same bytes everywhere. Arrivals, prompts and outputs have
 * streams of their own: another process or rate leaves the lengths as they are.
 */
export function makeRequests(workload: WorkloadSpec, options: MakeOptions): Requests {
  const asked: WorkloadSpec = {
    ...workload,
    request_rate: options.requestRate ?? workload.request_rate,
    num_requests: options.numRequests ?? workload.num_requests,
    seed: options.seed ?? workload.seed,
  };
  return asked.duration === undefined ? makeCounted(asked, options) : makeUntil(asked, asked.duration, options);
}

/** Drawn at first for a duration, beyond what its rate promises. */
const SPARE = 64;

/** As many as arrive before `end`, and no more than are asked for: every column of more requests begins with that of fewer. */
function makeUntil(asked: WorkloadSpec, end: number, options: MakeOptions): Requests {
  const most = asked.num_requests || MAX_REQUESTS;
  let count = asked.requests ? asked.num_requests : Math.min(most, Math.ceil(asked.request_rate * end) + SPARE);
  for (;;) {
    const made = makeCounted({ ...asked, num_requests: count }, options);
    const kept = countBefore(made.arrival, end);
    const isAll = asked.requests !== null || count === most;
    if (kept === 0 || (kept === MAX_REQUESTS && isAll)) throw new UserError([refuseDuration(made, end)]);
    if (kept < made.count || isAll) return cutRequests(made, kept, end);
    count = Math.min(most, count * 2);
  }
}

function countBefore(arrival: Float64Array, end: number): number {
  const later = arrival.findIndex((time) => time >= end);
  return later < 0 ? arrival.length : later;
}

function refuseDuration({ arrival }: Requests, end: number): Issue {
  const expected =
    arrival[0]! >= end
      ? `a time after the first arrival, at ${Number(arrival[0]!.toPrecision(4))} s`
      : `a time in which less than ${MAX_REQUESTS} requests arrive`;
  return { path: 'workload.duration', expected, received: `${end} s` };
}

function cutRequests(requests: Requests, count: number, end: number): Requests {
  const { arrival, prompt, output, prefix, description } = requests;
  return {
    ...requests,
    count,
    arrival: arrival.slice(0, count),
    prompt: prompt.slice(0, count),
    output: output.slice(0, count),
    ...(prefix ? { prefix: cutPrefix(prefix, count) } : {}),
    description: `${description}, until ${end} s`,
  };
}

function makeCounted(asked: WorkloadSpec, options: MakeOptions): Requests {
  const rows = asked.requests ? scaleRows(options.rows ?? readRows(asked), asked.requests) : null;
  if (rows && !rows.arrival && needsRate(asked)) replayRows(rows, 1); // throws: the file has no times, nobody gave a rate
  const { process } = asked.arrivals;
  const replayed = rows?.arrival != null && process !== 'closed-loop' && process !== 'all-at-once';
  const issues = checkWorkload(asked, replayed);
  if (issues.length > 0) throw new UserError(issues);
  if (!rows) return drawRequests(asked, options.catalogShape);
  const rateScale = asked.requests?.rate_scale ?? 1;
  if (replayed) return replayTrace(rows, asked.num_requests, rateScale, options.requestRate ?? 0);
  return sampleList(rows, asked);
}

/** The rows of a workload's file; streams of clients are drawn with its seed, as many as it asks for. */
export function readRows({ requests, num_requests: count, seed }: WorkloadSpec): RequestRows {
  if (requests === null) throw new Error('rows of a workload without a file');
  return readRequestRows(requests.file, { count, seed, start: requests.start ?? 0 });
}

/** Prompts and outputs times their factors, halves up, at least one token. */
function scaleRows(rows: RequestRows, { input_scale = 1, output_scale = 1 }: ReplaySpec): RequestRows {
  if (input_scale === 1 && output_scale === 1) return rows;
  const scale = (by: number) => (length: number) => Math.max(1, Math.floor(length * by + 0.5));
  return { ...rows, prompt: rows.prompt.map(scale(input_scale)), output: rows.output.map(scale(output_scale)) };
}

/** A process that needs a rate, without one. */
function needsRate({ arrivals, request_rate }: WorkloadSpec): boolean {
  return arrivals.process !== 'all-at-once' && arrivals.process !== 'closed-loop' && request_rate === 0;
}

function drawRequests(workload: WorkloadSpec, catalogShape: MakeOptions['catalogShape']): Requests {
  const { lengths, num_requests: count, seed } = workload;
  if (lengths === null) throw new UserError(checkWorkload(workload, false)); // checked before: for the compiler
  if (typeof lengths === 'string') {
    return joinArrivals(workload, drawShape(catalogShape(lengths), count, seed), `${lengths} lengths`);
  }
  const drifting = driftApart(lengths, workload);
  const { input_len, output_len } = drifting ?? lengths;
  const words = `${describeLength(input_len)} in, ${describeLength(output_len)} out`;
  // another seed than lengths that were asked for: what strays is no draw of theirs
  const drawn = drawLengthPairs(input_len, output_len, count, drifting ? seed + 1 : seed);
  return joinArrivals(workload, drawn, words);
}

/** Lengths of a list without times, or of a trace whose times a closed loop does not use; 0 requests = as many as rows. */
function sampleList(rows: RequestRows, workload: WorkloadSpec): Requests {
  const count = workload.num_requests || rows.prompt.length;
  const words = `lengths of ${describeRows(rows)} in random order`;
  return joinArrivals({ ...workload, num_requests: count }, drawRows(rows, count, workload.seed), words);
}

function joinArrivals(workload: WorkloadSpec, lengths: Lengths, words: string): Requests {
  const { arrivals, num_requests: count, request_rate: rate, seed, duration } = workload;
  const run = duration === undefined ? count : rate * duration;
  return {
    count,
    ...drawArrivals(arrivals, count, rate, seed, run),
    ...lengths,
    description: `${words}, ${describeArrivals(arrivals, rate)}, seed ${seed}`,
  };
}

/** A trace at its own times: its first `count` rows (0 or more than there are = all), stretched to `rate` if one is given. */
function replayTrace(rows: RequestRows, count: number, rateScale: number, rate: number): Requests {
  const total = rows.prompt.length;
  const kept = count > 0 && count < total ? cutRows(rows, count) : rows;
  const own = kept.arrival ? meanRate(kept.arrival) : 0;
  const requests = replayRows(kept, rate > 0 && own > 0 ? rate / own : rateScale);
  if (kept === rows) return requests;
  return { ...requests, description: `${requests.description}, first ${count} of ${total}` };
}

/** The first `count` rows. */
export function cutRows(rows: RequestRows, count: number): RequestRows {
  const arrival = rows.arrival?.slice(0, count) ?? null;
  const prefix = rows.prefix && cutPrefix(rows.prefix, count);
  const links = rows.links && { after: rows.links.after.slice(0, count), delay: rows.links.delay.slice(0, count) };
  const cut = { ...rows, arrival, prompt: rows.prompt.slice(0, count), output: rows.output.slice(0, count) };
  return { ...cut, ...(links ? { links } : {}), ...(prefix ? { prefix } : {}) };
}

function cutPrefix(prefix: PrefixBlocks, count: number): PrefixBlocks {
  return { ...prefix, offset: prefix.offset.slice(0, count + 1), ids: prefix.ids.slice(0, prefix.offset[count]) };
}
