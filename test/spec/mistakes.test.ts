// Every kind of mistake is refused with its path, its line and words that help; all mistakes of a spec come at once.
import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { issuesOf, placesOf } from './world.ts';

const LINES = [
  'model: llama-3.1-70b', // 1
  'workload:', // 2
  '  lengths: azure-conv-2023', // 3
  '  arrivals: poisson', // 4
  '  request_rate: 20', // 5
  'deployment:', // 6
  '  hardware: l4', // 7
  'engine:', // 8
  '  profile: vllm-0.11', // 9
  '  max_num_seqs: 64', // 10
  'slo: {p99_ttft: 1s}', // 11
];

/** The right spec with some lines replaced (1-based); an empty text drops what the line said. */
function edit(changes: Record<number, string>): string {
  return LINES.map((line, i) => changes[i + 1] ?? line).join('\n');
}

function messages(text: string): string[] {
  return issuesOf(text).map(formatIssue);
}

it('tells a wrong name once, also where step_time leaves KV blocks to be given', () => {
  const changes = { 7: '  hardware: l5', 10: '  step_time: {fixed_s: 10ms}' };
  expect(issuesOf(edit(changes)).map(({ path }) => path)).toEqual(['deployment.hardware']);
});

it('has nothing to say about the right spec', () => {
  expect(messages(edit({}))).toEqual([]);
});

// A mistake on its own: the changed lines, its place, and a part of its words.
type Case = [title: string, changes: Record<number, string>, place: string, words: string];

const STRUCTURE: Case[] = [
  ['an unknown key', { 10: '  max_num_seq: 64' }, '10 engine.max_num_seq', 'did you mean max_num_seqs'],
  ['an unknown section', { 11: 'slos: {p99_ttft: 1s}' }, '11 slos', 'did you mean slo?'],
  ['an unknown key without a value', { 10: '  max_num_seq:' }, '10 engine.max_num_seq', 'did you mean max_num_seqs'],
  [
    'an unknown key of a range',
    { 10: '  max_num_seqs: {from: 1, to: 4, setp: 2}' },
    '10 engine.max_num_seqs.setp',
    'step',
  ],
  ['a text for a number', { 10: '  max_num_seqs: many' }, '10 engine.max_num_seqs', 'a positive integer'],
  ['a list for a section', { 11: 'slo: [p99_ttft]' }, '11 slo', 'latency limits'],
  ['a number for a section', { 6: 'deployment: 3', 7: '' }, '6 deployment', 'the deployment: hardware'],
  ['a truth value', { 10: '  max_num_seqs: true' }, '10 engine.max_num_seqs', 'received true'],
  ['an object of no known kind', { 10: '  max_num_seqs: {values: [1]}' }, '10 engine.max_num_seqs', '{choices: [...]}'],
  ['an empty axis', { 10: '  max_num_seqs: []' }, '10 engine.max_num_seqs', 'at least one value'],
  ['an empty choice', { 7: '  hardware: {choices: []}' }, '7 deployment.hardware.choices', 'at least one value'],
  [
    'a range of words',
    { 10: '  batching: {from: mixed, to: static}' },
    '10 engine.batching.from',
    'words have no order',
  ],
  ['half a range', { 10: '  max_num_seqs: {from: 3}' }, '10 engine.max_num_seqs.to', 'received nothing'],
];

