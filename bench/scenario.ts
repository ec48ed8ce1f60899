// What the engine benches simulate: Llama 3.1 70B in fp8 on four H100 behind vLLM's limits, chat traffic of the Azure traces.
import { openCatalog } from '../src/catalog/open.ts';
import { openArena } from '../src/columns/arena.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { lowerSurface, openLowering } from '../src/plan/lower.ts';
import { kvCapacity } from '../src/plan/memory.ts';
import type { SurfaceKey } from '../src/plan/surface-key.ts';
import type { EngineSetup } from '../src/run/setup.ts';
import { makeRequests } from '../src/workload/make.ts';
import type { Requests } from '../src/workload/types.ts';

export const catalog = openCatalog();

/** The surfaces' common source of efficiencies. */
export const FITS = {
  hardware: catalog.ids('hardware').map((id) => catalog.hardware(id)),
  efficiency: (id: string) => catalog.efficiency(id),
};

export const KEY: SurfaceKey = {
  model: catalog.model('llama-3.1-70b'),
  hardware: catalog.hardware('h100-sxm-80gb'),
  profile: catalog.engine('vllm-0.11'),
  quantization: 'fp8',
  kv: 'auto',
  tp: 4,
  pp: 1,
  dp: 1,
  ep: 1,
};

/** The engine of the benches: chunked prefill, paged blocks, the memory that the catalog's hardware leaves. */
export function makeSetup(replicas: number): EngineSetup {
  const arena = openArena(1 << 20);
  const lowered = lowerSurface(KEY, openLowering(FITS, loadKernels(arena.memory), arena));
  const { profile } = KEY;
  const ask = {
    gpuMemoryUtilization: profile.gpu_memory_utilization,
    maxNumSeqs: profile.max_num_seqs,
    maxNumBatchedTokens: profile.max_num_batched_tokens,
    blockSize: profile.block_size,
  };
  const { shape, table } = lowered;
  return {
    batching: 'chunked',
    admission: 'prompt',
    routing: 'least-loaded',
    replicas,
    maxNumSeqs: ask.maxNumSeqs,
    maxNumBatchedTokens: ask.maxNumBatchedTokens,
    numGpuBlocks: kvCapacity(KEY.model, KEY.hardware, shape.split, shape.formats, profile, ask).blocks,
    blockSize: ask.blockSize,
    maxModelLen: 0,
    price: table,
  };
}

/** Requests with the lengths of the Azure conversation trace, Poisson arrivals. */
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
