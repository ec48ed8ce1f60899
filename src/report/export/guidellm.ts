// GuideLLM's report (guidellm benchmark --output-path x.json): one benchmark with its statistics and its requests.
import { spreadOf } from '../../metrics/summary.ts';
import { columnOf, type ExportFormat, jsonText, type RequestRecord, recordsOf } from './records.ts';

/** Its names of percentiles. */
const PERCENTILES = {
  p001: 0.1,
  p01: 1,
  p05: 5,
  p10: 10,
  p25: 25,
  p50: 50,
  p75: 75,
  p90: 90,
  p95: 95,
  p99: 99,
  p999: 99.9,
} as const;

/**
 * Figures of each request. Its time_per_output_token spreads the first token over all of them: request latency / output tokens; its
 * inter_token_latency is vLLM's TPOT.
 */
const METRICS: Readonly<Record<string, (record: RequestRecord) => number>> = {
  request_latency: ({ e2el }) => e2el,
  prompt_token_count: ({ prompt }) => prompt,
  output_token_count: ({ output }) => output,
  time_to_first_token_ms: ({ ttft }) => ttft * 1e3,
  time_per_output_token_ms: ({ e2el, output }) => (e2el / output) * 1e3,
  inter_token_latency_ms: ({ tpot }) => tpot * 1e3,
};

function statistics(values: Float64Array) {
  const spread = spreadOf(values);
  if (!spread) return null;
  const { mean, std, min, max, count, sum } = spread;
  return {
    ...{ mean, median: spread.at(50), mode: null, variance: std ** 2, std_dev: std, min, max, count, total_sum: sum },
    percentiles: Object.fromEntries(Object.entries(PERCENTILES).map(([name, q]) => [name, spread.at(q)])),
  };
}

/** A figure of the whole run stands as its own mean. */
const whole = (mean: number) => ({ successful: { mean }, total: { mean } });

export const GUIDELLM: ExportFormat = {
  words: "GuideLLM's report (benchmarks.json)",
  *write(run) {
    const { measured, context } = run;
    const { result } = measured;
    const records = [...recordsOf(run)];
    const [done, failed] = [records.filter(({ finished }) => finished), records.filter(({ finished }) => !finished)];
    const closed = context.maxConcurrency > 0;
    const strategy = closed
      ? { type_: 'concurrent', streams: context.maxConcurrency }
      : { type_: context.burstiness === 1 ? 'poisson' : 'constant', rate: context.requestRate };
    const metrics = Object.entries(METRICS).map(([name, of]) => [
      name,
      { successful: statistics(columnOf(records, of)) },
    ]);
    const benchmark = {
      type_: 'generative_benchmark',
      id_: context.name,
      args: { strategy, profile: { type_: strategy.type_ } },
      run_stats: {
        requests_made: { successful: done.length, errored: failed.length, incomplete: 0, total: records.length },
      },
      worker: { backend_type: 'mist', backend_model: context.models.join(', ') },
      duration: result.duration,
      metrics: {
        requests_per_second: whole(result.request_throughput),
        output_tokens_per_second: whole(result.output_throughput),
        tokens_per_second: whole(result.total_token_throughput),
        ...Object.fromEntries(metrics),
      },
      requests: { successful: done.map(requestOf), errored: failed.map(requestOf), incomplete: [] },
    };
    yield jsonText({ metadata: { version: 1, mist_version: context.version }, benchmarks: [benchmark] });
  },
};

function requestOf({ request, arrival, finish, ttft, prompt, output, error }: RequestRecord) {
  return {
    type_: 'generative_text_response',
    request_id: String(request),
    start_time: arrival,
    first_token_time: arrival + ttft,
    end_time: finish,
    prompt_tokens: prompt,
    output_tokens: output,
    ...(error === '' ? {} : { error }),
  };
}
