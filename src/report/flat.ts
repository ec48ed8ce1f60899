// One kept configuration as one flat row: the columns of the CSV, the Parquet file and the JSON, defined once.
import type { KeptRow, RunResult, Summary } from '../metrics/types.ts';
import type { Configuration } from '../spec/types.ts';

export type Cell = string | number | boolean | null;

/** A column of a table of results. Parquet types; numbers that may be unknown are doubles with nulls. */
export interface Column<Row> {
  readonly name: string;
  readonly type: 'INT64' | 'INT32' | 'DOUBLE' | 'STRING' | 'BOOLEAN';
  readonly read: (row: Row, rank: number) => Cell;
  /** Follows from other columns or from what is known of errors: the digest leaves it out. */
  readonly beside?: true;
}

export type FlatColumn = Column<KeptRow>;

const integer = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'INT32', read });
const text = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'STRING', read });
const flag = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'BOOLEAN', read });
const real = (name: string, read: (row: KeptRow) => number): FlatColumn => ({
  name,
  type: 'DOUBLE',
  read: (row) => finiteOrNull(read(row)),
});

/** Infinity (a price per token of nothing) and NaN are both "no value" to a reader of tables. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

const CONFIGURATION_TEXT = [
  'model',
  'hardware',
  'profile',
  'quantization',
  'kv_cache_dtype',
  'batching',
  'admission',
  'routing',
] as const satisfies readonly (keyof Configuration)[];

const CONFIGURATION_INTEGER = [
  'replicas',
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'expert_parallel_size',
  'max_num_seqs',
  'max_num_batched_tokens',
  'max_model_len',
  'block_size',
] as const satisfies readonly (keyof Configuration)[];

const CONFIGURATION_REAL = [
  'gpu_memory_utilization',
  'request_rate',
] as const satisfies readonly (keyof Configuration)[];

/**
 * Settings that few specs touch and what they come to, with what they are then. They are columns only where a kept row has
 * another value, so that the tables and digests of all other sweeps stay what they were before the setting existed.
 */
const RARE = [
  { column: real('watermark', (row) => row.configuration.watermark), otherwise: 0 },
  { column: text('step_source', (row) => row.configuration.step_source), otherwise: 'cost-model' },
  { column: text('preemption_mode', (row) => row.configuration.preemption_mode), otherwise: 'recompute' },
  { column: real('swap_space', (row) => row.configuration.swap_space), otherwise: 4 * 2 ** 30 },
  { column: integer('num_cpu_blocks', (row) => row.configuration.num_cpu_blocks), otherwise: 0 },
  { column: integer('num_scheduler_steps', (row) => row.configuration.num_scheduler_steps), otherwise: 1 },
  { column: integer('swapped_out', (row) => row.run?.swapped_out ?? null), otherwise: null },
  { column: integer('swapped_in', (row) => row.run?.swapped_in ?? null), otherwise: null },
  { column: real('swap_s', (row) => row.run?.swap_s ?? Number.NaN), otherwise: null },
  {
    column: integer('num_speculative_tokens', (row) => row.configuration.num_speculative_tokens),
    otherwise: 0,
  },
] as const;

/** Statistics of a latency and what their columns are called. */
const STATISTICS: readonly (readonly [keyof Summary, string])[] = [
  ['mean', 'mean'],
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p999', 'p99_9'],
];

/** Milliseconds: `ttft_p99_ms`; names of the run's figures are those of `vllm bench serve` where it has one. */
export function latencyColumns<Row>(metric: string, read: (row: Row) => Summary | undefined): Column<Row>[] {
  return STATISTICS.map(([field, name]) => ({
    name: `${metric}_${name}_ms`,
    type: 'DOUBLE',
    read: (row) => finiteOrNull((read(row)?.[field] ?? Number.NaN) * 1000),
  }));
}

/** RunResult field -> column name with its unit. */
const RUN_REAL: readonly (readonly [keyof RunResult, string])[] = [
  ['duration', 'duration_s'],
  ['request_throughput', 'request_throughput'],
  ['request_goodput', 'request_goodput'],
  ['good_fraction', 'good_fraction'],
  ['output_throughput', 'output_throughput'],
  ['total_token_throughput', 'total_token_throughput'],
  ['utilisation', 'utilisation'],
  ['mean_batch', 'mean_batch'],
  ['peak_kv_use', 'peak_kv_use'],
  ['power_w', 'power_w'],
  ['joules_per_token', 'joules_per_token'],
  ['usd_per_million_tokens', 'usd_per_million_tokens'],
];

