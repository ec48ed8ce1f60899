// Rows, limits and loads in words: every report says the same thing the same way.
import { achieved } from '../metrics/limits.ts';
import { type Devices, type KeptRow, rowScore, type SweepResult } from '../metrics/sweep.ts';
import { explainBudget } from '../spec/budget.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import { soleConfiguration } from '../spec/shape.ts';
import type { Configuration, LatencyMetric, Objective, Percentile, Slo } from '../spec/types.ts';
import { describeAxes } from './describe-axes.ts';
import { formatGiven, formatMs, formatNumber, formatShort, formatUsd, listWords, plural } from './format.ts';

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

const SOLE = new WeakMap<KeptRow, { readonly configuration: Configuration | null }>();

/** The engines of a row that is one pool of them; null of any other fleet. */
export function engineOf(row: KeptRow, result: Pick<SweepResult, 'specAt'>): Configuration | null {
  const known = SOLE.get(row);
  if (known) return known.configuration;
  const configuration = soleConfiguration(result.specAt(row.row));
  SOLE.set(row, { configuration });
  return configuration;
}

/** Fields of a pool that the words of a deployment show; `settings` has the others. */
const OF_DEPLOYMENT: ReadonlySet<string> = new Set([
  ...['hardware', 'count', 'replicas', 'quantization', 'model'],
  ...['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'],
]);
const OF_ENGINE: ReadonlySet<string> = new Set(['batching', 'max_num_seqs', 'max_num_batched_tokens']);

/** Whether a sweep compares models, so that every row must say which one it serves. */
export function comparesModels({ axes }: Pick<SweepResult, 'axes'>): boolean {
  return axes.some(({ short }) => short === 'model');
}

/**
 * "4x H100 SXM tp2 x2 fp8": devices, split, replicas, format of the weights unless it is the checkpoint's; the model first where a sweep
 * compares several. Of a fleet of several pools, what was chosen.
 */
export function describeDeployment(row: KeptRow, result: SweepResult): string {
  const c = engineOf(row, result);
  if (c === null || c.hardware === '') return describeAxes(row.choices) || describeDevices(row.hosts, row.devices);
  const format = c.quantization === 'auto' ? '' : ` ${c.quantization}`;
  const model = comparesModels(result) ? `${labelOf(c.model, undefined)} on ` : '';
  return `${model}${row.devices}x ${labelOf(c.hardware, result.labels)} ${describeSplit(c)} x${c.replicas}${format}`;
}

/** "chunked 256/8192": batching, max_num_seqs/max_num_batched_tokens, and the axes that nothing else shows; '' of several pools. */
export function describeSettings(row: KeptRow, result: SweepResult): string {
  const c = engineOf(row, result);
  if (c === null || c.hardware === '') return '';
  const rest = new Map([...row.choices].filter(([axis]) => !isShown(axis)));
  const others = describeAxes(rest);
  return `${c.batching} ${c.max_num_seqs}/${c.max_num_batched_tokens}${others === '' ? '' : ` ${others}`}`;
}

function isShown(axis: string): boolean {
  const parts = axis.split('.');
  const key = parts.at(-1)!;
  if (parts[0] === 'workload' || parts[0] === 'slo') return false;
  return parts.length <= 3 && (OF_DEPLOYMENT.has(key) || OF_ENGINE.has(key));
}

/** Everything that was chosen, in words: the deployment, and those of its settings that an axis decided. */
export function describeRow(row: KeptRow, result: SweepResult): string {
  const words = describeDeployment(row, result);
  const settings = describeSettings(row, result);
  const chosen = [...row.choices.keys()].some((axis) => !OF_DEPLOYMENT.has(axis.split('.').at(-1)!));
  return settings !== '' && chosen ? `${words}, ${settings}` : words;
}

/** "10 accelerators + 2 CPU sockets"; of one kind "12 devices". */
export function describeDevices(hosts: readonly Devices[], devices: number): string {
  const sum = (processors: boolean) =>
    hosts.reduce((total, host) => (host.processors === processors ? total + host.count : total), 0);
  const [accelerators, sockets] = [sum(false), sum(true)];
  if (accelerators === 0 || sockets === 0) return plural(devices, 'device');
  return `${plural(accelerators, 'accelerator')} + ${plural(sockets, 'CPU socket')}`;
}

/** "4 × H100 SXM", "8 × H100 SXM + 2 × Xeon". */
export function describeHosts(hosts: readonly Devices[], labels: Labels): string {
  return hosts.map(({ hardware, count }) => `${count} × ${labelOf(hardware, labels)}`).join(' + ');
}

/** The accelerator that a row's curve belongs to: its hardware, or all of it together. */
export function hardwareOf({ hosts }: KeptRow, labels: Labels): string {
  const accelerators = hosts.filter(({ processors }) => !processors);
  return (accelerators.length > 0 ? accelerators : hosts).map(({ hardware }) => labelOf(hardware, labels)).join(' + ');
}

export const METRIC_WORDS: Readonly<Record<LatencyMetric, string>> = {
  ttft: 'TTFT',
  tpot: 'TPOT',
  itl: 'ITL',
  e2el: 'E2EL',
};

/** "p99 TTFT <= 1,000 ms". */
export function describeSlo(slo: Slo): string {
  const limit = slo.times === undefined ? `${formatGiven(slo.limit * 1000)} ms` : `${slo.times}x unloaded`;
  return `${slo.percentile} ${METRIC_WORDS[slo.metric]} <= ${limit}`;
}

