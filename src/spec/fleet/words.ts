// The closed lists of words that only pipeline specs use, in the order in which they are offered.
import type { DomainKind, LinkSpec, LlmPool, LoadName, RoutingPolicy, TierSpec } from './types.ts';

export const LOADS = ['input', 'output', 'kv', 'left'] as const satisfies readonly LoadName[];

interface Routing {
  readonly policy: RoutingPolicy;
  readonly metric: LoadName;
}

/** The paper's nine (round robin; load-based and heavy-light by four metrics), and three more. */
export const ROUTING_WORDS: Readonly<Record<string, Routing>> = {
  'round-robin': { policy: 'round-robin', metric: 'requests' },
  'least-loaded': { policy: 'load', metric: 'requests' },
  ...Object.fromEntries(LOADS.map((metric) => [`load-${metric}`, { policy: 'load', metric }])),
  ...Object.fromEntries(LOADS.map((metric) => [`heavy-light-${metric}`, { policy: 'heavy-light', metric }])),
  'prefix-affinity': { policy: 'prefix-affinity', metric: 'requests' },
  nearest: { policy: 'nearest', metric: 'requests' },
};

export const ROLES = ['both', 'prefill', 'decode'] as const satisfies readonly LlmPool['role'][];
export const TRANSFERS = ['whole', 'layer-wise'] as const satisfies readonly LlmPool['transfer'][];
export const WRITE_POLICIES = [
  'write_through',
  'write_through_selective',
  'write_back',
] as const satisfies readonly TierSpec['policy'][];
export const COARSE = ['flat', 'tree', 'hnsw'] as const;
export const PARALLELS = ['auto', 'inter', 'intra'] as const;

/**
 * What a domain's members attach by where the spec gives no port. NVLink and network card: Calculon's h100_80g_nvl8 system (450 GB/s
 * at 60 %, 1 us; 50 GB/s at 90 %, 2 us). PCIe 4.0 x16: 32 GB/s one way. Data-centre network: 128 GB/s and 20 ms (MIST, figure 14).
 */
export const DOMAIN_PORTS: Readonly<Record<DomainKind, LinkSpec>> = {
  nvlink: { bandwidth: 450e9, latency: 1e-6, efficiency: 0.6 },
  pcie: { bandwidth: 32e9, latency: 1e-6, efficiency: 0.8 },
  server: { bandwidth: 32e9, latency: 1e-6, efficiency: 0.8 },
  rack: { bandwidth: 50e9, latency: 2e-6, efficiency: 0.9 },
  dcn: { bandwidth: 128e9, latency: 20e-3, efficiency: 0.9 },
};
export const DOMAIN_KINDS = Object.keys(DOMAIN_PORTS) as DomainKind[];
