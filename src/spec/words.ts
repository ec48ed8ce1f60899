// The closed lists of words a spec may use, each in the order in which they are shown and offered.
import type { KvFormat, WeightFormat } from '../catalog/types.ts';
import type {
  AdmissionName,
  ArrivalSpec,
  AxisField,
  BatchingName,
  LatencyMetric,
  Objective,
  Percentile,
  PreemptionName,
  RoutingName,
  StepSource,
} from './types.ts';

export const BATCHINGS = ['static', 'continuous', 'chunked', 'mixed'] as const satisfies readonly BatchingName[];
export const ADMISSIONS = ['prompt', 'full-length'] as const satisfies readonly AdmissionName[];
export const PREEMPTIONS = ['recompute', 'swap'] as const satisfies readonly PreemptionName[];
export const ROUTINGS = ['round-robin', 'least-loaded'] as const satisfies readonly RoutingName[];
export const WEIGHT_FORMATS = [
  ...['auto', 'bf16', 'fp16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'],
] as readonly (WeightFormat | 'auto')[];
export const KV_FORMATS = ['auto', 'bf16', 'fp16', 'fp8', 'int8'] as const satisfies readonly (KvFormat | 'auto')[];
export const STEP_SOURCES = ['cost-model', 'regression', 'auto'] as const satisfies readonly StepSource[];
export const PERCENTILES = ['mean', 'p50', 'p90', 'p95', 'p99', 'p99.9'] as const satisfies readonly Percentile[];
export const LATENCY_METRICS = ['ttft', 'tpot', 'itl', 'e2el'] as const satisfies readonly LatencyMetric[];
export const OBJECTIVES = [
  'usd_per_hour',
  'usd_per_million_tokens',
  'output_throughput_per_device',
  'tokens_per_joule',
  'devices',
] as const satisfies readonly Objective[];
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
] as const satisfies readonly ArrivalSpec['process'][];

/** Fields that follow the engine profile when they are left blank. */
export const PROFILE_FIELDS = [
  'batching',
  'admission',
  'max_num_seqs',
  'max_num_batched_tokens',
  'block_size',
  'gpu_memory_utilization',
] as const satisfies readonly AxisField[];
export type ProfileField = (typeof PROFILE_FIELDS)[number];