/** "1,000 ms", or what a lone request of the row makes of a relative limit: "56.7 ms (3x unloaded)". */
export function limitOfRow({ limit, times }: Slo): string {
  return times === undefined ? `${formatGiven(limit * 1000)} ms` : `${formatMs(limit)} ms (${times}x unloaded)`;
}

/** Limits that all rows have, in words: those that an axis varies are named without a figure. */
export function describeLimits({ first, axes }: Pick<SweepResult, 'first' | 'axes'>): string {
  const varied = axes.some(({ name }) => name.startsWith('slo'));
  const budget = explainBudget(first.budget ?? {}).map((words) => `at most ${words}`);
  if (varied || axes.some(({ name }) => name.startsWith('budget'))) return 'its limits';
  return listWords([...first.slo.map(describeSlo), ...budget]);
}

/** The percentile a column shows: the one the spec limits, or p99. */
export function shownPercentile(slo: readonly Slo[], metric: LatencyMetric): Percentile {
  return slo.find((limit) => limit.metric === metric)?.percentile ?? 'p99';
}

/** The tail of a latency, s: simulated, or as the screen estimates it. NaN where neither has one. */
export function tailOf(row: KeptRow, result: Pick<SweepResult, 'first'>, metric: LatencyMetric): number {
  const percentile = shownPercentile(result.first.slo, metric);
  if (row.result) return achieved(row.result, { metric, percentile });
  const { screen } = row;
  if (screen === null || metric === 'itl') return Number.NaN;
  return { ttft: screen.ttft_tail, tpot: screen.tpot_tail, e2el: screen.e2el }[metric];
}

/** "at 50 req/s", "with 64 requests in flight", "all 1,000 requests at once", "replayed from trace.jsonl". */
export function describeLoad({ first, axes }: Pick<SweepResult, 'first' | 'axes'>): string {
  const { arrivals, requests, num_requests, request_rate } = first.workload;
  const rates = axes.find(({ name }) => name === 'workload.request_rate')?.labels;
  if (arrivals.process === 'closed-loop') return `with ${arrivals.max_concurrency} requests in flight`;
  if (requests !== null && !rates) return `replayed from ${nameOfPath(requests.file)}`;
  if (arrivals.process === 'all-at-once') return `all ${formatNumber(num_requests)} requests at once`;
  return `at ${(rates ?? [formatGiven(request_rate)]).join(', ')} req/s`;
}

export function describeLengths({ workload }: Pick<SweepResult, 'workload'>): string {
  const { prompt_mean, output_mean } = workload;
  return `${formatNumber(prompt_mean)} prompt and ${formatNumber(output_mean)} output tokens on average`;
}

export function describeObjective(objective: Objective): string {
  return OBJECTIVE[objective].words;
}

/** The figure the objective ranks by: of the simulation where there is one, else of the screen. NaN where unknown. */
export function objectiveValue(row: KeptRow, objective: Objective): number {
  if (objective === 'usd_per_hour') return row.usd_per_hour;
  if (objective === 'devices') return row.devices;
  if (objective === 'watts') return powerOf(row);
  if (objective === 'usd_per_million_tokens') return usdPerMillionTokens(row);
  if (objective === 'output_throughput_per_device') return throughputPerDevice(row);
  if (objective === 'goodput') return row.result?.request_goodput ?? Number.NaN;
  if (objective === 'total_usd') return row.result ? rowScore(objective, row.result) : Number.NaN;
  if (row.result) return 1 / rowScore(objective, row.result);
  return (throughputPerDevice(row) * row.devices) / (row.screen?.power_w ?? Number.NaN);
}

export function describeObjectiveValue(row: KeptRow, objective: Objective): string {
  const value = formatShort(objectiveValue(row, objective));
  switch (objective) {
    case 'usd_per_hour':
      return Number.isNaN(row.usd_per_hour) ? 'price unknown' : `$${formatUsd(row.usd_per_hour)}/h`;
    case 'devices':
      return describeDevices(row.hosts, row.devices);
    case 'watts':
      return `${value} W`;
    case 'usd_per_million_tokens':
      return `$${value} per million output tokens`;
    case 'output_throughput_per_device':
      return `${value} tok/s per device`;
    case 'tokens_per_joule':
      return `${value} tokens per joule`;
    case 'goodput':
      return `${value} requests/s within the limits`;
    case 'total_usd':
      return `$${formatUsd(objectiveValue(row, objective))} for all requests`;
  }
}

export function usdPerMillionTokens({ result, screen }: KeptRow): number {
  return result?.usd_per_million_tokens ?? screen?.usd_per_million_tokens ?? Number.NaN;
}

/** Output tokens per second and device. */
export function throughputPerDevice({ result, screen, devices }: KeptRow): number {
  if (result) return devices > 0 ? result.output_throughput / devices : Number.NaN;
  return screen?.output_throughput_per_device ?? Number.NaN;
}

/** Output tokens per second a user sees: 1 / mean TPOT. */
export function tokensPerUser({ result, screen }: KeptRow): number {
  return 1 / (result?.tpot.mean ?? screen?.tpot ?? Number.NaN);
}

export function powerOf({ result, screen }: KeptRow): number {
  return result?.power_w ?? screen?.power_w ?? Number.NaN;
}
