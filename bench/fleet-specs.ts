// What the fleet benches simulate, as specs: a disaggregated cluster, a long pipeline with contention, and a trace through a store.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetProgram } from '../src/plan/fleet.ts';
import { prepareFleet } from '../src/plan/pipeline/lower-fleet.ts';
import { openSession } from '../src/run/session.ts';
import { readSpec } from '../src/spec/fleet/read.ts';
import { readOptionsOf } from '../src/spec/open.ts';
import { catalog } from './scenario.ts';

/** 20 prefill and 12 decode clients; every prompt's KV cache crosses the ports of two machines. */
export const cluster = (requests: number) => `
name: disaggregated cluster
fleet:
  prefillers: {kind: llm, role: prefill, model: llama-3.1-70b, quantization: fp8, hardware: h100-sxm-80gb,
    tensor_parallel_size: 4, count: 20, location: rack, routing: load-input}
  decoders: {kind: llm, role: decode, model: llama-3.1-70b, quantization: fp8, hardware: h100-sxm-80gb,
    tensor_parallel_size: 4, count: 12, location: rack, routing: load-input}
topology:
  rack: {kind: rack}
pipelines:
  chat:
    stages: [{prefill: prefillers}, {decode: decoders}]
workload: {lengths: azure-conv-2023, request_rate: ${CLUSTER_RATE}, num_requests: ${requests}, seed: 0}
`;

/** Requests/s: a good eighth of the prefill clients' time is left. */
const CLUSTER_RATE = 215;

/** Sixteen clients: two kinds share a memory channel, all share the fabric of a server, four paths think over each question. */
export const pipeline = (requests: number) => `
name: search, fetch and reason
fleet:
  front: {kind: cores, cores: 32, hardware: epyc-9654, location: cpu-server}
  embedder: {kind: llm, model: e5-base-v2, hardware: xeon-8480plus, location: cpu-server,
    shares: {channel: socket, demand: 60%}, gpu_memory_utilization: 0.3}
  index: {kind: retrieval, hardware: xeon-8480plus, cores: 56, location: cpu-server, shares: socket,
    index: {kind: hnsw, vectors: 20_000_000, dimensions: 768, ef_search: 128}}
  store: {kind: kv-store, tiers: [host, pool], location: rack}
  thinkers: {kind: llm, model: qwen3-14b, hardware: h100-sxm-80gb, count: 10, location: gpu-server, routing: load-input}
  judge: {kind: llm, model: qwen2.5-7b, hardware: h100-sxm-80gb, count: 2, location: gpu-server, routing: load-input}
topology:
  rack: {kind: rack}
  cpu-server: {kind: server, within: rack}
  gpu-server: {kind: pcie, within: rack, bus: fabric}
links:
  fabric: {bandwidth: 64GB/s, latency: 1us, efficiency: 80%}
tiers:
  host: {capacity: 1TB, latency: 20us, bandwidth: 128GB/s}
  pool: {capacity: 4TB, latency: 100us, bandwidth: 32GB/s}
pipelines:
  answer:
    stages:
      - tokenize
      - {embed: embedder}
      - {retrieve: {on: index, passages: 6, passage_tokens: 200}}
      - {kv-fetch: store}
      - {prefill: thinkers}
      - {reason: {on: thinkers, paths: 2, output: {lognormal: {mean: 200, std: 150, max: 1000}}, reward: judge}}
      - {decode: thinkers}
      - detokenize
workload:
  lengths: {input_len: {lognormal: {mean: 150, std: 100, max: 1200}}, output_len: {lognormal: {mean: 200, std: 120, max: 900}}}
  sessions: {turns: {uniform: [1, 4]}, think_time: {lognormal: {mean: 40s, std: 30s}}}
  request_rate: 15
  num_requests: ${requests}
  seed: 0
`;

