// Wrong pipeline specs: every mistake at once, each in the spec's words, with its line and the nearest known names.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spec as command } from '../../src/commands/spec.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { specJsonSchema } from '../../src/spec/fleet/schema.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

const FLEET = `
fleet:
  front: {kind: cores, cores: 4}
  llm: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb}
`;
const TRAFFIC = 'workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 10}\n';

/** A spec with these stages on a small fleet. */
function withStages(stages: string, more = ''): string {
  return `${FLEET}pipelines:\n  a:\n    stages:\n${stages.replace(/^/gm, '      ')}\n${TRAFFIC}${more}`;
}

/** "path: expected; received (hint)" of every mistake in reading, or in meeting the catalog. */
function words(text: string): string[] {
  const issues = issuesIn(() => {
    const spec = readText(text);
    checkFleet(spec, catalog);
    lower(spec);
  });
  for (const issue of issues) expect(issue.line).toBeGreaterThan(0);
  return issues.map(
    ({ path, expected, received, hint }) => `${path}: ${expected}; ${received}${hint ? ` (${hint})` : ''}`,
  );
}

describe('stages', () => {
  it.each([
    ['- {retrieve: {}}', 'a pool in the fleet that can serve retrieve: retrieval'],
    ['- {retrieve: llm}', 'a pool of kind retrieval for retrieve; "llm", a pool of kind llm'],
    ['- {prefill: lmm}', 'a pool of the fleet; "lmm" (did you mean llm?)'],
    ['- {reward: {on: lmm}}', 'reward.on: a pool of the fleet; "lmm" (did you mean llm?)'],
    ['- {prefil: llm}', 'did you mean prefill?'],
    ['- prefil', 'did you mean prefill?'],
    ['- {prefill: llm, decode: llm}', 'one stage: '],
    ['- {decode: llm}', 'prefill or reason as the one stage right before decode; none'],
    ['- tokenize\n- {reason: llm}', 'prefill as the one stage right before reason; tokenize'],
    ['- {rerank: {on: llm, keep: 2}}', 'a retrieve before it; none'],
    ['- {rerank: {on: llm}}', 'rerank.keep: a positive integer up to 2147483647; nothing'],
    ['- {tool: front}', 'how long the call takes; nothing'],
    ['- {repeat: {times: 2}}', 'a list of stages; nothing'],
    ['- {kv-fetch: {on: front, mode: expected, tokens: 100, levels: []}}', 'at least one level'],
    [
      '- {kv-fetch: {on: front, mode: expected, tokens: 100, levels: [{tier: host, hit: 1}]}}\n- {prefill: llm}',
      'a tier under tiers; "host"',
    ],
    ['- {kv-fetch: {on: front, mode: sampled, tokens: 9}}', 'levels with their hit rates; nothing'],
    ['- {kv-fetch: front}', 'a pool of kind kv-store for kv-fetch'],
    ['- {reason: {on: llm, scale: 4, output: 9}}', 'output or scale, not both'],
    ['- {safety: {on: llm, of: answr}}', 'did you mean answer?'],
    ['- {prefill: [llm, llm]}', 'every pool once; "llm" again'],
  ])('%s', (stages, said) => {
    expect(words(withStages(stages)).join('\n')).toContain(said);
  });

  it('a cycle is named', () => {
    const text =
      '- {tokenize: front, name: a, after: [c]}\n- {tool: {on: front, latency: 1}, name: b, after: [a]}\n- {detokenize: front, name: c, after: [b]}';
    expect(words(withStages(text))).toEqual([
      'pipelines.a.stages[0].after: stages that do not wait for themselves; a cycle: a after c after b after a',
    ]);
  });

  it('a branch that never joins is named', () => {
    const text =
      '- {tokenize: front}\n- {tool: {on: front, latency: 1}, name: log}\n- {prefill: llm, after: [tokenize]}';
    const [said, ...rest] = words(withStages(text));
    expect(rest).toEqual([]);
    expect(said).toContain(
      'stages[1]: a branch that joins: some later stage that waits for it; "log", which nothing waits for',
    );
  });

  it('waiting for a stage that is not there, or that two have, is refused', () => {
    expect(words(withStages('- {tokenize: front}\n- {prefill: llm, after: tokenise}'))[0]).toContain(
      'did you mean tokenize?',
    );
    const twice = '- {tokenize: front, name: t}\n- {tokenize: front, name: t}\n- {prefill: llm, after: t}';
    expect(words(withStages(twice)).join()).toMatch(/stages\[1\].name: a name that no other stage of this list has; t/);
  });

  it('a cache that two wait for is refused', () => {
    const text =
      '- {prefill: llm}\n- {decode: llm}\n- {tool: {on: front, latency: 1}, after: prefill}\n- {detokenize: front, after: [decode, tool]}';
    expect(words(withStages(text))[0]).toContain('stages that wait for decode: prefill ends with it');
  });

  it('shares over 100 % are refused', () => {
    const choices = '[{share: 70%, stages: [{tokenize: front}]}, {share: 0.4, stages: [{tokenize: front}]}]';
    expect(words(withStages(`- {route-to-model: {choices: ${choices}}}\n- {prefill: llm}`))).toContain(
      'pipelines.a.stages[0].route-to-model.choices: shares of at most 100 % together; 110 %',
    );
    expect(words(withStages('- {route-to-model: {choices: [{share: 140%, stages: [tokenize]}]}}'))[0]).toContain(
      'a share from 0 to 100 %',
    );
  });
});

