// Text of a spec to a checked FleetSpec: notation, then structure, then meaning; every mistake at once, with its line.

import { isPriceFile } from '../../catalog/price-file.ts';
import type { Ownership } from '../../catalog/price-sheets.ts';
import { show, UserError } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { basename, dirname, resolve } from '../../host/host.ts';
import { readBudget } from '../budget.ts';
import { type Path, parseSpecDocument, type SpecDocument } from '../document.ts';
import { bindParameters } from '../parameters.ts';
import { readPower } from '../power.ts';
import type { ReadOptions } from '../read-options.ts';
import { timesUnloaded } from '../relative.ts';
import { isPlain, normalize, rewrittenAt, writtenAt } from '../shorthand.ts';
import { SLO_KEYS, SLO_PRESET, sloName } from '../slo.ts';
import { readLengths, readWorkload } from '../traffic.ts';
import type { Slo, WorkloadSpec } from '../types.ts';
import { number, type Part, readFilePath, type World } from '../world.ts';
import { checkFlow } from './check-flow.ts';
import { checkTogether } from './check-together.ts';
import type { StageWorld } from './choose-pools.ts';
import { readClient, readImpatience } from './client.ts';
import { readScore } from './formulas.ts';
import { Ledger } from './ledger.ts';
import { readAdapters } from './lora.ts';
import { readStages } from './read-pipelines.ts';
import { readPools } from './read-pools.ts';
import { readDomains, readLinks, readTiers } from './read-topology.ts';
import { readLatency, readTokens } from './read-values.ts';
import { specSchema } from './schema.ts';
import { checkStructure } from './structure.ts';
import type { FleetSpec, PipelineSpec, PrefixSpec, SessionSpec } from './types.ts';

/** Reads a spec of one deployment or fleet. Throws UserError with every mistake in it. */
export function readSpec(text: string, options: ReadOptions): FleetSpec {
  const document = parseSpecDocument(text, options.file);
  if (!document.readable) throw new UserError(document.issues);
  return readDocument(document, text, options);
}

/**
 * The spec of data that code wrote, which is well-formed: the same as readSpec of its text, without notation and structure looked at.
 * `text` is asked for where somebody wants to show it.
 */
export function readData(data: object, text: () => string, options: ReadOptions): FleetSpec {
  const document: SpecDocument = { data, issues: [], readable: true, lineOf: () => 1 };
  const ledger = new Ledger(document, options.file);
  const spec = bind(normalize(data as Part), '', options, document, ledger);
  const issues = ledger.list();
  if (issues.length > 0) throw new UserError([...issues]);
  return Object.defineProperty({ ...spec }, 'text', { get: text, enumerable: true });
}

/**
 * The same of a document whose data may be one row of a sweep: places keep the lines that they have in the text. `broken`:
 * places of which somebody has said what is wrong.
 */