const NAMES: Case[] = [
  ['hardware', { 7: '  hardware: h100' }, '7 deployment.hardware', 'did you mean h100-sxm-80gb?'],
  ['hardware in a list', { 7: '  hardware: [l4, a100]' }, '7 deployment.hardware[1]', 'did you mean a100-sxm-80gb?'],
  [
    'hardware in choices',
    { 7: '  hardware: {choices: [l4, l40]}' },
    '7 deployment.hardware.choices[1]',
    'did you mean l4?',
  ],
  ['the bare word all', { 7: '  hardware: all' }, '7 deployment.hardware', '{choices: all}'],
  ['a model', { 1: 'model: meta-llama/Llama-3.1-8B' }, '1 model', 'did you mean llama-3.1-8b'],
  ['an engine', { 9: '  profile: vllm-0.12' }, '9 engine.profile', 'did you mean vllm-0.11?'],
  ['a workload', { 3: '  lengths: azure-conv' }, '3 workload.lengths', 'did you mean azure-conv-2023?'],
  ['a batching', { 10: '  batching: chunk' }, '10 engine.batching', 'did you mean chunked?'],
  ['an admission', { 10: '  admission: full' }, '10 engine.admission', 'did you mean full-length or full-prompt?'],
  ['a routing', { 7: '  hardware: l4\n  routing: round_robin' }, '8 deployment.routing', 'did you mean round-robin?'],
  ['a format', { 10: '  quantization: fp9' }, '10 engine.quantization', 'one of auto, bf16'],
  ['an arrival process', { 4: '  arrivals: poison' }, '4 workload.arrivals', 'did you mean poisson?'],
  ['a process', { 4: '  arrivals: {process: gama}' }, '4 workload.arrivals.process', 'did you mean gamma or ramp?'],
  ['an objective', { 11: 'objective: usd_per_hours' }, '11 objective', 'did you mean usd_per_hour'],
  ['a limit', { 11: 'slo: {p99_tfft: 1s}' }, '11 slo.p99_tfft', 'did you mean p99_ttft'],
  ['hardware of a price', { 11: 'prices: {h100: 2}' }, '11 prices.h100', 'did you mean h100-sxm-80gb?'],
  ['hardware of a power', { 11: 'watts:\n  l4: 72\n  mi300: 1' }, '13 watts.mi300', 'did you mean mi300x?'],
];

const NUMBERS: Case[] = [
  ['zero sequences', { 10: '  max_num_seqs: 0' }, '10 engine.max_num_seqs', 'a positive integer'],
  ['a negative', { 10: '  block_size: -16' }, '10 engine.block_size', 'received -16'],
  ['a fraction', { 10: '  max_num_seqs: 1.5' }, '10 engine.max_num_seqs', 'received 1.5'],
  ['a written fraction', { 10: '  max_num_seqs: "1_0.5"' }, '10 engine.max_num_seqs', 'a positive integer'],
  ['not a number', { 5: '  request_rate: .nan' }, '5 workload.request_rate', 'received NaN'],
  ['an infinity', { 5: '  request_rate: .inf' }, '5 workload.request_rate', 'received Infinity'],
  ['an overflow', { 5: '  request_rate: 1e999' }, '5 workload.request_rate', 'received Infinity'],
  ['a rate of zero', { 5: '  request_rate: [1, 0]' }, '5 workload.request_rate[1]', 'a rate above 0'],
  ['zero requests', { 5: '  request_rate: 1\n  num_requests: 0' }, '6 workload.num_requests', 'a positive integer'],
  ['too many requests', { 5: '  request_rate: 1\n  num_requests: 1e12' }, '6 workload.num_requests', 'up to 50000000'],
  ['a negative seed', { 5: '  request_rate: 1\n  seed: -1' }, '6 workload.seed', 'an integer from 0'],
  ['no replicas', { 7: '  hardware: l4\n  replicas: 0' }, '8 deployment.replicas', 'a positive integer'],
  [
    'no data parallelism',
    { 7: '  hardware: l4\n  data_parallel_size: 0' },
    '8 deployment.data_parallel_size',
    'positive',
  ],
  ['memory above 1', { 10: '  gpu_memory_utilization: 1.01' }, '10 engine.gpu_memory_utilization', 'at most 1'],
  ['memory of 0', { 10: '  gpu_memory_utilization: 0' }, '10 engine.gpu_memory_utilization', 'above 0'],
  ['a watermark of 1', { 10: '  watermark: 1' }, '10 engine.watermark', 'at least 0 and below 1'],
  [
    'swap space without swapping',
    { 10: '  swap_space: 4GiB' },
    '10 engine.swap_space',
    'no swap_space: only preemption_mode: swap uses it',
  ],
  [
    'host blocks without swapping',
    { 10: '  num_cpu_blocks: [1, 2]' },
    '10 engine.num_cpu_blocks',
    'only preemption_mode: swap',
  ],
  [
    'swap space as vLLM counts it',
    { 10: '  preemption_mode: swap\n  swap_space: 4' },
    '11 engine.swap_space',
    'at least 1MiB, such as 4GiB',
  ],
  ['a preemption mode', { 10: '  preemption_mode: swop' }, '10 engine.preemption_mode', 'did you mean swap?'],
  [
    'swapping where nothing is preempted',
    { 10: '  preemption_mode: [recompute, swap]\n  admission: full-length' },
    '10 engine.preemption_mode',
    'under full-length admission nothing is ever preempted',
  ],
  [
    'swapping in static batches',
    { 10: '  batching: static\n  preemption_mode: swap' },
    '11 engine.preemption_mode',
    'in static batching nothing is ever preempted',
  ],
  ['no scheduler steps', { 10: '  num_scheduler_steps: 0' }, '10 engine.num_scheduler_steps', 'an integer from 1'],
  [
    'rounds beside prompts',
    { 10: '  num_scheduler_steps: [1, 8]' },
    '10 engine.num_scheduler_steps',
    '1, or batching: static or continuous: under chunked batching',
  ],
  [
    'rounds of drafts',
    {
      10: '  batching: continuous\n  num_scheduler_steps: 8\n  speculative_config: {method: ngram, num_speculative_tokens: 2, acceptance: 0.5}',
    },
    '11 engine.num_scheduler_steps',
    '1, or no speculative_config',
  ],
  ['a watermark of all', { 10: '  watermark: 100%' }, '10 engine.watermark', 'at least 0 and below 1'],
  ['a limit of 0', { 11: 'slo: {p99_ttft: 0s}' }, '11 slo.p99_ttft', 'a time above 0'],
  ['a limit without a unit', { 11: 'slo: {p99_ttft: 500}' }, '11 slo.p99_ttft', '500ms or 500s?'],
  ['a limit without a unit, as text', { 11: 'slo: {p99_ttft: "0.5"}' }, '11 slo.p99_ttft', '0.5ms or 0.5s?'],
  ['a negative limit', { 11: 'slo: {p99_ttft: -1s}' }, '11 slo.p99_ttft', 'it must not be negative'],
  ['a wrong unit', { 11: 'slo: {p99_ttft: 1GB}' }, '11 slo.p99_ttft', 'GB is a unit of bytes'],
  ['a unit on milliseconds', { 11: 'slo: {p99_ttft_ms: 50ms}' }, '11 slo.p99_ttft_ms', 'ms is a unit of time'],
  ['a negative price', { 11: 'prices: {l4: -1}' }, '11 prices.l4', 'at least 0'],
  ['a power in seconds', { 11: 'watts: {l4: 30s}' }, '11 watts.l4', 's is a unit of time'],
  ['a price text', { 11: 'prices: {l4: $2}' }, '11 prices.l4', 'no number was found'],
  ['a top of 0', { 11: 'top: 0' }, '11 top', 'a positive integer'],
];