/** What follows from power, price and counts of the same row. */
const PER_REQUEST: readonly FlatColumn[] = [
  real('joules_per_request', (row) => row.run?.joules_per_request ?? Number.NaN),
  real('usd_per_request', (row) => row.run?.usd_per_request ?? Number.NaN),
  real('electricity_usd_per_hour', (row) => row.run?.electricity_usd_per_hour ?? Number.NaN),
  ...(['idle', 'compute', 'memory', 'network'] as const).map((part) =>
    real(`energy_${part}_share`, (row) => row.run?.energy_shares[part] ?? Number.NaN),
  ),
].map((column) => ({ ...column, beside: true as const }));

const RUN_INTEGER = [
  'completed',
  'rejected_kv',
  'rejected_length',
  'unfinished',
  'preemptions',
  'max_concurrent_requests',
  'num_gpu_blocks',
] as const satisfies readonly (keyof RunResult)[];

const CONFIGURATION_COLUMNS: readonly FlatColumn[] = [
  { name: 'row', type: 'INT64', read: (row) => row.row },
  integer('rank', (_, rank) => rank),
  flag('on_front', (row) => row.on_front),
  flag('simulated', (row) => row.run !== null),
  flag('slo_met', (row) => row.run?.slo_met ?? null),
  text('verdict', (row) => row.run?.verdict ?? null),
  text('basis', (row) => row.basis),
  ...(['ttft_pct', 'tpot_pct', 'throughput_pct', 'power_pct'] as const).map((field) => ({
    ...real(`band_${field}`, (row) => row.band[field]),
    beside: true as const,
  })),
  integer('devices', (row) => row.devices),
  real('usd_per_hour', (row) => row.usd_per_hour),
  ...CONFIGURATION_TEXT.map((field) => text(field, (row) => row.configuration[field])),
  ...CONFIGURATION_INTEGER.map((field) => integer(field, (row) => row.configuration[field])),
  ...CONFIGURATION_REAL.map((field) => real(field, (row) => row.configuration[field])),
];

const RESULT_COLUMNS: readonly FlatColumn[] = [
  real('screen_batch', (row) => row.screen.batch),
  real('screen_ttft_mean_ms', (row) => row.screen.ttft * 1000),
  real('screen_tpot_mean_ms', (row) => row.screen.tpot * 1000),
  real('screen_e2el_mean_ms', (row) => row.screen.e2el * 1000),
  real('screen_ttft_tail_ms', (row) => row.screen.ttft_tail * 1000),
  real('screen_tpot_tail_ms', (row) => row.screen.tpot_tail * 1000),
  real('screen_utilisation', (row) => row.screen.utilisation),
  real('screen_output_throughput_per_device', (row) => row.screen.output_throughput_per_device),
  real('screen_usd_per_million_tokens', (row) => row.screen.usd_per_million_tokens),
  real('screen_power_w', (row) => row.screen.power_w),
  ...(['ttft', 'tpot', 'itl', 'e2el'] as const).flatMap((metric) =>
    latencyColumns<KeptRow>(metric, (row) => row.run?.[metric]),
  ),
  ...RUN_REAL.map(([field, name]) => real(name, (row) => (row.run ? Number(row.run[field]) : Number.NaN))),
  real('output_throughput_per_device', (row) => (row.run ? row.run.output_throughput / row.devices : Number.NaN)),
  ...RUN_INTEGER.map((field) => integer(field, (row) => row.run?.[field] ?? null)),
  ...PER_REQUEST,
];

/** The columns of every table. */
export const FLAT_COLUMNS: readonly FlatColumn[] = [...CONFIGURATION_COLUMNS, ...RESULT_COLUMNS];

/** The columns of a table of these rows: those of every table, and the rare settings that they have. */
export function columnsOf(kept: readonly KeptRow[]): readonly FlatColumn[] {
  const rare = RARE.filter(({ column, otherwise }) => kept.some((row, i) => column.read(row, i + 1) !== otherwise));
  if (rare.length === 0) return FLAT_COLUMNS;
  return [...CONFIGURATION_COLUMNS, ...rare.map(({ column }) => column), ...RESULT_COLUMNS];
}
