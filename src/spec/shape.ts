// Recognises the shape that can be screened in closed form: one pool of engines that nothing else is coupled to.
//
// Whatever is not recognised is simulated; nothing is declared.

import { isStage } from '../stages/list.ts';
import type { Tree } from './fleet/axes.ts';
import type { FleetSpec, LlmPool } from './fleet/types.ts';
import type { Question } from './question.ts';
import { isRelative } from './relative.ts';
import { isPlain, normalize, rewrittenAt } from './shorthand.ts';
import type { AxisField, Configuration, RoutingName } from './types.ts';

/** An axis of the screen: which field of the configuration it sets, and to how many values. */
export interface ShapeAxis {
  readonly field: AxisField;
  readonly size: number;
}

/** One pool, and the axes that vary it: row i is mixed radix with the last axis fastest. */
export interface OnePool {
  readonly pool: string;
  readonly axes: readonly ShapeAxis[];
}

/** Keys of a pool that its configuration calls by another name, or has beside it. */
const FIELD_OF: Readonly<Record<string, AxisField>> = { count: 'replicas' };
const SPECULATED = 'speculative_config.num_speculative_tokens';

/** The question as one configuration and the axes that vary it; null where the fleet is anything else. */
export function onePool({ first, data, tree }: Pick<Question, 'first' | 'data' | 'tree'>): OnePool | null {
  const pool = lonePool(first);
  if (!pool || pool.configuration.step_time !== null || countsDevices(data) || isRelative(first)) return null;
  const found = axesOf(tree, pool.name, isPlain(data));
  if (!found || !routed(found.routings, pool)) return null;
  return { pool: pool.name, axes: found.axes };
}

/** Whether the split decides how many instances there are. */
function countsDevices(data: unknown): boolean {
  const { fleet } = normalize((data ?? {}) as Readonly<Record<string, unknown>>);
  return Object.values((fleet ?? {}) as object).some((pool: { devices?: unknown } | null) => pool?.devices != null);
}

/** The pool, where one pool of engines serves plain prompts and nothing is shared, cached or connected. */
export function lonePool(spec: FleetSpec): LlmPool | null {
  const [pool, ...others] = spec.pools;
  if (others.length > 0 || pool?.kind !== 'llm' || pool.role !== 'both') return null;
  if (pool.shares || pool.writeBack !== null || pool.packing !== 'fcfs') return null;
  if (pool.autoscale || pool.failures || pool.lora) return null;
  return isPlainChat(spec) ? pool : null;
}

/** Whether every request is a prompt of its own, prefilled and decoded once. */
export function isPlainChat({ pipelines, sessions, prefixes, adapters, workload }: FleetSpec): boolean {
  if (pipelines.length !== 1 || pipelines[0]!.lengths !== null || workload.lengths === '') return false;
  const [prefill, decode, ...more] = pipelines[0]!.stages;
  const simple =
    more.length === 0 &&
    isStage(prefill, 'prefill') &&
    prefill.bypassBelow === 0 &&
    isStage(decode, 'decode') &&
    decode.output === null;
  return simple && sessions === null && prefixes === null && !adapters;
}

/** Axes of the configuration, in order, and the routings that rows have; null where another axis is among them. */
function axesOf(tree: Tree, pool: string, plain: boolean) {
  const axes: ShapeAxis[] = [];
  const routings: string[] = [];
  const visit = (node: Tree): boolean => {
    if (node.kind === 'map') return node.parts.every(([, part]) => visit(part));
    if (node.kind === 'list') return node.parts.every(visit);
    if (node.kind === 'tie') return false;
    if (node.kind === 'leaf' || node.rows === 1) return node.kind === 'leaf' || node.options[0]!.tree.kind === 'leaf';
    const values = node.options.map((option) => (option.tree.kind === 'leaf' ? option.tree.value : null));
    const place = plain ? rewrittenAt(node.place) : node.place;
    const field = fieldOf(place.map(String), pool);
    if (field === null || values.some((value) => typeof value !== 'string' && typeof value !== 'number')) return false;
    axes.push({ field, size: values.length });
    if (field === 'routing') routings.push(...values.map(String));
    return true;
  };
  return visit(tree) ? { axes, routings } : null;
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
function routed(routings: readonly string[], { routing: { policy, metric } }: LlmPool): boolean {
  if (routings.length > 0) return routings.every((value) => WORDS.includes(value));
  return policy === 'round-robin' || (policy === 'load' && metric === 'requests');
}

/** What one pool is as a configuration of its own. */
export function configurationOf(pool: LlmPool, request_rate: number): Configuration {
  const routing = pool.routing.policy === 'round-robin' ? 'round-robin' : 'least-loaded';
  return { ...pool.configuration, replicas: pool.count, routing, request_rate };
}

/** The same of a fleet that is one pool, whatever its pipelines are; null of any other. */
export function soleConfiguration({ pools, workload }: Pick<FleetSpec, 'pools' | 'workload'>): Configuration | null {
  const [pool, ...others] = pools;
  return others.length === 0 && pool?.kind === 'llm' ? configurationOf(pool, workload.request_rate) : null;
}
