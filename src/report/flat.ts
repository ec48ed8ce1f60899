// One kept row as one flat row: the columns of the CSV, the Parquet file and the JSON, defined once. The axes come first, then figures.

import type { Statistic } from '../metrics/sampling.ts';
import type { FleetSummary, KeptRow, ScreenFigures, SweepResult } from '../metrics/sweep.ts';
import { isAtCapacity, type Summary } from '../metrics/types.ts';

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

/** Runs that were given up have counted nothing. */
const counted = (count: number | undefined): number | null =>
  count === undefined || Number.isNaN(count) ? null : count;
const integer = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'INT32', read });
const text = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'STRING', read });
const flag = (name: string, read: FlatColumn['read']): FlatColumn => ({ name, type: 'BOOLEAN', read });
const real = (name: string, read: (row: KeptRow) => number | undefined): FlatColumn => ({
  name,
  type: 'DOUBLE',
  read: (row) => finiteOrNull(read(row) ?? Number.NaN),
});
const beside = (column: FlatColumn): FlatColumn => ({ ...column, beside: true });

/** Infinity (a price per token of nothing) and NaN are both "no value" to a reader of tables. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Statistics of a latency and what their columns are called. */
const STATISTICS: readonly (readonly [keyof Summary, string])[] = [
  ['mean', 'mean'],
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p999', 'p99_9'],
];

/** Milliseconds: `ttft_p99_ms`; names of a run's figures are those of `vllm bench serve` where it has one. */
export function latencyColumns<Row>(metric: string, read: (row: Row) => Summary | undefined): Column<Row>[] {
  return STATISTICS.map(([field, name]) => ({
    name: `${metric}_${name}_ms`,
    type: 'DOUBLE',
    read: (row) => finiteOrNull((read(row)?.[field] ?? Number.NaN) * 1000),
  }));
}

const HEAD: readonly FlatColumn[] = [
  { name: 'row', type: 'INT64', read: (row) => row.row },
  integer('rank', (_, rank) => rank),
  flag('on_front', (row) => row.on_front),
  flag('simulated', (row) => row.result !== null),
  flag('slo_met', (row) => row.result?.slo_met ?? null),
  text('verdict', (row) => row.result?.verdict ?? null),
];

const FACTS: readonly FlatColumn[] = [
  beside(text('basis', (row) => row.trust?.basis ?? null)),
  beside(text('regime', (row) => row.trust?.regime ?? null)),
  ...(['ttft_pct', 'tpot_pct', 'throughput_pct', 'power_pct'] as const).map((field) =>
    beside(real(`band_${field}`, (row) => row.trust?.band[field])),
  ),
  beside(flag('latencies_determined', ({ result }) => (result ? !isAtCapacity(result) : null))),
  integer('devices', (row) => row.devices),
  real('usd_per_hour', (row) => row.usd_per_hour),
];

/** Estimates of the screen: the figure, its column, and what makes its unit. */
const SCREENED: readonly (readonly [keyof ScreenFigures, string, number])[] = [
  ['batch', 'batch', 1],
  ['ttft', 'ttft_mean_ms', 1000],
  ['tpot', 'tpot_mean_ms', 1000],
  ['e2el', 'e2el_mean_ms', 1000],
  ['ttft_tail', 'ttft_tail_ms', 1000],
  ['tpot_tail', 'tpot_tail_ms', 1000],
  ['utilisation', 'utilisation', 1],
  ['output_throughput_per_device', 'output_throughput_per_device', 1],
  ['usd_per_million_tokens', 'usd_per_million_tokens', 1],
  ['power_w', 'power_w', 1],
];
const SCREEN_COLUMNS: readonly FlatColumn[] = SCREENED.map(([field, name, scale]) =>
  real(`screen_${name}`, (row) => (row.screen ? row.screen[field] * scale : undefined)),
);

const METRICS = ['ttft', 'tpot', 'itl', 'e2el'] as const;

const REAL = [
  'request_throughput',
  'request_goodput',
  'good_fraction',
  'output_throughput',
  'total_token_throughput',
  'utilisation',
  'mean_batch',
  'peak_kv_use',
  'power_w',
  'joules_per_token',
  'usd_per_million_tokens',
] as const satisfies readonly (keyof FleetSummary)[];

const COUNTS = [
  'completed',
  'rejected_kv',
  'rejected_length',
  'unfinished',
  'preemptions',
  'max_concurrent_requests',
] as const satisfies readonly (keyof FleetSummary)[];

