// What engines copy between host and device: preempted sequences, and LoRA adapters.
import type { ClientCounters } from './types.ts';

/** What engines copied between host and device; absent where they copy nothing. */
export interface CopyFigures {
  /** Preempted sequences copied to host memory, and back, and the seconds that steps lasted longer for it; only where the engine swaps. */
  readonly swapped_out?: number;
  readonly swapped_in?: number;
  readonly swap_s?: number;
  /** LoRA adapters loaded into a slot, of those the ones that came from storage, and the seconds that steps waited for them; only where some are served. */
  readonly adapter_loads?: number;
  readonly adapter_fetches?: number;
  readonly adapter_load_s?: number;
}

/** Swaps of several clients together. */
export function swapsOf(
  counters: readonly ClientCounters[],
): Pick<CopyFigures, 'swapped_out' | 'swapped_in' | 'swap_s'> {
  const sum = (field: 'swapsOut' | 'swapsIn' | 'swapSeconds') =>
    counters.reduce((total, one) => total + (one[field] ?? 0), 0);
  return { swapped_out: sum('swapsOut'), swapped_in: sum('swapsIn'), swap_s: sum('swapSeconds') };
}

/** LoRA adapters that several clients have loaded together. */
export function loadsOf(
  counters: readonly ClientCounters[],
): Pick<CopyFigures, 'adapter_loads' | 'adapter_fetches' | 'adapter_load_s'> {
  const sum = (field: 'adapterLoads' | 'adapterFetches' | 'adapterSeconds') =>
    counters.reduce((total, one) => total + (one[field] ?? 0), 0);
  return {
    adapter_loads: sum('adapterLoads'),
    adapter_fetches: sum('adapterFetches'),
    adapter_load_s: sum('adapterSeconds'),
  };
}
