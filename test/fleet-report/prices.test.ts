// Energy and cost of clients, and what visits and stages bear of them.
import { expect, test } from 'vitest';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import { priceClients } from '../../src/metrics/fleet/price-list.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { CLIENTS, DISAGGREGATED, makeClient, makeCounters, makeRun } from './builder.ts';
import { makeFleetRun } from './fixture.ts';

test('energy and cost of all visits and of unvisited clients add up to the totals; PUE and electricity count', () => {
  const run = makeFleetRun(60);
  const { result, joules, usd } = measureFleet(run);
  const sum = (column: Iterable<number>): number => [...column].reduce((a, b) => a + b, 0);
  expect(sum(joules)).toBeCloseTo(result.energy_j, 4);
  expect(sum(usd)).toBeCloseTo((result.usd_per_hour / 3600) * result.duration, 9);
  expect(sum(result.stages.map((stage) => stage.joules_per_request))).toBeCloseTo(result.joules_per_request, 6);
  expect(sum(result.stages.map((stage) => stage.usd_per_request))).toBeCloseTo(result.usd_per_request, 9);
  const idle = sum(run.prices!.clients.map((price) => price.energy!.idleW));
  expect(result.energy_j).toBeGreaterThan(1.2 * idle * result.duration); // law L11
  const bare = measureFleet({ ...run, prices: { clients: run.prices!.clients } }).result;
  expect(result.energy_j / bare.energy_j).toBeCloseTo(1.2, 9);
  expect(bare.usd_per_hour).toBeCloseTo(7 * 2.2 + 2 * 0.4, 9);
  expect(result.usd_per_hour - bare.usd_per_hour).toBeCloseTo((result.power_w / 1000) * 0.1, 9);
  const lonely = { ...run, program: { ...run.program, clients: [...run.program.clients, makeClient('spare')] } };
  const spare = { energy: null, devices: 2, usdPerDeviceHour: 3 };
  const priced = {
    ...lonely,
    counters: [...run.counters, makeCounters()],
    prices: { clients: [...run.prices!.clients, spare] },
  };
  const more = measureFleet(priced).result;
  expect(more.idle_usd_per_request * more.completed).toBeCloseTo((6 * more.duration) / 3600, 9);
  expect([more.unmetered, more.unpriced]).toEqual([['spare'], []]);
  expect(more.energy_j).toBeCloseTo(bare.energy_j, 4); // that of the others
  expect(more.idle_joules_per_request).toBeNaN();
  expect(more.usd_per_hour).toBeCloseTo(bare.usd_per_hour + 6, 9);
});

test('clients on one host pay for its devices once, by their part of the busy time', () => {
  const energy = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: 100 };
  const counters = [makeCounters(), makeCounters({ busySeconds: 3 }), makeCounters({ busySeconds: 1 })];
  const one = { energy, devices: 1, usdPerDeviceHour: 8 };
  const clients = [
    { energy: null, devices: 0, usdPerDeviceHour: Number.NaN },
    { ...one, host: 'a' },
    { ...one, host: 'a' },
  ];
  const { result } = measureFleet(makeRun(CLIENTS, [DISAGGREGATED], { counters, prices: { clients } }));
  expect(result.clients.map((client) => client.power_w)).toEqual([0, 75, 25]);
  expect(result.clients.map((client) => client.usd_per_hour)).toEqual([0, 6, 2]);
  expect([result.devices, result.usd_per_hour, result.power_w]).toEqual([1, 8, 100]);
  const apart = clients.map(({ energy, devices, usdPerDeviceHour }) => ({ energy, devices, usdPerDeviceHour }));
  expect(measureFleet(makeRun(CLIENTS, [DISAGGREGATED], { counters, prices: { clients: apart } })).result.devices).toBe(
    2,
  );
  const free = apart.map((price) => ({ ...price, devices: 0 }));
  expect(
    measureFleet(makeRun(CLIENTS, [DISAGGREGATED], { counters, prices: { clients: free } })).result.energy_j,
  ).toBeNaN();
});