export function readDocument(
  document: SpecDocument,
  text: string,
  options: ReadOptions,
  broken: readonly Path[] = [],
): FleetSpec {
  const ledger = new Ledger(document, options.file, isPlain(document.data) ? writtenAt : undefined);
  const written = new Ledger(document, options.file);
  for (const path of broken) written.markBroken(path);
  const bound = { ...document, data: bindParameters(document.data, specSchema, written) };
  const input = normalize(checkStructure(bound.data, written));
  ledger.takeOver(written, isPlain(document.data) ? rewrittenAt : (path) => path);
  const spec = bind(input, text, options, bound, ledger);
  const issues = [...document.issues, ...ledger.list()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (issues.length === 0) return spec;
  // what the catalog does not allow of the pools that are well written comes with the other mistakes, not after them
  const pools = spec.pools.filter(({ name }) => !ledger.isBroken(['fleet', name]));
  const met = options.meet?.({ ...spec, pools }) ?? [];
  throw new UserError([...issues, ...met].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

function bind(input: Part, text: string, options: ReadOptions, document: SpecDocument, ledger: Ledger): FleetSpec {
  const { file } = options;
  const world = worldOf(options);
  const part = (key: string) => (input[key] as Part | undefined) ?? {};
  if (input.fleet === undefined) ledger.addMissing(['fleet'], 'pools by name');
  if (input.pipelines === undefined) ledger.addMissing(['pipelines'], 'pipelines by name');
  const pools = readPools(part('fleet'), ledger, world);
  const links = readLinks(part('links'), ledger, world);
  const domains = readDomains(part('topology'), links, ledger, world);
  const tiers = readTiers(part('tiers'), links, ledger);
  let ordinal = 0;
  const stageWorld: StageWorld = {
    ledger,
    pools,
    poolNames: namesOfPools(document.data, input),
    tiers: Object.keys(part('tiers')),
    modelKind: (id) => world.known.model?.(id)?.kind,
    nextOrdinal: () => ordinal++,
  };
  const workload = (input.workload as Part | undefined) ?? {};
  const pipelines = Object.entries(part('pipelines')).flatMap(([name, value]) =>
    value ? [readPipeline(name, value as Part, workload, stageWorld, world)] : [],
  );
  const asked = readAdapters(workload.adapters as Part | undefined, ledger);
  const disaggregation = input.disaggregation as { local?: unknown } | string | undefined;
  const spec: FleetSpec = {
    name: (input.name as string | undefined) ?? basename(file).replace(/\.(ya?ml|json)$/i, ''),
    pools,
    links,
    domains,
    tiers,
    localGroups: typeof disaggregation === 'object' ? number(disaggregation.local, 1) : 1,
    pipelines,
    workload: readTraffic(input, pipelines, ledger, world),
    sessions: readSessions(workload.sessions as Part | undefined, ledger),
    prefixes: readPrefixes(workload.shared_prefix as Part | undefined, ledger),
    ...(asked ? { adapters: asked } : {}),
    hashBlock: number(workload.hash_block, 0),
    ...(input.client === undefined ? {} : { client: readClient(part('client')) }),
    slo: readSlo(part('slo'), ['slo'], ledger),
    ...(input.budget === undefined ? {} : { budget: readBudget(part('budget')) }),
    prices: readPerHardware(part('prices'), 'prices', world, ledger),
    ...readPriceSheet(input.price_sheet, ledger, world),
    ...(input.ownership === undefined ? {} : { ownership: readOwnership(part('ownership')) }),
    watts: readPerHardware(part('watts'), 'watts', world, ledger),
    power: readPower(part('power')),
    text,
    file,
  };
  checkTogether(spec, stageWorld);
  return spec;
}

/** The pools as they are called, broken ones included. */
function namesOfPools(data: unknown, input: Part): string[] {
  const written = (data as Part | null)?.fleet ?? input.fleet;
  return written !== null && typeof written === 'object' ? Object.keys(written) : [];
}

/** What reading needs of the surroundings. */
export function worldOf({ file, known, exists, readText }: ReadOptions): World {
  return { known, exists, readText, locate: (path) => resolve(dirname(file), path) };
}

/** The traffic; its lengths may be left out where every pipeline has its own. */
function readTraffic(input: Part, pipelines: readonly PipelineSpec[], ledger: Ledger, world: World): WorkloadSpec {
  const { workload } = input;
  if (workload === undefined) ledger.addMissing(['workload'], 'the traffic: lengths, arrivals, request_rate, ...');
  const own = pipelines.length > 0 && pipelines.every(({ lengths }) => lengths !== null);
  const read = workload === undefined || ledger.isGone(['workload']) ? FILLED : workload;
  return readWorkload(read as Parameters<typeof readWorkload>[0], ledger, world, own);
}

/** Stands in for a section that was refused already, so that nothing is blamed twice. */
const FILLED: Part = { lengths: { input_len: 1, output_len: 1 }, request_rate: 1 };

function readPipeline(name: string, input: Part, workload: Part, stages: StageWorld, world: World): PipelineSpec {
  const path = ['pipelines', name];
  const { ledger } = stages;
  if (input.stages === undefined) ledger.addMissing([...path, 'stages'], 'a list of stages');
  if (input.lengths !== undefined && workload.requests !== undefined) {
    const expected = 'no lengths of its own: workload.requests has them';
    ledger.add({ path: [...path, 'lengths'], expected, received: show(input.lengths) });
  }
  const own = input.lengths as Parameters<typeof readLengths>[0] | undefined;
  const lengths = own === undefined ? null : readLengths(own, [...path, 'lengths'], ledger, world);
  const read = readStages(input.stages, [...path, 'stages'], stages);
  checkFlow(read, stages);
  const score = readScore(input.priority, path, ledger);
  const [weight, priority] = [
    number(input.weight, 1),
    typeof input.priority === 'object' ? 0 : number(input.priority, 0),
  ];
  return {
    name,
    weight,
    priority,
    fairWeight: number(input.fair_weight, 1),
    ...(score === null ? {} : { score }),
    lengths,
    client: readImpatience(input),
    stages: read,
  };
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

/** Limits as the section `slo` has them. */
export function readSlo(input: Part, path: Path, ledger: Ledger): Slo[] {
  const preset = SLO_PRESET[input.preset as keyof typeof SLO_PRESET] ?? [];
  const limits = new Map<string, Slo>();
  for (const [key, value] of Object.entries(input)) {
    const found = SLO_KEYS.find((known) => known.key === key);
    if (!found || value === undefined) continue;
    const { metric, percentile, milliseconds } = found;
    const times = milliseconds ? null : timesUnloaded(value);
    const limit =
      times !== null ? Number.NaN : milliseconds ? measured(value, 'number') / 1000 : measured(value, 'time');
    const id = `${percentile}_${metric}`;
    if (limits.has(id)) ledger.add({ path: [...path, key], expected: `one limit on ${id}`, received: 'a second one' });
    limits.set(id, { metric, percentile, limit, ...(times === null ? {} : { times }) });
  }
  const beside = preset.filter((one) => !limits.has(sloName(one)));
  return [...beside, ...limits.values()];
}

function readPriceSheet(word: unknown, ledger: Ledger, world: World): Pick<FleetSpec, 'priceSheet'> {
  const path = ['price_sheet'];
  if (typeof word !== 'string') return {};
  if (isPriceFile(word)) return { priceSheet: readFilePath(word, path, ledger, world) };
  const known = ledger.checkKnown(word, path, 'a kind of price, or the path of a list', world.known.prices ?? [word]);
  return known ? { priceSheet: word } : {};
}

function readOwnership({ years, utilisation }: Part): Ownership {
  return {
    ...(years === undefined ? {} : { years: number(years, 0) }),
    ...(utilisation === undefined ? {} : { utilisation: number(utilisation, 0) }),
  };
}

function readPerHardware(input: Part, section: 'prices' | 'watts', { known }: World, ledger: Ledger) {
  const kind = section === 'prices' ? 'number' : 'power';
  for (const id of Object.keys(input))
    if (known.find?.('hardware', id) !== id)
      ledger.checkKnown(id, [section, id], 'hardware of the catalog', known.hardware);
  return Object.fromEntries(
    Object.entries(input).flatMap(([id, value]) => (value === undefined ? [] : [[id, measured(value, kind)]])),
  );
}
