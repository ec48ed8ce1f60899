// Recognises the shape that can be screened in closed form: one pool of engines that nothing else is coupled to.
//
// Whatever is not recognised is simulated; nothing is declared.
import { measured } from '../check/units.ts';
import { isStage } from '../stages/list.ts';
import type { Path } from './document.ts';
import { fieldAt } from './fields.ts';
import type { Tree } from './fleet/axes.ts';
import { Ledger } from './fleet/ledger.ts';
import { worldOf } from './fleet/read.ts';
import type { FleetSpec, LlmPool } from './fleet/types.ts';
import { type CatalogNames, readOptionsOf } from './open.ts';
import { blanksOf, defaultsByRow } from './profile.ts';
import type { Question } from './question.ts';
import { isPlain, normalize, rewrittenAt } from './shorthand.ts';
import type { Axis, AxisField, Configuration, RoutingName, Spec } from './types.ts';
import { readCatalogName, type World } from './world.ts';

/** Keys of a pool that its configuration calls by another name, or has beside it. */
const FIELD_OF: Readonly<Record<string, AxisField>> = { count: 'replicas' };
const SPECULATED = 'speculative_config.num_speculative_tokens';

/** The question as one configuration and the axes that vary it; null where the fleet is anything else. */
export function onePool(question: Question, catalog: CatalogNames): Spec | null {
  const { first, data } = question;
  const pool = lonePool(first);
  if (!pool || pool.configuration.step_time !== null) return null;
  const plain = isPlain(data);
  const world = worldOf(readOptionsOf(first.file, catalog));
  const axes = axesOf(question.tree, pool.name, plain, world);
  if (!axes || !routed(axes, pool)) return null;
  const base = configurationOf(pool, first.workload.request_rate);
  const written = normalize(data as Record<string, unknown>) as { fleet: Record<string, Record<string, unknown>> };
  const values = (field: AxisField): readonly (string | number)[] =>
    axes.find((axis) => axis.field === field)?.values ?? [base[field]];
  const profiles = values('profile').map((id) => catalog.engine(String(id)));
  const hardware = values('hardware').map(String);
  const blanks = blanksOf(written.fleet[pool.name]);
  const defaults = defaultsByRow(profiles, hardware, blanks, (id) => catalog.hardware(id));
  const { name, workload, slo, prices, watts, power, text, file } = first;
  const { objective, top, settle } = question;
  return {
    ...{ name, workload, base, axes, ...(defaults ? { profileDefaults: defaults } : {}) },
    ...{ slo, objective, top, settle, prices, watts, power, text, file },
  };
}

/** The pool, where one pool of engines serves plain prompts and nothing is shared, cached or connected. */
function lonePool({ pools, pipelines, sessions, prefixes, workload }: FleetSpec): LlmPool | null {
  const [pool, ...others] = pools;
  if (others.length > 0 || pool?.kind !== 'llm' || pool.role !== 'both') return null;
  if (pool.shares || pool.prefixCaching || pool.writeBack !== null || pool.packing !== 'fcfs') return null;
  if (pipelines.length !== 1 || pipelines[0].lengths !== null || workload.lengths === '') return null;
  const [prefill, decode, ...more] = pipelines[0].stages;
  const simple =
    more.length === 0 &&
    isStage(prefill, 'prefill') &&
    prefill.bypassBelow === 0 &&
    isStage(decode, 'decode') &&
    decode.output === null;
  return simple && sessions === null && prefixes === null ? pool : null;
}

/** Axes of the configuration, in order; null where another one is among them. */
function axesOf(tree: Tree, pool: string, plain: boolean, world: World): Axis[] | null {
  const axes: Axis[] = [];
  const visit = (node: Tree): boolean => {
    if (node.kind === 'map') return node.parts.every(([, part]) => visit(part));
    if (node.kind === 'list') return node.parts.every(visit);
    if (node.kind === 'tie') return false;
    if (node.kind === 'leaf' || node.rows === 1) return node.kind === 'leaf' || node.options[0].tree.kind === 'leaf';
    const values = node.options.map((option) => (option.tree.kind === 'leaf' ? option.tree.value : null));
    const place = plain ? rewrittenAt(node.place) : node.place;
    const field = fieldOf(place.map(String), pool);
    if (field === null || values.some((value) => typeof value !== 'string' && typeof value !== 'number')) return false;
    axes.push({ field, values: values.map((value) => typed(value as string | number, place, world)) });
    return true;
  };
  return visit(tree) ? axes : null;
}

/** A value, checked before, as the configuration has it. */
function typed(value: string | number, place: Path, world: World): string | number {
  const field = fieldAt(place);
  if (field?.of === 'numbers') return measured(value, field.unit ?? 'number');
  if (field?.of !== 'catalog') return value;
  return readCatalogName(value, place, field.kind, new Ledger({ lineOf: () => 1 }, ''), world) ?? value;
}

function fieldOf([section, name, ...rest]: string[], pool: string): AxisField | null {
  if (section === 'workload' && name === 'request_rate' && rest.length === 0) return 'request_rate';
  if (section !== 'fleet' || name !== pool) return null;
  const key = rest.join('.');
  if (key === SPECULATED) return 'num_speculative_tokens';
  const field = FIELD_OF[key] ?? key;
  return SCREENED.includes(field as AxisField) ? (field as AxisField) : null;
}

/** Fields whose effect the screen knows. */
const SCREENED: readonly AxisField[] = [
  ...(['model', 'hardware', 'replicas', 'routing', 'profile', 'step_source'] as const),
  ...(['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'] as const),
  ...(['quantization', 'kv_cache_dtype', 'batching', 'admission', 'max_num_seqs', 'max_num_batched_tokens'] as const),
  ...(['max_model_len', 'gpu_memory_utilization', 'block_size', 'num_gpu_blocks', 'watermark'] as const),
  ...(['preemption_mode', 'swap_space', 'num_cpu_blocks', 'num_scheduler_steps'] as const),
];

const WORDS: readonly string[] = ['round-robin', 'least-loaded'] satisfies RoutingName[];

/** Whether all rows spread requests in one of the two ways that need nothing but counts. */
function routed(axes: readonly Axis[], { routing: { policy, metric } }: LlmPool): boolean {
  const axis = axes.find(({ field }) => field === 'routing');
  if (axis) return axis.values.every((value) => WORDS.includes(String(value)));
  return policy === 'round-robin' || (policy === 'load' && metric === 'requests');
}

/** What one pool is as a configuration of its own. */
export function configurationOf(pool: LlmPool, request_rate: number): Configuration {
  const routing = pool.routing.policy === 'round-robin' ? 'round-robin' : 'least-loaded';
  return { ...pool.configuration, replicas: pool.count, routing, request_rate };
}
