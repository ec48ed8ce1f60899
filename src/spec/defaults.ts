// What a spec gets where nobody says otherwise. Fields of an engine follow its profile; everything else has its value here.
import type { EngineProfile } from '../catalog/types.ts';

/** The engine of a pool that names none. */
export const DEFAULT_PROFILE = 'vllm-0.11';
/** Requests of a run. */
export const NUM_REQUESTS = 2000;
/** Rows that a report keeps, and at most how many are simulated. */
export const TOP = 20;
export const SETTLE = 1_000_000;
/** Tokens of a hash block where no trace says: the chunk of LMCache's KV cache. */
export const HASH_BLOCK = 256;

type Followed =
  | keyof Pick<EngineProfile, 'admission' | 'batching' | 'block_size' | 'gpu_memory_utilization'>
  | keyof Pick<EngineProfile, 'max_num_batched_tokens' | 'max_num_seqs'>;

/** Stands in for a profile that is a mistake: nothing else of the pool is blamed for what it would have said. */
export const NO_PROFILE: Pick<EngineProfile, Followed> = {
  batching: 'continuous',
  admission: 'prompt',
  max_num_seqs: 1,
  max_num_batched_tokens: 1,
  block_size: 1,
  gpu_memory_utilization: Number.EPSILON,
};