describe('fleet', () => {
  const pool = (text: string, more = '') =>
    words(
      `fleet:\n  llm: {kind: llm, ${text}}\n${more}pipelines: {a: {stages: [{prefill: llm}, {decode: llm}]}}\n${TRAFFIC}`,
    );

  it.each([
    ['model: llama-3.1-8b', 'hardware (only step_time does without); nothing'],
    ['model: lama-3.1-8b, hardware: h100-sxm-80gb', 'did you mean llama-3.1-8b'],
    ['model: llama-3.1-70b, hardware: l4', 'a model that fits on its hardware; llama-3.1-70b on l4: weights of 141'],
    ['model: llama-3.1-8b, hardware: l4, tensor_parallel_size: 3', 'a split that the model and the hardware allow'],
    ['step_time: {fixed_s: 1}', 'KV blocks: without model and hardware'],
    ['step_time: {fixed_s: 1}, num_gpu_blocks: 9, swap_space: 1GiB', 'no swap_space: only preemption_mode: swap'],
    ['step_time: {fixed_s: 1}, num_gpu_blocks: 9, preemption_mode: swap', 'the size of a KV block is not known'],
    ['step_time: {fixed_s: 1, per_swapped_block_s: 1ms}, num_gpu_blocks: 9', 'no per_swapped_block_s: only'],
    ['model: llama-3.1-8b, hardware: l4, preemption_mode: swap, batching: static', 'nothing is ever preempted'],
    [
      'model: llama-3.1-8b, hardware: l4, preemption_mode: swap, swap_space: 1MiB',
      'recompute, or a swap that can be; swap_space of 1048576 bytes per device holds no KV block of 2097152 bytes',
    ],
    [
      'model: llama-3.1-8b, hardware: l4, num_scheduler_steps: 4, batching: mixed',
      'under mixed batching decodes share their steps with prompts; 4',
    ],
    ['step_time: {}, num_gpu_blocks: 9', 'at least one term above 0'],
    ['model: llama-3.1-8b, hardware: l4, routing: load-outpt', 'did you mean load-output'],
    ['model: llama-3.1-8b, hardware: l4, routing: {policy: load-kv, light: 2}', 'only heavy-light routing has them; 2'],
    [
      'model: llama-3.1-8b, hardware: l4, routing: heavy-light-kv',
      'at least one light and one heavy instance; 0 light of 1',
    ],
    ['model: llama-3.1-8b, hardware: l4, transfer: whole', 'only a pool of role prefill'],
    ['model: llama-3.1-8b, hardware: l4, max_num_seq: 4', 'did you mean max_num_seqs'],
    ['model: llama-3.1-8b, hardware: l4, location: rack', 'a domain of the topology; "rack"'],
    ['model: llama-3.1-8b, hardware: l4, write_back: store', 'a kv-store of the fleet; "store"'],
    ['model: llama-3.1-8b, hardware: l4, shares: {channel: gpu, demand: 120%}', 'a share above 0 and at most 100 %'],
    ['model: llama-3.1-8b, hardware: l4, shares: gpu', 'another pool that shares channel gpu; none'],
    ['model: bge-large-en-v1.5, hardware: l4, role: decode', 'a model that can generate, for prefill'],
  ])('%s', (text, said) => {
    expect(pool(text).join('\n')).toContain(said);
  });

  it('kinds are offered', () => {
    expect(words(`fleet: {a: {kind: lmm}}\npipelines: {a: {stages: [{prefill: a}]}}\n${TRAFFIC}`)).toEqual([
      'fleet.a.kind: one of llm, retrieval, kv-store, cores; "lmm" (did you mean llm?)',
    ]);
  });

  it('memory of one accelerator adds up to 100 %', () => {
    const two = '{kind: llm, model: llama-3.2-1b, hardware: l4, shares: gpu, gpu_memory_utilization: 0.6}';
    const text = `fleet:\n  a: ${two}\n  b: ${two}\npipelines: {p: {stages: [{prefill: a}, {decode: a}, {safety: b}]}}\n${TRAFFIC}`;
    expect(words(text)).toEqual([
      'fleet.b.gpu_memory_utilization: shares of the memory of gpu of at most 100 % together; 120 % (a 0.6 + b 0.6)',
    ]);
  });

  it('a pool that nothing uses is a mistake', () => {
    expect(words(withStages('- {prefill: llm}'))).toEqual(['fleet.front: a pool that some stage uses; none does']);
  });

  it('one model goes from prefill to decode', () => {
    const text = FLEET.replace('front', 'other').replace(
      '{kind: cores, cores: 4}',
      '{kind: llm, model: qwen3-8b, hardware: l4}',
    );
    const spec = `${text}pipelines: {a: {stages: [{prefill: llm}, {decode: other}]}}\n${TRAFFIC}`;
    expect(words(spec)[0]).toContain('one model from prefill to decode; llama-3.1-8b and qwen3-8b');
  });
});

