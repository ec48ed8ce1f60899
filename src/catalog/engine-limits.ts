// What an engine takes for its limits where nobody sets them: some engines look at the device first.
import type { EngineProfile, Hardware } from './types.ts';

export type EngineLimits = Pick<EngineProfile, 'max_num_seqs' | 'max_num_batched_tokens'>;

/** Whether an engine counts a device among those for which it takes smaller limits. */
export function takesSmallLimits(
  { small_devices: small }: EngineProfile,
  { memory_bytes, name }: Pick<Hardware, 'memory_bytes' | 'name'>,
): boolean {
  if (!small) return false;
  const called = name.toLowerCase();
  return memory_bytes < small.below_bytes || small.or_named.some((word) => called.includes(word.toLowerCase()));
}

/** The profile's own limits on a device, of one of so many ranks of attention data parallel. */
export function limitsOn(
  profile: EngineProfile,
  hardware: Pick<Hardware, 'memory_bytes' | 'name'> | undefined,
  ranks: number,
): EngineLimits {
  const { max_num_seqs, max_num_batched_tokens } =
    hardware && takesSmallLimits(profile, hardware) ? profile.small_devices! : profile;
  const share = profile.ranks_share_budget ? ranks : 1;
  return { max_num_seqs, max_num_batched_tokens: Math.max(1, Math.floor(max_num_batched_tokens / share)) };
}
