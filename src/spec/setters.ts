// Axes as setters on what was read: values that change nothing else of how a document is read need not have it read again.
//
// Free are values of a pool, of the traffic and of the limits that no other part of the spec is checked against. Where some
// part is (a start-up log names the split, drafts need budget), the axis stays one that is read.
import type { z } from 'zod';
import { limitsOn } from '../catalog/engine-limits.ts';
import type { Issue } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import type { Path, SpecDocument } from './document.ts';
import { fieldAt, inputAt } from './fields.ts';
import type { Tree } from './fleet/axes.ts';
import { Ledger } from './fleet/ledger.ts';
import { llmShape } from './fleet/pool-schema.ts';
import { readRouting } from './fleet/read-routing.ts';
import { explainMisfits } from './fleet/structure.ts';
import type { FleetSpec, LlmPool } from './fleet/types.ts';
import { parametersIn, refersTo } from './parameters.ts';
import type { ReadOptions } from './read-options.ts';
import { timesUnloaded } from './relative.ts';
import type { SetValue } from './row-index.ts';
import { questionShape, workloadShape } from './schema.ts';
import { isPlain, normalize, rewrittenAt } from './shorthand.ts';
import { SLO_KEYS } from './slo.ts';
import type { Configuration, Slo, WorkloadSpec } from './types.ts';
import { readCatalogName, type World } from './world.ts';

/** Keys of a pool whose value stands by itself, unless one of the keys behind it is there too. */
const FREE: Readonly<Record<string, readonly string[]>> = {
  hardware: ['num_gpu_blocks', 'step_time', 'preemption_mode', 'shares'],
  count: ['shares', 'disaggregation', 'autoscale', 'failures'],
  routing: ['autoscale', 'failures'],
  packing: ['recv_interval', 'batch_wait'],
  tensor_parallel_size: ['num_gpu_blocks', 'devices'],
  pipeline_parallel_size: ['num_gpu_blocks', 'devices'],
  data_parallel_size: ['devices', 'num_gpu_blocks', 'num_scheduler_steps', 'batch_wait', 'shares', 'lora'],
  expert_parallel_size: ['num_gpu_blocks'],
  quantization: ['num_gpu_blocks'],
  kv_cache_dtype: ['num_gpu_blocks'],
  gpu_memory_utilization: ['num_gpu_blocks', 'shares'],
  block_size: ['num_gpu_blocks', 'enable_prefix_caching', 'write_back'],
  max_num_seqs: [],
  max_num_batched_tokens: ['speculative_config'],
  max_model_len: [],
  num_gpu_blocks: ['step_time'],
  watermark: [],
};

type Value = string | number;
/** What a row has in place of what was read. */
interface Patch {
  readonly pools: Record<string, PoolPatch>;
  workload: Partial<WorkloadSpec> | null;
  slo: readonly Slo[] | null;
}
interface PoolPatch {
  readonly configuration: Record<string, unknown>;
  own: Partial<Pick<LlmPool, 'count' | 'packing' | 'routing'>> | null;
}
type Set = (patch: Patch, value: Value, spec: FleetSpec) => void;

export interface Setters {
  /** Names of the axes that are set, by their numbers. */
  readonly names: readonly string[];
  /** Every value that is none, and the names of the axes that have one. */
  readonly mistakes: readonly Issue[];
  readonly wrong: ReadonlySet<string>;
  apply(spec: FleetSpec, values: readonly SetValue[]): FleetSpec;
}

interface Setter {
  readonly name: string;
  readonly values: readonly Value[];
  readonly set: Set;
}

type Axis = Extract<Tree, { kind: 'axis' }>;

export function openSetters(document: SpecDocument, tree: Tree, options: ReadOptions, world: World): Setters {
  const plain = isPlain(document.data);
  const ledger = new Ledger(document, options.file); // values are blamed where they are written
  const data = normalizeAny(document.data);
  const limits = openLimits(world);
  const wrong = new Set<string>();
  const names = parametersIn(document.data);
  const setters = listFree(tree, names).flatMap((axis): Setter[] => {
    const place = plain ? rewrittenAt(axis.place) : axis.place;
    const target = targetOf(place, data, plain ? inputAt(data, place.slice(0, -1)) : aroundOf(axis, document.data));
    if (!target) return [];
    const before = ledger.size;
    const values = readValues(axis, place, target.leaf, ledger, world);
    if (ledger.size > before) wrong.add(axis.name);
    return [{ name: axis.name, values, set: target.set }];
  });
  return {
    names: setters.map(({ name }) => name),
    mistakes: ledger.list(),
    wrong,
    apply(spec, values) {
      if (values.length === 0) return spec;
      const patch: Patch = { pools: {}, workload: null, slo: null };
      for (const { axis, option } of values) setters[axis]!.set(patch, setters[axis]!.values[option]!, spec);
      return patched(spec, patch, limits);
    },
  };
}

/** One copy of what was read, with everything that the row has in its place. */
function patched(spec: FleetSpec, { pools, workload, slo }: Patch, limits: Limits): FleetSpec {
  return {
    ...spec,
    pools: spec.pools.map((pool) => {
      const patch = pools[pool.name];
      if (!patch || pool.kind !== 'llm') return pool;
      const followed = BEHIND_LIMITS.some((key) => key in patch.configuration)
        ? limits(pool, { ...pool.configuration, ...patch.configuration })
        : undefined;
      const configuration = Object.assign({}, pool.configuration, followed, patch.configuration);
      return Object.assign({}, pool, patch.own, { configuration });
    }),
    workload: workload ? { ...spec.workload, ...workload } : spec.workload,
    slo: slo ?? spec.slo,
  };
}

function normalizeAny(data: unknown): unknown {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return {};
  return normalize(data as Record<string, unknown>);
}

