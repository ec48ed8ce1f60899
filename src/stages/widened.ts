// One product of weights and activations with the weights in another format: the same FLOPs over other bytes.
import { BYTES_PER_WEIGHT } from '../catalog/parameters.ts';
import type { WeightFormat } from '../catalog/types.ts';
import { ACTIVATION_BYTES } from './formats.ts';
import type { ComputeOp } from './op.ts';

/** A matrix product (over `shape` [n, k]) or the experts of a layer in `format`: what stages/gemm-ops and mlp-ops list for it. */
export function widened(op: ComputeOp, format: WeightFormat): ComputeOp {
  const ratio = BYTES_PER_WEIGHT[format] / BYTES_PER_WEIGHT[op.format];
  if (op.family === 'moe') return { ...op, format, bytesY: op.bytesY * ratio };
  const k = op.shape[1] ?? 0;
  const bytesX = op.bytesX + k * (ACTIVATION_BYTES[format] - ACTIVATION_BYTES[op.format]);
  const activationsX = ACTIVATION_BYTES[format] < 2 ? k : 0;
  return { ...op, format, bytes0: op.bytes0 * ratio, bytesX, activationsX };
}