describe('places and stores', () => {
  const place = (more: string, pool = '') =>
    words(
      `${FLEET.replace('hardware: h100-sxm-80gb', `hardware: h100-sxm-80gb${pool}`).replace(/ {2}front.*\n/, '')}pipelines: {a: {stages: [{prefill: llm}, {decode: llm}]}}\n${TRAFFIC}${more}`,
    );

  it.each([
    ['topology: {rack: {kind: rack, bus: nic}}', 'a link under links; "nic"'],
    ['topology: {rack: {kind: rak}}', 'did you mean rack?'],
    [
      'topology: {a: {kind: rack, within: b}, b: {kind: dcn, within: a}}',
      'domains that do not contain themselves; a within b within a',
    ],
    ['topology: {a: {kind: rack}, b: {kind: rack}}', 'one outermost domain; a and b'],
    ['topology: {a: {kind: rack, count: 2}}', 'the outermost domain is one place; 2'],
    ['links: {nic: {bandwidth: 50GB/s, efficiency: 0}}', 'a share above 0 and at most 100 %'],
    [
      'links: {nic: {bandwidth: 50}}\ntiers: {t: {capacity: 1GB, link: nik}}',
      'a link under links; "nik" (did you mean nic?)',
    ],
    ['tiers: {t: {capacity: 1GB}}', 'a bandwidth, or a link; nothing'],
  ])('%s', (more, said) => {
    expect(place(more).join('\n')).toContain(said);
  });

  const withStore = (store: string, tiers: string, pool = '', traffic = TRAFFIC) =>
    words(
      `fleet:\n  llm: {kind: llm, model: llama-3.1-8b, hardware: l4, write_back: store${pool}}\n  store: {kind: kv-store, ${store}}\n` +
        `tiers: ${tiers}\npipelines: {a: {stages: [{kv-fetch: store}, {prefill: llm}, {decode: llm}]}}\n${traffic}`,
    );
  it.each([
    [
      'tiers: [hots]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s}}',
      '',
      'a tier under tiers; "hots" (did you mean host?)',
    ],
    [
      'tiers: [host]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s, write_policy: write_back}}',
      '',
      'write_through in the nearest tier of a store: no tier before it passes blocks on; write_back',
    ],
    [
      'tiers: [host]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s, write_policy: writeback}}',
      '',
      'did you mean write_back?',
    ],
    [
      'tiers: [host]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s, warm: 30%}}',
      '',
      'tiers.host.warm: workload.shared_prefix beside it: texts that lie there; none',
    ],
    [
      'tiers: [host]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s}, rest: {capacity: 1GB, bandwidth: 1GB/s, warm: 30%}}',
      '',
      'a tier of a kv-store: hit rates say themselves what fetches find; tier rest of none',
    ],
    ['tiers: [host]', '{host: {capacity: 1GB, bandwidth: 1GB/s, warm: 130%}}', '', 'warm'],
    [
      'tiers: [host]',
      '{host: {capacity: 1MB, bandwidth: 1GB/s}}',
      '',
      'room for a block of 33554432 bytes; 1000000 bytes',
    ],
    [
      'tiers: [host]',
      '{host: {capacity: 1GB, bandwidth: 1GB/s}}',
      ', block_size: 48',
      'a multiple of block_size 48 of pool llm; 256',
    ],
    [
      'tiers: [t1, t2, t3, t4, t5, t6, t7, t8, t9]',
      `{${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => `t${k}: {capacity: 1GB, bandwidth: 1GB/s}`).join(', ')}}`,
      '',
      'at most 8 tiers in one store; 9',
    ],
  ])('store %s %s %s', (store, tiers, more, said) => {
    const traffic = TRAFFIC.replace('num_requests', 'hash_block: 256, num_requests');
    expect(withStore(store, tiers, more, traffic).join('\n')).toContain(said);
  });

  it('stores hold the KV of one model', () => {
    const model = (id: string) => `{kind: llm, model: ${id}, hardware: h100-sxm-80gb, write_back: s}`;
    const stages = '[{prefill: a}, {decode: a}, {prefill: b}, {decode: b}]';
    const text = `fleet:\n  a: ${model('llama-3.1-8b')}\n  b: ${model('qwen3-14b')}\n  s: {kind: kv-store, tiers: [t]}\ntiers: {t: {capacity: 1TB, bandwidth: 1GB/s}}\npipelines: {p: {stages: ${stages}}}\n${TRAFFIC}`;
    expect(words(text)).toEqual([
      'fleet.b.model: one model (and KV format) whose KV the stores hold; a 131072 bytes a token, b 163840 bytes a token',
    ]);
  });

  it('local groups divide their pools', () => {
    const text = `disaggregation: {local: 2}\nfleet:\n  p: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: l4, count: 3}\n  d: {kind: llm, role: decode, model: llama-3.1-8b, hardware: l4, count: 4}\npipelines: {a: {stages: [{prefill: p}, {decode: d}]}}\n${TRAFFIC}`;
    expect(words(text)).toEqual(['fleet.p.count: a multiple of the 2 local groups; 3']);
  });
});