/** Conversations behind twenty shared texts on sixteen engines that keep blocks, to whichever has least to do; hash blocks of `tokens`, else the engine's 16. */
export const conversations = (requests: number, tokens?: number): string => `
name: conversations with shared prefixes
model: llama-3.1-8b
deployment: {hardware: h100-sxm-80gb, replicas: 16, routing: least-loaded}
engine: {profile: vllm-0.19}
workload:
  lengths: {input_len: {lognormal: {mean: 120, std: 80, max: 800}}, output_len: {lognormal: {mean: 100, std: 60, max: 600}}}
  sessions: {turns: {uniform: [1, 8]}, think_time: {lognormal: {mean: 20s, std: 15s}}}
  shared_prefix: {tokens: 1024, count: 20}
${tokens ? `  hash_block: ${tokens}\n` : ''}  request_rate: 160
  num_requests: ${requests}
  seed: 0
`;

/** Chats on sixteen engines: with LoRA adapters, whose steps cost no more than any, so that the run stays about the same, or without (0). */
export const adapted = (requests: number, adapters: number, slots: number): string => `
name: chats with adapters
model: llama-3.1-8b
deployment: {hardware: h100-sxm-80gb, replicas: 16, routing: least-loaded}
engine:
  profile: vllm-0.19
  enable_prefix_caching: false
${
  adapters
    ? `  lora: {max_loras: ${slots}, max_cpu_loras: ${adapters}, max_lora_rank: 32, step_overhead: 0%, step_per_adapter: 0%, storage_bandwidth: 1TB/s}`
    : ''
}
workload:
  lengths: azure-conv-2023
  request_rate: 240
  num_requests: ${requests}
  seed: 0
${adapters ? `  adapters: {count: ${adapters}, zipf: 1}` : ''}
`;

/** Three tiers before ten engines; the workload is the trace or, without it, conversations of about its shape. */
const store = (workload: string) => `
name: trace through a store
fleet:
  store: {kind: kv-store, tiers: [host, pool, flash], location: rack}
  engines: {kind: llm, model: llama-3.1-70b, quantization: fp8, hardware: h200-sxm-141gb, tensor_parallel_size: 4,
    count: 10, location: rack, routing: load-input, write_back: store}
topology:
  rack: {kind: rack}
tiers:
  host: {capacity: 1TB, latency: 20us, bandwidth: 128GB/s}
  pool: {capacity: 4TB, latency: 100us, bandwidth: 32GB/s}
  flash: {capacity: 20TB, latency: 200us, bandwidth: 12GB/s}
pipelines:
  chat:
    stages: [{kv-fetch: store}, {prefill: engines}, {decode: engines}]
workload: ${workload}
`;

export interface TraceSpec {
  readonly text: string;
  /** What the workload is, in words. */
  readonly words: string;
}

/** The Mooncake conversation trace where it is at hand. */
export function traceSpec(): TraceSpec {
  const folder = process.env.MIST_DATA ?? join(process.cwd(), '..', 'shared', 'data');
  const file = join(folder, 'workloads', 'mooncake', 'conversation_trace.jsonl');
  if (existsSync(file)) {
    return { text: store(`{requests: {file: ${JSON.stringify(file)}}, seed: 0}`), words: 'Mooncake conversations' };
  }
  const drawn = `
  lengths: {input_len: {lognormal: {mean: 5000, std: 6000, max: 60000}}, output_len: {lognormal: {mean: 343, std: 250, max: 2000}}}
  sessions: {turns: {uniform: [1, 4]}, think_time: {lognormal: {mean: 60s, std: 60s}}}
  hash_block: 512
  request_rate: 3.3
  num_requests: 12031
  seed: 0`;
  return { text: store(drawn), words: 'drawn conversations (the trace is not at hand)' };
}

/** The program of a spec's text. */
export function programOf(text: string): FleetProgram {
  const spec = readSpec(text, readOptionsOf(join(process.cwd(), 'bench.yaml'), catalog));
  return prepareFleet(spec, catalog, openSession(catalog)).program;
}
