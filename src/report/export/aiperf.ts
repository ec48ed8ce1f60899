// AIPerf's files: profile_export_aiperf.json and .csv, and profile_export.jsonl with a record per request.
import { type Spread, spreadOf } from '../../metrics/summary.ts';
import { quoteCell } from '../csv.ts';
import { columnOf, type Exported, type ExportFormat, jsonText, type RequestRecord, recordsOf } from './records.ts';

/** A figure of every request: its tag, its heading in tables, its unit, and its value in that unit. */
interface Metric {
  readonly tag: string;
  readonly heading: string;
  readonly unit: string;
  of(record: RequestRecord): number;
}

/** AIPerf's inter token latency is (end to end - first token) / (output - 1) of each request, vLLM's TPOT. */
const METRICS: readonly Metric[] = [
  { tag: 'time_to_first_token', heading: 'Time to First Token (ms)', unit: 'ms', of: ({ ttft }) => ttft * 1e3 },
  { tag: 'request_latency', heading: 'Request Latency (ms)', unit: 'ms', of: ({ e2el }) => e2el * 1e3 },
  { tag: 'inter_token_latency', heading: 'Inter Token Latency (ms)', unit: 'ms', of: ({ tpot }) => tpot * 1e3 },
  {
    tag: 'output_token_throughput_per_user',
    heading: 'Output Token Throughput Per User (tokens/sec/user)',
    unit: 'tokens/sec/user',
    of: ({ tpot }) => 1 / tpot,
  },
  {
    tag: 'output_sequence_length',
    heading: 'Output Sequence Length (tokens)',
    unit: 'tokens',
    of: ({ output }) => output,
  },
  {
    tag: 'input_sequence_length',
    heading: 'Input Sequence Length (tokens)',
    unit: 'tokens',
    of: ({ prompt }) => prompt,
  },
];

/** Figures of the whole run. */
function scalarsOf({ measured: { result } }: Exported, records: readonly RequestRecord[]) {
  const failed = records.filter(({ finished }) => !finished).length;
  const rows: readonly (readonly [tag: string, heading: string, unit: string, value: number])[] = [
    ['output_token_throughput', 'Output Token Throughput (tokens/sec)', 'tokens/sec', result.output_throughput],
    ['request_throughput', 'Request Throughput (requests/sec)', 'requests/sec', result.request_throughput],
    ['request_count', 'Request Count (requests)', 'requests', records.length - failed],
    ['error_request_count', 'Error Request Count (requests)', 'requests', failed],
    ['benchmark_duration', 'Benchmark Duration (sec)', 'sec', result.duration],
    // of those that were answered: errors are counted apart
    [
      'good_request_fraction',
      'Good Request Fraction (ratio)',
      'ratio',
      result.request_goodput / result.request_throughput,
    ],
  ];
  return rows;
}

const PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 99] as const;

function spreads(records: readonly RequestRecord[]): (readonly [Metric, Spread])[] {
  return METRICS.flatMap((metric) => {
    const spread = spreadOf(columnOf(records, metric.of));
    return spread ? [[metric, spread] as const] : [];
  });
}

const percentilesOf = (spread: Spread) => Object.fromEntries(PERCENTILES.map((q) => [`p${q}`, spread.at(q)]));

export const AIPERF_JSON: ExportFormat = {
  words: "AIPerf's profile_export_aiperf.json",
  *write(run) {
    const { context } = run;
    const records = [...recordsOf(run)];
    const load =
      context.maxConcurrency > 0
        ? { concurrency: context.maxConcurrency }
        : { request_rate: context.requestRate, arrival_pattern: context.burstiness === null ? 'constant' : 'poisson' };
    yield jsonText({
      schema_version: '1.5',
      aiperf_version: `mist ${context.version}`,
      benchmark_id: context.name,
      input_config: {
        endpoint: { model_names: context.models },
        loadgen: { ...load, request_count: records.length },
        input: { random_seed: context.seed },
      },
      run_info: { random_seed: context.seed, cli_command: 'mist run' },
      ...Object.fromEntries(
        spreads(records).map(([{ tag, unit }, spread]) => {
          const { count, sum, mean: avg, std, min, max } = spread;
          return [tag, { unit, avg, min, max, ...percentilesOf(spread), std, count, sum }];
        }),
      ),
      ...Object.fromEntries(scalarsOf(run, records).map(([tag, _, unit, avg]) => [tag, { unit, avg }])),
      error_summary: errorsOf(records),
    });
  },
};

/** How often each error was. */
function errorsOf(records: readonly RequestRecord[]) {
  const counts = new Map<string, number>();
  for (const { error } of records) if (error !== '') counts.set(error, (counts.get(error) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ error_details: { code: null, type, message: type }, count }));
}

const cells = (values: readonly (string | number)[]): string => {
  const shown = values.map((value) =>
    typeof value !== 'number' ? value : Number.isFinite(value) ? value.toFixed(2) : null,
  );
  return `${shown.map(quoteCell).join(',')}\n`;
};

export const AIPERF_CSV: ExportFormat = {
  words: "AIPerf's profile_export_aiperf.csv",
  *write(run) {
    const records = [...recordsOf(run)];
    yield cells(['Metric', 'avg', 'min', 'max', 'sum', ...PERCENTILES.map((q) => `p${q}`), 'std']);
    for (const [{ heading }, spread] of spreads(records)) {
      const { mean, min, max, sum, std } = spread;
      yield cells([heading, mean, min, max, sum, ...PERCENTILES.map((q) => spread.at(q)), std]);
    }
    yield '\n';
    yield cells(['Metric', 'Value']);
    for (const [, heading, , value] of scalarsOf(run, records)) yield cells([heading, value]);
  },
};

export const AIPERF_JSONL: ExportFormat = {
  words: "AIPerf's profile_export.jsonl, a record per request",
  *write(run) {
    for (const record of recordsOf(run)) {
      const { request, session, arrival, ttft, finish, finished, error } = record;
      const ns = (seconds: number) => Math.round(seconds * 1e9);
      // what failed was sent, too: its prompt is known, and that nothing came back
      const told = finished ? record : { ...record, output: 0 };
      const metrics = METRICS.filter(({ of, unit }) => (finished || unit === 'tokens') && Number.isFinite(of(told)));
      const line = {
        metadata: {
          session_num: request,
          x_request_id: String(request),
          x_correlation_id: String(session < 0 ? request : session),
          benchmark_phase: 'profiling',
          request_start_ns: ns(arrival),
          request_ack_ns: Number.isNaN(ttft) ? null : ns(arrival + ttft),
          request_end_ns: Number.isNaN(finish) ? null : ns(finish),
          was_cancelled: false,
        },
        metrics: Object.fromEntries(metrics.map(({ tag, unit, of }) => [tag, { value: of(told), unit }])),
        error: error === '' ? null : { code: null, type: error, message: error },
      };
      yield `${JSON.stringify(line)}\n`;
    }
  },
};