test('prices of a lowered spec: hosts by channel and hardware, busy watts for cores only', () => {
  const energy = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: 30 };
  const fact = { devices: 1, usdPerDeviceHour: 2, energy, basis: '', memory: '' };
  const pools = [
    { name: 'search', kind: 'retrieval', hardware: 'cpu' },
    { name: 'embed', kind: 'llm', configuration: { hardware: 'cpu' } },
    { name: 'offload', kind: 'llm', configuration: { hardware: 'gpu' } },
    { name: 'front', kind: 'cores', hardware: 'cpu' },
  ] as unknown as FleetSpec['pools'];
  const channels = [0, 0, 0, -1, -1];
  const kinds = ['llm', 'llm', 'llm', 'cores', 'cores'] as const;
  const clients = kinds.map((kind, c) => makeClient(`c${c}`, { kind, channel: channels[c] }));
  const names = ['search', 'embed', 'offload', 'front', ''];
  const lowered = {
    program: { ...makeRun(clients, []).program },
    clients: names.map((pool) => (pool === '' ? { ...fact, pool, devices: 0, energy: null } : { ...fact, pool })),
  };
  const prices = priceClients({ pools }, lowered, { pue: 1.3, usd_per_kwh: null });
  expect(prices.power?.pue).toBe(1.3);
  expect(prices.clients.map(({ host }) => host)).toEqual(['cpu/0', 'cpu/0', 'gpu/0', undefined, undefined]);
  expect(prices.clients.map(({ busyW }) => busyW)).toEqual([
    undefined,
    undefined,
    undefined,
    expect.closeTo((30 * 0.67) / 0.33, 9),
    undefined,
  ]);
});

test('cores draw their busy watts by the share of them that works', () => {
  const energy = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: 30 };
  const price = { energy, devices: 1, usdPerDeviceHour: 0 };
  const clients = [{ ...price, busyW: 60 }, price, price];
  const { result } = measureFleet(makeRun(CLIENTS, [DISAGGREGATED], { prices: { clients } }));
  expect(result.clients[0].energy_j).toBeCloseTo(30 * 18 + (60 * (1 + 1)) / 2, 9); // one of two cores for 1 s, twice
});

test('a visit bears the energy of its own tokens, pairs and context', () => {
  const energy = { perStep: 0, perToken: 1, perPair: 0.01, perContext: 0.001, idleW: 0 };
  const prices = { clients: CLIENTS.map(() => ({ energy, devices: 1, usdPerDeviceHour: 0 })) };
  // prefill of 70 fresh tokens after 30 cached ones; 4 decodes that read 100, 101, 102, 103 tokens
  const pairs = 70 * 30 + (70 * 71) / 2;
  const own = [70 + 0.01 * pairs, 4 + 0.001 * 406];
  // beside it a shorter one: 10 fresh tokens; 2 decodes that read 10, 11 tokens
  const short = DISAGGREGATED.visits.map((visit, i) => {
    if (i === 1) return { ...visit, prompt: 10, cached: 0 };
    return i === 2 ? { ...visit, prompt: 11, output: 2 } : visit;
  });
  const requests = [DISAGGREGATED, { ...DISAGGREGATED, visits: short }];
  const counters = [
    makeCounters(),
    makeCounters({ newTokens: 80, pairs: pairs + 55 }),
    makeCounters({ newTokens: 16, contextTokens: 427 }), // 10 tokens more than theirs: recomputation, shared by slot time
  ];
  const { joules } = measureFleet(makeRun(CLIENTS, requests, { prices, counters }));
  expect(joules[1]).toBeCloseTo(own[0], 9);
  expect(joules[2]).toBeCloseTo(own[1] + 5, 9);
  expect(joules[5]).toBeCloseTo(10 + 0.55, 9);
  expect(joules[6]).toBeCloseTo(2 + 0.021 + 5, 9);
});

test('shares of a fleet: idle, compute, memory and network of all clients, busy cores computing, and the whole adds up', () => {
  const part = { perStep: 0, perToken: 0.5, perPair: 0, perContext: 0 };
  const none = { ...part, perToken: 0 };
  const energy = { ...part, perToken: 1, idleW: 10, parts: { compute: part, memory: part, network: none } };
  const price = { energy, devices: 1, usdPerDeviceHour: 0 };
  const clients = [{ ...price, busyW: 60 }, price, price];
  const power = { pue: 1.5, usd_per_kwh: 0.3 };
  const { result } = measureFleet(makeRun(CLIENTS, [DISAGGREGATED], { prices: { clients, power } }));
  const { idle, compute, memory, network } = result.energy_shares;
  expect(idle + compute + memory + network).toBeCloseTo(1, 12);
  const cores = (60 * (1 + 1)) / 2;
  expect(idle * result.energy_j).toBeCloseTo(10 * 3 * result.duration * 1.5, 9);
  expect((compute - memory) * result.energy_j).toBeCloseTo(cores * 1.5, 9);
  expect(result.electricity_usd_per_hour).toBeCloseTo((result.power_w / 1000) * 0.3, 12);
  expect(result.usd_per_hour).toBeCloseTo(result.electricity_usd_per_hour, 12);
});
