// How stores, groups and places become visits: fetches, tiers, local groups, routing of small specs.
import { describe, expect, it } from 'vitest';
import { VISIT_LOCAL, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import type { LoweredFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { prefillSeconds } from '../../src/plan/pipeline/open-build.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { build, PAIR, RACK, STEP, TRAFFIC } from './small-fleets.ts';

describe('kv-fetch', () => {
  const TIERS =
    'tiers: {near: {capacity: 1GB, latency: 1ms, bandwidth: 1MB/s}, far: {capacity: 1GB, latency: 10ms, bandwidth: 100kB/s}}\n';
  const fetch = (mode: string, hits: string) => {
    const fleet = `llm: {kind: llm, ${STEP}, kv_bytes_per_token: 100}\nc: {kind: cores, cores: 4}`;
    return build(
      fleet,
      `[{kv-fetch: {on: c, mode: ${mode}, tokens: 500, levels: ${hits}}}, {prefill: llm}]`,
      TIERS,
      TRAFFIC.replace('4}', '2000}'),
    );
  };

  it('expected: equation 1 by hand, and the prefill finds the context there', () => {
    const { program } = fetch('expected', '[{tier: near, hit: 50%}, {tier: far, hit: 40%}]');
    const recompute = 0.01 + 500 * 10e-6;
    const by = 0.5 * (0.001 + 50000 / 1e6) + 0.5 * (0.4 * (0.01 + 50000 / 1e5) + 0.6 * recompute);
    expect(program.visits.seconds[0]).toBeCloseTo(by, 12);
    expect([program.visits.prompt[1], program.visits.fetched?.[1]]).toEqual([600, 500]);
  });

  it('sampled: hits take their level, misses compute again', () => {
    const { program } = fetch('sampled', '[{tier: near, hit: 50%}, {tier: far, hit: 40%}]');
    const { seconds, fetched } = program.visits;
    const share = (time: number) =>
      seconds.filter((_, v) => v % 2 === 0).filter((s) => Math.abs(s - time) < 1e-9).length / 2000;
    expect(share(0.051)).toBeCloseTo(0.5, 1);
    expect(share(0.51)).toBeCloseTo(0.2, 1);
    expect(share(0)).toBeCloseTo(0.3, 1);
    for (let v = 0; v < program.visits.count; v += 2) expect(fetched?.[v + 1]).toBe(seconds[v] === 0 ? 0 : 500);
  });

  it('simulated: the store looks up what sessions share, and turns write what they made', () => {
    const fleet = `llm: {kind: llm, ${STEP}, kv_bytes_per_token: 100, write_back: s, enable_prefix_caching: true}\ns: {kind: kv-store, tiers: [near, far]}`;
    const traffic =
      'workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 40, hash_block: 32, sessions: {turns: 5, think_time: 9}, shared_prefix: {tokens: 64}}\n';
    const { program, walks } = build(fleet, '[{kv-fetch: s}, {prefill: llm}, {decode: llm}]', TIERS, traffic);
    const { visits } = program;
    const ids = (v: number) => [...visits.hashIds.slice(visits.hashAt[v], visits.hashAt[v + 1])];
    for (let r = 0; r < walks.count; r++) {
      const [fetched, prompt] = [2 * r, 2 * r + 1];
      expect(visits.fetches[fetched]).toBe(prompt);
      expect(visits.writes[prompt]).toBe(1);
      expect(visits.flags[prompt]).toBe(VISIT_PREFIX);
      expect(visits.prompt[prompt]).toBe(64 + 110 * walks.turn[r] + 100);
      expect(ids(fetched)).toEqual(ids(prompt).slice(0, Math.floor(visits.prompt[prompt] / 32)));
      // two blocks of the shared text are everybody's; the rest a session's own, and each turn adds to it
      expect(ids(prompt).slice(0, 2)).toEqual([0, 1]);
      const before = [...Array(r).keys()].findLast((other) => walks.session[other] === walks.session[r]);
      if (before !== undefined) expect(ids(prompt).slice(0, ids(2 * before + 1).length)).toEqual(ids(2 * before + 1));
    }
    expect(program.clients[1].tiers.map(({ blocks }) => blocks)).toEqual([312500, 312500]);
    expect(program.hashBlock).toBe(32);
  });
});

describe('stores', () => {
  const traffic = (more: string) =>
    `workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 60, hash_block: 32, ${more}}\n`;
  const run = (store: string, tier: string, more: string, top = '') => {
    const fleet = `llm: {kind: llm, ${STEP}, kv_bytes_per_token: 100, count: 4, write_back: s}\ns: {kind: kv-store, tiers: [t], ${store}}`;
    const tiers = `tiers: {t: {capacity: 1GB, bandwidth: 1GB/s${tier}}}\n`;
    return build(fleet, '[{kv-fetch: s}, {prefill: llm}, {decode: llm}]', tiers + top, traffic(more));
  };
  const links = ({ program }: LoweredFleet) => program.clients.flatMap(({ tiers }) => tiers.map(({ link }) => link));

  it('have a link each, or one together', () => {
    expect(links(run('count: 2', '', 'shared_prefix: {tokens: 64}'))).toEqual([0, 1]);
    expect(links(run('count: 2', ', scope: fleet', 'shared_prefix: {tokens: 64}'))).toEqual([0, 0]);
  });

  it('a text has one store, and so has a session; what is written there is looked up there', () => {
    for (const more of ['shared_prefix: {count: 9, tokens: 64}', 'sessions: {turns: 3, think_time: 1}']) {
      const { program, walks } = run('count: 2', '', more);
      const owner = walks.prefix[0] >= 0 ? walks.prefix : walks.session;
      const storeOf = new Map<number, number>();
      for (let r = 0; r < 60; r++) {
        const [fetch, prompt] = [2 * r, 2 * r + 1];
        const store = program.groups[program.visits.group[fetch]].members;
        expect(store).toEqual([program.visits.writes[prompt]]);
        expect(storeOf.get(owner[r]) ?? store[0]).toBe(store[0]);
        storeOf.set(owner[r], store[0]);
      }
      expect(new Set(storeOf.values())).toEqual(new Set([4, 5]));
    }
  });

  it('begin with a share of the texts that each is asked for, those of most requests, the most asked for last', () => {
    const { program } = run('count: 2', ', warm: 50%', 'shared_prefix: {count: 9, tokens: 64, zipf: 1}');
    for (const c of [4, 5]) {
      const asked = new Map<number, number>();
      for (let v = 1; v < 120; v += 2) {
        const first = program.visits.hashIds[program.visits.hashAt[v]!]!;
        if (program.visits.writes[v] === c) asked.set(first, (asked.get(first) ?? 0) + 1);
      }
      const texts = (program.clients[c]!.tiers[0]!.held ?? []).filter((_, i) => i % 2 === 0);
      expect(texts.length).toBe(Math.round(asked.size / 2));
      const times = texts.map((first) => asked.get(first)!);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(Math.max(...[...asked].map(([id, n]) => (texts.includes(id) ? 0 : n))));
    }
    const found = (warm: string) => {
      const { program } = run('', warm, 'shared_prefix: {count: 9, tokens: 64}');
      return runFleet(program, { leap: 'exact' }).results.cached!.reduce((sum, tokens) => sum + tokens, 0);
    };
    // every text is computed once, or found at once
    const [cold, warm] = [found(''), found(', warm: 100%')];
    expect(warm).toBe(60 * 64);
    expect(cold).toBeLessThan(warm);
    expect(found(', warm: 0%')).toBe(cold);
  });

  it('of a group serve the engines of the group, and a session stays in its group', () => {
    const { program, walks } = run(
      'count: 2, scope: group',
      '',
      'sessions: {turns: 3, think_time: 1}',
      'disaggregation: {local: 2}\n',
    );
    for (let r = 0; r < 60; r++) {
      const cell = walks.session[r] % 2;
      const members = [2 * r, 2 * r + 1].map((v) => program.groups[program.visits.group[v]].members);
      expect(members).toEqual([[4 + cell], cell === 0 ? [0, 1] : [2, 3]]);
    }
  });
});

describe('groups and places', () => {
  const routing = (text: string, count = 4) => {
    const { program } = build(`llm: {kind: llm, ${STEP}, count: ${count}, routing: ${text}}`, '[prefill, decode]');
    const { routing: policy, metric, light, threshold } = program.groups[0];
    return `${policy} ${metric} ${light} ${threshold}`;
  };
  it.each([
    ['round-robin', 'round-robin requests 0 0'],
    ['load-input', 'load input 0 0'],
    ['load-output', 'load output 0 0'],
    ['load-kv', 'load kv 0 0'],
    ['load-left', 'load left 0 0'],
    ['heavy-light-input', 'heavy-light input 2 100'],
    ['heavy-light-output', 'heavy-light output 2 10'],
    ['heavy-light-kv', 'heavy-light kv 2 100'],
    ['{policy: heavy-light-left, threshold: 70, light: 3}', 'heavy-light left 3 70'],
    ['least-loaded', 'load requests 0 0'],
    ['{policy: nearest, metric: kv}', 'nearest kv 0 0'],
    ['prefix-affinity', 'prefix-affinity requests 0 0'],
  ])('routing %s', (text, expected) => {
    expect(routing(text)).toBe(expected);
  });

  it('local groups are parts of the pools: a prefill has all of its pool, its decode the part of the same group', () => {
    const fleet = PAIR.replaceAll('{kind', '{count: 4, kind');
    const { program } = build(fleet, '[prefill, decode]', `${RACK}disaggregation: {local: 2}\n`);
    const { visits, groups, clients } = program;
    expect([...visits.sameAs.slice(0, 4)]).toEqual([-1, 0, -1, 2]);
    expect([...visits.flags.slice(0, 4)].map((flags) => flags & VISIT_LOCAL)).toEqual([0, VISIT_LOCAL, 0, VISIT_LOCAL]);
    expect(groups[visits.group[0]].members).toEqual([0, 1, 2, 3]);
    const row = groups.slice(visits.group[1], visits.group[1] + 3).map(({ members }) => members);
    expect(row).toEqual([
      [4, 5, 6, 7],
      [4, 5],
      [6, 7],
    ]);
    expect(visits.group[3]).toBe(visits.group[1]);
    expect(clients.map(({ localGroup }) => localGroup)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  it('load chooses between local groups while the fleet runs, and the KV stays in the group that it chose', () => {
    const fleet = PAIR.replaceAll('{kind', '{count: 2, routing: load-input, kind');
    const traffic =
      'workload: {lengths: {input_len: {uniform: [1, 4000]}, output_len: 10}, request_rate: 50, num_requests: 300}\n';
    const { program } = build(fleet, '[prefill, decode]', `${RACK}disaggregation: {local: 2}\n`, traffic);
    const { client } = runFleet(program, { leap: 'exact' }).results;
    const chosen = Array.from({ length: 300 }, (_, r) => client[2 * r]);
    for (let r = 0; r < 300; r++) expect(client[2 * r + 1]).toBe(chosen[r] + 2);
    // a group fixed before the run would be that of every second request
    expect(chosen.filter((c, r) => c === r % 2).length).toBeLessThan(250);
    // prompts of 4000 tokens at most: no group is ahead by more than what a few requests bring
    const sum = (group: number) =>
      chosen.reduce((total, c, r) => total + (c === group ? program.visits.prompt[2 * r] : 0), 0);
    expect(Math.abs(sum(0) - sum(1))).toBeLessThan(20_000);
  });

  it('paths cross the domains between two clients, each way on a link of its own', () => {
    const topology = `topology:
  dcn: {kind: dcn}
  rack: {kind: rack, within: dcn, count: 2, bus: spine}
  box: {kind: nvlink, within: rack, count: 4}
links: {spine: {bandwidth: 1GB/s}}
`;
    const { program } = build(
      PAIR.replaceAll('{kind', '{count: 4, location: box, kind'),
      '[prefill, decode]',
      topology,
    );
    const words = (from: number, to: number) =>
      program.paths[from * program.locations + to].map((link) => program.links[link].name);
    expect(words(0, 4)).toEqual(['p-1 out', 'd-1 in']);
    expect(words(0, 5)).toEqual(['p-1 out', 'box-1 out', 'rack-1 spine', 'box-2 in', 'd-2 in']);
    expect(words(0, 6)).toEqual(['p-1 out', 'box-1 out', 'rack-1 out', 'rack-2 in', 'box-3 in', 'd-3 in']);
    const latency = program.paths[6].reduce((sum, link) => sum + program.links[link].latency, 0);
    expect(latency).toBeCloseTo(1e-6 + 2e-6 + 20e-3, 12);
    expect(program.links.find(({ name }) => name === 'box-1 out')?.bandwidth).toBe(45e9);
  });

  it('pools that share a channel share it client by client', () => {
    const fleet = `a: {kind: llm, ${STEP}, count: 2, shares: {channel: gpu, demand: 70%}}\nb: {kind: llm, ${STEP}, count: 3, shares: gpu}`;
    const { program } = build(fleet, '[{prefill: a}, {safety: b}]');
    expect(program.clients.slice(0, 5).map(({ channel, demand }) => [channel, demand])).toEqual([
      [0, 0.7],
      [1, 0.7],
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(program.channels).toBe(3);
  });

  it('a prompt alone is priced as the engine would', () => {
    const model = 'model: llama-3.1-8b, hardware: h100-sxm-80gb';
    const { program } = build(`llm: {kind: llm, ${model}}`, '[prefill]');
    const seconds = [1000, 2000].map((tokens) => prefillSeconds(program.clients[0], tokens));
    expect(seconds[0]).toBeGreaterThan(0.01);
    expect(seconds[1]).toBeGreaterThan(seconds[0]);
  });
});
