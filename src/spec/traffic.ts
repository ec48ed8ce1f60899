// The workload section: lengths, arrivals and rate that belong together, or a file to replay.
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Faults } from './faults.ts';
import { MAX_LENGTH_TOKENS } from './limits.ts';
import { readCurve } from './rate-curve.ts';
import type { SpecInput } from './structure.ts';
import type { ArrivalSpec, LengthSpec, WorkloadSpec } from './types.ts';
import { checkKnown, readFilePath, type Surroundings } from './values.ts';

type WorkloadInput = NonNullable<SpecInput['workload']>;
type LengthInput = Exclude<NonNullable<WorkloadInput['lengths']>, string>['input_len'];
type Written = string | number;

const number = (value: Written) => measured(value, 'number');
const NEEDED: Partial<Record<ArrivalSpec['process'], string>> = {
  gamma: '{process: gamma, burstiness: ...}',
  normal: '{process: normal, cv: ...}',
  'on-off': '{process: on-off, on: ..., off: ...}',
  ramp: '{process: ramp, from: ..., to: ...}',
  curve: '{process: curve, points: [[0s, 5], [10min, 20]]}',
  'closed-loop': '{process: closed-loop, max_concurrency: ...}',
};

/** Reads the section; its `request_rate` is filled in by the caller, as it may be an axis. */
export function readWorkload(
  input: WorkloadInput | undefined,
  shapes: readonly string[],
  faults: Faults,
  world: Surroundings,
): WorkloadSpec {
  const { lengths, arrivals, requests, num_requests: count, seed } = input ?? {};
  if (!input) faults.addMissing(['workload'], 'the traffic: lengths, arrivals, request_rate, ...');
  else if (requests === undefined && lengths === undefined && !faults.isBroken(['workload', 'requests'])) {
    faults.addMissing(['workload', 'lengths'], 'lengths, or requests to replay');
  }
  const process = readArrivals(arrivals ?? 'poisson', shapes, faults, world);
  if (input && requests !== undefined) checkReplay(input, process.process, faults);
  else if (input && !faults.isBroken(['workload', 'requests'])) checkRate(input, process, faults);
  return {
    lengths: lengths === undefined ? null : readLengths(lengths, shapes, faults),
    arrivals: process,
    request_rate: 0,
    num_requests: count === undefined ? (requests === undefined ? 2000 : 0) : number(count),
    seed: seed === undefined ? 0 : number(seed),
    requests: requests === undefined ? null : readReplay(requests, faults, world),
    ...(input?.drift === undefined ? {} : { drift: number(input.drift) }),
  };
}

/** A file brings its own lengths, and its own times unless a closed loop sets the pace. */
function checkReplay(input: WorkloadInput, process: ArrivalSpec['process'], faults: Faults): void {
  const refuse = (key: 'lengths' | 'arrivals' | 'request_rate', expected: string) =>
    faults.add({ path: ['workload', key], expected, received: show(input[key]) });
  if (input.lengths !== undefined) refuse('lengths', 'no lengths beside requests: the file has them');
  // a closed loop and a run that begins with everything need no times
  const closed = process === 'closed-loop' || process === 'all-at-once';
  if (input.arrivals !== undefined && !closed)
    refuse('arrivals', 'closed-loop, all-at-once or none beside requests: the file has times');
  const scaled = typeof input.requests === 'object' && input.requests.rate_scale !== undefined;
  if (input.request_rate !== undefined && (closed || scaled)) {
    refuse(
      'request_rate',
      closed ? `no rate: ${process} arrivals have none` : 'request_rate or requests.rate_scale, not both',
    );
  }
  if (closed && scaled) {
    const expected = `no rate_scale: ${process} arrivals have no rate`;
    faults.add({ path: ['workload', 'requests', 'rate_scale'], expected, received: show(input.requests) });
  }
}

