// Which models can serve which stages, with models of the shipped catalog; and what engines on one accelerator cannot have twice.
import { describe, expect, it } from 'vitest';
import { openQuestion } from '../../src/spec/question.ts';
import { STAGES } from '../../src/stages/list.ts';
import { catalog, issuesIn, readText } from './world.ts';

const TRAFFIC = 'workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 10}\n';
const ENCODERS = ['bge-large-en-v1.5', 'bge-reranker-large', 'skywork-reward-v2-llama-3.1-8b'];
const LLM = 'llama-3.1-8b';

/** A list in which the stage is served by x, by name or because nobody else can. */
const LISTS: Record<string, (on: string) => string> = {
  prefill: (on) => `[{prefill: {${on}}}]`,
  decode: (on) => `[{prefill: llm}, {decode: {${on}}}]`,
  reason: (on) => `[{prefill: llm}, {reason: {${on}}}]`,
  embed: (on) => `[{embed: {${on}}}, {retrieve: i}]`,
  rerank: (on) => `[{retrieve: i}, {rerank: {keep: 2, ${on}}}]`,
  reward: (on) => `[{reward: {${on}}}]`,
  safety: (on) => `[{safety: {${on}}}]`,
};
const GENERATING = ['prefill', 'decode', 'reason'];

const pool = (model: string) => `{kind: llm, model: ${model}, hardware: h100-sxm-80gb}`;

function told(pools: string, stages: string): string[] {
  const retrieval = 'i: {kind: retrieval, hardware: epyc-9654, cores: 8, index: {kind: hnsw, vectors: 1e6}}';
  const text = `fleet:\n  ${retrieval}\n${pools}pipelines: {a: {stages: ${stages}}}\n${TRAFFIC}`;
  return issuesIn(() => readText(text))
    .map(({ path, expected, received }) => `${path}: ${expected}; ${received}`)
    .filter((line) => line.includes('can '));
}

describe('stages and models', () => {
  it('every stage that engines serve says what it asks of their model', () => {
    const asking = STAGES.filter(({ asks }) => asks !== undefined).map(({ type }) => type);
    expect(asking.sort()).toEqual(Object.keys(LISTS).sort());
    expect(
      STAGES.filter(({ needs }) => needs.includes('llm'))
        .map(({ type }) => type)
        .sort(),
    ).toEqual(asking);
  });

  it.each(Object.keys(LISTS))('%s', (type) => {
    const named = LISTS[type]('on: x');
    const pools = (model: string) => `  llm: ${pool(LLM)}\n  x: ${pool(model)}\n`;
    expect(told(pools(LLM), named)).toEqual([]);
    for (const model of ENCODERS) {
      expect(catalog.model(model).kind).toBe('encoder');
      const refused = [
        `a model that can generate, for ${type}; "x", a pool of kind llm whose model ${model} is an encoder`,
      ];
      const said = told(pools(model), named).map((line) => line.slice(line.indexOf(': ') + 2));
      expect(said).toEqual(GENERATING.includes(type) ? refused : []);
    }
  });

  it('an encoder is no candidate: the other pool is taken, and one mistake says why there is none', () => {
    const [embedder, reranker] = ENCODERS;
    const both = `  e: ${pool(embedder)}\n  llm: ${pool(LLM)}\n`;
    expect(told(both, '[{embed: e}, {retrieve: i}, prefill, decode]')).toEqual([]);
    expect(told(`  e: ${pool(embedder)}\n  r: ${pool(reranker)}\n`, '[{embed: e}, {retrieve: i}, prefill]')).toEqual([
      `pipelines.a.stages[2].prefill: a pool in the fleet that can serve prefill: llm, a model that can generate; i (a pool of kind retrieval), e (a pool of kind llm whose model ${embedder} is an encoder), r (a pool of kind llm whose model ${reranker} is an encoder)`,
    ]);
  });

  it('rows whose model cannot fall', () => {
    const text = `fleet: {x: ${pool(`{choices: [${LLM}, ${ENCODERS[0]}]}`)}}\npipelines: {a: {stages: [prefill, decode]}}\n${TRAFFIC}`;
    const { at } = openQuestion(text, 'fleet.yaml', catalog);
    expect(issuesIn(() => at(0))).toEqual([]);
    expect(issuesIn(() => at(1)).map(({ expected }) => expected)).toEqual([
      'a pool in the fleet that can serve prefill: llm, a model that can generate',
      'a pool in the fleet that can serve decode: llm, a model that can generate',
    ]);
  });
});

describe('shares', () => {
  it('of cores and stores mean nothing and are refused', () => {
    const text = `fleet:\n  c: {kind: cores, cores: 4, shares: gpu}\n  s: {kind: kv-store, tiers: [t], shares: gpu}\n  x: ${pool(LLM)}\ntiers: {t: {capacity: 1TB, bandwidth: 1GB/s}}\npipelines: {a: {stages: [{tokenize: c}, {kv-fetch: s}, prefill]}}\n${TRAFFIC}`;
    const issues = issuesIn(() => readText(text));
    expect(issues.map(({ path, received }) => `${path}: ${received}`)).toEqual([
      'fleet.c.shares: the key "shares"',
      'fleet.s.shares: the key "shares"',
    ]);
  });

  it('two engines have the memory of one device between them, whatever is swept', () => {
    const one = (hardware: string, share: number) =>
      `{kind: llm, model: llama-3.2-1b, hardware: ${hardware}, shares: gpu, gpu_memory_utilization: ${share}}`;
    const question = (hardware: string, share: number) =>
      openQuestion(
        `fleet:\n  a: ${one(hardware, 0.6)}\n  b: ${one('l4', share)}\npipelines: {p: {stages: [{prefill: a}, {decode: a}, {safety: b}]}}\n${TRAFFIC}`,
        'fleet.yaml',
        catalog,
      );
    const { at } = question('{choices: [h100-sxm-80gb, l4]}', 0.6);
    expect(issuesIn(() => at(0))).toEqual([]);
    expect(issuesIn(() => at(1)).map(({ received }) => received)).toEqual(['120 % (a 0.6 + b 0.6)']);
    expect(issuesIn(() => question('l4', 0.4))).toEqual([]);
  });
});
