// What the reference counts of a client.
import type { FleetClient } from '../../../src/plan/fleet.ts';

export interface ClientCounters {
  steps: number;
  busySeconds: number;
  newTokens: number;
  pairs: number;
  contextTokens: number;
  preemptions: number;
  swapsOut: number;
  swapsIn: number;
  swapSeconds: number;
  /** With LoRA adapters: loaded into a slot, of those from storage, and the seconds that steps waited for it. */
  adapterLoads?: number;
  adapterFetches?: number;
  adapterSeconds?: number;
  /** With fair queues: the most that a tenant that waited was ahead of the one whose turn it was, in weighted tokens. */
  fairGap?: number;
  /** Of a store: blocks that look-ups found, by tier. */
  found?: number[];
  peakBlocks: number;
  /** With speculative decoding: steps that verified drafts, and how often 0, 1, ... drafts were accepted. */
  draftSteps?: number;
  accepted?: number[];
}

export function openCounters(setup: FleetClient): ClientCounters {
  return {
    steps: 0,
    busySeconds: 0,
    newTokens: 0,
    pairs: 0,
    contextTokens: 0,
    preemptions: 0,
    swapsOut: 0,
    swapsIn: 0,
    swapSeconds: 0,
    peakBlocks: 0,
    ...(setup.adapters ? { adapterLoads: 0, adapterFetches: 0, adapterSeconds: 0 } : {}),
    ...(setup.tiers.length > 0 ? { found: setup.tiers.map(() => 0) } : {}),
    ...(setup.tenants ? { fairGap: 0 } : {}),
    ...(setup.speculation ? { draftSteps: 0, accepted: new Array(setup.speculation.drafts + 1).fill(0) } : {}),
  };
}
