// How a spec was understood, in words: what is fixed, what is an axis, and how many rows that makes.

import type { LengthSpec } from '../check/drawn.ts';
import { type EngineLog, logWords } from './engine-log.ts';
import { FIELDS } from './fields.ts';
import { explainPower } from './power.ts';
import { explainCurve } from './rate-curve.ts';
import { countRows } from './rows.ts';
import { sloName } from './slo.ts';
import type { Axis, Configuration, Spec, WorkloadSpec } from './types.ts';
import { PROFILE_FIELDS } from './words.ts';

const SHOWN_VALUES = 12;

/** A few lines for the terminal. */
export function explainSpec(spec: Spec): string {
  const rows: [string, string][] = [
    ['name', spec.name],
    ['traffic', explainTraffic(spec.workload)],
    ['limits', spec.slo.map((limit) => `${sloName(limit)} <= ${seconds(limit.limit)}`).join(', ') || 'none'],
    ['best has', `${direction(spec)} ${spec.objective}`],
    ['reports', `the best ${spec.top}; simulates at most ${spec.settle}`],
    ...overrides(spec),
    ...explainFields(spec),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  const lines = rows.map(([key, text]) => `${key.padEnd(width)}  ${text}`);
  return `${lines.join('\n')}\n\n${explainRows(spec)}\n`;
}

/** The same as data: the spec without its text, and its number of rows. */
export function describeSpec(spec: Spec): object {
  const { text: _, ...understood } = spec;
  return { rows: countRows(spec), ...understood };
}

function explainFields(spec: Spec): [string, string][] {
  const axes = new Map<string, Axis>(spec.axes.map((axis) => [axis.field, axis]));
  const byProfile = new Set<string>(spec.profileDefaults ? blankFields(spec) : []);
  const fields = Object.entries(spec.base).filter(([field, value]) => !hidden(field as keyof Configuration, value));
  return fields.map(([field, value]) => {
    const axis = axes.get(field);
    if (axis) return [field, `${axis.values.length} values: ${listed(axis.values)}`];
    if (byProfile.has(field)) return [field, profileValues(spec, field)];
    if (field === 'kv_log') return [field, logWords(value as EngineLog)];
    return [field, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  });
}

/** Zero or empty means "does not apply" in these fields. */
function hidden(field: keyof Configuration, value: unknown): boolean {
  if (value === null || value === '') return true;
  if (field === 'preemption_mode' || field === 'swap_space' || field === 'num_scheduler_steps')
    return value === FIELDS[field].otherwise;
  return (
    value === 0 &&
    [
      'max_model_len',
      'num_gpu_blocks',
      'num_cpu_blocks',
      'watermark',
      'num_speculative_tokens',
      'request_rate',
    ].includes(field)
  );
}

function blankFields(spec: Spec): string[] {
  const first = Object.values(spec.profileDefaults ?? {})[0] ?? {};
  return PROFILE_FIELDS.filter((field) => field in first);
}

/** "256 (vllm-0.11 on l4), 1024 (vllm-0.11)"; a single value where all agree. */
function profileValues(spec: Spec, field: string): string {
  const values = Object.entries(spec.profileDefaults ?? {}).map(
    ([id, defaults]) => [id, String((defaults as Record<string, unknown>)[field])] as const,
  );
  if (values.every(([, value]) => value === values[0][1])) return values[0][1];
  return `as each profile has it: ${values.map(([id, value]) => `${value} (${id})`).join(', ')}`;
}

function listed(values: readonly (string | number)[]): string {
  if (values.length <= SHOWN_VALUES) return values.join(', ');
  return `${values.slice(0, SHOWN_VALUES - 1).join(', ')}, ... ${values[values.length - 1]}`;
}

function overrides(spec: Spec): [string, string][] {
  const lines: [string, string][] = [];
  for (const [id, price] of Object.entries(spec.prices)) lines.push(['price', `${id}: ${price} USD per device-hour`]);
  for (const [id, watts] of Object.entries(spec.watts)) lines.push(['power', `${id}: ${watts} W per device`]);
  if (spec.power.pue !== 1 || spec.power.usd_per_kwh !== null) lines.push(['site', explainPower(spec.power)]);
  return lines;
}

function direction({ objective }: Spec): 'most' | 'least' {
  return objective === 'output_throughput_per_device' || objective === 'tokens_per_joule' ? 'most' : 'least';
}

function explainRows(spec: Spec): string {
  const rows = countRows(spec);
  if (spec.axes.length === 0) return '1 configuration: mist run';
  const product = spec.axes.map((axis) => `${axis.field} ${axis.values.length}`).join(' x ');
  return `${rows.toLocaleString('en-US')} configurations = ${product}`;
}

function explainTraffic(workload: WorkloadSpec): string {
  const { requests, lengths, arrivals, request_rate: rate, num_requests: count, seed } = workload;
  const number = count === 0 ? 'all' : String(count);
  const { process, ...parameters } = arrivals;
  const details =
    arrivals.process === 'curve'
      ? [explainCurve(arrivals)]
      : Object.entries(parameters).map(([key, value]) => `${key} ${value}`);
  const offered = rate > 0 ? [`${rate} requests/s`] : [];
  if (requests) {
    const closed = process === 'closed-loop' ? [process, ...details] : [];
    const faster = requests.rate_scale === 1 ? [] : [`${requests.rate_scale} times as fast`];
    return [`${number} requests of ${requests.file}`, ...closed, ...offered, ...faster].join(', ');
  }
  const tokens =
    typeof lengths === 'string' || lengths === null
      ? `lengths of ${lengths}`
      : `${explainLength(lengths.input_len)} in, ${explainLength(lengths.output_len)} out`;
  return `${number} requests, ${[process, ...details, ...offered].join(', ')}; ${tokens}; seed ${seed}`;
}

function explainLength(length: LengthSpec): string {
  if (length.kind === 'fixed') return `${length.value} tokens`;
  if (length.kind === 'uniform') return `${length.min} to ${length.max} tokens`;
  return `${length.kind} ${length.mean} +- ${length.std} tokens (${length.min} to ${length.max})`;
}

function seconds(value: number): string {
  return value < 1 ? `${Number((value * 1000).toPrecision(12))} ms` : `${value} s`;
}
