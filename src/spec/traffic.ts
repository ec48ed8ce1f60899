// The workload section: lengths, arrivals and rate that belong together, or a file to replay.
import type { z } from 'zod';
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import { NUM_REQUESTS } from './defaults.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';
import { readTokens } from './fleet/read-values.ts';
import { meanOfCurve, readCurve } from './rate-curve.ts';
import type { workloadShape } from './schema.ts';
import type { ArrivalSpec, WorkloadSpec } from './types.ts';
import { readUsers } from './users.ts';
import { readEdge } from './window.ts';
import { number, type Part, readFilePath, type World } from './world.ts';

type WorkloadInput = z.input<z.ZodObject<typeof workloadShape>>;

const NEEDED: Readonly<Record<string, string>> = {
  gamma: '{process: gamma, burstiness: ...}',
  normal: '{process: normal, cv: ...}',
  'on-off': '{process: on-off, on: ..., off: ...}',
  ramp: '{process: ramp, from: ..., to: ...}',
  curve: '{process: curve, points: [[0s, 5], [10min, 20]]}',
  'closed-loop': '{process: closed-loop, max_concurrency: ...}',
};

const AT = ['workload'];

/** Reads the section. `lengthsElsewhere`: every pipeline has its own, so that none need stand here. */
export function readWorkload(
  input: WorkloadInput,
  ledger: Ledger,
  world: World,
  lengthsElsewhere: boolean,
): WorkloadSpec {
  const { lengths, arrivals, requests, num_requests: count, seed } = input;
  const rate = rateIn(input);
  if (requests === undefined && lengths === undefined && !lengthsElsewhere && !ledger.isBroken([...AT, 'requests'])) {
    ledger.addMissing([...AT, 'lengths'], 'lengths, or requests to replay');
  }
  const process = readArrivals(arrivals ?? 'poisson', ledger, world);
  if (input.users !== undefined && input.request_rate !== undefined) {
    const expected = 'users or request_rate, not both';
    ledger.add({ path: [...AT, 'request_rate'], expected, received: show(input.request_rate) });
  }
  if (requests !== undefined) checkReplay(input, process.process, ledger);
  else if (!ledger.isBroken([...AT, 'requests'])) checkRate(input, process, ledger);
  return {
    lengths: lengths === undefined ? null : readLengths(lengths, [...AT, 'lengths'], ledger, world),
    arrivals: process,
    request_rate: number(rate, process.process === 'curve' ? meanOfCurve(process) : 0),
    num_requests: number(count, requests === undefined && input.duration === undefined ? NUM_REQUESTS : 0),
    ...(input.duration === undefined ? {} : { duration: measured(input.duration, 'time') }),
    ...(input.warmup === undefined ? {} : { warmup: readEdge(input.warmup) }),
    ...(input.cooldown === undefined ? {} : { cooldown: readEdge(input.cooldown) }),
    seed: number(seed, 0),
    requests: requests === undefined ? null : readReplay(requests, ledger, world),
    ...(input.drift === undefined ? {} : { drift: number(input.drift, 0) }),
    ...(input.max_tokens === undefined ? {} : { max_tokens: readMostTokens(input.max_tokens) }),
  };
}

/** Requests/s as they are written, or of the users who send them. */
function rateIn({ request_rate: rate, users }: WorkloadInput): unknown {
  return users === undefined ? rate : readUsers(users as Part);
}

function readMostTokens(input: NonNullable<WorkloadInput['max_tokens']>): NonNullable<WorkloadSpec['max_tokens']> {
  return typeof input === 'object' ? { ratio: number(input.ratio, 1) } : { tokens: number(input, 1) };
}

