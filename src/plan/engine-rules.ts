// What the rules of an engine (spec/engine-rules.ts) change about a deployment: its device, what is legal, its memory, its price.
import type { Hardware } from '../catalog/types.ts';
import type { EngineRules } from '../spec/engine-rules.ts';
import type { IllegalSplit } from './legal.ts';
import type { KvCapacity } from './memory.ts';
import type { EngineSetup } from './setup.ts';

/**
 * What a sweep would not propose but a measured run has shown to work: heads padded or spread over servers, formats that kernels
 * unpack, attention groups of a dense model.
 */
const DONE_ANYWAY: ReadonlySet<IllegalSplit['reason']> = new Set([
  'tp-beyond-scale-up',
  'tp-exceeds-heads',
  'tp-does-not-divide-heads',
  'dp-without-experts',
  'no-scale-out',
  'format-not-supported',
]);

/** Whether a split that is refused was seen running all the same. */
export function ranAnyway(rules: EngineRules | undefined, { reason }: { readonly reason: string }): boolean {
  return rules?.known_to_run === true && (DONE_ANYWAY as ReadonlySet<string>).has(reason);
}

const sharded = new WeakMap<Hardware, Map<number, Hardware>>();

/**
 * The hardware as an engine saw it that made `shards` of each device. Each shard is 1/shards_per_device of the device: one that
 * makes fewer leaves the rest idle. The same object for the same question: surfaces are remembered by it.
 */
export function withShards(listed: Hardware, shards: number | undefined): Hardware {
  if (shards === undefined || shards === listed.shards_per_device) return listed;
  const known = sharded.get(listed) ?? new Map<number, Hardware>();
  sharded.set(listed, known);
  const found = known.get(shards);
  if (found) return found;
  const used = Math.min(1, shards / listed.shards_per_device);
  const { bf16, fp8, int8, fp4 } = listed.peak;
  const scaled: Hardware = {
    ...listed,
    shards_per_device: shards,
    peak: {
      bf16: bf16 * used,
      ...(fp8 === undefined ? {} : { fp8: fp8 * used }),
      ...(int8 === undefined ? {} : { int8: int8 * used }),
      ...(fp4 === undefined ? {} : { fp4: fp4 * used }),
    },
    memory_bytes: listed.memory_bytes * used,
    memory_bandwidth: listed.memory_bandwidth * used,
  };
  known.set(shards, scaled);
  return scaled;
}

/** What an engine that was tuned to fit may take of a device's memory. */
const TUNED_SHARE = 0.97;

/** The run was measured, so its operators made it fit: by a larger share of memory and smaller workspaces than the defaults. */
export function squeeze(capacity: KvCapacity, hardware: Pick<Hardware, 'memory_bytes'>): KvCapacity {
  const room = hardware.memory_bytes * TUNED_SHARE - capacity.weightsBytes;
  const blocks = Math.floor(room / capacity.blockBytes);
  if (!(blocks >= 1)) return capacity;
  const { reason: _, ...rest } = capacity;
  return { ...rest, blocks, words: `${blocks} blocks: ${SQUEEZED}` };
}
export const SQUEEZED = `default memory rules leave no room; ${TUNED_SHARE} of memory assumed`;

/** The rules of the scheduler, for the engine; `budget`: tokens of one step. */
export function schedulerRules(
  rules: EngineRules | undefined,
  budget: number,
): Pick<EngineSetup, 'receiveEvery' | 'batchWait' | 'evenPrompts' | 'maxQueued'> {
  const { recv_interval: every, batch_wait: wait, attention_dp_config: even, max_queued_requests: most } = rules ?? {};
  return {
    ...(every === undefined ? {} : { receiveEvery: every }),
    ...(most === undefined ? {} : { maxQueued: most }),
    ...(even === undefined ? {} : { evenPrompts: { steps: even.timeout_iters, batching: even.batching_wait_iters } }),
    ...(wait === undefined
      ? {}
      : { batchWait: { steps: wait.iters, tokens: Math.ceil(wait.max_tokens_ratio * budget) } }),
  };
}
