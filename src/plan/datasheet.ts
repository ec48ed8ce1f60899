// What is assumed where nothing was measured: typical efficiencies of op families and of links.
import type { OpFamily } from '../catalog/types.ts';
import type { Norm } from './roofline-twin.ts';

export interface Assumed {
  readonly t0_s: number;
  readonly eta_compute: number;
  readonly eta_memory: number;
  readonly p: Norm;
}

/**
 * Medians over A100, H100, H200 and B200 of fits to the kernel traces of ai-dynamo/aiconfigurator @095f58a (Apache-2.0), rounded:
 * calibration.md section 5. The elementwise row is its section 2: 0.8 of bandwidth and a floor of 2 us per kernel.
 */
export const DATASHEET_OPS: Readonly<Record<OpFamily, Assumed>> = {
  gemm: { t0_s: 4e-6, eta_compute: 0.75, eta_memory: 0.8, p: 4 },
  'attention-prefill': { t0_s: 8e-6, eta_compute: 0.6, eta_memory: 0.8, p: 1 },
  'attention-decode': { t0_s: 12e-6, eta_compute: 0.6, eta_memory: 0.9, p: 'inf' },
  // chosen against measured DeepSeek-R1 runs before MLA kernels were timed: calibration.md section 2
  'mla-prefill': { t0_s: 8e-6, eta_compute: 0.5, eta_memory: 0.75, p: 'inf' },
  'mla-decode': { t0_s: 8e-6, eta_compute: 0.55, eta_memory: 0.75, p: 'inf' },
  moe: { t0_s: 40e-6, eta_compute: 0.45, eta_memory: 0.95, p: 1 },
  elementwise: { t0_s: 2e-6, eta_compute: 0.5, eta_memory: 0.8, p: 'inf' },
};

/** Block-scaled fp8 against per-tensor fp8 where only that was measured: calibration.md section 7. */
export const FP8_BLOCK_SLOWDOWN = 1.08;

/**
 * Links: share of the nominal rate that large messages see, and latency of one hop. Inside a server 3 us: small all-reduces of NCCL
 * take 6-9, 10-14 and 15-21 us for 2, 4 and 8 devices on H200 and A100 (calibration.md section 5), two tree rounds of log2 n hops;
 * between servers the latency of RDMA through one switch plus the library, 5-8 us for small NCCL messages.
 */
export const LINK_SHARE = 0.8;
export const HOP_INSIDE_S = 3e-6;
export const HOP_ACROSS_S = 6e-6;

/**
 * In steps that carry prompts, which engines launch kernel by kernel, linear work of 1024 rows and more takes a quarter longer than the
 * same kernels in the traces, ramping in log2 from 128 rows (calibration.md section 3; profiles may say another share). Steps of decodes
 * only run as captured graphs and take what the traces say, whatever their rows.
 */
export const DERATING = 0.25;
/**
 * In such steps the experts of mxfp4 and int4 checkpoints that open engines run on hardware without such a rate are slower by half again
 * with 1024 tokens and more, on the same ramp, than the kernel of vLLM 0.24 that the traces time: 45 measured gpt-oss runs of vLLM 0.10
 * and 0.18 on H100 and H200 (InferenceX via aiconfigurator, Apache-2.0; TTFT off by 20 / 34 % without, 10 / 22 % with it).
 */
export const UNPACKING = 0.5;
const DERATED_FROM_LOG2 = 7;
const DERATED_FULL_LOG2 = 10;

/** Factor on linear work of `rows` rows in a step with prompts: 1 to 1 + `most`. log2 is taken linear between powers of two: no library logarithm. */
export function derate(rows: number, most: number = DERATING): number {
  if (rows < 1) return 1;
  const octave = 31 - Math.clz32(rows);
  const log2 = octave + rows / 2 ** octave - 1;
  const ramp = (log2 - DERATED_FROM_LOG2) / (DERATED_FULL_LOG2 - DERATED_FROM_LOG2);
  return 1 + most * Math.min(1, Math.max(0, ramp));
}
