// How stages become visits: exact visits, edges, bytes, shared caches, groups and places of small specs.
import { describe, expect, it } from 'vitest';
import { kvBytesPerToken } from '../../src/catalog/parameters.ts';
import { VISIT_HOLD, VISIT_PREFIX, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { prefillSeconds } from '../../src/plan/pipeline/lay-fetch.ts';
import type { LoweredFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { checkProgram } from './program.ts';
import { catalog, lower, readText } from './world.ts';

const STEP = 'step_time: {fixed_s: 10ms, per_new_token_s: 10us, per_context_token_s: 1us}, num_gpu_blocks: 4000';
const TRAFFIC = 'workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 4}\n';

function build(fleet: string, stages: string, more = '', traffic = TRAFFIC): LoweredFleet {
  const pools = fleet.trim().replace(/^/gm, '  ');
  const lowered = lower(readText(`fleet:\n${pools}\npipelines: {p: {stages: ${stages}}}\n${traffic}${more}`));
  checkProgram(lowered.program);
  return lowered;
}

/** The visits of the first request: stage, prompt, output. */
function visitsOf({ program }: LoweredFleet): string[] {
  const { visits, requests, stages } = program;
  return Array.from(
    { length: requests.first[1] },
    (_, v) => `${stages[visits.stage[v]]} ${visits.prompt[v]}+${visits.output[v]}`,
  );
}

/** Edges of the first request: from > to: bytes. */
function edgesOf({ program }: LoweredFleet): string[] {
  const { visits, requests } = program;
  return Array.from({ length: requests.first[1] }, (_, v) => v).flatMap((v) =>
    Array.from({ length: visits.edgeAt[v + 1] - visits.edgeAt[v] }, (_, i) => {
      const e = visits.edgeAt[v] + i;
      const layers = visits.edgeLayers[e] > 0 ? ` by ${visits.edgeLayers[e]}` : '';
      return `${v}>${visits.edgeTo[e]}: ${visits.edgeBytes[e]}${layers}`;
    }),
  );
}

const ONE = `llm: {kind: llm, ${STEP}}`;
const PAIR = `p: {kind: llm, role: prefill, ${STEP}, kv_bytes_per_token: 1000}\nd: {kind: llm, role: decode, ${STEP}, kv_bytes_per_token: 1000}`;
const RACK = 'topology: {rack: {kind: rack}}\n';

describe('prefill and decode', () => {
  it('on one pool are one visit, as in a plain run', () => {
    const lowered = build(ONE, '[{prefill: llm}, {decode: llm}]');
    expect(visitsOf(lowered)).toEqual(['prefill+decode 100+10']);
    expect(lowered.program.stages).toEqual(['prefill+decode']);
    expect(lowered.roles).toEqual({ prefill: [0], decode: [], think: [] });
  });

  it('on two pools hand the prompt on: KV bytes of the prompt, one token less to decode', () => {
    const lowered = build(PAIR, '[prefill, decode]', RACK);
    expect(visitsOf(lowered)).toEqual(['prefill 100+1', 'decode 101+9']);
    expect(edgesOf(lowered)).toEqual(['0>1: 100000']);
    const { flags, holders } = lowered.program.visits;
    expect([flags[0], flags[1], holders[0]]).toEqual([VISIT_HOLD, VISIT_RESIDENT, 1]);
  });

  it('where nothing is apart, nothing is sent and nothing held', () => {
    const lowered = build(PAIR, '[prefill, decode]');
    expect(edgesOf(lowered)).toEqual(['0>1: 0']);
    expect(lowered.program.visits.flags[0]).toBe(0);
  });

  it('send what the catalog says a token weighs, layer by layer where asked', () => {
    const model = 'model: llama-3.1-8b, hardware: h100-sxm-80gb';
    const fleet = `p: {kind: llm, role: prefill, transfer: layer-wise, ${model}}\nd: {kind: llm, role: decode, ${model}}`;
    const bytes = kvBytesPerToken(catalog.model('llama-3.1-8b'), 'bf16').growing;
    expect(bytes).toBe(131072);
    expect(edgesOf(build(fleet, '[prefill, decode]', RACK))).toEqual([`0>1: ${100 * bytes} by 32`]);
  });

  it('short prompts are prefilled where they decode', () => {
    const lowered = build(PAIR, '[{prefill: {bypass_below: 101}}, decode]', RACK);
    expect(visitsOf(lowered)).toEqual(['prefill 100+10']);
    expect(lowered.program.groups[lowered.program.visits.group[0]].name).toBe('d');
    expect(visitsOf(build(PAIR, '[{prefill: {bypass_below: 100}}, decode]', RACK))).toHaveLength(2);
  });

  it('a one-token answer ends with the prefill', () => {
    const lowered = build(PAIR, '[prefill, {decode: {output: 1}}]', RACK);
    expect(visitsOf(lowered)).toEqual(['prefill 100+1']);
    expect(lowered.program.groups[lowered.program.visits.group[0]].name).toBe('p');
  });
});

describe('reason', () => {
  it('one path goes on from the prompt, the answer from the thoughts', () => {
    const lowered = build(ONE, '[prefill, {reason: {output: 50}}, decode]');
    expect(visitsOf(lowered)).toEqual(['prefill 100+1', 'reason 101+49', 'decode 150+10']);
    const { shared, sameAs, lets, holders } = lowered.program.visits;
    expect([...shared.slice(0, 3)]).toEqual([0, 100, 100]);
    expect([...sameAs.slice(0, 3)]).toEqual([-1, 0, 0]);
    expect([...lets.slice(0, 3)]).toEqual([-1, 0, 0]);
    expect(holders[0]).toBe(2);
    expect(lowered.roles).toEqual({ prefill: [0], decode: [2], think: [1] });
  });

  it('paths share the prompt; a scale is a multiple of the answer', () => {
    const lowered = build(ONE, '[prefill, {reason: {paths: 3, scale: 4}}, decode]');
    const branches = ['reason 101+39', 'reason 101+39', 'reason 101+39'];
    expect(visitsOf(lowered)).toEqual(['prefill 100+1', ...branches, 'join 1+1', 'decode 140+10']);
    expect(lowered.program.visits.holders[0]).toBe(4);
  });

  it('rounds are scored and go on from one path', () => {
    const fleet = `${ONE}\nrm: {kind: llm, ${STEP}}`;
    const stages = '[{prefill: llm}, {reason: {on: llm, paths: 2, rounds: 2, output: 30, reward: rm}}, {decode: llm}]';
    const lowered = build(fleet, stages);
    expect(visitsOf(lowered)).toEqual([
      'prefill 100+1',
      ...['reason 101+29', 'reason 101+29', 'reason reward 129+1', 'reason reward 129+1', 'join 1+1'],
      ...['reason 130+30', 'reason 130+30', 'reason reward 159+1', 'reason reward 159+1', 'join 1+1'],
      'decode 160+10',
    ]);
    expect(edgesOf(lowered).slice(0, 6)).toEqual(['0>1: 0', '0>2: 0', '1>3: 0', '2>4: 0', '3>5: 0', '4>5: 0']);
  });

  it('apart from the prefill, a visit takes the cache over and the paths share it', () => {
    const lowered = build(PAIR, '[prefill, {reason: {paths: 2, output: 20}}, decode]', RACK);
    expect(visitsOf(lowered)).toEqual([
      'prefill 100+1',
      'reason 101+1',
      'reason 102+18',
      'reason 102+18',
      'join 1+1',
      'decode 120+10',
    ]);
    expect(edgesOf(lowered)[0]).toBe('0>1: 100000');
    expect([...lowered.program.visits.holders.slice(0, 3)]).toEqual([1, 3, 0]);
  });
});

describe('what stages add', () => {
  const SEARCH = `${ONE}
e: {kind: llm, model: bge-large-en-v1.5, hardware: l4}
i: {kind: retrieval, hardware: epyc-9654, cores: 8, index: {kind: hnsw, vectors: 1e6}}`;

  it('passages join the context, and those that rerank drops leave it', () => {
    const stages =
      '[{embed: e}, {retrieve: {passages: 3, passage_tokens: 50}}, {rerank: {on: e, keep: 2}}, {prefill: llm}, {decode: llm}]';
    const lowered = build(SEARCH, stages);
    expect(visitsOf(lowered)).toEqual([
      'embed 100+1',
      'retrieve 1+1',
      'rerank 150+1',
      'rerank 150+1',
      'rerank 150+1',
      'prefill+decode 200+10',
    ]);
    expect(edgesOf(lowered).map((edge) => edge.split(':')[0])).toEqual([
      '0>1',
      '1>2',
      '1>3',
      '1>4',
      '2>5',
      '3>5',
      '4>5',
    ]);
  });

  it('an encoder reads no more than its positions', () => {
    expect(visitsOf(build(SEARCH, '[{embed: {on: e, tokens: 900}}, {retrieve: i}, {prefill: llm}]'))[0]).toBe(
      'embed 512+1',
    );
  });

  it('text costs its tokens, a tool its latency, and its result joins the context', () => {
    const stages =
      '[{tokenize: {on: c, fixed: 1, per_token: 0.5}}, {tool: {on: c, latency: 3, tokens: 20}}, {prefill: llm}, {decode: llm}, {detokenize: {on: c, fixed: 0, per_token: 1}}]';
    const lowered = build(`${ONE}\nc: {kind: cores, cores: 4}`, stages);
    expect(visitsOf(lowered)[2]).toBe('prefill+decode 120+10');
    expect([...lowered.program.visits.seconds.slice(0, 4)]).toEqual([51, 3, 0, 10]);
  });

  it('repeat goes round with what it left; a second prompt holds the first answer', () => {
    const lowered = build(ONE, '[{repeat: {times: 3, stages: [prefill, decode]}}]');
    expect(visitsOf(lowered)).toEqual(['prefill+decode 100+10', 'prefill+decode 110+10', 'prefill+decode 120+10']);
  });

  it('branches add up where they meet', () => {
    const call = (tokens: number) => `[{tool: {on: c, latency: 1, tokens: ${tokens}}}]`;
    const stages = `[{parallel: {branches: [${call(5)}, ${call(7)}]}}, {prefill: llm}]`;
    const lowered = build(`${ONE}\nc: {kind: cores, cores: 4}`, stages);
    expect(visitsOf(lowered)).toEqual(['join 1+1', 'tool 100+1', 'tool-2 100+1', 'prefill 112+1']);
  });

  it('stages that wait for several see what each has added, once', () => {
    const tool = (name: string, tokens: number, after = '') =>
      `{tool: {on: c, latency: 1, tokens: ${tokens}}, name: ${name}${after}}`;
    const stages = `[${tool('a', 1)}, ${tool('b', 10, ', after: a')}, ${tool('d', 100, ', after: a')}, {prefill: llm, after: [b, d]}]`;
    const lowered = build(`${ONE}\nc: {kind: cores, cores: 4}`, stages);
    expect(visitsOf(lowered)[3]).toBe('prefill 211+1');
    expect(edgesOf(lowered).map((edge) => edge.split(':')[0])).toEqual(['0>1', '0>2', '1>3', '2>3']);
  });

  it('what one branch finds, the stage where branches meet has: passages and fetched context', () => {
    const fleet = `${SEARCH.replace(STEP, `${STEP}, kv_bytes_per_token: 1`)}\nc: {kind: cores, cores: 4}`;
    const levels = 'levels: [{tier: t, hit: 100%}]';
    const branches = `[[{embed: e}, {retrieve: {passages: 3, passage_tokens: 50}}], [{kv-fetch: {on: c, mode: expected, tokens: 500, ${levels}}}]]`;
    const stages = `[{parallel: {branches: ${branches}}}, {rerank: {on: e, keep: 1}}, {prefill: llm}]`;
    const { program, ...rest } = build(fleet, stages, 'tiers: {t: {capacity: 1GB, bandwidth: 1GB/s}}\n');
    expect(visitsOf({ program, ...rest }).filter((visit) => /rerank|prefill/.test(visit))).toEqual([
      ...['rerank 150+1', 'rerank 150+1', 'rerank 150+1'],
      'prefill 650+1',
    ]);
    expect(program.visits.fetched?.[program.requests.first[1] - 1]).toBe(500);
  });

  it.each([
    '[{embed: e}, {retrieve: i}, {prefill: llm}]',
    '[{parallel: {branches: [[{embed: e}, {retrieve: i}]]}}, {prefill: llm}]',
  ])('behind passages no block is as in later turns: %s', (stages) => {
    const fleet = SEARCH.replace(STEP, `${STEP}, enable_prefix_caching: true`);
    const traffic =
      'workload: {lengths: {input_len: 96, output_len: 32}, request_rate: 1, num_requests: 30, hash_block: 32, sessions: {turns: 3, think_time: 1}}\n';
    const { program, walks } = build(fleet, stages, '', traffic);
    const { visits } = program;
    const ids = (r: number) => {
      const v = program.requests.last[r];
      return [...visits.hashIds.slice(visits.hashAt[v], visits.hashAt[v + 1])];
    };
    const first = walks.turn.indexOf(0);
    const later = [...walks.session].flatMap((session, r) =>
      r > first && session === walks.session[first] ? [r] : [],
    );
    // question and answer of the first turn lie behind its passages, but in front of those of the later turns
    const common = (a: number, b: number) => ids(a).filter((id, j) => ids(b)[j] === id).length;
    expect(common(first, later[0])).toBe(0);
    expect(common(later[0], later[1])).toBe(4);
  });

  it('a cascade sends its share on', () => {
    const traffic = TRAFFIC.replace('num_requests: 4', 'num_requests: 4000');
    const { program } = build(
      `${ONE}\nbig: {kind: llm, ${STEP}}`,
      '[{prefill: llm}, {route-to-model: {choices: [{share: 25%, stages: [{prefill: big}]}]}}]',
      '',
      traffic,
    );
    const sent = program.visits.count - 4000;
    expect(Math.abs(sent / 4000 - 0.25)).toBeLessThan(0.02);
  });

  it('reward and safety read what they are told to', () => {
    const lowered = build(
      ONE,
      '[prefill, decode, {safety: {of: prompt}}, {safety: {of: both}}, {safety: {}}, {reward: {}}]',
    );
    expect(visitsOf(lowered).slice(1)).toEqual(['safety 100+1', 'safety-2 110+1', 'safety-3 10+1', 'reward 110+1']);
  });
});

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

  it('local groups are parts of the pools, and a request stays in one', () => {
    const fleet = PAIR.replaceAll('{kind', '{count: 4, kind');
    const { program } = build(fleet, '[prefill, decode]', `${RACK}disaggregation: {local: 2}\n`);
    const members = [...program.visits.group.slice(0, 4)].map((g) => program.groups[g].members);
    expect(members).toEqual([
      [0, 1],
      [4, 5],
      [2, 3],
      [6, 7],
    ]);
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
    const seconds = [1000, 2000].map((tokens) => prefillSeconds({ client: program.clients[0] }, tokens));
    expect(seconds[0]).toBeGreaterThan(0.01);
    expect(seconds[1]).toBeGreaterThan(seconds[0]);
  });
});