const RANGES: Case[] = [
  ['upside down', { 10: '  max_num_seqs: {from: 4, to: 2}' }, '10 engine.max_num_seqs.from', 'at most to (2)'],
  [
    'step and factor',
    { 10: '  max_num_seqs: {from: 1, to: 4, step: 1, factor: 2}' },
    '10 engine.max_num_seqs.factor',
    'not both',
  ],
  ['a factor of 1', { 10: '  max_num_seqs: {from: 1, to: 4, factor: 1}' }, '10 engine.max_num_seqs.factor', 'above 1'],
  ['a step of 0', { 10: '  max_num_seqs: {from: 1, to: 4, step: 0}' }, '10 engine.max_num_seqs.step', 'above 0'],
  [
    'fractions of integers',
    { 10: '  max_num_seqs: {from: 1, to: 4, factor: 1.5}' },
    '10 engine.max_num_seqs.factor',
    'gives 1.5',
  ],
  [
    'no step of fractions',
    { 5: '  request_rate: {from: 1, to: 4}' },
    '5 workload.request_rate.step',
    'a step or a factor',
  ],
  ['a factor from 0', { 10: '  watermark: {from: 0, to: 0.4, factor: 2}' }, '10 engine.watermark.from', 'above 0'],
  [
    'millions of values',
    { 10: '  max_num_seqs: {from: 1, to: 2e9}' },
    '10 engine.max_num_seqs.to',
    'at most 100000 values',
  ],
  ['a repeat', { 10: '  max_num_seqs: [1, 2, 1]' }, '10 engine.max_num_seqs[2]', '1 again'],
  ['a repeat in disguise', { 10: '  max_num_seqs: [1000, 1_000]' }, '10 engine.max_num_seqs[1]', '1000 again'],
  ['a repeated word', { 7: '  hardware: {choices: [l4, l4]}' }, '7 deployment.hardware.choices[1]', '"l4" again'],
];

