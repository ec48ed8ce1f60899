// What the values of an axis may be, by the key they are written at: names of the catalog, words of a closed list, numbers.
import { DEVICE_FIGURES } from '../catalog/derived.ts';
import type { UnitKind } from '../check/units.ts';
import type { Path } from './document.ts';
import { ROUTING_WORDS } from './fleet/words.ts';
import { ADMISSIONS, BATCHINGS, KV_FORMATS, OBJECTIVES, PREEMPTIONS, STEP_SOURCES, WEIGHT_FORMATS } from './words.ts';
import type { CatalogKind } from './world.ts';

export type FieldKind =
  | { readonly of: 'catalog'; readonly kind: CatalogKind }
  | { readonly of: 'words'; readonly words: readonly string[] }
  | { readonly of: 'numbers'; readonly integer: boolean; readonly unit?: UnitKind };

const INTEGER = { of: 'numbers', integer: true } as const;
const REAL = { of: 'numbers', integer: false } as const;
const SHARE = { ...REAL, unit: 'share' } as const;
const words = (list: readonly string[]): FieldKind => ({ of: 'words', words: list });

/** Of keys whose name says what they are wherever they stand. */
const FIELDS: Readonly<Record<string, FieldKind>> = {
  ...Object.fromEntries(
    Object.entries(DEVICE_FIGURES).map(([key, { unit, integer }]) => [
      key,
      { of: 'numbers', integer: integer ?? false, unit },
    ]),
  ),
  model: { of: 'catalog', kind: 'models' },
  base: { of: 'catalog', kind: 'hardware' },
  hardware: { of: 'catalog', kind: 'hardware' },
  profile: { of: 'catalog', kind: 'engines' },
  price_sheet: { of: 'catalog', kind: 'prices' },
  interconnect: { of: 'catalog', kind: 'links' },
  network: { of: 'catalog', kind: 'links' },
  host_link: { of: 'catalog', kind: 'links' },
  routing: words(Object.keys(ROUTING_WORDS)),
  batching: words(BATCHINGS),
  admission: words(ADMISSIONS),
  preemption_mode: words(PREEMPTIONS),
  step_source: words(STEP_SOURCES),
  quantization: words(WEIGHT_FORMATS),
  kv_cache_dtype: words(KV_FORMATS),
  objective: words(OBJECTIVES),
  count: INTEGER,
  replicas: INTEGER,
  devices: INTEGER,
  tensor_parallel_size: INTEGER,
  pipeline_parallel_size: INTEGER,
  data_parallel_size: INTEGER,
  expert_parallel_size: INTEGER,
  max_num_seqs: INTEGER,
  max_num_batched_tokens: INTEGER,
  max_model_len: INTEGER,
  block_size: INTEGER,
  num_gpu_blocks: INTEGER,
  num_cpu_blocks: INTEGER,
  num_scheduler_steps: INTEGER,
  num_speculative_tokens: INTEGER,
  num_requests: INTEGER,
  seed: INTEGER,
  gpu_memory_utilization: SHARE,
  watermark: SHARE,
  power_limit: { of: 'numbers', integer: false, unit: 'power' },
  request_rate: REAL,
  swap_space: { of: 'numbers', integer: false, unit: 'bytes' },
};

/** What is known of the values at a place; undefined where its key says nothing. */
export function fieldAt(place: Path): FieldKind | undefined {
  if (place[0] === 'slo' && place.length === 2)
    return String(place[1]).endsWith('_ms') ? REAL : { ...REAL, unit: 'time' };
  if (place.at(-2) === 'step_time') return { ...REAL, unit: 'time' };
  const key = String(place.at(-1));
  return Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
}

/** What a document says at a path, undefined where it says nothing. */
export function inputAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data);
}