/** Axes of plain values, none of them an expression, that stand once in the document and are referred to by nothing. */
function listFree(tree: Tree, names: readonly string[]): Axis[] {
  const found = new Map<string, Axis[]>();
  const tied = new Set<string>();
  const visit = (node: Tree): void => {
    if (node.kind === 'map') for (const [, part] of node.parts) visit(part);
    if (node.kind === 'list') node.parts.forEach(visit);
    if (node.kind === 'tie') tied.add(node.name);
    if (node.kind !== 'axis') return;
    found.set(node.name, [...(found.get(node.name) ?? []), node]);
    for (const option of node.options) visit(option.tree);
  };
  visit(tree);
  const isValue = ({ tree: inner }: Axis['options'][number]) =>
    inner.kind === 'leaf' &&
    (typeof inner.value === 'number' ||
      (typeof inner.value === 'string' && timesUnloaded(inner.value) === null && !refersTo(inner.value, names)));
  return [...found.values()].flatMap((same) =>
    same.length === 1 && !tied.has(same[0]!.name) && same[0]!.options.every(isValue) ? same : [],
  );
}

interface Target {
  readonly leaf: z.core.$ZodType;
  readonly set: Set;
}

/** What an axis stands in, in whichever choice that is. */
function aroundOf({ options: [first], place }: Axis, data: unknown): unknown {
  const { path } = first!;
  return inputAt(data, path.slice(0, path.lastIndexOf(place.at(-1)!)));
}

/** How the value at a place is set; `pool`: what it stands in; null where it does not stand by itself. */
function targetOf(place: Path, data: unknown, pool: unknown): Target | null {
  const [section, name, key] = place.map(String);
  if (section === 'fleet' && place.length === 3) {
    if (inputAt(pool, ['kind']) !== 'llm' || !isFree(key!, pool, data)) return null;
    return { leaf: (llmShape as Record<string, z.core.$ZodType>)[key!]!, set: poolSetter(name!, key!) };
  }
  if (section === 'workload' && place.length === 2 && TRAFFIC.includes(name!)) {
    return {
      leaf: workloadShape[name as (typeof TRAFFIC)[number] & keyof typeof workloadShape],
      set(patch, value) {
        patch.workload = { ...patch.workload, [name!]: value };
      },
    };
  }
  const limit = section === 'slo' && place.length === 2 ? SLO_KEYS.find((known) => known.key === name) : undefined;
  if (!limit) return null;
  const { metric, percentile, milliseconds } = limit;
  const set: Set = (patch, value, spec) => {
    const seconds = milliseconds ? Number(value) / 1000 : Number(value);
    patch.slo = (patch.slo ?? spec.slo).map((one) =>
      one.metric === metric && one.percentile === percentile ? { ...one, limit: seconds } : one,
    );
  };
  return { leaf: (questionShape.slo.unwrap().shape as Record<string, z.core.$ZodType>)[name!]!, set };
}

const TRAFFIC = ['request_rate', 'num_requests', 'seed'];

function isFree(key: string, pool: unknown, data: unknown): boolean {
  if (!Object.hasOwn(FREE, key)) return false;
  const beside = (other: string) => other !== key && inputAt(pool, [other]) !== undefined;
  return !['log', ...FREE[key]!].some(
    (other) => beside(other) || (other === 'disaggregation' && inputAt(data, [other])),
  );
}

function poolSetter(name: string, key: string): Set {
  const none = new Ledger({ lineOf: () => 1 }, '');
  const of = ({ pools }: Patch): PoolPatch => {
    pools[name] ??= { configuration: {}, own: null };
    return pools[name];
  };
  if (key === 'count' || key === 'packing' || key === 'routing') {
    return (patch, value) => {
      const pool = of(patch);
      pool.own = { ...pool.own, [key]: key === 'routing' ? readRouting(value, [], none) : value };
    };
  }
  return (patch, value) => {
    of(patch).configuration[key] = value;
  };
}

/** What the limits of a profile depend on. */
const BEHIND_LIMITS = ['hardware', 'data_parallel_size'] as const;
/** The limits that a pool leaves to its profile, set so. */
type Limits = (
  pool: LlmPool,
  set: Pick<Configuration, (typeof BEHIND_LIMITS)[number]>,
) => Partial<Configuration> | undefined;

function openLimits({ known }: World): Limits {
  const found = new Map<string, Partial<Configuration>>();
  return ({ followed, configuration: { profile: id } }, { hardware, data_parallel_size: ranks }) => {
    if (followed.length === 0) return undefined;
    const key = `${id} ${hardware} ${ranks} ${followed.length} ${followed[0]}`;
    const seen = found.get(key);
    if (seen) return seen;
    const profile = known.profile(id);
    const own = profile && limitsOn(profile, known.device?.(hardware), ranks);
    const limits = own ? Object.fromEntries(followed.map((limit) => [limit, own[limit]])) : {};
    found.set(key, limits);
    return limits;
  };
}

/** The values as the fleet has them; what is none is said of its place. */
function readValues(axis: Axis, place: Path, leaf: z.core.$ZodType, ledger: Ledger, world: World): Value[] {
  return axis.options.map(({ tree, path }) => {
    const { value } = tree as { readonly value: Value };
    const misfits = explainMisfits(leaf, value, path);
    for (const misfit of misfits) ledger.add(misfit);
    if (misfits.length > 0) return value;
    const field = fieldAt(place);
    if (field?.of === 'catalog' && field.kind !== 'prices' && field.kind !== 'links')
      return readCatalogName(value, path, field.kind, ledger, world) ?? value;
    return field?.of === 'numbers' ? measured(value, field.unit ?? 'number') : value;
  });
}
