// Prometheus text with the metric names of vLLM's /metrics, as they stand at the end of the run. Source: vllm/v1/metrics/loggers.py.
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import type { ItlHistogram } from '../../metrics/itl.ts';
import { columnOf, type ExportFormat, type RequestRecord, recordsOf } from './records.ts';

/** vLLM's upper ends of buckets, s. */
const FIRST_TOKEN = [
  ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560],
];
const TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const REQUEST = [...[0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]];
/** 1, 2, 5, 10, ... tokens. */
const TOKENS = Array.from({ length: 18 }, (_, i) => [1, 2, 5][i % 3]! * 10 ** Math.floor(i / 3));

/** What is counted of every request. */
interface Histogram {
  readonly name: string;
  readonly help: string;
  readonly ends: readonly number[];
  readonly of: Counted;
}
type Counted = 'ttft' | 'tpot' | 'e2el' | 'prompt' | 'output';

const HISTOGRAMS: readonly Histogram[] = [
  {
    name: 'vllm:time_to_first_token_seconds',
    help: 'Histogram of time to first token in seconds.',
    ends: FIRST_TOKEN,
    of: 'ttft',
  },
  {
    name: 'vllm:request_time_per_output_token_seconds',
    help: 'Histogram of time_per_output_token_seconds per request.',
    ends: TOKEN,
    of: 'tpot',
  },
  {
    name: 'vllm:e2e_request_latency_seconds',
    help: 'Histogram of e2e request latency in seconds.',
    ends: REQUEST,
    of: 'e2el',
  },
  {
    name: 'vllm:request_prompt_tokens',
    help: 'Number of prefill tokens processed.',
    ends: TOKENS,
    of: 'prompt',
  },
  {
    name: 'vllm:request_generation_tokens',
    help: 'Number of generation tokens processed.',
    ends: TOKENS,
    of: 'output',
  },
];

/** A label's value. */
const escaped = (text: string): string => text.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));

const labelsOf = (model: string): string => `engine="0",model_name="${escaped(model)}"`;

/** Text of one family. */
function family(name: string, type: string, help: string, samples: readonly (readonly [string, number])[]): string {
  const lines = samples.map(([key, value]) => `${key} ${Number.isFinite(value) ? value : 'NaN'}`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
}

/** Counts up to each end, as Prometheus has them. */
function histogramText({ name, help, ends }: Omit<Histogram, 'of'>, labels: string, values: Float64Array): string {
  const measured = values.filter((value) => !Number.isNaN(value));
  const sum = measured.reduce((total, value) => total + value, 0);
  return bucketText(
    name,
    help,
    ends,
    labels,
    (end) => measured.filter((value) => value <= end).length,
    measured.length,
    sum,
  );
}

function bucketText(
  name: string,
  help: string,
  ends: readonly number[],
  labels: string,
  upTo: (end: number) => number,
  count: number,
  sum: number,
): string {
  const samples = [...ends.map((end) => [end, upTo(end)] as const), ['+Inf', count] as const].map(
    ([end, value]) =>
      [
        `${name}_bucket{${labels},le="${typeof end === 'number' && Number.isInteger(end) ? end.toFixed(1) : end}"}`,
        value,
      ] as const,
  );
  return family(name, 'histogram', help, [
    ...samples,
    [`${name}_count{${labels}}`, count],
    [`${name}_sum{${labels}}`, sum],
  ]);
}

/** The pooled gaps between tokens, of a histogram that is finer than these buckets: a bin counts where its lower end lies. */
function gapText(itl: ItlHistogram, labels: string, sum: number): string {
  const upTo = (end: number) =>
    itl.weights.reduce((total, weight, i) => (itl.edges[i]! < end ? total + weight : total), 0);
  const help = 'Histogram of inter-token latency in seconds.';
  const count = upTo(Number.POSITIVE_INFINITY);
  return bucketText('vllm:inter_token_latency_seconds', help, TOKEN, labels, upTo, count, sum);
}

export const PROMETHEUS: ExportFormat = {
  words: "Prometheus text with vLLM's metric names, at the end of the run",
  *write(run) {
    const { measured, context } = run;
    const labels = labelsOf(context.models.join(', '));
    const records = [...recordsOf(run)];
    for (const one of HISTOGRAMS)
      yield histogramText(
        one,
        labels,
        columnOf(records, (record) => record[one.of]),
      );
    const { itl } = measured.run;
    const { mean } = measured.result.itl;
    if (itl && Number.isFinite(mean)) {
      const count = itl.weights.reduce((total, weight) => total + weight, 0);
      yield gapText(itl, labels, mean * count);
    }
    yield* counters(measured, records, labels);
  },
};

function* counters({ result }: MeasuredFleet, records: readonly RequestRecord[], labels: string): Generator<string> {
  const done = records.filter(({ finished }) => finished);
  const sum = (of: (record: RequestRecord) => number) => done.reduce((total, record) => total + of(record), 0);
  const counter = (name: string, help: string, value: number, more = '') =>
    family(name, 'counter', help, [[`${name}_total{${labels}${more}}`, value]]);
  yield counter(
    'vllm:prompt_tokens',
    'Number of prefill tokens processed.',
    sum(({ prompt }) => prompt),
  );
  yield counter(
    'vllm:generation_tokens',
    'Number of generation tokens processed.',
    sum(({ output }) => output),
  );
  yield counter(
    'vllm:request_success',
    'Count of successfully processed requests.',
    done.length,
    ',finished_reason="length"',
  );
  yield counter('vllm:num_preemptions', 'Cumulative number of preemption from the engine.', result.preemptions);
  yield counter(
    'vllm:prefix_cache_queries',
    'Prefix cache queries, in terms of number of queried tokens.',
    sum(({ prompt }) => prompt),
  );
  yield counter(
    'vllm:prefix_cache_hits',
    'Prefix cache hits, in terms of number of cached tokens.',
    sum(({ cached }) => cached),
  );
  yield gauges({ running: 0, waiting: 0, kvUse: result.peak_kv_use }, labels);
}

/** What is under way: at the end of a run nothing, and of the KV cache its peak. */
export interface LiveLoad {
  readonly running: number;
  readonly waiting: number;
  readonly kvUse: number;
}

function gauges({ running, waiting, kvUse }: LiveLoad, labels: string): string {
  const gauge = (name: string, help: string, value: number) =>
    family(name, 'gauge', help, [[`${name}{${labels}}`, value]]);
  return [
    gauge('vllm:num_requests_running', 'Number of requests in model execution batches.', running),
    gauge('vllm:num_requests_waiting', 'Number of requests waiting to be processed.', waiting),
    gauge('vllm:kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', kvUse),
  ].join('');
}

/** The same of a server that runs: what is over by now, and what is under way. Times in s. */
export function liveText(model: string, load: LiveLoad, done: Readonly<Record<Counted, Float64Array>>): string {
  const labels = labelsOf(model);
  return HISTOGRAMS.map((one) => histogramText(one, labels, done[one.of])).join('') + gauges(load, labels);
}