/** A file brings its own lengths, and its own times unless a closed loop sets the pace. */
function checkReplay(input: WorkloadInput, process: ArrivalSpec['process'], ledger: Ledger): void {
  const refuse = (key: 'lengths' | 'arrivals' | 'request_rate' | 'users', expected: string) =>
    ledger.add({ path: [...AT, key], expected, received: show(input[key]) });
  if (input.lengths !== undefined) refuse('lengths', 'no lengths beside requests: the file has them');
  // a closed loop and a run that begins with everything need no times
  const closed = process === 'closed-loop' || process === 'all-at-once';
  if (input.arrivals !== undefined && !closed)
    refuse('arrivals', 'closed-loop, all-at-once or none beside requests: the file has times');
  const scaled = typeof input.requests === 'object' && input.requests.rate_scale !== undefined;
  for (const key of ['request_rate', 'users'] as const) {
    if (input[key] === undefined || !(closed || scaled)) continue;
    refuse(key, closed ? `no rate: ${process} arrivals have none` : `${key} or requests.rate_scale, not both`);
  }
  if (closed && scaled) {
    const expected = `no rate_scale: ${process} arrivals have no rate`;
    ledger.add({ path: [...AT, 'requests', 'rate_scale'], expected, received: show(input.requests) });
  }
}

function readReplay(input: NonNullable<WorkloadInput['requests']>, ledger: Ledger, world: World) {
  const at = [...AT, 'requests'];
  if (input === undefined || (typeof input === 'object' && input.file === undefined))
    return { file: '', rate_scale: 1 };
  if (typeof input === 'string') return { file: readFilePath(input, at, ledger, world), rate_scale: 1 };
  const file = readFilePath(input.file, [...at, 'file'], ledger, world);
  const start = input.start === undefined ? {} : { start: measured(input.start, 'time') };
  const scale = (key: 'input_scale' | 'output_scale') =>
    input[key] === undefined ? {} : { [key]: number(input[key], 1) };
  return { file, rate_scale: number(input.rate_scale, 1), ...scale('input_scale'), ...scale('output_scale'), ...start };
}

function readArrivals(input: NonNullable<WorkloadInput['arrivals']>, ledger: Ledger, world: World): ArrivalSpec {
  const at = [...AT, 'arrivals'];
  if (typeof input === 'string') {
    const needed = NEEDED[input];
    if (needed) ledger.add({ path: at, expected: needed, received: show(input) });
    if (input === 'curve') return readCurve({ points: [[0, 1]] }, at, ledger, world);
    return { process: input } as ArrivalSpec;
  }
  switch (input.process) {
    case 'gamma':
      return { process: input.process, burstiness: number(input.burstiness, 1) };
    case 'normal':
      return { process: input.process, cv: number(input.cv, 0) };
    case 'on-off':
      return { process: input.process, on_s: measured(input.on ?? 1, 'time'), off_s: measured(input.off ?? 1, 'time') };
    case 'ramp':
      return { process: input.process, from: number(input.from, 0), to: number(input.to, 1) };
    case 'curve':
      return readCurve(input, at, ledger, world);
    case 'closed-loop':
      return { process: input.process, max_concurrency: number(input.max_concurrency, 1) };
    default:
      return { process: input.process };
  }
}

function checkRate(input: WorkloadInput, { process }: ArrivalSpec, ledger: Ledger): void {
  if (ledger.isBroken([...AT, 'arrivals'])) return;
  const path = [...AT, 'request_rate'];
  const rate = input.request_rate;
  if (process === 'closed-loop' || process === 'all-at-once') {
    const expected = `no rate: ${process} arrivals have none`;
    if (rate !== undefined) ledger.add({ path, expected, received: show(rate) });
    if (input.users !== undefined) ledger.add({ path: [...AT, 'users'], expected, received: show(input.users) });
  } else if (rate === undefined && input.users === undefined && process !== 'curve') {
    ledger.addMissing(path, `a rate above 0 (requests per second) for ${process} arrivals`);
  }
}

/** A workload of the catalog, or a pair of lengths. */
export function readLengths(
  input: NonNullable<WorkloadInput['lengths']>,
  path: Path,
  ledger: Ledger,
  { known }: World,
): WorkloadSpec['lengths'] {
  if (typeof input === 'string') {
    ledger.checkKnown(input, path, 'a workload of the catalog', known.workloads);
    return input;
  }
  return {
    input_len: readTokens(input.input_len, [...path, 'input_len'], ledger),
    output_len: readTokens(input.output_len, [...path, 'output_len'], ledger),
  };
}
