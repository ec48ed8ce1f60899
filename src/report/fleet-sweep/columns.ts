// A simulated row of a sweep of fleets as one flat row: the columns of its CSV, Parquet file and JSON, defined once.
import type { FleetKeptRow, FleetSummary, FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { type Column, finiteOrNull, latencyColumns } from '../flat.ts';

type FleetColumn = Column<FleetKeptRow>;

const real = (name: string, read: (result: FleetSummary) => number): FleetColumn => ({
  name,
  type: 'DOUBLE',
  read: ({ result }) => finiteOrNull(read(result)),
});
const integer = (name: string, read: (result: FleetSummary) => number): FleetColumn => ({
  name,
  type: 'INT32',
  read: ({ result }) => read(result),
});

const METRICS = ['ttft', 'first_answer', 'tpot', 'itl', 'e2el'] as const;
const FIGURES = [
  'request_throughput',
  'request_goodput',
  'good_fraction',
  'output_throughput',
  'total_token_throughput',
  'power_w',
  'joules_per_token',
  'joules_per_request',
  'usd_per_request',
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

/** What follows from power and price. */
const BESIDE: readonly FleetColumn[] = [
  real('electricity_usd_per_hour', (result) => result.electricity_usd_per_hour),
  ...(['idle', 'compute', 'memory', 'network'] as const).map((part) =>
    real(`energy_${part}_share`, (result) => result.energy_shares[part]),
  ),
];

/** Columns of a result: one per axis under its path, empty where a row does not have it. */
export function fleetColumns({ axes }: Pick<FleetSweepResult, 'axes'>): FleetColumn[] {
  return [
    { name: 'row', type: 'INT64', read: ({ row }) => row },
    { name: 'rank', type: 'INT32', read: (_, rank) => rank },
    { name: 'on_front', type: 'BOOLEAN', read: ({ on_front }) => on_front },
    { name: 'slo_met', type: 'BOOLEAN', read: ({ result }) => result.slo_met },
    { name: 'verdict', type: 'STRING', read: ({ result }) => result.verdict },
    ...axes.map(
      (axis): FleetColumn => ({ name: axis, type: 'STRING', read: ({ choices }) => choices.get(axis) ?? null }),
    ),
    { name: 'basis', type: 'STRING', read: ({ trust }) => trust?.basis ?? null, beside: true },
    ...(['ttft_pct', 'tpot_pct', 'throughput_pct', 'power_pct'] as const).map(
      (field): FleetColumn => ({
        name: `band_${field}`,
        type: 'DOUBLE',
        read: ({ trust }) => trust?.band[field] ?? null,
        beside: true,
      }),
    ),
    integer('devices', ({ devices }) => devices),
    real('usd_per_hour', ({ usd_per_hour }) => usd_per_hour),
    ...METRICS.flatMap((metric) => latencyColumns<FleetKeptRow>(metric, ({ result }) => result[metric])),
    real('duration_s', ({ duration }) => duration),
    ...FIGURES.map((field) => real(field, (result) => result[field])),
    ...BESIDE.map((column) => ({ ...column, beside: true as const })),
    ...COUNTS.map((field) => integer(field, (result) => result[field])),
    { name: 'unpriced', type: 'STRING', read: ({ result }) => result.unpriced.join(' ') || null },
    { name: 'stopped', type: 'STRING', read: ({ result }) => result.stopped || null },
  ];
}
