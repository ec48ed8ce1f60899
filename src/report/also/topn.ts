// best_config_topn.csv as AIConfigurator writes it, so that what reads its files reads ours: the names and units of its columns (ms, GPUs,
// tokens/s), one table for engines that do everything ("agg") and one for prefill and decode apart ("disagg"). From its documentation
// and files; columns of its own cost model that have no counterpart here are left out.
import { engineOfProfile } from '../../catalog/engine-versions.ts';
import type { FleetSummary, KeptRow, SweepResult } from '../../metrics/sweep.ts';
import type { FleetSpec, LlmPool } from '../../spec/fleet/types.ts';
import { poolsOfKind } from '../../spec/fleet/types.ts';
import { columnLines } from '../csv.ts';
import type { Cell, Column } from '../flat.ts';
import { finiteOrNull } from '../flat.ts';

/** A row with the pools that it stands on. */
interface Deployed {
  readonly row: KeptRow;
  readonly run: FleetSummary;
  readonly spec: FleetSpec;
  readonly pools: readonly LlmPool[];
}

type Reader = (row: Deployed, rank: number) => Cell;

/** Its words for formats of weights, and of the KV cache. */
const FORMATS: Readonly<Record<string, string>> = {
  ...{ bf16: 'bfloat16', fp16: 'float16', 'fp8-block': 'fp8_block', int8: 'int8_wo', int4: 'int4_wo' },
};

/** "h100-sxm-80gb" → "h100_sxm": its systems are called by board, without the memory where there is one size of it. */
const systemOf = (hardware: string): string => hardware.replace(/-\d+gb$/, '').replaceAll('-', '_');

const formatOf = (format: string): Cell => (format === 'auto' ? null : (FORMATS[format] ?? format));

/** Where the profile names a version, it stands behind the engine's name. */
function versionOf(profile: string): Cell {
  const [version] = /\d+(?:\.\d+)+.*$/.exec(profile) ?? [];
  return version ?? null;
}

const devicesOf = ({ configuration: c }: LlmPool): number =>
  c.tensor_parallel_size * c.pipeline_parallel_size * c.data_parallel_size;

/** "tp4pp1", with the ranks of attention and of experts where there are several. */
function parallelOf({ configuration: c }: LlmPool): string {
  const dp = c.data_parallel_size > 1 ? `dp${c.data_parallel_size}` : '';
  const ep = c.expert_parallel_size > 1 ? `etp1ep${c.expert_parallel_size}` : '';
  return `tp${c.tensor_parallel_size}pp${c.pipeline_parallel_size}${dp}${ep}`;
}

const ms = (seconds: number): Cell => finiteOrNull(seconds * 1e3);
const perDevice = (rate: number, { row }: Deployed): Cell => finiteOrNull(rate / row.devices);
const whole = (name: string, read: Reader): Column<Deployed> => ({ name, type: 'INT32', read });
const real = (name: string, read: Reader): Column<Deployed> => ({ name, type: 'DOUBLE', read });
const text = (name: string, read: Reader): Column<Deployed> => ({ name, type: 'STRING', read });

/** What does not depend on how the engines are split. */
const figuresOf = ({ workload }: SweepResult): readonly Column<Deployed>[] => [
  text('model', ({ pools }) => pools[0]?.configuration.model ?? null),
  real('isl', () => workload.prompt_mean),
  real('osl', () => workload.output_mean),
  // requests in flight, by Little's law
  real('concurrency', ({ run }) => finiteOrNull(run.request_throughput * run.e2el.mean)),
  real('request_rate', ({ spec }) => finiteOrNull(spec.workload.request_rate)),
  real('ttft', ({ run }) => ms(run.ttft.mean)),
  real('tpot', ({ run }) => ms(run.tpot.mean)),
  real('request_latency', ({ run }) => ms(run.e2el.mean)),
  real('seq/s', ({ run }) => finiteOrNull(run.request_throughput)),
  real('seq/s/gpu', (row) => perDevice(row.run.request_throughput, row)),
  real('tokens/s', ({ run }) => finiteOrNull(run.output_throughput)),
  real('tokens/s/gpu', (row) => perDevice(row.run.output_throughput, row)),
  real('tokens/s/user', ({ run }) => finiteOrNull(1 / run.tpot.mean)),
  whole('num_total_gpus', ({ row }) => row.devices),
];

/** Columns of one pool; `at`: which it is, `prefix`: before their names. */
function poolColumns(at: (row: Deployed) => LlmPool, prefix: string): Column<Deployed>[] {
  const c = (row: Deployed) => at(row).configuration;
  const columns: Column<Deployed>[] = [
    whole('workers', (row) => at(row).count),
    whole('tp', (row) => c(row).tensor_parallel_size),
    whole('pp', (row) => c(row).pipeline_parallel_size),
    whole('dp', (row) => c(row).data_parallel_size),
    whole('moe_ep', (row) => c(row).expert_parallel_size),
    text('parallel', (row) => parallelOf(at(row))),
    whole('gpus/worker', (row) => devicesOf(at(row))),
    text('gemm', (row) => formatOf(c(row).quantization)),
    text('kvcache', (row) => formatOf(c(row).kv_cache_dtype)),
    text('backend', (row) => engineOfProfile(c(row).profile)?.engine ?? null),
    text('version', (row) => versionOf(c(row).profile)),
    text('system', (row) => systemOf(c(row).hardware)),
  ];
  return columns.map((column) => ({ ...column, name: prefix + column.name }));
}

const roleOf = (role: LlmPool['role']) => (row: Deployed) => row.pools.find((pool) => pool.role === role)!;

const KINDS = {
  agg: {
    is: ({ pools }: Deployed) => pools.length === 1,
    columns: poolColumns(({ pools }) => pools[0]!, ''),
  },
  disagg: {
    is: ({ pools }: Deployed) =>
      pools.length === 2 && (['prefill', 'decode'] as const).every((role) => pools.some((pool) => pool.role === role)),
    columns: [...poolColumns(roleOf('prefill'), '(p)'), ...poolColumns(roleOf('decode'), '(d)')],
  },
} as const;

/** The best rows that keep the promise, `top` at most, of one kind; null where there is none. */
export function topnCsv(kind: keyof typeof KINDS, result: SweepResult): Generator<string> | null {
  const { is, columns } = KINDS[kind];
  const rows = result.kept.flatMap((row): Deployed[] => {
    if (!row.result?.slo_met) return [];
    const spec = result.specAt(row.row);
    const pools = poolsOfKind(spec, 'llm');
    const deployed = { row, run: row.result, spec, pools };
    return spec.pools.length === pools.length && is(deployed) ? [deployed] : [];
  });
  if (rows.length === 0) return null;
  return columnLines([whole('rank', (_, rank) => rank), ...figuresOf(result), ...columns], rows.slice(0, result.top));
}