const RESULT_COLUMNS: readonly FlatColumn[] = [
  ...METRICS.flatMap((metric) => latencyColumns<KeptRow>(metric, (row) => row.result?.[metric])),
  real('duration_s', (row) => row.result?.duration),
  ...REAL.map((field) => real(field, (row) => row.result?.[field])),
  real('output_throughput_per_device', (row) =>
    row.result && row.devices > 0 ? row.result.output_throughput / row.devices : undefined,
  ),
  ...COUNTS.map((field) => integer(field, (row) => counted(row.result?.[field]))),
  // what follows from power, price and counts of the same row
  ...(['joules_per_request', 'usd_per_request', 'electricity_usd_per_hour'] as const).map((field) =>
    beside(real(field, (row) => row.result?.[field])),
  ),
  ...(['idle', 'compute', 'memory', 'network'] as const).map((part) =>
    beside(real(`energy_${part}_share`, (row) => row.result?.energy_shares[part])),
  ),
];

/** Ends of the sampling intervals (95 %) of rows that keep the promise: `ttft_p99_low_ms`; no high where there is none. */
const SAMPLING: readonly FlatColumn[] = (['ttft', 'tpot', 'e2el'] as const).flatMap((metric) =>
  STATISTICS.flatMap(([field, name]) =>
    (['low', 'high'] as const).map((end, i) =>
      beside(
        real(
          `${metric}_${name}_${end}_ms`,
          (row) => (row.result?.sampling?.[metric][field as Statistic][i] ?? Number.NaN) * 1000,
        ),
      ),
    ),
  ),
);

/** Of all pools whose instances start and stop. */
function sumReplicas({ result }: KeptRow, field: 'mean' | 'peak' | 'starts'): number | undefined {
  return result?.autoscaled?.reduce((sum, pool) => sum + pool[field], 0);
}

/** Columns of what few rows have: there only where some row has it. */
const RARE: readonly FlatColumn[] = [
  ...SAMPLING,
  ...latencyColumns<KeptRow>('first_answer', ({ result }) =>
    result && result.first_answer.mean !== result.ttft.mean ? result.first_answer : undefined,
  ),
  integer('swapped_out', (row) => row.result?.swapped_out ?? null),
  integer('swapped_in', (row) => row.result?.swapped_in ?? null),
  real('swap_s', (row) => row.result?.swap_s),
  integer('adapter_loads', (row) => row.result?.adapter_loads ?? null),
  integer('adapter_fetches', (row) => row.result?.adapter_fetches ?? null),
  real('adapter_load_s', (row) => row.result?.adapter_load_s),
  real('fair_gap', (row) => row.result?.fair_gap),
  real('mean_replicas', (row) => sumReplicas(row, 'mean')),
  integer('peak_replicas', (row) => sumReplicas(row, 'peak') ?? null),
  integer('instance_starts', (row) => sumReplicas(row, 'starts') ?? null),
  integer('instance_failures', (row) => row.result?.instance_failures ?? null),
  real('availability', (row) => row.result?.availability),
  ...(['rejected_queue', 'timed_out', 'failed', 'retried', 'wasted_tokens'] as const).map((field) =>
    integer(field, (row) => row.result?.[field] ?? null),
  ),
  ...(['count', 'kept', 'least'] as const).map((field) => beside(real(`draws_${field}`, (row) => row.drawn?.[field]))),
  integer('times_as_long', ({ times }) => (times > 1 ? times : null)),
  text('unpriced', (row) => row.result?.unpriced.join(' ') || null),
  text('stopped', (row) => row.result?.stopped || null),
];

const FIXED = [...HEAD, ...FACTS, ...SCREEN_COLUMNS, ...RESULT_COLUMNS, ...RARE];

/** The columns of a sweep: its axes by their short names where no figure is called so, empty where a row does not have one. */
export function columnsOf({ axes, kept, screened }: Pick<SweepResult, 'axes' | 'kept' | 'screened'>): FlatColumn[] {
  const chosen = axes.map(({ name, short, labels }): FlatColumn => {
    const taken = FIXED.some((column) => column.name === short);
    const read = ({ choices }: KeptRow) => choices.get(name) ?? null;
    const column = taken ? name : short;
    if (!labels.every(isNumber)) return text(column, read);
    return { name: column, type: 'DOUBLE', read: (row) => (read(row) === null ? null : Number(read(row))) };
  });
  const rare = RARE.filter((column) => kept.some((row, i) => column.read(row, i + 1) !== null));
  return [...HEAD, ...chosen, ...FACTS, ...(screened ? SCREEN_COLUMNS : []), ...RESULT_COLUMNS, ...rare];
}

const isNumber = (label: string): boolean => label !== '' && String(Number(label)) === label;