function readReplay(input: NonNullable<WorkloadInput['requests']>, faults: Faults, world: Surroundings) {
  if (typeof input === 'string')
    return { file: readFilePath(input, ['workload', 'requests'], faults, world), rate_scale: 1 };
  const file = readFilePath(input.file, ['workload', 'requests', 'file'], faults, world);
  const rate_scale = input.rate_scale === undefined ? 1 : number(input.rate_scale);
  const scale = (key: 'input_scale' | 'output_scale') =>
    input[key] === undefined ? {} : { [key]: number(input[key]) };
  return {
    file,
    rate_scale,
    ...scale('input_scale'),
    ...scale('output_scale'),
    ...(input.start === undefined ? {} : { start: measured(input.start, 'time') }),
  };
}

function readArrivals(
  input: NonNullable<WorkloadInput['arrivals']>,
  shapes: readonly string[],
  faults: Faults,
  world: Surroundings,
): ArrivalSpec {
  if (typeof input === 'string') {
    const needed = NEEDED[input];
    if (needed) faults.add({ path: ['workload', 'arrivals'], expected: needed, received: show(input) });
    return (
      input === 'curve' ? readCurve({ points: [[0, 1]] }, shapes, faults, world) : { process: input }
    ) as ArrivalSpec;
  }
  switch (input.process) {
    case 'gamma':
      return { process: input.process, burstiness: number(input.burstiness) };
    case 'normal':
      return { process: input.process, cv: number(input.cv) };
    case 'on-off':
      return { process: input.process, on_s: measured(input.on, 'time'), off_s: measured(input.off, 'time') };
    case 'ramp':
      return { process: input.process, from: number(input.from), to: number(input.to) };
    case 'curve':
      return readCurve(input, shapes, faults, world);
    case 'closed-loop':
      return { process: input.process, max_concurrency: number(input.max_concurrency) };
    default:
      return { process: input.process };
  }
}

function checkRate(input: WorkloadInput, { process }: ArrivalSpec, faults: Faults): void {
  if (faults.isBroken(['workload', 'arrivals'])) return;
  const path = ['workload', 'request_rate'];
  const rate = input.request_rate;
  if (process === 'closed-loop' || process === 'all-at-once') {
    const expected = `no rate: ${process} arrivals have none`;
    if (rate !== undefined) faults.add({ path, expected, received: show(rate) });
  } else if (rate === undefined && process !== 'curve') {
    faults.addMissing(path, `a rate above 0 (requests per second) for ${process} arrivals`);
  }
}

function readLengths(input: NonNullable<WorkloadInput['lengths']>, shapes: readonly string[], faults: Faults) {
  const path = ['workload', 'lengths'];
  if (typeof input === 'string') {
    checkKnown(input, path, 'a workload of the catalog', shapes, faults);
    return input;
  }
  return {
    input_len: readLength(input.input_len, [...path, 'input_len'], faults),
    output_len: readLength(input.output_len, [...path, 'output_len'], faults),
  };
}

function readLength(input: LengthInput, path: Path, faults: Faults): LengthSpec {
  if (typeof input !== 'object') return { kind: 'fixed', value: number(input) };
  if ('uniform' in input) {
    const [min, max] = input.uniform.map(number);
    if (min > max)
      faults.add({ path: [...path, 'uniform'], expected: '[shortest, longest]', received: show(input.uniform) });
    return { kind: 'uniform', min, max };
  }
  const kind = 'normal' in input ? 'normal' : 'lognormal';
  const spread = 'normal' in input ? input.normal : input.lognormal;
  const min = number(spread.min ?? 1);
  const max = number(spread.max ?? MAX_LENGTH_TOKENS);
  const mean = number(spread.mean);
  if (min > max) faults.add({ path: [...path, kind, 'min'], expected: `at most max (${max})`, received: String(min) });
  else if (mean < min || mean > max) {
    faults.add({ path: [...path, kind, 'mean'], expected: `a mean between ${min} and ${max}`, received: String(mean) });
  }
  return { kind, mean, std: number(spread.std), min, max };
}
