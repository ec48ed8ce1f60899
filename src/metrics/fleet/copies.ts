// What engines count beside their work: what they copy between host and device, and how evenly they serve tenants.
import type { FleetClient } from '../../plan/fleet.ts';
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
  /** The most that a tenant that waited was ahead of the one whose turn it was, in weighted tokens; only with packing: fair. */
  readonly fair_gap?: number;
}

/** What these clients count beside their work, together; what none of them does is absent. */
export function copiesOf(
  clients: readonly Pick<FleetClient, 'swap' | 'adapters' | 'tenants'>[],
  counters: readonly ClientCounters[],
): CopyFigures {
  return {
    ...(clients.some(({ swap }) => swap) ? swapsOf(counters) : {}),
    ...(clients.some(({ adapters }) => adapters) ? loadsOf(counters) : {}),
    ...(clients.some(({ tenants }) => tenants) ? gapOf(counters) : {}),
  };
}

/** Swaps of several clients together. */
function swapsOf(counters: readonly ClientCounters[]): Pick<CopyFigures, 'swapped_out' | 'swapped_in' | 'swap_s'> {
  const sum = (field: 'swapsOut' | 'swapsIn' | 'swapSeconds') =>
    counters.reduce((total, one) => total + (one[field] ?? 0), 0);
  return { swapped_out: sum('swapsOut'), swapped_in: sum('swapsIn'), swap_s: sum('swapSeconds') };
}

/** LoRA adapters that several clients have loaded together. */
function loadsOf(
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

/** How unevenly several clients have served those who waited, at the worst. */
function gapOf(counters: readonly ClientCounters[]): Pick<CopyFigures, 'fair_gap'> {
  return { fair_gap: Math.max(...counters.map(({ fairGap = 0 }) => fairGap)) };
}
