// Random runs to measure: small random fleets as the reference runs them, with prices, limits, pipelines, a client and a window of their own.
import fc from 'fast-check';
import type { Way } from '../../src/metrics/fleet/client-view.ts';
import type { ClientCounters, ClientPrice, FleetRun } from '../../src/metrics/fleet/types.ts';
import type { Checkpoint } from '../../src/metrics/fleet/window.ts';
import type { ItlHistogram } from '../../src/metrics/itl.ts';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import type { Slo } from '../../src/spec/types.ts';
import { drawProgram } from '../fleet/random.ts';
import { makeCounters } from '../fleet-report/builder.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { seeded } from './columns.ts';

type Random = () => number;
const pick = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
const maybe = <T extends object>(random: Random, part: T): T | Record<never, never> => (random() < 0.5 ? part : {});

const STAGES = ['tool', 'prefill', 'decode', 'think', 'encode'];
const ROLES = { prefill: [1], decode: [2], think: [3] };

/** The same visits, as stages of any kind: those of engines generate, or do not; programs are drawn without. */
function stageBy(random: Random, { visits, groups, clients, ...rest }: FleetProgram): FleetProgram {
  const isEngine = (group: number) => groups[group]!.members.every((c) => clients[c]!.kind === 'llm');
  const stage = visits.group.map((group) => (isEngine(group) ? 1 + Math.floor(4 * random()) : 0));
  return { ...rest, groups, clients, stages: STAGES, visits: { ...visits, stage } };
}

const work = (random: Random) => ({
  ...{ perStep: random(), perToken: random(), perPair: random() / 100, perContext: random() / 100 },
  ...maybe(random, { perDraftStep: random(), perDraft: random() }),
});

function priceOf(random: Random, llm: boolean): ClientPrice {
  const parts = { compute: work(random), memory: work(random), network: work(random) };
  const energy = {
    ...work(random),
    ...maybe(random, { parts }),
    idleW: 10 * random(),
    ...maybe(random, { busyW: 5 * random() }),
    ...maybe(random, { mostW: 10 + 4 * random() }),
  };
  return {
    energy: random() < 0.1 ? null : energy,
    ...(llm ? {} : maybe(random, { busyW: 3 * random() })),
    devices: pick(random, [0, 1, 1, 2, 4]),
    usdPerDeviceHour: random() < 0.1 ? Number.NaN : 4 * random(),
    ...(random() < 0.3 ? { host: pick(random, ['one', 'other']) } : {}),
  };
}

const EDGES = Float64Array.of(0, 0.1, 0.5, 2, Number.POSITIVE_INFINITY);
const gapsOf = (random: Random): ItlHistogram => ({
  edges: EDGES,
  weights: EDGES.slice(1).map(() => Math.floor(9 * random())),
});

/** A part of what was counted; peaks as they are. */
function partOf(counters: ClientCounters, share: number): ClientCounters {
  const peaks = { peakBlocks: counters.peakBlocks, peakSequences: counters.peakSequences };
  const scaled = Object.entries(counters).map(([name, count]) => [
    name,
    Array.isArray(count) ? count.map((one: number) => share * one) : share * count,
  ]);
  return { ...Object.fromEntries(scaled), ...peaks };
}

/** Two checkpoints somewhere in the run, and the rule that asks for them. */
function windowOf(
  random: Random,
  counters: readonly ClientCounters[],
  itl: ItlHistogram,
  requests: number,
  clock: number,
) {
  const [from, to] = [random(), random()].sort();
  const at = (share: number, arrived: number): Checkpoint => ({
    clock: share * clock,
    arrived,
    counters: counters.map((one) => partOf(one, share)),
    itl: { ...itl, weights: itl.weights.map((weight) => share * weight) },
  });
  const checkpoints = [at(from!, 1), at(to!, requests)];
  const edge = (request: number) => ({ at: 'arrival', request }) as const;
  return { rule: random() < 0.5 ? ('steady' as const) : { from: edge(0), to: edge(requests - 1) }, checkpoints };
}

function dress(drawn: FleetProgram, seed: number): FleetRun {
  const random = seeded(seed);
  const program = stageBy(random, drawn);
  const reference = referenceFleet(program);
  const counters = reference.clients.map((counted) => makeCounters(counted));
  const { results, requestState, changes, deadlock, clock } = reference;
  const { count } = program.requests;
  const itl = gapsOf(random);
  const ways = program.clients.map((): Way | null =>
    random() < 0.2 ? null : { request_s: random(), prompt_token_s: random() / 10 },
  );
  const limit = (metric: Slo['metric'], most: number): Slo[] =>
    random() < 0.5 ? [] : [{ metric, percentile: 'p99', limit: most * random() }];
  return {
    program,
    results,
    requestState,
    counters,
    changes,
    roles: ROLES,
    slo: [...limit('ttft', 5), ...limit('tpot', 1), ...limit('e2el', 20)],
    pipelines: { names: ['a', 'b'], of: Int32Array.from({ length: count }, () => Math.floor(2 * random())) },
    prices: {
      clients: program.clients.map(({ kind }) => priceOf(random, kind === 'llm')),
      ...maybe(random, { power: { pue: 1 + random(), usd_per_kwh: random() < 0.3 ? null : random() } }),
    },
    ...maybe(random, { itl }),
    ...maybe(random, {
      client: {
        ways: random() < 0.3 ? null : ways,
        firstToken: pick(random, ['prefill', 'decode'] as const),
        ...(count > 1 ? maybe(random, { window: windowOf(random, counters, itl, count, clock) }) : {}),
      },
    }),
    ...(deadlock === null ? {} : { stopped: deadlock, deadlock: true, clock }),
  };
}

export const drawRun = (): fc.Arbitrary<FleetRun> =>
  fc.tuple(drawProgram(), fc.integer({ min: 1, max: 1e6 })).map(([program, seed]) => dress(program, seed));
