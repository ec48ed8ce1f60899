// A sweep small enough for a test, with rows that fall for several reasons, rows that keep the promise and rows that miss it.
import type { Catalog } from '../../src/catalog/open.ts';
import { openQuestion, type Question } from '../../src/spec/question.ts';

export const SMALL_SPEC = `
name: small
model: llama-3.1-8b
workload:
  lengths:
    input_len: {lognormal: {mean: 900, std: 700, max: 6000}}
    output_len: {uniform: [20, 180]}
  arrivals: poisson
  request_rate: 6
  num_requests: 250
deployment:
  hardware: [l4, h100-sxm-80gb]
  replicas: [1, 2, 4]
  tensor_parallel_size: [1, 2, 3]
engine:
  profile: vllm-0.11
  quantization: [bf16, fp8]
  batching: [chunked, continuous]
  max_num_seqs: [8, 64]
slo: {p99_ttft: 700ms, p99_tpot: 45ms}
objective: usd_per_hour
top: 2
`;

export function openSmall(catalog: Catalog, seed?: number): Question {
  return openQuestion(SMALL_SPEC, 'small.yaml', catalog, seed);
}