const GAMMA = '{process: gamma, burstiness: ...}';
const TRAFFIC: Case[] = [
  ['no workload', { 2: '', 3: '', 4: '', 5: '' }, '1 workload', 'received nothing'],
  ['no lengths', { 3: '' }, '2 workload.lengths', 'lengths, or requests to replay'],
  ['no rate', { 5: '' }, '2 workload.request_rate', 'for poisson arrivals'],
  [
    'no rate for gamma',
    { 4: '  arrivals: {process: gamma, burstiness: 2}', 5: '' },
    '2 workload.request_rate',
    'for gamma',
  ],
  ['a rate all at once', { 4: '  arrivals: all-at-once' }, '5 workload.request_rate', 'all-at-once arrivals have none'],
  [
    'a rate of a closed loop',
    { 4: '  arrivals: {process: closed-loop, max_concurrency: 4}' },
    '5 workload.request_rate',
    'closed-loop arrivals have none',
  ],
  ['gamma without burstiness', { 4: '  arrivals: gamma' }, '4 workload.arrivals', GAMMA],
  ['a closed loop without clients', { 4: '  arrivals: closed-loop', 5: '' }, '4 workload.arrivals', 'max_concurrency'],
  [
    'a process without clients',
    { 4: '  arrivals: {process: closed-loop}', 5: '' },
    '4 workload.arrivals.max_concurrency',
    'a positive integer',
  ],
  [
    'an on phase of 0',
    { 4: '  arrivals: {process: on-off, on: 0s, off: 1s}' },
    '4 workload.arrivals.on',
    'a time above 0',
  ],
  ['lengths beside requests', { 4: '  requests: a.csv', 5: '' }, '3 workload.lengths', 'beside requests'],
  ['arrivals beside requests', { 3: '  requests: a.csv', 5: '' }, '4 workload.arrivals', 'beside requests'],
  [
    'two rates beside requests',
    { 3: '  requests: {file: a.csv, rate_scale: 2}', 4: '' },
    '5 workload.request_rate',
    'request_rate or requests.rate_scale',
  ],
  ['one length', { 3: '  lengths: {input_len: 5}' }, '3 workload.lengths.output_len', 'received nothing'],
  [
    'uniform upside down',
    { 3: '  lengths:\n    input_len: 5\n    output_len: {uniform: [9, 3]}' },
    '5 workload.lengths.output_len.uniform',
    '[shortest, longest]',
  ],
  [
    'min above max',
    { 3: '  lengths: {input_len: 5, output_len: {normal: {mean: 5, std: 1, min: 9, max: 3}}}' },
    '3 workload.lengths.output_len.normal.min',
    'at most max (3)',
  ],
  [
    'a mean outside',
    { 3: '  lengths: {input_len: 5, output_len: {lognormal: {mean: 5, std: 1, min: 9}}}' },
    '3 workload.lengths.output_len.lognormal.mean',
    'a mean between 9 and',
  ],
  [
    'no tokens',
    { 3: '  lengths: {input_len: 0, output_len: 1}' },
    '3 workload.lengths.input_len',
    'a positive integer',
  ],
];

const ACROSS: Case[] = [
  ['no model', { 1: '' }, '2 model', 'a model (only step_time'],
  ['no hardware', { 7: '  replicas: 2' }, '6 deployment.hardware', 'hardware (only step_time'],
  ['no hardware behind the key', { 7: '  hardware:' }, '7 deployment.hardware', 'received nothing'],
  ['no KV blocks', { 1: '', 10: '  step_time: {fixed_s: 1ms}' }, '8 engine.num_gpu_blocks', 'without model'],
  ['a step of no time', { 10: '  step_time: {fixed_s: 0}' }, '10 engine.step_time', 'a step must take time'],
  [
    'one limit twice',
    { 11: 'slo:\n  p99_ttft: 1s\n  p99_ttft_ms: 900' },
    '13 slo.p99_ttft_ms',
    'one limit on p99_ttft',
  ],
  [
    'too many rows',
    {
      7: '  hardware: {choices: all}\n  replicas: {from: 1, to: 10_000}',
      10: '  max_num_seqs: {from: 1, to: 100_000}',
    },
    '11 engine.max_num_seqs',
    'received 4,000,000,000 rows (deployment.hardware 4 x deployment.replicas 10000 x engine.max_num_seqs 100000)',
  ],
];

const NOTATION: Case[] = [
  ['a key twice', { 10: '  profile: vllm-0.11' }, '10 profile', 'every key once'],
  ['broken YAML', { 10: '  max_num_seqs: [1, 2' }, '11 spec', 'YAML or JSON'],
  ['an unknown tag', { 10: '  max_num_seqs: !many 3' }, '10 spec', 'Unresolved tag'],
  ['an alias of nothing', { 10: '  max_num_seqs: *n' }, '10 spec', 'YAML or JSON'],
];

