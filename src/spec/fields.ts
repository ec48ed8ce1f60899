// Every field of a configuration that may be an axis: where it stands in the document and what its values may be.
import type { UnitKind } from '../check/units.ts';
import { SWAP_SPACE } from './check-swap.ts';
import type { Path } from './document.ts';
import type { AxisField } from './types.ts';
import { ADMISSIONS, BATCHINGS, KV_FORMATS, PREEMPTIONS, ROUTINGS, STEP_SOURCES, WEIGHT_FORMATS } from './words.ts';

/** Lists of the catalog that names are looked up in. */
export type CatalogKind = 'hardware' | 'models' | 'engines';

export type FieldKind =
  | { readonly of: 'catalog'; readonly kind: CatalogKind; readonly noun: string }
  | { readonly of: 'words'; readonly words: readonly string[] }
  | { readonly of: 'numbers'; readonly integer: boolean; readonly unit?: UnitKind };

export interface Field {
  readonly path: Path;
  readonly kind: FieldKind;
  /** What it is where the document says nothing; absent for fields that must be given or follow the profile. */
  readonly otherwise?: string | number;
}

const INTEGER: FieldKind = { of: 'numbers', integer: true };
const REAL: FieldKind = { of: 'numbers', integer: false };
const BYTES: FieldKind = { of: 'numbers', integer: false, unit: 'bytes' };
const words = (list: readonly string[]): FieldKind => ({ of: 'words', words: list });

export const FIELDS: Readonly<Record<AxisField, Field>> = {
  model: { path: ['model'], kind: { of: 'catalog', kind: 'models', noun: 'a model of the catalog' } },
  request_rate: { path: ['workload', 'request_rate'], kind: REAL },
  hardware: {
    path: ['deployment', 'hardware'],
    kind: { of: 'catalog', kind: 'hardware', noun: 'hardware of the catalog' },
  },
  replicas: { path: ['deployment', 'replicas'], kind: INTEGER, otherwise: 1 },
  tensor_parallel_size: { path: ['deployment', 'tensor_parallel_size'], kind: INTEGER, otherwise: 1 },
  pipeline_parallel_size: { path: ['deployment', 'pipeline_parallel_size'], kind: INTEGER, otherwise: 1 },
  data_parallel_size: { path: ['deployment', 'data_parallel_size'], kind: INTEGER, otherwise: 1 },
  expert_parallel_size: { path: ['deployment', 'expert_parallel_size'], kind: INTEGER, otherwise: 1 },
  routing: { path: ['deployment', 'routing'], kind: words(ROUTINGS), otherwise: 'round-robin' },
  profile: {
    path: ['engine', 'profile'],
    kind: { of: 'catalog', kind: 'engines', noun: 'an engine profile of the catalog' },
    otherwise: 'vllm-0.11',
  },
  batching: { path: ['engine', 'batching'], kind: words(BATCHINGS) },
  admission: { path: ['engine', 'admission'], kind: words(ADMISSIONS) },
  max_num_seqs: { path: ['engine', 'max_num_seqs'], kind: INTEGER },
  max_num_batched_tokens: { path: ['engine', 'max_num_batched_tokens'], kind: INTEGER },
  max_model_len: { path: ['engine', 'max_model_len'], kind: INTEGER, otherwise: 0 },
  gpu_memory_utilization: { path: ['engine', 'gpu_memory_utilization'], kind: REAL },
  block_size: { path: ['engine', 'block_size'], kind: INTEGER },
  num_gpu_blocks: { path: ['engine', 'num_gpu_blocks'], kind: INTEGER, otherwise: 0 },
  watermark: { path: ['engine', 'watermark'], kind: REAL, otherwise: 0 },
  num_speculative_tokens: {
    path: ['engine', 'speculative_config', 'num_speculative_tokens'],
    kind: INTEGER,
    otherwise: 0,
  },
  step_source: { path: ['engine', 'step_source'], kind: words(STEP_SOURCES), otherwise: 'cost-model' },
  preemption_mode: { path: ['engine', 'preemption_mode'], kind: words(PREEMPTIONS), otherwise: 'recompute' },
  swap_space: { path: ['engine', 'swap_space'], kind: BYTES, otherwise: SWAP_SPACE },
  num_cpu_blocks: { path: ['engine', 'num_cpu_blocks'], kind: INTEGER, otherwise: 0 },
  num_scheduler_steps: { path: ['engine', 'num_scheduler_steps'], kind: INTEGER, otherwise: 1 },
  quantization: { path: ['engine', 'quantization'], kind: words(WEIGHT_FORMATS), otherwise: 'auto' },
  kv_cache_dtype: { path: ['engine', 'kv_cache_dtype'], kind: words(KV_FORMATS), otherwise: 'auto' },
};

export const AXIS_FIELDS = Object.keys(FIELDS) as AxisField[];

/** What the document says at a path, undefined where it says nothing. */
export function inputAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data);
}

/** Fields that the document gives, in the order of the document: the order of the axes. */
export function givenFields(data: unknown): AxisField[] {
  const order = new Map<string, number>();
  for (const [section, inner] of Object.entries((data ?? {}) as Record<string, unknown>)) {
    order.set(section, order.size);
    if (inner === null || typeof inner !== 'object') continue;
    for (const key of Object.keys(inner)) order.set(`${section}.${key}`, order.size);
  }
  const rank = (field: AxisField) => order.get(FIELDS[field].path.slice(0, 2).join('.')) ?? -1;
  const given = AXIS_FIELDS.filter((field) => inputAt(data, FIELDS[field].path) !== undefined);
  return given.sort((a, b) => rank(a) - rank(b));
}
