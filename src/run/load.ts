// What the load of a fleet is counted in: a rate of requests, or how many of a closed loop are in flight; and how it is set.
import type { FleetSummary } from '../metrics/sweep.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { MAX_COUNT, MAX_RATE, MIN_RATE } from '../spec/limits.ts';
import { COOLDOWN_SHARE, explainEdge, WARMUP_SHARE } from '../spec/window.ts';

type Part = Record<string, unknown>;

export interface LoadKind {
  readonly unit: 'requests/s' | 'requests in flight';
  /** Whether it is a count, and how small and how large it can be. */
  readonly whole: boolean;
  readonly least: number;
  readonly most: number;
  /** What the spec asks for; 0 where only a run tells (a file replayed at its own times). */
  of(spec: FleetSpec): number;
  /** What a run was offered. */
  offered(result: FleetSummary): number;
  /** The spec under another load. */
  set(spec: FleetSpec, load: number): FleetSpec;
  /** The same in the data of its document. */
  write(workload: Part, load: number): Part;
}

const RATE: LoadKind = {
  unit: 'requests/s',
  ...{ whole: false, least: MIN_RATE, most: MAX_RATE },
  of: ({ workload }) => workload.request_rate,
  offered: ({ balance: { offered, from, to } }) => offered / (to - from),
  set(spec, request_rate) {
    const { requests } = spec.workload;
    const replayed = requests === null ? null : { ...requests, rate_scale: 1 };
    return { ...spec, workload: { ...spec.workload, request_rate, requests: replayed } };
  },
  write({ requests, users: _, ...workload }, request_rate) {
    if (requests === undefined) return { ...workload, request_rate };
    const { rate_scale: __, ...file } = typeof requests === 'object' ? (requests as Part) : { file: requests };
    return { ...workload, requests: file, request_rate };
  },
};

const IN_FLIGHT: LoadKind = {
  unit: 'requests in flight',
  ...{ whole: true, least: 1, most: MAX_COUNT },
  of: ({ workload: { arrivals } }) => (arrivals.process === 'closed-loop' ? arrivals.max_concurrency : 0),
  offered: ({ max_concurrent_requests }) => max_concurrent_requests,
  set: (spec, max_concurrency) => ({
    ...spec,
    workload: { ...spec.workload, arrivals: { process: 'closed-loop', max_concurrency } },
  }),
  write: (workload, max_concurrency) => ({ ...workload, arrivals: { process: 'closed-loop', max_concurrency } }),
};

/** null where requests come all at once: there is nothing to turn. */
export function loadKindOf({ workload: { arrivals } }: FleetSpec): LoadKind | null {
  if (arrivals.process === 'all-at-once') return null;
  return arrivals.process === 'closed-loop' ? IN_FLIGHT : RATE;
}

/**
 * The data of a document whose run by itself is the probe at `load`: as long as that was (`times`), and with the edges left out that
 * a sweep leaves out where nothing is said of them.
 */
export function writeLoad(data: object, kind: LoadKind, load: number, spec: FleetSpec, times: number): Part {
  const { workload = {}, ...rest } = data as { workload?: Part } & Part;
  const { num_requests: count, duration } = spec.workload;
  const share = (part: number) => explainEdge({ of: 'share', share: part }).replace(' ', '');
  const edges = { warmup: share(WARMUP_SHARE), cooldown: share(COOLDOWN_SHARE) };
  const longer = {
    ...(count > 0 ? { num_requests: count * times } : {}),
    ...(duration === undefined ? {} : { duration: `${duration * times}s` }),
  };
  return { ...rest, workload: { ...edges, ...kind.write(workload, load), ...longer } };
}
