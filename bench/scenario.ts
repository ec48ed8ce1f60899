// What the engine benches simulate: Llama 3.1 70B in fp8 on four H100 behind vLLM's limits, chat traffic of the Azure traces.
import { openCatalog } from '../src/catalog/open.ts';
import { lowerSurface } from '../src/plan/lower.ts';
import { kvCapacity } from '../src/plan/memory.ts';
import type { EngineSetup } from '../src/plan/setup.ts';
import type { SurfaceKey } from '../src/plan/surface-key.ts';
import { openSession } from '../src/run/session.ts';
import { makeRequests } from '../src/workload/make.ts';
import type { Requests } from '../src/workload/types.ts';

export const catalog = openCatalog();

/** A surface key of the benches: vLLM's profile, fp8 weights. */
export function keyOf(model: string, hardware: string, tp: number): SurfaceKey {
  return {
    model: catalog.model(model),
    hardware: catalog.hardware(hardware),
    profile: catalog.engine('vllm-0.11'),
    quantization: 'fp8',
    kv: 'auto',
    tp,
    pp: 1,
    dp: 1,
    ep: 1,
  };
}

/** The engine of the benches: chunked prefill, paged blocks, the memory that the hardware leaves. */
export function makeSetup(replicas: number): EngineSetup {
  const key = keyOf('llama-3.1-70b', 'h100-sxm-80gb', 4);
  const { table, shape } = lowerSurface(key, openSession(catalog).lowering);
  const { profile } = key;
  const ask = {
    gpuMemoryUtilization: profile.gpu_memory_utilization,
    maxNumSeqs: profile.max_num_seqs,
    maxNumBatchedTokens: profile.max_num_batched_tokens,
    blockSize: profile.block_size,
  };
  return {
    batching: 'chunked',
    admission: 'prompt',
    routing: 'least-loaded',
    replicas,
    maxNumSeqs: ask.maxNumSeqs,
    maxNumBatchedTokens: ask.maxNumBatchedTokens,
    numGpuBlocks: kvCapacity(key.model, key.hardware, shape.split, shape.formats, profile, ask).blocks,
    blockSize: ask.blockSize,
    maxModelLen: 0,
    price: table,
  };
}

/** Requests with the lengths of the Azure conversation trace and Poisson arrivals; seeded. */
export function makeChat(count: number, rate: number): Requests {
  const workload = {
    lengths: 'azure-conv-2023',
    arrivals: { process: 'poisson' as const },
    request_rate: rate,
    num_requests: count,
    seed: 0,
    requests: null,
  };
  return makeRequests(workload, { catalogShape: (id) => catalog.shape(id) });
}
