// The block of `vllm bench serve`, then what only a simulation knows.
import type { FleetResult } from '../../metrics/fleet/types.ts';
import { lostIn } from '../../metrics/limits.ts';
import { NO_SITE } from '../../spec/power.ts';
import {
  BLOCK,
  bandRows,
  center,
  copyRows,
  draftRows,
  electricityRows,
  fixed,
  latencyRows,
  line,
  samplingRows,
  shareRows,
  siteRows,
} from '../block.ts';
import { HOURS_PER_MONTH } from '../format.ts';
import { LIST_WORDS, priceListOf } from '../price-list.ts';
import { wrap } from '../width.ts';
import type { FleetContext } from './context.ts';
import { explainVerdict, tellPromise, windowRows } from './window-words.ts';

/** The rows of `vllm bench serve` in its order and spelling, then ours. */
export function servingBlock(result: FleetResult, context: FleetContext): string[] {
  const thinks = result.thinking_tokens > 0;
  return [
    center(' Serving Benchmark Result ', '='),
    line('Successful requests:', String(result.completed)),
    line('Failed requests:', String(lostIn(result))),
    ...(context.maxConcurrency > 0 ? [line('Maximum request concurrency:', String(context.maxConcurrency))] : []),
    ...(context.requestRate > 0 ? [line('Request rate configured (RPS):', fixed(context.requestRate))] : []),
    line('Benchmark duration (s):', fixed(result.duration)),
    line('Total input tokens:', String(result.total_input_tokens)),
    line('Total generated tokens:', String(result.total_output_tokens)),
    line('Request throughput (req/s):', fixed(result.request_throughput)),
    ...(Number.isNaN(result.request_goodput) ? [] : [line('Request goodput (req/s):', fixed(result.request_goodput))]),
    line('Output token throughput (tok/s):', fixed(result.output_throughput)),
    line('Peak output token throughput (tok/s):', fixed(result.peak_output_throughput)),
    line('Peak concurrent requests:', fixed(result.max_concurrent_requests)),
    line('Total token throughput (tok/s):', fixed(result.total_token_throughput)),
    ...latencyRows('Time to First Token', 'TTFT', result.ttft),
    ...(thinks ? latencyRows('Time to First Answer Token', 'TTFAT', result.first_answer) : []),
    ...latencyRows('Time per Output Token (excl. 1st token)', 'TPOT', result.tpot),
    ...latencyRows('Inter-token Latency', 'ITL', result.itl),
    ...latencyRows('End-to-end Latency', 'E2EL', result.e2el),
    ...draftRows(result.speculation),
    ...ourRows(result, context),
    '='.repeat(BLOCK),
  ];
}

function ourRows(result: FleetResult, context: FleetContext): string[] {
  const counts = [
    ['Rejected, KV cache too small:', result.rejected_kv],
    ['Rejected, longer than max_model_len:', result.rejected_length],
    ['Turned away by a full queue:', result.rejected_queue ?? 0],
    ['Left by their clients:', result.timed_out ?? 0],
    ['Failed with an instance:', result.failed ?? 0],
    ['Sent again:', result.retried ?? 0],
    ['Output tokens made for nobody:', result.wasted_tokens ?? 0],
    ['Unfinished when stopped:', result.unfinished],
    ['Never sent after a rejected turn:', result.unsent ?? 0],
    ['Input tokens from caches:', result.cached_input_tokens],
    ['Thinking tokens:', result.thinking_tokens],
    ['Preemptions:', result.preemptions],
  ] as const;
  const power = context.power ?? NO_SITE;
  const known = (label: string, value: number, rows: readonly string[] = []): string[] =>
    Number.isNaN(value) ? [] : [line(label, fixed(value)), ...rows];
  return [
    center(context.pools?.length === 1 ? 'Simulated Deployment' : 'Simulated Fleet', '-'),
    ...(result.stopped === '' ? [] : [line('Stopped early:', result.stopped)]),
    ...windowRows(result),
    line('Verdict:', result.verdict),
    ...explainVerdict(result).flatMap((text) => wrap(text, BLOCK, '  ')),
    ...(context.slo.length > 0 || context.budgeted
      ? [line('Meets the limits:', tellPromise(result, context.slo))]
      : []),
    ...counts.filter(([, count]) => count > 0).map(([label, count]) => line(label, String(count))),
    ...copyRows(result),
    ...engineRows(result, context),
    ...(result.devices > 0 ? [line('Devices:', String(result.devices))] : []),
    ...replicaRows(result),
    ...failureRows(result),
    ...known('Mean power (W):', result.power_w, siteRows(power)),
    ...known('Energy per request (J):', result.joules_per_request),
    ...known('Energy per output token (J):', result.joules_per_token, shareRows(result.energy_shares)),
    ...known('Cost ($/h):', result.usd_per_hour, electricityRows(result.electricity_usd_per_hour, power)),
    ...known('Cost ($/month):', result.usd_per_hour * HOURS_PER_MONTH),
    ...known('Cost ($ per 1,000 requests):', result.usd_per_request * 1000),
    ...known('Cost ($ per million output tokens):', result.usd_per_million_tokens),
    ...priceRows(result),
    ...samplingRows(result.sampling),
    ...(context.trust
      ? [
          line('Prices rest on figures that are:', context.trust.basis),
          ...(context.trust.regime === 'plain' ? [] : [line('Regime:', context.trust.regime)]),
          ...bandRows(result, context.trust.band),
        ]
      : []),
  ];
}

/** The same as a list of prices, $ per million tokens. */
function priceRows(result: FleetResult): string[] {
  const { input, cached, output } = priceListOf(result);
  if (Number.isNaN(input)) return [];
  const price = (usd: number) => usd.toFixed(3);
  return [
    line(`As a list of prices, ${LIST_WORDS} ($/M):`, ''),
    line('  Input tokens:', price(input)),
    ...(result.cached_input_tokens > 0 ? [line('  Cached input tokens:', price(cached))] : []),
    line('  Output tokens:', price(output)),
  ].map((text) => text.trimEnd());
}

/** How instances did that may fail. */
function failureRows({ instance_failures: count, availability }: FleetResult): string[] {
  if (availability === undefined) return [];
  return [
    line('Instances failed:', String(count)),
    line('Instances were on (% of their time):', fixed(100 * availability)),
  ];
}

/** How many instances were on, where they start and stop. */
function replicaRows({ autoscaled = [] }: FleetResult): string[] {
  return autoscaled.flatMap(({ pool, mean, peak, starts }) => {
    const whose = autoscaled.length > 1 ? ` of ${pool}` : '';
    return [
      line(`Replicas${whose}, mean and peak:`, `${fixed(mean)}, ${peak}`),
      line(`Replicas${whose} started:`, String(starts)),
    ];
  });
}

/** Of one pool alone the figures of its engines stand here. */
function engineRows(result: FleetResult, { pools }: FleetContext): string[] {
  if (pools?.length !== 1) return [];
  const { num_gpu_blocks: blocks } = pools[0]!;
  return [
    line('Utilisation (%):', fixed(result.utilisation * 100)),
    line('Mean running batch:', fixed(result.mean_batch)),
    ...(blocks === undefined ? [] : [line('KV blocks per instance:', String(blocks))]),
    line('Peak KV block use (%):', fixed(result.peak_kv_use * 100)),
  ];
}
