// ServeGen's clients as they were published: each a rate and a regularity by ten minutes, and lengths by quarter of a day.
//
// alibaba/ServeGen (Apache-2.0): chunk-N-trace.csv has lines `s,requests/s,cv,family,shape,scale` of one client, chunk-N-dataset.json
// its distributions `{value: probability}` of input and output tokens (the reasoning among the output) from each second named on.
// Every client is a renewal process of its own with gamma gaps of that rate and cv; all of them together are the traffic.
import { show, UserError } from '../check/issue.ts';
import { readTextFile, statOf, tryReadText } from '../check/text-file.ts';
import { basename, dirname, join, readdirSync } from '../host/host.ts';
import type { RatePoint } from '../spec/types.ts';
import { drawGap } from './arrivals.ts';
import { type CurveWalk, walkCurve } from './rate-curve.ts';
import type { RequestRows } from './rows.ts';
import { nextUniform, openStream, type Stream } from './streams.ts';

const TRACE = /^chunk-(\d+)-trace\.csv$/;

/** What of the clients' day is drawn. */
export interface ClientsDraw {
  /** Requests; 0 = those up to the end of the day. */
  readonly count: number;
  readonly seed: number;
  /** s of the day at which the run begins. */
  readonly start: number;
}

/** A distribution of tokens: values and the running sums of their probabilities. */
interface Tokens {
  readonly values: Int32Array;
  readonly sums: Float64Array;
}

interface Client {
  readonly points: readonly RatePoint[];
  readonly quarters: readonly { readonly from: number; readonly input: Tokens; readonly output: Tokens }[];
}

/** Whether a path of a request file is a folder of clients or one of them. */
export function isServeGen(path: string): boolean {
  const found = statOf(path);
  return found?.isDirectory() ? readdirSync(path).some((name) => TRACE.test(name)) : TRACE.test(basename(path));
}

/** Requests of all clients of a folder, or of the one whose trace is named. */
export function drawClients(path: string, { count, seed, start }: ClientsDraw): RequestRows {
  const clients = listTraces(path).map(readClient);
  const end = Math.max(...clients.map(({ points }) => points.at(-1)!.time));
  if (!(start < end)) {
    const received = `${start} s`;
    throw new UserError([
      { path: 'requests.start', expected: `a time within the clients' ${end} s`, received, file: path },
    ]);
  }
  const walks = clients.flatMap((client, c) => openClient(client, c, seed, start));
  const columns = { arrival: [] as number[], prompt: [] as number[], output: [] as number[] };
  for (;;) {
    const next = walks.reduce<Walking | null>((best, walk) => (best === null || walk.at < best.at ? walk : best), null);
    if (next === null || (count > 0 ? columns.arrival.length === count : start + next.at >= end)) break;
    const { input, output } = quarterAt(next.client, (start + next.at) % end);
    columns.arrival.push(next.at);
    columns.prompt.push(drawTokens(input, nextUniform(next.lengths)));
    columns.output.push(drawTokens(output, nextUniform(next.lengths)));
    next.step();
  }
  if (columns.arrival.length === 0) {
    throw new UserError([
      { path: 'requests', expected: 'clients that send something', received: 'none does', file: path },
    ]);
  }
  return {
    file: path,
    format: `ServeGen, ${clients.length === 1 ? 'one client' : `${clients.length} clients`}`,
    arrival: Float64Array.from(columns.arrival),
    prompt: Int32Array.from(columns.prompt),
    output: Int32Array.from(columns.output),
    notes: start > 0 ? [`from ${start} s of their day on`] : [],
  };
}

function listTraces(path: string): string[] {
  if (!statOf(path)?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => TRACE.test(name));
  return names.sort((a, b) => numberOf(a) - numberOf(b)).map((name) => join(path, name));
}

const numberOf = (name: string): number => Number(TRACE.exec(name)![1]);

function readClient(trace: string): Client {
  const points = readPoints(trace);
  const data = join(dirname(trace), basename(trace).replace('-trace.csv', '-dataset.json'));
  const quarters = readQuarters(data);
  return { points, quarters };
}

