// Text of a pipeline spec to a checked FleetSpec: notation, then structure, then meaning; every mistake at once, with its line.

import { basename, dirname, resolve } from 'node:path';
import { type Issue, show, UserError } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { parseSpecDocument, type SpecDocument } from '../document.ts';
import { Faults } from '../faults.ts';
import { readPower } from '../power.ts';
import { meanOfCurve } from '../rate-curve.ts';
import type { ReadOptions } from '../read.ts';
import { SLO_KEYS } from '../slo.ts';
import { readWorkload } from '../traffic.ts';
import type { Slo, WorkloadSpec } from '../types.ts';
import { checkFlow } from './check-flow.ts';
import { checkTogether } from './check-together.ts';
import type { StageWorld } from './choose-pools.ts';
import { readClient } from './client.ts';
import { Ledger } from './ledger.ts';
import { readStages } from './read-pipelines.ts';
import { number, type Part, readPools, type World } from './read-pools.ts';
import { readDomains, readLinks, readTiers } from './read-topology.ts';
import { readLatency, readTokens } from './read-values.ts';
import { checkFleetStructure } from './structure.ts';
import type { FleetSpec, PipelineSpec, PrefixSpec, SessionSpec } from './types.ts';

/** Whether a text is a pipeline spec: it has a fleet or pipelines at its top. */
export function isPipelineSpec(text: string): boolean {
  const { data } = parseSpecDocument(text, '');
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return /^(fleet|pipelines):/m.test(text);
  return 'fleet' in data || 'pipelines' in data;
}

/** Reads a pipeline spec of one fleet. Throws UserError with every mistake in it. */
export function readFleetSpec(text: string, options: ReadOptions): FleetSpec {
  const document = parseSpecDocument(text, options.file);
  if (!document.readable) throw new UserError(document.issues);
  return readFleetDocument(document, text, options);
}

/**
 * The spec of data that code wrote, which is well-formed: the same as readFleetSpec of its text, without notation and structure looked
 * at. `text` is asked for where something of it is to be blamed.
 */
export function readFleetData(data: object, text: () => string, options: ReadOptions): FleetSpec {
  const document: SpecDocument = { data, issues: [], readable: true, lineOf: () => 1 };
  const ledger = new Ledger(document, options.file);
  const traffic: Issue[] = [];
  const spec = bind(data as Part, '', options, document, ledger, traffic);
  const issues = [...ledger.list(), ...traffic];
  if (issues.length > 0) throw new UserError(issues);
  return Object.defineProperty({ ...spec }, 'text', { get: text, enumerable: true });
}

