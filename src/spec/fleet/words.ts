// The closed lists of words that only pipeline specs use, in the order in which they are offered.
import {
  isNamedByLoad,
  LOAD,
  type LoadMetric,
  NORM,
  ROUTING,
  type RoutingPolicy,
} from '../../check/scheduler-lists.ts';
import type { RoutingSpec } from './types.ts';

interface Routing {
  readonly policy: RoutingPolicy;
  readonly metric: LoadMetric;
}

/** What is counted where nothing is named. */
const [PLAIN_LOAD, ...NAMED_LOADS] = LOAD.names as [LoadMetric, ...LoadMetric[]];

/**
 * How a spec names each policy: alone, or once per load metric (the paper's nine: round robin; load-based and heavy-light by four
 * metrics). The fewest outstanding visits, load by requests, are `least-loaded`.
 */
export const ROUTING_WORDS: Readonly<Record<string, Routing>> = Object.fromEntries(
  ROUTING.names.flatMap((policy): [string, Routing][] => {
    if (!isNamedByLoad(policy)) return [[policy, { policy, metric: PLAIN_LOAD }]];
    const named = NAMED_LOADS.map((metric): [string, Routing] => [`${policy}-${metric}`, { policy, metric }]);
    return policy === 'load' ? [['least-loaded', { policy, metric: PLAIN_LOAD }], ...named] : named;
  }),
);

/** As a spec says it; of a scored one with the weights. */
export function nameRouting({ policy, metric, terms, refresh }: RoutingSpec): string {
  const found = Object.entries(ROUTING_WORDS).find(([, one]) => one.policy === policy && one.metric === metric);
  const weighed = terms.map(
    ({ term, weight, norm }) => `${weight} ${term}${norm === NORM.names[0] ? '' : ` (${norm})`}`,
  );
  const read = refresh > 0 ? `, read every ${refresh * 1000} ms` : '';
  return `${found?.[0] ?? policy}${weighed.length > 0 ? ` by ${weighed.join(' + ')}${read}` : ''}`;
}

export const ROLES = ['both', 'prefill', 'decode'] as const;
export const TRANSFERS = ['whole', 'layer-wise'] as const;
/** When blocks come into a tier: with every visit that is written; when a nearer tier held them already; when the nearer tier lets them go. */
export const WRITE_POLICIES = ['write_through', 'write_through_selective', 'write_back'] as const;
export type WritePolicy = (typeof WRITE_POLICIES)[number];
export const COARSE = ['flat', 'tree', 'hnsw'] as const;
export const PARALLELS = ['auto', 'inter', 'intra'] as const;

/**
 * What a domain's members attach by where the spec gives no port. NVLink and network card: Calculon's h100_80g_nvl8 system (450 GB/s
 * at 60 %, 1 us; 50 GB/s at 90 %, 2 us). PCIe 4.0 x16: 32 GB/s one way. Data-centre network: 128 GB/s and 20 ms (MIST, figure 14).
 */
export const DOMAIN_PORTS = {
  nvlink: { bandwidth: 450e9, latency: 1e-6, efficiency: 0.6 },
  pcie: { bandwidth: 32e9, latency: 1e-6, efficiency: 0.8 },
  server: { bandwidth: 32e9, latency: 1e-6, efficiency: 0.8 },
  rack: { bandwidth: 50e9, latency: 2e-6, efficiency: 0.9 },
  dcn: { bandwidth: 128e9, latency: 20e-3, efficiency: 0.9 },
} as const satisfies Readonly<Record<string, { bandwidth: number; latency: number; efficiency: number }>>;
export type DomainKind = keyof typeof DOMAIN_PORTS;
export const DOMAIN_KINDS = Object.keys(DOMAIN_PORTS) as DomainKind[];
