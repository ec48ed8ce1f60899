// Configurations, limits and loads in words: every report says the same thing the same way.

import type { KeptRow, Summary, SweepResult } from '../metrics/types.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { AxisField, Configuration, LatencyMetric, Objective, Percentile, Slo, Spec } from '../spec/types.ts';
import { formatGiven, formatNumber, formatShort, formatUsd, plural } from './format.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** What to call an id; a path to a model is called by its folder or file name. */
export function labelOf(id: string, labels: Labels): string {
  if (id === '') return 'step_time';
  return labels?.[id] ?? (/[\\/]/.test(id) ? nameOfPath(id) : id);
}

function nameOfPath(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== 'config.json');
  return parts[parts.length - 1] ?? path;
}

/** "tp4", "tp2 pp2 ep8": only what is split, tp always. */
export function describeSplit(configuration: Configuration): string {
  const parts = [`tp${configuration.tensor_parallel_size}`];
  if (configuration.pipeline_parallel_size > 1) parts.push(`pp${configuration.pipeline_parallel_size}`);
  if (configuration.data_parallel_size > 1) parts.push(`dp${configuration.data_parallel_size}`);
  if (configuration.expert_parallel_size > 1) parts.push(`ep${configuration.expert_parallel_size}`);
  return parts.join(' ');
}

/** Whether a sweep compares models, so that every row must say which one it serves. */
export function comparesModels(spec: Spec): boolean {
  return spec.axes.some((axis) => axis.field === 'model' && axis.values.length > 1);
}

/** A model in few letters: its catalog id, or what its path is called. */
export function shortModel(configuration: Configuration): string {
  return labelOf(configuration.model, undefined);
}

/**
 * "4x H100 SXM tp2 x2 fp8": devices, split, replicas, format of the weights unless it is the checkpoint's; the model first
 * where a sweep compares several.
 */
export function describeDeployment(configuration: Configuration, devices: number, labels: Labels, spec?: Spec): string {
  const format = configuration.quantization === 'auto' ? '' : ` ${configuration.quantization}`;
  const split = `${describeSplit(configuration)} x${configuration.replicas}`;
  const model = spec && comparesModels(spec) ? `${shortModel(configuration)} on ` : '';
  return `${model}${devices}x ${labelOf(configuration.hardware, labels)} ${split}${format}`;
}

/** Fields that a deployment and its limits already show. */
const SHOWN: ReadonlySet<AxisField> = new Set([
  'model',
  'hardware',
  'replicas',
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'expert_parallel_size',
  'quantization',
  'batching',
  'max_num_seqs',
  'max_num_batched_tokens',
]);

const SHORT_FIELD: Partial<Record<AxisField, string>> = {
  kv_cache_dtype: 'kv',
  gpu_memory_utilization: 'mem',
  request_rate: 'req/s',
  block_size: 'block',
  num_gpu_blocks: 'blocks',
  max_model_len: 'len',
  num_speculative_tokens: 'drafts',
};

/** "chunked 256/8192": batching, max_num_seqs/max_num_batched_tokens, and the axes that nothing else shows. */
export function describeEngine(configuration: Configuration, spec: Spec, labels: Labels): string {
  const { batching, max_num_seqs, max_num_batched_tokens } = configuration;
  const rest = spec.axes
    .filter((axis) => !SHOWN.has(axis.field) && axis.values.length > 1)
    .map((axis) => describeField(configuration, axis.field, labels));
  return [`${batching} ${max_num_seqs}/${max_num_batched_tokens}`, ...rest].join(' ');
}

function describeField(configuration: Configuration, field: AxisField, labels: Labels): string {
  const value = configuration[field];
  if (field === 'profile') return labelOf(String(value), labels);
  const name = SHORT_FIELD[field];
  return name ? `${name}=${value}` : String(value);
}

export const METRIC_WORDS: Readonly<Record<LatencyMetric, string>> = {
  ttft: 'TTFT',
  tpot: 'TPOT',
  itl: 'ITL',
  e2el: 'E2EL',
};

/** "p99 TTFT <= 1,000 ms". */
export function describeSlo(slo: Slo): string {
  return `${slo.percentile} ${METRIC_WORDS[slo.metric]} <= ${formatGiven(slo.limit * 1000)} ms`;
}

/** The percentile a column shows: the one the spec limits, or p99. */
export function shownPercentile(spec: Spec, metric: LatencyMetric): Percentile {
  return spec.slo.find((slo) => slo.metric === metric)?.percentile ?? 'p99';
}

export function readPercentile(summary: Summary, percentile: Percentile): number {
  return percentile === 'p99.9' ? summary.p999 : summary[percentile];
}

/** "at 50 req/s", "with 64 requests in flight", "all 1,000 requests at once", "replayed from trace.jsonl". */
export function describeLoad(spec: Spec): string {
  const { arrivals, requests, num_requests } = spec.workload;
  if (arrivals.process === 'closed-loop') return `with ${arrivals.max_concurrency} requests in flight`;
  if (requests !== null) return `replayed from ${nameOfPath(requests.file)}`;
  if (arrivals.process === 'all-at-once') return `all ${formatNumber(num_requests)} requests at once`;
  const rates = spec.axes.find((axis) => axis.field === 'request_rate')?.values;
  const shown = rates ?? [spec.base.request_rate];
  return `at ${shown.map((rate) => formatGiven(Number(rate))).join(', ')} req/s`;
}

export function describeLengths(result: SweepResult): string {
  const { prompt_mean, output_mean } = result.workload;
  return `${formatNumber(prompt_mean)} prompt and ${formatNumber(output_mean)} output tokens on average`;
}

export function describeObjective(objective: Objective): string {
  return OBJECTIVE[objective].words;
}

/** The figure the objective ranks by: of the simulation where there is one, else of the screen. NaN where unknown. */
export function objectiveValue(row: KeptRow, objective: Objective): number {
  switch (objective) {
    case 'usd_per_hour':
      return row.usd_per_hour;
    case 'devices':
      return row.devices;
    case 'usd_per_million_tokens':
      return row.run?.usd_per_million_tokens ?? row.screen.usd_per_million_tokens;
    case 'output_throughput_per_device':
      return throughputPerDevice(row);
    case 'tokens_per_joule':
      return row.run
        ? 1 / row.run.joules_per_token
        : (row.screen.output_throughput_per_device * row.devices) / row.screen.power_w;
  }
}

export function describeObjectiveValue(row: KeptRow, objective: Objective): string {
  const value = formatShort(objectiveValue(row, objective));
  switch (objective) {
    case 'usd_per_hour':
      return Number.isNaN(row.usd_per_hour) ? 'price unknown' : `$${formatUsd(row.usd_per_hour)}/h`;
    case 'devices':
      return plural(row.devices, 'device');
    case 'usd_per_million_tokens':
      return `$${value} per million output tokens`;
    case 'output_throughput_per_device':
      return `${value} tok/s per device`;
    case 'tokens_per_joule':
      return `${value} tokens per joule`;
  }
}

/** Output tokens per second and device. */
export function throughputPerDevice(row: KeptRow): number {
  return row.run ? row.run.output_throughput / row.devices : row.screen.output_throughput_per_device;
}

/** Output tokens per second a user sees: 1 / mean TPOT. */
export function tokensPerUser(row: KeptRow): number {
  return 1 / (row.run ? row.run.tpot.mean : row.screen.tpot);
}
