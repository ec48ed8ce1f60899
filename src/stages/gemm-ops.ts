// Matrix multiplications and small kernels: the two shapes that most ops of a layer have.
import { BYTES_PER_WEIGHT } from '../catalog/parameters.ts';
import type { WeightFormat } from '../catalog/types.ts';
import { ACTIVATION_BYTES } from './formats.ts';
import { type ComputeOp, computeOp, type Driver } from './op.ts';

/** [m x k] by [k x n]: reads the weights and the activations, writes 16-bit results. */
export function gemm(
  name: string,
  k: number,
  n: number,
  format: WeightFormat,
  count: number,
  over: Driver = 'tokens',
): ComputeOp {
  return computeOp({
    name,
    family: 'gemm',
    format,
    count,
    over,
    flopsX: 2 * k * n,
    bytes0: k * n * BYTES_PER_WEIGHT[format],
    bytesX: k * ACTIVATION_BYTES[format] + 2 * n,
    activationsX: ACTIVATION_BYTES[format] < 2 ? k : 0,
    shape: [n, k],
  });
}

/** `kernels` memory-bound launches per layer that move `bytes` per token in all. */
export function smallKernels(
  name: string,
  kernels: number,
  bytes: number,
  layers: number,
  over: Driver = 'tokens',
): ComputeOp {
  const format = 'bf16';
  return computeOp({
    name,
    family: 'elementwise',
    format,
    count: kernels * layers,
    over,
    flopsX: 0,
    bytesX: bytes / kernels,
  });
}