describe('traffic', () => {
  const traffic = (text: string) =>
    words(`${withStages('- {tokenize: front}\n- {prefill: llm}').replace(TRAFFIC, '')}${text}\n`);
  it.each([
    ['', 'workload: the traffic: lengths, arrivals, request_rate, ...; nothing'],
    ['workload: {lengths: azure-conv, request_rate: 1}', 'did you mean azure-conv-2023'],
    ['workload: {lengths: azure-conv-2023}', 'a rate above 0 (requests per second) for poisson arrivals; nothing'],
    ['workload: {lengths: azure-conv-2023, request_rate: 1, sessions: {turns: 3}}', 'workload.sessions.think_time'],
    [
      'workload: {lengths: azure-conv-2023, arrivals: {process: closed-loop, max_concurrency: 2}, sessions: {turns: 3, think_time: 1}}\nclient: {window: steady}',
      'client.window: measured or all: with sessions it is conversations that are in flight',
    ],
    [
      'workload: {lengths: azure-conv-2023, request_rate: 1, sessions: {turns: 3, think_time: -1s}}',
      'workload.sessions.think_time: a time',
    ],
    [
      'workload: {lengths: azure-conv-2023, request_rate: 1, sessions: {turns: 3, think_time: {uniform: [-1s, 2s]}}}',
      'workload.sessions.think_time.uniform[0]: a time',
    ],
    [
      'workload: {lengths: azure-conv-2023, request_rate: 1, shared_prefix: {}}',
      'workload.shared_prefix.tokens: a number of tokens',
    ],
    ['workload: {lengths: azure-conv-2023, request_rate: 1}\nslo: {p99_tttf: 1s}', 'did you mean p99_ttft'],
  ])('%s', (text, said) => {
    expect(traffic(text).join('\n')).toContain(said);
  });
});

