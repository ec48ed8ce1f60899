// One iteration laid open: every op with its price, the host, the sum, what the surface says, and the KV capacity beside it.
import { limitsOn } from '../catalog/engine-limits.ts';
import type { Basis } from '../catalog/types.ts';
import type { Arena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import type { FitSource } from './efficiency.ts';
import { hostOf } from './engine-host.ts';
import { lowerSurface, openLowering, promptLaunches } from './lower.ts';
import { type KvCapacity, kvCapacity } from './memory.ts';
import { basisOf, type OpPrice, priceStepExactly } from './priced-ops.ts';
import { addHost, applyFloor, hostSeconds, readSurface } from './read-surface.ts';
import { type StepWork, sumWork } from './step-work.ts';
import type { SurfaceKey } from './surface-key.ts';

export interface StepExplained {
  readonly ops: readonly OpPrice[];
  /** The profile's factor on kernels. */
  readonly kernelScale: number;
  /** Sum of the ops times that factor. */
  readonly deviceSeconds: number;
  /** What the floor of steps outside captured graphs adds. */
  readonly floorSeconds: number;
  readonly hostSeconds: number;
  /** 1: host adds to device time; 2: root of the sum of squares. */
  readonly hostNorm: number;
  readonly exactSeconds: number;
  readonly surfaceSeconds: number;
  /** Surface over exact, minus one. */
  readonly difference: number;
  readonly basis: Basis;
  readonly capacity: KvCapacity;
}

/**
 * Prices one iteration op by op, and by the surface that simulations use: what `mist step` prints. With attention data parallel
 * `asked` is the work of one rank, and all ranks have as much.
 */
export function explainStep(
  key: SurfaceKey,
  asked: StepWork,
  fits: FitSource,
  kernels: Kernels,
  arena: Arena,
): StepExplained {
  const { steps: _, ...opByOp } = key;
  const lowering = openLowering(fits, kernels, arena);
  const { table, shape, priced } = lowerSurface(opByOp, lowering);
  const surface = key.steps ? lowerSurface(key, lowering).table : table;
  const { model, hardware, profile } = key;
  const work = onAllRanks(asked, key.dp);
  const ops = priceStepExactly(priced, work, shape.split);
  const { tokens, decodes, chunks } = sumWork(work);
  const kernelScale = profile.kernel_scale ?? 1;
  const launched = chunks > 0 ? promptLaunches(model, profile) : 0;
  const deviceSeconds = kernelScale * ops.reduce((sum, op) => sum + op.seconds, 0) + launched;
  // decode-only steps run in captured graphs, whatever their size
  const floored = chunks > 0 ? applyFloor(table, deviceSeconds, tokens / key.dp) : deviceSeconds;
  const exactSeconds = addHost(table, floored, decodes + chunks);
  const surfaceSeconds = readSurface(surface, work, key.dp);
  const limits = limitsOn(profile, hardware, key.dp);
  const capacity = kvCapacity(model, hardware, shape.split, shape.formats, profile, {
    gpuMemoryUtilization: profile.gpu_memory_utilization,
    maxNumSeqs: limits.max_num_seqs,
    maxNumBatchedTokens: limits.max_num_batched_tokens,
    blockSize: profile.block_size,
  });
  return {
    ops,
    kernelScale,
    deviceSeconds,
    floorSeconds: floored - deviceSeconds,
    hostSeconds: hostSeconds(table, decodes + chunks),
    hostNorm: hostOf(profile, model).norm,
    exactSeconds,
    surfaceSeconds,
    difference: surfaceSeconds / exactSeconds - 1,
    basis: basisOf(ops),
    capacity,
  };
}

function onAllRanks({ prefill, decode }: StepWork, ranks: number): StepWork {
  return {
    prefill: Array.from({ length: ranks }, () => prefill).flat(),
    decode: decode.map(({ count, context }) => ({ count: count * ranks, context })),
  };
}
