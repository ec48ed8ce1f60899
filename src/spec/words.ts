// The closed lists of words a spec may use, each in the order in which they are shown and offered.
import type { KvFormat, WeightFormat } from '../catalog/types.ts';
import { ADMISSION, BATCHING } from '../check/scheduler-lists.ts';

export const BATCHINGS = BATCHING.names;
export const ADMISSIONS = ADMISSION.names;
export const PREEMPTIONS = ['recompute', 'swap'] as const;
export const ROUTINGS = ['round-robin', 'least-loaded'] as const;
export const WEIGHT_FORMATS = [
  ...['auto', 'bf16', 'fp16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'],
] as readonly (WeightFormat | 'auto')[];
export const KV_FORMATS = ['auto', 'bf16', 'fp16', 'fp8', 'int8'] as const satisfies readonly (KvFormat | 'auto')[];
export const STEP_SOURCES = ['cost-model', 'regression', 'auto'] as const;
export const PERCENTILES = ['mean', 'p50', 'p90', 'p95', 'p99', 'p99.9'] as const;
export const LATENCY_METRICS = ['ttft', 'tpot', 'itl', 'e2el'] as const;
export { OBJECTIVES } from './objectives.ts';
export const PROCESSES = [
  'poisson',
  'uniform',
  'gamma',
  'normal',
  'on-off',
  'ramp',
  'curve',
  'all-at-once',
  'closed-loop',
] as const;

/** Fields that follow the engine profile when they are left blank. */
export const PROFILE_FIELDS = [
  'batching',
  'admission',
  'max_num_seqs',
  'max_num_batched_tokens',
  'block_size',
  'gpu_memory_utilization',
] as const;