it('mistakes of every part come together, each once, in the order of the lines', () => {
  const text = `fleet:
  front: {kind: cores, cores: none}
  llm: {kind: llm, model: lama-3.1-8b, hardware: h100-sxm-80gb, max_num_seqs: -1}
topology: {rack: {kind: rack, within: hall}}
tiers: {t: {capacity: much}}
pipelines:
  a: {stages: [{tokenize: front}, {prefill: lmm}, {decode: llm}]}
workload: {lengths: azure-conv, request_rate: 1}
slo: {p99_ttft: soon}
prices: {h100: 3}
`;
  const issues = issuesIn(() => readText(text));
  expect(issues.map(({ line, path }) => `${line} ${path}`)).toEqual([
    '2 fleet.front.cores',
    '3 fleet.llm.max_num_seqs',
    '3 fleet.llm.model',
    '4 topology.rack.within',
    '5 tiers.t.capacity',
    '5 tiers.t.bandwidth',
    '7 pipelines.a.stages[1].prefill.on',
    '8 workload.lengths',
    '9 slo.p99_ttft',
    '10 prices.h100',
  ]);
});

it('what the reader refuses and what the catalog does not allow come in one answer', async () => {
  const text = `fleet:
  front: {kind: cores, cores: 4}
  small: {kind: llm, model: llama-3.1-70b, hardware: l4}
  llm: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, block_size: 48, write_back: store}
  store: {kind: kv-store, tiers: [host, flash]}
links:
  nic: {bandwidth: 50GB/s}
tiers:
  host: {capacity: 100GB, link: nick}
topology:
  rack: {kind: rack, bus: bus}
pipelines:
  cyclic:
    stages:
      - {tokenize: front, name: a, after: [c]}
      - {tool: {on: front, latency: 1}, name: b, after: [a]}
      - {detokenize: front, name: c, after: [b]}
  loose:
    stages:
      - {tokenize: front}
      - {tool: {on: front, latency: 1}, name: log}
      - {kv-fetch: store, after: tokenize}
      - {prefill: llm}
      - {decode: llm}
  cascade:
    stages:
      - route-to-model:
          choices: [{share: 70%, stages: [{prefill: llm}]}, {share: 0.4, stages: [{prefill: small}]}]
  unserved: {stages: [{retrieve: {passages: 3}}]}
workload: {lengths: azure-conv-2023, request_rate: 1, num_requests: 10, hash_block: 100}
`;
  const file = join(mkdtempSync(join(tmpdir(), 'mist-mistakes-')), 'all.yaml');
  writeFileSync(file, text);
  const quiet = { stdout: () => {}, stderr: () => {} };
  const issues = await command([file], quiet).then(
    () => [],
    (error) => error.issues as { line: number; path: string; received: string }[],
  );
  expect(issues.map(({ line, path }) => `${line} ${path}`)).toEqual([
    '3 fleet.small.model', // does not fit on its hardware
    '5 fleet.store.tiers[1]', // a tier that does not exist
    '9 tiers.host.link', // a link that does not exist
    '11 topology.rack.bus',
    '15 pipelines.cyclic.stages[0].after', // a cycle
    '21 pipelines.loose.stages[1]', // a branch that never joins
    '28 pipelines.cascade.stages[0].route-to-model.choices', // shares of 110 %
    '29 pipelines.unserved.stages[0].retrieve', // a stage no client can serve
    '30 workload.hash_block', // hashes of the wrong block size
  ]);
  expect(issues[0].received).toContain('weights of 141.1 GB per device do not fit in 23.7 GB');
});

it('a key of every stage that stands inside a stage is told where to go', () => {
  expect(words(withStages('- {prefill: {on: llm, name: x}}'))[0]).toContain(
    'the key "name" (name stands beside it: {prefill: ..., name: ...})',
  );
});

it('the JSON Schema describes every key', () => {
  const schema = specJsonSchema() as { properties: Record<string, { description?: string }> };
  const described = Object.entries(schema.properties).filter(([, { description }]) => description);
  expect(described.length).toBe(Object.keys(schema.properties).length);
});