/** Windows as steps, closed where the last one ends: all are as long as the first. */
function readPoints(file: string): RatePoint[] {
  const issues: { path: string; expected: string; received: string; file: string; line: number }[] = [];
  const points: RatePoint[] = [];
  for (const [i, line] of readTextFile(file, { path: 'requests', expected: 'a readable trace' })
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const [time = Number.NaN, rate = Number.NaN, cv = Number.NaN] = line.split(',').map(Number);
    const good = time >= 0 && rate >= 0 && time > (points.at(-1)?.time ?? -1);
    if (good) points.push({ time, rate, cv: cv > 0 ? cv : 1 });
    else
      issues.push({ path: 'row', expected: 'rising seconds, a rate, a cv', received: show(line), file, line: i + 1 });
  }
  if (points.length < 2 && issues.length === 0) {
    issues.push({ path: 'rows', expected: 'at least two windows', received: String(points.length), file, line: 1 });
  }
  if (issues.length > 0) throw new UserError(issues.slice(0, 20));
  const [first, second] = points as [RatePoint, RatePoint, ...RatePoint[]];
  return [...points, { time: points.at(-1)!.time + (second.time - first.time), rate: 0, cv: 1 }];
}

function readQuarters(file: string): Client['quarters'] {
  const wrong = (received: string): UserError =>
    new UserError([{ path: 'dataset', expected: "the client's distributions by second", received, file }]);
  let data: Record<string, { readonly input_tokens?: string; readonly output_tokens?: string }>;
  const read = tryReadText(file);
  if (!('text' in read)) throw wrong(read.received);
  try {
    data = JSON.parse(read.text);
  } catch {
    throw wrong('no JSON');
  }
  const quarters = Object.entries(data).flatMap(([second, { input_tokens = '', output_tokens = '' }]) => {
    const [input, output] = [readTokens(input_tokens), readTokens(output_tokens)];
    return input.values.length > 0 && output.values.length > 0 ? [{ from: Number(second), input, output }] : [];
  });
  if (quarters.length === 0) throw wrong('none');
  return quarters.sort((a, b) => a.from - b.from);
}

/** "{23: 0.0004, ...}"; values below one token count as one. */
function readTokens(text: string): Tokens {
  const values: number[] = [];
  const sums: number[] = [];
  let sum = 0;
  for (const [, value, probability] of text.matchAll(/([\d.e+-]+): ([\d.e+-]+)/g)) {
    if (!(Number(probability) > 0)) continue;
    sum += Number(probability);
    values.push(Math.max(1, Math.round(Number(value))));
    sums.push(sum);
  }
  return { values: Int32Array.from(values), sums: Float64Array.from(sums) };
}

/** The distributions of a time of day: those of its quarter, or of the last one before it that has any. */
function quarterAt({ quarters }: Client, second: number) {
  let found = quarters[0]!;
  for (const quarter of quarters) if (quarter.from <= second) found = quarter;
  return found;
}

function drawTokens({ values, sums }: Tokens, u: number): number {
  const target = u * sums.at(-1)!;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return values[low]!;
}

interface Walking {
  readonly client: Client;
  readonly lengths: Stream;
  /** s from the start of the run to its next request. */
  at: number;
  step(): void;
}

/** Streams of clients: clear of those of a workload and of the stages of pipelines. */
const STREAM_CLIENTS = 512;

/** A client on its way, or none where it never sends anything. */
function openClient(client: Client, index: number, seed: number, start: number): Walking[] {
  if (client.points.every(({ rate }) => rate === 0)) return [];
  const gaps = openStream(seed, STREAM_CLIENTS + 2 * index);
  const lengths = openStream(seed, STREAM_CLIENTS + 2 * index + 1);
  const spec = { process: 'curve', points: client.points, between: 'step', repeat: true, start } as const;
  const walk: CurveWalk = walkCurve(spec, 1);
  const walking: Walking = {
    client,
    lengths,
    at: 0,
    step() {
      walking.at = walk.advance(drawGap(gaps, walk.cv()));
    },
  };
  walking.step();
  return [walking];
}
