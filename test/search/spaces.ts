// Spaces that a search is held against: every objective, one pool and several, limits of every kind, scenarios.
import { DEPTH } from '../depth.ts';

const ENGINE = 'kind: llm, model: llama-3.1-8b, profile: vllm-0.11';

const LOAD = 'request_rate: 6, num_requests: 140';
const SLO = 'p99_ttft: 700ms, p99_tpot: 45ms';

/** A plain question, small enough to simulate every row of it; smaller where few others have its load and limits, larger where tests look deeper. */
function plain(rest: string, load = LOAD, slo = SLO): string {
  const batching = DEPTH > 1 || (load === LOAD && slo === SLO) ? '[chunked, mixed]' : 'chunked';
  const tokens = DEPTH > 1 ? '[1024, 8192]' : 2048;
  const formats = DEPTH > 1 || (load === LOAD && slo === SLO) ? '[bf16, fp8]' : 'fp8';
  return `
model: llama-3.1-8b
workload: {lengths: {input_len: {lognormal: {mean: 900, std: 700, max: 6000}}, output_len: {uniform: [20, 180]}}, ${load}}
deployment: {hardware: [l4, l40s, h100-sxm-80gb], replicas: [1, 2, 4], tensor_parallel_size: [1, 2]}
engine: {profile: vllm-0.11, quantization: ${formats}, batching: ${batching}, max_num_seqs: [8, 128], max_num_batched_tokens: ${tokens}}
slo: {${slo}}
top: 4
${rest}
`;
}

function fleet(rest: string, slo = 'p99_ttft: 800ms, p99_tpot: 60ms'): string {
  return `
fleet:
  choices:
    together: {workers: {${ENGINE}, hardware: {choices: [l4, l40s, h100-sxm-80gb]}, count: {from: 1, to: 6}, max_num_seqs: {choices: [16, 128]}}}
    apart:
      prefillers: {${ENGINE}, role: prefill, hardware: h100-sxm-80gb, count: {choices: [1, 2]}}
      decoders: {${ENGINE}, role: decode, hardware: {choices: [l4, l40s]}, count: {from: 1, to: 4}}
topology: {rack: {kind: rack}}
pipelines: {chat: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 700, output_len: 80}, request_rate: 12, num_requests: 150}
slo: {${slo}}
top: 3
prices: {l4: 0.8}
${rest}
`;
}

export const SPACES: Readonly<Record<string, string>> = {
  cheapest: plain('objective: usd_per_hour'),
  'fewest devices': plain('objective: devices'),
  'cheapest per token': plain('objective: usd_per_million_tokens'),
  'most tokens per device': plain('objective: output_throughput_per_device'),
  'most tokens per joule': plain('objective: tokens_per_joule'),
  'least power': plain('objective: watts'),
  'heavy load, most rows too few': plain('objective: usd_per_hour', 'request_rate: 25, num_requests: 180'),
  'limits that nothing keeps': plain('objective: usd_per_hour', undefined, 'p99_ttft: 20ms'),
  'a limit on the first token only': plain('objective: usd_per_hour', undefined, 'p90_ttft: 300ms'),
  'a limit on a mean': plain('objective: usd_per_hour', undefined, 'mean_tpot: 20ms, p99_ttft: 2s'),
  'no limits: whatever keeps up': plain('objective: usd_per_hour', 'request_rate: 12, num_requests: 140', ''),
  'a closed loop': plain(
    'objective: usd_per_million_tokens',
    'arrivals: {process: closed-loop, max_concurrency: 24}, num_requests: 140',
  ),
  'most requests within the limits': plain('objective: goodput', 'request_rate: 16, num_requests: 140').replace(
    'top: 4',
    'top: 4\nsettle: 4000',
  ),
  'a batch, cheapest in all, by a deadline': plain(
    'objective: total_usd\nbudget: {deadline: 20s}',
    'arrivals: all-at-once, num_requests: 100',
    '',
  ),
  'two rates, a winner for each': plain('objective: usd_per_hour', 'request_rate: [4, 12], num_requests: 120'),
  'electricity apart': plain('objective: usd_per_hour\npower: {usd_per_kwh: 0.3, pue: 1.3}'),
  'a budget of devices and money': plain('objective: watts\nbudget: {devices: 3, usd_per_hour: 5}'),
  'a budget of power, electricity apart': plain(
    'objective: usd_per_hour\npower: {usd_per_kwh: 0.3, pue: 1.3}\nbudget: {usd_per_hour: 4, watts: 700W}',
  ),
  'apart or together, a budget': fleet('objective: devices\nbudget: {devices: 4, usd_per_hour: 8, watts: 1.2kW}'),
  'apart or together, cheapest': fleet('objective: usd_per_hour'),
  'apart or together, least power': fleet('objective: watts').replace('request_rate: 12', 'request_rate: 30'),
  'apart or together, nothing keeps the limits': fleet('objective: usd_per_hour', 'p99_ttft: 10ms, p99_tpot: 60ms'),
  'apart or together, fewest devices': fleet('objective: devices'),
  'apart or together, cheapest per token': fleet('objective: usd_per_million_tokens', 'p99_ttft: 2s'),
};
