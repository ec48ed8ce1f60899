// Spec text to a checked Spec: notation, then structure, then meaning; every mistake of all three at once, with its line.

import { basename, dirname, resolve } from 'node:path';
import type { EngineProfile } from '../catalog/types.ts';
import { type Issue, show, UserError } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import { findRoundMistake } from './check-rounds.ts';
import { findSwapMistakes, SWAP_KEYS } from './check-swap.ts';
import { parseSpecDocument } from './document.ts';
import { Faults } from './faults.ts';
import { AXIS_FIELDS, FIELDS, givenFields, inputAt } from './fields.ts';
import type { FleetSpec } from './fleet/types.ts';
import { applyLog, isLogFault, readLog } from './kv-log.ts';
import { MAX_ROWS } from './limits.ts';
import { readPower } from './power.ts';
import { blanksOf, defaultsByRow, defaultsFor, type SizedDevice } from './profile.ts';
import { meanOfCurve } from './rate-curve.ts';
import { SLO_KEYS } from './slo.ts';
import { readSpeculative, type SpeculativeConfig, type SpeculativeInput } from './speculative.ts';
import { readStepTime } from './step-time.ts';
import { checkStructure, type SpecInput } from './structure.ts';
import { readWorkload } from './traffic.ts';
import type { Axis, AxisField, BatchingName, Configuration, ProfileDefaults, Slo, Spec, StepTime } from './types.ts';
import { checkKnown, readModelName, readValues, type Surroundings } from './values.ts';

export interface ReadOptions {
  /** Where the text came from: named in issues; paths in the spec are relative to its folder. */
  readonly file: string;
  /** Ids of the catalog. */
  readonly known: {
    readonly hardware: readonly string[];
    readonly models: readonly string[];
    readonly engines: readonly string[];
    readonly workloads: readonly string[];
    profile(id: string): EngineProfile | undefined;
    /** A device, for defaults that depend on it; left out, they do not. */
    device?(id: string): SizedDevice | undefined;
    /** The rate over time of a workload, where it has one. */
    curve?(id: string): readonly (readonly [number, number, number])[] | undefined;
    /** The id that another name of it stands for (a Hugging Face name, another case), or null. */
    find?(kind: 'hardware' | 'models' | 'engines', name: string): string | null;
  };
  /** Whether a file named in the spec is there; left out, files are not looked for. */
  exists?(path: string): boolean;
  /** Of a pipeline spec with mistakes: what the catalog does not allow of pools without (plan/pipeline: models that do not fit). */
  meet?(spec: FleetSpec): readonly Issue[];
  /** The text of a file named in the spec; left out where there is no file system. */
  readText?(path: string): string;
}

