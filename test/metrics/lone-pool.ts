// The results of engines alone from columns made by hand: what one client counted stands for all of them.
import { summariseFleet } from '../../src/metrics/fleet/measure.ts';
import type { ClientCounters, FleetRun } from '../../src/metrics/fleet/types.ts';
import type { ItlHistogram } from '../../src/metrics/itl.ts';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import type { EnergyFigures } from '../../src/plan/energy.ts';
import type { FleetClient } from '../../src/plan/fleet.ts';
import type { RequestResults } from '../../src/plan/setup.ts';
import type { PowerSpec } from '../../src/spec/power.ts';
import type { Slo } from '../../src/spec/types.ts';
import type { Requests } from '../../src/workload/types.ts';

export interface RunInput {
  readonly requests: Pick<Requests, 'count' | 'prompt' | 'output' | 'concurrency'>;
  readonly results: RequestResults;
  readonly counters: Omit<ClientCounters, 'peakSequences'> & {
    readonly itlHistogram: ItlHistogram;
    readonly clock?: number;
  };
  readonly energy: EnergyFigures | null;
  readonly power?: PowerSpec;
  readonly usdPerDeviceHour: number;
  /** Of the whole pool. */
  readonly devices: number;
  readonly replicas: number;
  readonly numGpuBlocks: number;
  readonly slo: readonly Slo[];
}

const IDLE: ClientCounters = {
  ...{ steps: 0, busySeconds: 0, runningSeconds: 0, newTokens: 0, pairs: 0, contextTokens: 0 },
  ...{ preemptions: 0, peakBlocks: 0, peakSequences: 0 },
};

export function makeRunResult(input: RunInput): FleetSummary {
  const { requests, results, replicas, numGpuBlocks, energy, devices, usdPerDeviceHour } = input;
  const { count, prompt, output, concurrency } = requests;
  const { itlHistogram, clock, ...counted } = input.counters;
  const none = new Int32Array(count);
  const each = <T>(of: (i: number) => T): T[] => Array.from({ length: replicas }, (_, i) => of(i));
  const client = {
    ...{ name: 'engine', kind: 'llm', batching: 'chunked', admission: 'prompt', packing: 'fcfs', numGpuBlocks },
  } as unknown as FleetClient;
  const places = Int32Array.from({ length: count + 1 }, (_, i) => i);
  const program = {
    clients: each(() => client),
    stages: ['serve'],
    visits: {
      ...{ count, prompt: prompt.subarray(0, count), output: output.subarray(0, count) },
      ...{ stage: none, flags: none, shared: none, edgeAt: new Int32Array(count + 1), edgeTo: new Int32Array(0) },
    },
    requests: { count, arrival: results.arrival, first: places, last: places, concurrency },
  } as unknown as FleetRun['program'];
  const { state, arrival, first, finish, preemptions } = results;
  return summariseFleet({
    program,
    results: { state, ready: arrival, start: first, first, finish, client: none, preemptions, cached: none },
    requestState: state,
    counters: each((i) => (i === 0 ? { ...counted, peakSequences: 0 } : IDLE)),
    roles: { prefill: [0], decode: [], think: [] },
    slo: input.slo,
    prices: {
      clients: each(() => ({ energy, devices: devices / replicas, usdPerDeviceHour })),
      ...(input.power ? { power: input.power } : {}),
    },
    itl: itlHistogram,
    ...(clock === undefined ? {} : { clock }),
  });
}
