// How stages become visits: exact visits, edges, bytes, shared caches, groups and places of small specs.
import { describe, expect, it } from 'vitest';
import { kvBytesPerToken } from '../../src/catalog/parameters.ts';
import { VISIT_HOLD, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { build, edgesOf, ONE, PAIR, RACK, STEP, TRAFFIC, visitsOf } from './small-fleets.ts';
import { catalog } from './world.ts';

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