/** Reads a spec. Throws UserError with every mistake in it. */
export function readSpec(text: string, options: ReadOptions): Spec {
  const document = parseSpecDocument(text, options.file);
  if (!document.readable) throw new UserError(document.issues);
  const faults = new Faults(document, options.file);
  const input = checkStructure(document.data, faults);
  const spec = bind(input, text, options, faults);
  const issues = [...document.issues, ...faults.list()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (issues.length > 0) throw new UserError(issues);
  return spec;
}

function bind(input: SpecInput, text: string, options: ReadOptions, faults: Faults): Spec {
  const { file, known } = options;
  const world: Surroundings = {
    known,
    find: known.find,
    exists: options.exists,
    readText: options.readText,
    curve: known.curve,
    locate: (path) => resolve(dirname(file), path),
  };
  const workload = readWorkload(input.workload, known.workloads, faults, world);
  const values = readFields(input, faults, world);
  const stepTime = readOwnPrice(input, faults);
  const log = logOf(input);
  if (stepTime && input.engine?.step_source !== undefined) {
    const expected = 'no step_source beside step_time, which prices every step';
    faults.add({ path: FIELDS.step_source.path, expected, received: show(input.engine.step_source) });
  }
  checkBound(values, stepTime, log !== null, faults);
  const axes = axesOf(values);
  checkRows(axes, faults);
  const profiles = (values.get('profile') ?? []).flatMap((id) => known.profile(String(id)) ?? []);
  const blanks = blanksOf(input);
  checkSwap(input, values, profiles, faults);
  checkRounds(values, profiles, faults);
  const hardware = (values.get('hardware') ?? []).map(String);
  const device = (id: string) => known.device?.(id);
  const { arrivals } = workload;
  const offered = arrivals.process === 'curve' ? { request_rate: meanOfCurve(arrivals) } : {};
  const plain = baseOf(
    values,
    stepTime,
    offered,
    profiles[0] ? defaultsFor(profiles[0], blanks, device(hardware[0])) : {},
  );
  const logged = log === null ? plain : withLog(plain, log, axes, options, faults);
  const speculative = readDrafts(input, values, stepTime !== null, faults, world);
  const base = speculative ? { ...logged, speculative_config: speculative } : logged;
  const profileDefaults = defaultsByRow(profiles, hardware, blanks, device);
  return {
    name: input.name ?? basename(file).replace(/\.(ya?ml|json)$/i, ''),
    workload: { ...workload, request_rate: base.request_rate },
    base,
    axes,
    ...(profileDefaults ? { profileDefaults } : {}),
    slo: readSlo(input, faults),
    objective: input.objective ?? 'usd_per_hour',
    top: measured(input.top ?? 20, 'number'),
    settle: measured(input.settle ?? 400, 'number'),
    prices: readPerHardware(input, 'prices', known.hardware, faults),
    watts: readPerHardware(input, 'watts', known.hardware, faults),
    power: readPower(input.power),
    text,
    file,
  };
}

type Values = ReadonlyMap<AxisField, readonly (string | number)[]>;

/** Values of the fields in the order of the document, then of those it leaves out and that have a value then. */
function readFields(input: SpecInput, faults: Faults, world: Surroundings): Values {
  const values = new Map<AxisField, readonly (string | number)[]>();
  for (const field of givenFields(input)) {
    if (field === 'num_gpu_blocks' && logOf(input) !== null) continue;
    const read = readValues(FIELDS[field], inputAt(input, FIELDS[field].path), faults, world);
    if (read) values.set(field, read);
  }
  for (const field of AXIS_FIELDS) {
    const { path, otherwise } = FIELDS[field];
    if (otherwise === undefined || values.has(field) || faults.isBroken(path)) continue;
    if (field === 'profile' && !world.known.engines.includes(String(otherwise)))
      faults.addMissing(path, 'an engine profile');
    values.set(field, [otherwise]);
  }
  return values;
}

/** What a cost model needs must be there: a model and hardware, or the spec's own price and its KV blocks. */
function checkBound(values: Values, stepTime: StepTime | null, logged: boolean, faults: Faults): void {
  const missing = (['model', 'hardware'] as const).filter(
    (field) => !values.has(field) && !faults.isBroken(FIELDS[field].path),
  );
  if (missing.length === 0 || faults.isBroken(['engine', 'step_time'])) return;
  if (stepTime === null) {
    for (const field of missing)
      faults.addMissing(
        FIELDS[field].path,
        `${field === 'model' ? 'a model' : field} (only engine.step_time does without)`,
      );
  } else if (!logged && values.get('num_gpu_blocks')?.includes(0)) {
    const expected = `a positive integer: without ${missing.join(' and ')} the KV blocks cannot be computed`;
    faults.addMissing(FIELDS.num_gpu_blocks.path, expected);
  }
}

/** The file of `num_gpu_blocks: {log: FILE}`. */
function logOf(input: SpecInput): string | null {
  const given = input.engine?.num_gpu_blocks as { log?: string } | number | undefined;
  return typeof given === 'object' && typeof given.log === 'string' ? given.log : null;
}

/** Fields that a start-up log has one value of. */
const LOGGED_FIELDS: readonly AxisField[] = [
  ...(['model', 'hardware', 'profile', 'quantization', 'kv_cache_dtype', 'block_size'] as const),
  ...(['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'] as const),
  'gpu_memory_utilization',
];

function withLog(
  base: Configuration,
  file: string,
  axes: readonly Axis[],
  { file: specFile, readText }: ReadOptions,
  faults: Faults,
): Configuration {
  const path = [...FIELDS.num_gpu_blocks.path, 'log'];
  const axis = axes.find(({ field }) => LOGGED_FIELDS.includes(field));
  if (axis) {
    const expected = `one ${axis.field}: a start-up log is that of one deployment`;
    faults.add({ path, expected, received: `${axis.values.length} of them` });
  }
  const log = readLog(file, { locate: (name) => resolve(dirname(specFile), name), readText });
  const applied = isLogFault(log) ? log : axis ? base : applyLog(base, log);
  if (!isLogFault(applied)) return applied;
  faults.add({ path, ...applied });
  return base;
}

/** Rounds of decodes need steps without prompts. */
function checkRounds(values: Values, profiles: readonly EngineProfile[], faults: Faults): void {
  const { path } = FIELDS.num_scheduler_steps;
  if (faults.isBroken(path) || faults.isBroken(FIELDS.batching.path)) return;
  const steps = (values.get('num_scheduler_steps') as readonly number[]) ?? [1];
  const given = values.get('batching') as readonly BatchingName[] | undefined;
  const drafts = (values.get('num_speculative_tokens') as readonly number[]) ?? [0];
  const expected = findRoundMistake(steps, given ?? profiles.map((profile) => profile.batching), drafts);
  if (expected) faults.add({ path, expected, received: steps.join(', ') });
}

/** Swapping needs something that is preempted, and the size of what is copied. */
function checkSwap(input: SpecInput, values: Values, profiles: readonly EngineProfile[], faults: Faults): void {
  const engine = input.engine ?? {};
  const listed = <T>(field: AxisField, otherwise: readonly T[]) => (values.get(field) as readonly T[]) ?? otherwise;
  const fields = ['preemption_mode', 'batching', 'admission', ...SWAP_KEYS] as const;
  if (fields.some((field) => faults.isBroken(FIELDS[field].path))) return;
  const mistakes = findSwapMistakes({
    modes: listed('preemption_mode', []),
    batchings: listed(
      'batching',
      profiles.map((profile) => profile.batching),
    ),
    admissions: listed(
      'admission',
      profiles.map((profile) => profile.admission),
    ),
    given: engine,
    perBlock: engine.step_time?.per_swapped_block_s,
    sized: engine.step_time === undefined || (values.has('model') && values.has('hardware')),
    counted: !listed<number>('num_cpu_blocks', []).includes(0),
  });
  for (const { key, expected, received } of mistakes) {
    const path = ['engine', ...key];
    if (received === undefined) faults.addMissing(path, expected);
    else faults.add({ path, expected, received });
  }
}

function axesOf(values: Values): Axis[] {
  return [...values].flatMap(([field, list]) => (list.length > 1 ? [{ field, values: list }] : []));
}

function checkRows(axes: readonly Axis[], faults: Faults): void {
  const product = axes.reduce((rows, axis) => rows * BigInt(axis.values.length), 1n);
  if (product <= BigInt(MAX_ROWS)) return;
  const longest = axes.reduce((a, b) => (b.values.length > a.values.length ? b : a));
  const factors = axes.map((axis) => `${axis.field} ${axis.values.length}`).join(' x ');
  const expected = `at most ${MAX_ROWS.toLocaleString('en-US')} rows, the product of all axes`;
  const received = `${product.toLocaleString('en-US')} rows`;
  faults.add({ path: FIELDS[longest.field].path, expected, received, hint: factors });
}

function baseOf(
  values: Values,
  stepTime: StepTime | null,
  offered: Partial<Pick<Configuration, 'request_rate'>>,
  defaults: ProfileDefaults,
): Configuration {
  const absent: Partial<Configuration> = { model: '', hardware: '', request_rate: 0, ...offered, ...defaults };
  const bound = AXIS_FIELDS.map((field) => [field, values.get(field)?.[0] ?? absent[field]]);
  return { ...Object.fromEntries(bound), step_time: stepTime } as Configuration;
}

function readOwnPrice(input: SpecInput, faults: Faults): StepTime | null {
  const given = input.engine?.step_time;
  if (given === undefined) return null;
  const path = ['engine', 'step_time'];
  return readStepTime(given, (expected, received) => faults.add({ path, expected, received }));
}

/** The section on speculative decoding; undefined where there is none, or none that makes sense. */
function readDrafts(
  input: SpecInput,
  values: Values,
  ownPrice: boolean,
  faults: Faults,
  world: Surroundings,
): SpeculativeConfig | undefined {
  const given = input.engine?.speculative_config;
  if (given === undefined || faults.isBroken(SPECULATIVE)) return undefined;
  const most = (field: AxisField) => (values.get(field) ?? []).map(Number);
  const read = readSpeculative(given as SpeculativeInput, {
    path: SPECULATIVE,
    longest: Math.max(0, ...most('num_speculative_tokens')),
    budget: Math.min(Number.POSITIVE_INFINITY, ...most('max_num_batched_tokens')),
    ownPrice,
    readModel: (text, path) => readModelName(text, path, faults, world),
    add: (fault) => faults.add(fault),
  });
  return read ?? undefined;
}

const SPECULATIVE = ['engine', 'speculative_config'];

function readSlo(input: SpecInput, faults: Faults): Slo[] {
  const given = input.slo ?? {};
  const limits = new Map<string, Slo>();
  for (const [key, value] of Object.entries(given)) {
    const found = SLO_KEYS.find((known) => known.key === key);
    if (!found || value === undefined) continue;
    const { metric, percentile, milliseconds } = found;
    const limit = milliseconds ? measured(value, 'number') / 1000 : measured(value, 'time');
    const id = `${percentile}_${metric}`;
    if (limits.has(id)) faults.add({ path: ['slo', key], expected: `one limit on ${id}`, received: 'a second one' });
    limits.set(id, { metric, percentile, limit });
  }
  return [...limits.values()];
}

function readPerHardware(input: SpecInput, section: 'prices' | 'watts', known: readonly string[], faults: Faults) {
  const kind = section === 'prices' ? 'number' : 'power';
  const entries = Object.entries(input[section] ?? {});
  for (const [id] of entries) checkKnown(id, [section, id], 'hardware of the catalog', known, faults);
  return Object.fromEntries(entries.map(([id, value]) => [id, measured(value, kind)]));
}
