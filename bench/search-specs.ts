// The questions that the search is timed on.
const LOAD = 'lengths: azure-conv-2023, arrivals: poisson, request_rate: 20, num_requests: 1000, seed: 0';
const LIMITS = 'slo: {p99_ttft: 1s, p99_tpot: 50ms}\nobjective: usd_per_hour\ntop: 20\n';

/** Five devices, 30,720 rows. */
export const GRID = `
model: llama-3.1-70b
workload: {${LOAD}}
deployment: {hardware: [h100-sxm-80gb, mi300x, h200-sxm-141gb, l40s, a100-sxm-80gb], replicas: {from: 1, to: 32}, tensor_parallel_size: [1, 2, 4, 8], routing: least-loaded}
engine: {profile: vllm-0.11, quantization: [bf16, fp8], kv_cache_dtype: [auto, fp8], batching: [chunked, continuous, mixed], max_num_seqs: [64, 256], max_num_batched_tokens: [2048, 8192]}
${LIMITS}`;

/** More than a million rows that can be. */
export const MILLION = GRID.replace('replicas: {from: 1, to: 32}', 'replicas: {from: 1, to: 64}')
  .replace('max_num_seqs: [64, 256]', 'max_num_seqs: [32, 48, 64, 96, 128, 160, 192, 256, 384, 512]')
  .replace(
    'max_num_batched_tokens: [2048, 8192]',
    'max_num_batched_tokens: [1024, 2048, 3072, 4096, 6144, 8192, 12288, 16384]',
  );

const ENGINE = `
    kind: llm
    model: llama-3.1-70b
    quantization: fp8
    hardware: {choices: [h100-sxm-80gb, h200-sxm-141gb, mi300x]}
    tensor_parallel_size: {choices: [2, 4, 8]}
    count: {from: 1, to: 12}
    location: server`;

/** 93,312 disaggregated fleets. */
export const APART = `
fleet:
  prefillers: ${ENGINE}
    role: prefill
    routing: load-input
    max_num_batched_tokens: {choices: [4096, 8192]}
  decoders: ${ENGINE}
    role: decode
    routing: load-left
    max_num_seqs: {choices: [64, 128, 256, 512]}
topology:
  rack: {kind: rack}
  server: {kind: nvlink, within: rack, count: 2}
pipelines: {chat: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {${LOAD.replace('request_rate: 20', 'request_rate: 16')}}
${LIMITS.replace('top: 20', 'top: 10')}`;