/** The same of a document whose data may be one row of a sweep: places keep the lines that they have in the text. */
export function readFleetDocument(document: SpecDocument, text: string, options: ReadOptions): FleetSpec {
  const ledger = new Ledger(document, options.file);
  const input = checkFleetStructure(document.data, ledger);
  const traffic: Issue[] = [];
  const spec = bind(input, text, options, document, ledger, traffic);
  const issues = [...document.issues, ...ledger.list(), ...traffic].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (issues.length === 0) return spec;
  // what the catalog does not allow of the pools that are well written comes with the other mistakes, not after them
  const pools = spec.pools.filter(({ name }) => !ledger.isBroken(['fleet', name]));
  const met = options.meet?.({ ...spec, pools }) ?? [];
  throw new UserError([...issues, ...met].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

function bind(
  input: Part,
  text: string,
  options: ReadOptions,
  document: SpecDocument,
  ledger: Ledger,
  traffic: Issue[],
): FleetSpec {
  const { file, known, exists, readText } = options;
  const world: World = { known, exists, readText, curve: known.curve, locate: (path) => resolve(dirname(file), path) };
  const part = (key: string) => (input[key] as Part | undefined) ?? {};
  if (input.fleet === undefined) ledger.addMissing(['fleet'], 'pools by name');
  if (input.pipelines === undefined) ledger.addMissing(['pipelines'], 'pipelines by name');
  const pools = readPools(part('fleet'), ledger, world);
  const links = readLinks(part('links'));
  const domains = readDomains(part('topology'), links, ledger);
  const tiers = readTiers(part('tiers'), links, ledger);
  let ordinal = 0;
  const stageWorld: StageWorld = {
    ledger,
    pools,
    poolNames: Object.keys(((document.data as Part | null)?.fleet as object | undefined) ?? {}),
    tiers: Object.keys(part('tiers')),
    nextOrdinal: () => ordinal++,
  };
  const workload = (input.workload as Part | undefined) ?? {};
  const traffics = (section: Part, at: readonly string[]) =>
    readTraffic(section, at, document, options, world, traffic);
  const pipelines = Object.entries(part('pipelines')).flatMap(([name, value]) =>
    value ? [readPipeline(name, value as Part, workload, stageWorld, traffics)] : [],
  );
  const disaggregation = input.disaggregation as { local?: unknown } | string | undefined;
  const spec: FleetSpec = {
    name: (input.name as string | undefined) ?? basename(file).replace(/\.(ya?ml|json)$/i, ''),
    pools,
    links,
    domains,
    tiers,
    localGroups: typeof disaggregation === 'object' ? number(disaggregation.local, 1) : 1,
    pipelines,
    workload: readMainTraffic(input, pipelines, ledger, traffics),
    sessions: readSessions(workload.sessions as Part | undefined, ledger),
    prefixes: readPrefixes(workload.shared_prefix as Part | undefined, ledger),
    hashBlock: number(workload.hash_block, 0),
    ...(input.client === undefined ? {} : { client: readClient(part('client')) }),
    slo: readSlo(part('slo'), ledger),
    prices: readPerHardware(part('prices'), 'prices', known.hardware, ledger),
    watts: readPerHardware(part('watts'), 'watts', known.hardware, ledger),
    power: readPower(part('power')),
    text,
    file,
  };
  checkTogether(spec, stageWorld);
  return spec;
}

type ReadTraffic = (section: Part, at: readonly string[]) => WorkloadSpec;

/** The workload of a plain spec, read by its own reader; its lengths may be left out where every pipeline has its own. */
function readMainTraffic(
  input: Part,
  pipelines: readonly PipelineSpec[],
  ledger: Ledger,
  read: ReadTraffic,
): WorkloadSpec {
  if (input.workload === undefined)
    ledger.addMissing(['workload'], 'the traffic: lengths, arrivals, request_rate, ...');
  const section = (input.workload as Part | undefined) ?? {};
  const own = pipelines.length > 0 && pipelines.every(({ lengths }) => lengths !== null);
  const bare = section.lengths === undefined && section.requests === undefined;
  if (own && bare && input.workload !== undefined) {
    return { ...read({ ...section, lengths: { input_len: 1, output_len: 1 } }, ['workload']), lengths: null };
  }
  const workload = read(input.workload === undefined || ledger.isBroken(['workload']) ? FILLED : section, ['workload']);
  return { ...workload, request_rate: number(section.request_rate, offeredRate(workload)) };
}

/** Stands in for a section that was refused already, so that nothing is blamed twice. */
const FILLED: Part = { lengths: { input_len: 1, output_len: 1 }, request_rate: 1 };

function readTraffic(
  section: Part,
  at: readonly string[],
  document: SpecDocument,
  options: ReadOptions,
  world: World,
  issues: Issue[],
): WorkloadSpec {
  const faults = new Faults(document, options.file);
  const { lengths, arrivals, request_rate, num_requests, seed, requests, drift } = section;
  const plain = { lengths, arrivals, request_rate, num_requests, seed, requests, drift };
  const read = readWorkload(plain as Parameters<typeof readWorkload>[0], options.known.workloads, faults, world);
  const prefix = at.join('.');
  for (const issue of faults.list()) issues.push({ ...issue, path: issue.path.replace(/^workload/, prefix) });
  return { ...read, request_rate: number(request_rate, offeredRate(read)) };
}

/** What a curve offers by itself. */
function offeredRate({ arrivals }: Pick<WorkloadSpec, 'arrivals'>): number {
  return arrivals.process === 'curve' ? meanOfCurve(arrivals) : 0;
}

function readPipeline(name: string, input: Part, workload: Part, world: StageWorld, read: ReadTraffic): PipelineSpec {
  const path = ['pipelines', name];
  if (input.stages === undefined) world.ledger.addMissing([...path, 'stages'], 'a list of stages');
  if (input.lengths !== undefined && workload.requests !== undefined) {
    const expected = 'no lengths of its own: workload.requests has them';
    world.ledger.add({ path: [...path, 'lengths'], expected, received: show(input.lengths) });
  }
  const lengths = input.lengths === undefined ? null : read({ ...FILLED, lengths: input.lengths }, path).lengths;
  const stages = readStages(input.stages, [...path, 'stages'], world);
  checkFlow(stages, world);
  return { name, weight: number(input.weight, 1), lengths, stages };
}

function readSessions(input: Part | undefined, ledger: Ledger): SessionSpec | null {
  if (!input) return null;
  const path = ['workload', 'sessions'];
  for (const key of ['turns', 'think_time']) if (input[key] === undefined) ledger.addMissing([...path, key], 'a value');
  return {
    turns: readTokens(input.turns, [...path, 'turns'], ledger),
    thinkTime: readLatency(input.think_time, [...path, 'think_time'], ledger),
  };
}

function readPrefixes(input: Part | undefined, ledger: Ledger): PrefixSpec | null {
  if (!input) return null;
  const path = ['workload', 'shared_prefix', 'tokens'];
  if (input.tokens === undefined) ledger.addMissing(path, 'tokens of each text');
  return { count: number(input.count, 1), tokens: readTokens(input.tokens, path, ledger), zipf: number(input.zipf, 0) };
}

function readSlo(input: Part, ledger: Ledger): Slo[] {
  const limits = new Map<string, Slo>();
  for (const [key, value] of Object.entries(input)) {
    const found = SLO_KEYS.find((known) => known.key === key);
    if (!found || value === undefined) continue;
    const { metric, percentile, milliseconds } = found;
    const limit = milliseconds ? measured(value, 'number') / 1000 : measured(value, 'time');
    const id = `${percentile}_${metric}`;
    if (limits.has(id)) ledger.add({ path: ['slo', key], expected: `one limit on ${id}`, received: 'a second one' });
    limits.set(id, { metric, percentile, limit });
  }
  return [...limits.values()];
}

function readPerHardware(input: Part, section: 'prices' | 'watts', known: readonly string[], ledger: Ledger) {
  const kind = section === 'prices' ? 'number' : 'power';
  for (const id of Object.keys(input)) ledger.checkKnown(id, [section, id], 'hardware of the catalog', known);
  return Object.fromEntries(
    Object.entries(input).flatMap(([id, value]) => (value === undefined ? [] : [[id, measured(value, kind)]])),
  );
}
