// inference-perf's summary_lifecycle_metrics.json (kubernetes-sigs/inference-perf): loads, successes, failures.
import { spreadOf } from '../../metrics/summary.ts';
import { columnOf, type ExportFormat, jsonText, type RequestRecord, recordsOf } from './records.ts';

const PERCENTILES = [
  ['p0.1', 0.1],
  ['p1', 1],
  ['p5', 5],
  ['p10', 10],
  ['p25', 25],
  ['median', 50],
  ['p75', 75],
  ['p90', 90],
  ['p95', 95],
  ['p99', 99],
  ['p99.9', 99.9],
] as const;

function statistics(values: Float64Array) {
  const spread = spreadOf(values);
  if (!spread) return null;
  const { mean, min, max } = spread;
  return { mean, min, ...Object.fromEntries(PERCENTILES.map(([name, q]) => [name, spread.at(q)])), max };
}

export const INFERENCE_PERF: ExportFormat = {
  words: "inference-perf's summary_lifecycle_metrics.json",
  *write(run) {
    const { measured, context } = run;
    const { result } = measured;
    const records = [...recordsOf(run)];
    const failed = records.filter(({ finished }) => !finished);
    const of = (read: (record: RequestRecord) => number) => statistics(columnOf(records, read));
    yield jsonText({
      load_summary: {
        count: records.length,
        ...(context.requestRate > 0
          ? { requested_rate: context.requestRate }
          : { concurrency: context.maxConcurrency }),
        achieved_rate: result.request_throughput,
      },
      successes: {
        count: records.length - failed.length,
        latency: {
          request_latency: of(({ e2el }) => e2el),
          normalized_time_per_output_token: of(({ e2el, output }) => e2el / output),
          time_per_output_token: of(({ tpot }) => tpot),
          time_to_first_token: of(({ ttft }) => ttft),
        },
        throughput: {
          input_tokens_per_sec: result.total_token_throughput - result.output_throughput,
          output_tokens_per_sec: result.output_throughput,
          total_tokens_per_sec: result.total_token_throughput,
          requests_per_sec: result.request_throughput,
        },
        prompt_len: of(({ prompt }) => prompt),
        output_len: of(({ output }) => output),
      },
      failures: {
        count: failed.length,
        request_latency: null,
        prompt_len: statistics(Float64Array.from(failed, ({ prompt }) => prompt)),
      },
    });
  },
};
