// Host memory for preempted sequences: how many KV blocks it holds, what copying one costs, and why a row cannot swap.
import { reservesFinal } from '../check/scheduler-lists.ts';
import type { Configuration } from '../spec/types.ts';
import type { Deployment, Refusal } from './deployment.ts';
import type { SwapSetup } from './setup.ts';

/** Most blocks that the engine's 32-bit counters hold. */
const MOST_BLOCKS = 2 ** 30;

/**
 * Swapping as numbers, undefined where preempted sequences are recomputed. `blockBytes`: bytes of a KV block on one device of
 * the fullest stage. Host blocks are those of one scheduler (of each attention group); all devices that hold parts of a block copy
 * them at the same time, each over its own link.
 */
export function swapSetup(
  configuration: Configuration,
  deployment: Pick<Deployment, 'hardware'> | null,
  blockBytes: number,
): SwapSetup | undefined {
  if (configuration.preemption_mode !== 'swap') return undefined;
  const computed = Math.floor(configuration.swap_space / blockBytes);
  const hostBlocks = Math.min(configuration.num_cpu_blocks || computed, MOST_BLOCKS);
  const { step_time: own } = configuration;
  const link = deployment?.hardware.host_link_bandwidth ?? 0;
  return { hostBlocks, secondsPerBlock: own ? (own.per_swapped_block_s ?? 0) : blockBytes / link };
}

/** Why a row that swaps cannot be, or null. */
export function swapRefusal(
  configuration: Configuration,
  deployment: Pick<Deployment, 'hardware'> | null,
  blockBytes: number,
): Refusal | null {
  const swap = swapSetup(configuration, deployment, blockBytes);
  if (swap === undefined) return null;
  if (reservesFinal(configuration)) {
    const words = 'preemption_mode swap, but nothing is ever preempted under static batching or full-length admission';
    return { reason: 'swap-without-preemption', words };
  }
  if (swap.hostBlocks < 1) {
    const words = `swap_space of ${configuration.swap_space} bytes per device holds no KV block of ${blockBytes} bytes`;
    return { reason: 'no-host-memory', words };
  }
  if (swap.secondsPerBlock < Number.POSITIVE_INFINITY) return null;
  return { reason: 'no-host-memory', words: 'preemption_mode swap, but the hardware has no link to a host' };
}