describe.each([
  ['structure', STRUCTURE],
  ['names', NAMES],
  ['numbers', NUMBERS],
  ['ranges', RANGES],
  ['traffic', TRAFFIC],
  ['across', ACROSS],
  ['notation', NOTATION],
])('refuses in %s', (_, cases) => {
  it.each(cases)('%s', (_title, changes, place, words) => {
    const text = edit(changes);
    expect(placesOf(text)).toEqual([place]);
    expect(messages(text)[0]).toContain(words);
    expect(messages(text)[0]).toMatch(/^folder\/spec\.yaml:\d+: /);
  });
});

it('refuses an empty text and a text that is no mapping with one mistake', () => {
  for (const text of ['', '# nothing', '[1, 2]', 'hello', '3']) expect(placesOf(text)).toEqual(['1 spec']);
});

it('refuses rows beyond 2^53 with the exact product', () => {
  const axes = ['replicas', 'tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'];
  const text = edit({ 7: ['  hardware: l4', ...axes.map((axis) => `  ${axis}: {from: 1, to: 9_999}`)].join('\n') });
  expect(messages(text)[0]).toContain(`received ${(9_999n ** 4n).toLocaleString('en-US')} rows`);
});

it('reports every mistake at once, in order of lines, and blames nothing twice', () => {
  const text = edit({
    1: 'model: llama-3.1-70',
    3: '  lengths: {input_len: 0, output_len: {uniform: [3, -1]}}',
    5: '  request_rate: -3',
    7: '  hardware: [h100, l4, l4]',
    9: '  profile: vllm',
    10: '  max_num_seqs: x\n  block_size: 0',
    11: 'slo: {p99_ttft: 1GB}\ntop: 0\ntop: 3',
  });
  expect(placesOf(text)).toEqual([
    '1 model',
    '3 workload.lengths.input_len',
    '3 workload.lengths.output_len.uniform[1]',
    '5 workload.request_rate',
    '7 deployment.hardware[2]',
    '7 deployment.hardware[0]',
    '9 engine.profile',
    '10 engine.max_num_seqs',
    '11 engine.block_size',
    '12 slo.p99_ttft',
    '14 top',
  ]);
});

it('looks for files where it can', () => {
  const text = edit({ 1: 'model: ./config.json', 3: '  requests: gone.csv', 4: '', 5: '' });
  expect(placesOf(text)).toEqual([]);
  expect(placesOf(text, { exists: () => false })).toEqual(['1 model', '3 workload.requests']);
  expect(placesOf(text, { exists: (path) => /gone\.csv$/.test(path) })).toEqual(['1 model']);
});

it('says so when the default profile is not in the catalog', () => {
  const known = { hardware: ['l4'], models: ['llama-3.1-70b'], engines: [], workloads: ['azure-conv-2023'] };
  const options = { known: { ...known, profile: () => undefined } };
  expect(placesOf(edit({ 9: '' }), options)).toEqual(['8 engine.profile']);
});

it('an axis anywhere does not hide the mistakes of other sections, nor is hidden by them', () => {
  const text = edit({
    5: '  request_rate: [1, 0]\n  num_requests: {from: 10, to: 5}\n  seed: [1, x]',
    7: '  hardware: [l4, l41s]\n  replicas: {from: 3}',
    10: '  max_num_seqs: many\n  block_size: []',
    11: 'slo: {p99_ttft: [1s, 1GB], p99_tpott: 1s}',
  });
  expect(placesOf(text)).toEqual([
    '5 workload.request_rate[1]',
    '6 workload.num_requests.from',
    '7 workload.seed[1]',
    '9 deployment.hardware[1]',
    '10 deployment.replicas.to',
    '13 engine.max_num_seqs',
    '14 engine.block_size',
    '15 slo.p99_ttft[1]',
    '15 slo.p99_tpott',
  ]);
});

it('refuses an alias of an axis that another choice may not have met, beside other mistakes', () => {
  const text = edit({
    7: '  hardware: {choices: {small: l4, large: &big {choices: [l4, mi300x]}}}\n  replicas: *big',
    11: 'slo: {p99_tfft: 1s}',
  });
  expect(placesOf(text)).toEqual(expect.arrayContaining(['8 deployment.replicas', '12 slo.p99_tfft']));
});
