// Requests through the instances of one pool, as a program: what benches time, and tests hold against the reference.
import type { FleetClient, FleetProgram, VisitTable } from '../src/plan/fleet.ts';
import { comesInBursts, type EngineSetup, type RequestResults, type StepRecord } from '../src/plan/setup.ts';
import type { EngineCounters } from '../src/run/engine.ts';
import { type FleetOptions, type FleetRoom, type FleetRun, runFleet } from '../src/run/fleet.ts';
import { ROUTING_WORDS } from '../src/spec/fleet/words.ts';
import type { Requests } from '../src/workload/types.ts';

/** Every request is one visit to the pool. */
export function onePool(requests: Requests, { replicas, routing, ...engine }: EngineSetup): FleetProgram {
  const { policy, metric } = ROUTING_WORDS[routing];
  const members = Array.from({ length: replicas }, (_, index) => index);
  const alone = { kind: 'llm', packing: 'fcfs', localGroup: 0, location: 0, channel: -1, demand: 1 } as const;
  const client = { ...engine, ...alone, tiers: [] };
  return {
    clients: members.map((index): FleetClient => ({ ...client, name: `engine-${index + 1}` })),
    groups: [{ name: 'engine', members, routing: policy, metric, threshold: 0, light: 0 }],
    ...{ links: [], locations: 1, paths: [[]], channels: 0, stages: ['serve'] },
    visits: visitsOf(requests),
    requests: {
      count: requests.count,
      arrival: requests.arrival,
      first: Int32Array.from({ length: requests.count + 1 }, (_, r) => r),
      last: Int32Array.from({ length: requests.count }, (_, r) => r),
      concurrency: requests.concurrency,
    },
    ...{ hashBlock: 0, hashCount: 0, storeBytesPerToken: 0 },
  };
}

function visitsOf({ count, prompt, output }: Requests): VisitTable {
  const zeros = () => new Int32Array(count);
  const none = () => new Int32Array(count).fill(-1);
  return {
    ...{ count, prompt, output, request: Int32Array.from({ length: count }, (_, r) => r) },
    ...{ stage: zeros(), group: zeros(), seconds: new Float64Array(count), flags: zeros(), sameAs: none() },
    ...{ shared: zeros(), lets: none(), holders: zeros(), pending: zeros(), edgeAt: new Int32Array(count + 1) },
    ...{ edgeTo: zeros().subarray(0, 0), edgeBytes: new Float64Array(0), edgeLayers: new Int32Array(0) },
    ...{ fetches: none(), writes: none(), hashAt: new Int32Array(count + 1), hashIds: new Int32Array(0) },
  };
}

/** What a run of one pool left, its instances together. */
export interface OnePoolRun {
  readonly results: RequestResults;
  readonly steps: readonly StepRecord[];
  readonly counters: EngineCounters;
  readonly itl: FleetRun['itl'];
  readonly stop: FleetRun['stop'];
  readonly bursts: boolean;
}

export function runOnePool(
  requests: Requests,
  setup: EngineSetup,
  options: FleetOptions,
  room?: FleetRoom,
): OnePoolRun {
  const run = runFleet(onePool(requests, setup), options, room);
  const { state, first, finish, preemptions, client, ready } = run.results;
  // a closed loop sends a request when another one ends
  const arrival = requests.concurrency > 0 ? ready : requests.arrival;
  return {
    results: { state, arrival, first, finish, preemptions, replica: client },
    ...{ steps: run.steps, counters: sumCounters(run.clients), itl: run.itl, stop: run.stop },
    bursts: comesInBursts(setup),
  };
}

/** What all instances counted together; peaks are those of the fullest. */
export function sumCounters(clients: readonly EngineCounters[]): EngineCounters {
  const sum = (field: Exclude<keyof EngineCounters, 'accepted' | 'found'>) =>
    clients.reduce((total, one) => total + (one[field] ?? 0), 0);
  const most = (field: 'peakBlocks' | 'peakSequences') => Math.max(...clients.map((one) => one[field]));
  const { draftSteps, accepted } = clients[0];
  return {
    ...{ steps: sum('steps'), busySeconds: sum('busySeconds'), runningSeconds: sum('runningSeconds') },
    ...{ newTokens: sum('newTokens'), pairs: sum('pairs'), contextTokens: sum('contextTokens') },
    ...{ preemptions: sum('preemptions'), swapsOut: sum('swapsOut'), swapsIn: sum('swapsIn') },
    ...{ swapSeconds: sum('swapSeconds'), peakBlocks: most('peakBlocks'), peakSequences: most('peakSequences') },
    ...(draftSteps === undefined ? {} : { draftSteps: sum('draftSteps') }),
    ...(accepted === undefined
      ? {}
      : { accepted: accepted.map((_, i) => clients.reduce((total, one) => total + (one.accepted?.[i] ?? 0), 0)) }),
  };
}
