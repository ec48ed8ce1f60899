// Looking things up: by any of their names, from a user's folder first, with every mistake named and placed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mist-catalog-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(place: string, value: unknown): string {
  const file = join(folder, place);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  return file;
}

function issuesOf(look: () => unknown): readonly Issue[] {
  try {
    look();
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  throw new Error('expected a UserError');
}

const ours = openCatalog();

describe('names', () => {
  it('takes ids in any case, display names and Hugging Face names', () => {
    expect(ours.hardware('H100-SXM-80GB').id).toBe('h100-sxm-80gb');
    expect(ours.hardware('xeon-8480+ (sapphire rapids)').id).toBe('xeon-8480plus');
    expect(ours.model('meta-llama/Meta-Llama-3.1-8B').id).toBe('llama-3.1-8b');
    expect(ours.model('deepseek-ai/DeepSeek-R1').id).toBe('deepseek-r1');
  });

  it('takes a tuned checkpoint for its architecture', () => {
    expect(ours.model('meta-llama/Llama-3.1-8B-Instruct').id).toBe('llama-3.1-8b');
    expect(ours.model('meta-llama/Meta-Llama-3.1-70B-Instruct').id).toBe('llama-3.1-70b');
    expect(ours.model('google/gemma-2-9b-it').id).toBe('gemma-2-9b');
    expect(ours.model('mistralai/Mixtral-8x7B-Instruct-v0.1').id).toBe('mixtral-8x7b');
    // Version 0.2 has no window, 0.3 another vocabulary too.
    expect(ours.model('mistralai/Mistral-7B-Instruct-v0.1').groups[0].attention.kind).toBe('sliding');
    expect(ours.model('mistralai/Mistral-7B-Instruct-v0.2')).toMatchObject({ id: 'mistral-7b-v0.2', vocab: 32000 });
    expect(ours.find('models', 'mistralai/Mistral-7B-Instruct-v0.3')).toBe('mistral-7b-v0.3');
    expect(ours.find('models', 'mistralai/Mistral-7B-Instruct-v0.4')).toBeNull();
  });

  it('answers an unknown name with the nearest ones', () => {
    const [issue] = issuesOf(() => ours.hardware('h100'));
    expect(issue).toMatchObject({ path: 'hardware', received: 'h100' });
    expect(issue.hint).toMatch(/did you mean .*h100-sxm-80gb/);
    expect(issuesOf(() => ours.model('llama-3.3-70'))[0].hint).toMatch(/llama-3\.3-70b/);
    expect(issuesOf(() => ours.engine('vllm'))[0].hint).toMatch(/vllm-0\.11/);
    expect(issuesOf(() => ours.shape('share-gpt'))[0].path).toBe('workloads');
  });

  it('finds without throwing, and has no efficiency for what has none', () => {
    expect(ours.find('models', 'nothing-like-it')).toBeNull();
    expect(ours.find('hardware', 'MI300X')).toBe('mi300x');
    expect(ours.efficiency('no-such-device')).toBeNull();
  });
});

describe('a config.json by path', () => {
  const config = {
    ...{ model_type: 'llama', hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 8, vocab_size: 100 },
    ...{ intermediate_size: 128, max_position_embeddings: 2048, torch_dtype: 'bfloat16' },
  };

  it('is read as a file or as its folder, and named after it', () => {
    const file = put('my-model/config.json', config);
    expect(ours.model(file)).toMatchObject({ id: 'my-model', hidden: 64 });
    expect(ours.model(join(file, '..')).id).toBe('my-model');
    expect(ours.model(put('other.json', config)).id).toBe('other');
  });

  it('says that there is no file, or where its JSON breaks', () => {
    expect(issuesOf(() => ours.model('/no/such/config.json'))[0].received).toMatch(/no file/);
    const broken = put('broken/config.json', '{\n  "hidden_size": 64,\n  "oops"\n}\n');
    const [issue] = issuesOf(() => ours.model(broken));
    expect(issue).toMatchObject({ file: broken, line: 4, expected: 'JSON', received: '"}" in column 1' });
    const comma = put('comma.json', '{\n  "a": [1, 2],\n}');
    expect(issuesOf(() => ours.model(comma))[0]).toMatchObject({ line: 3, received: '"}" in column 1' });
    const cut = put('cut.json', '{\n  "a": "b');
    expect(issuesOf(() => ours.model(cut))[0]).toMatchObject({ line: 2, received: 'the end of the file' });
  });

  it("takes its format from NVIDIA's file beside it, where its own says none", () => {
    const quantization = { quant_algo: 'NVFP4', exclude_modules: ['lm_head'], kv_cache_quant_algo: 'FP8' };
    put('export/hf_quant_config.json', { producer: { name: 'modelopt' }, quantization });
    const file = put('export/config.json', config);
    expect(ours.model(file).native_format).toBe('nvfp4');
    expect(ours.model(join(file, '..')).unmodelled.join()).toMatch(/KV cache in FP8/);
    put('export/config.json', { ...config, quantization_config: { quant_method: 'fp8' } });
    expect(ours.model(file).native_format).toBe('fp8');
  });

  it("may be Mistral's params.json", () => {
    const params = { dim: 64, n_layers: 2, n_heads: 8, n_kv_heads: 2, head_dim: 8, hidden_dim: 128, vocab_size: 100 };
    const moe = { num_experts: 4, num_experts_per_tok: 2 };
    const file = put('mistral/params.json', { ...params, max_seq_len: 2048, norm_eps: 1e-5, rope_theta: 1e6 });
    expect(ours.model(join(file, '..'))).toMatchObject({ id: 'mistral', hidden: 64, max_positions: 2048 });
    put('mistral/params.json', { ...params, max_seq_len: 2048, moe, quantization: { qformat_weight: 'fp8_e4m3' } });
    const model = ours.model(file);
    expect(model.native_format).toBe('fp8');
    expect(model.groups[0].mlp).toMatchObject({ kind: 'moe', experts: 4, top_k: 2, intermediate: 128 });
  });

  it("reads Python's numbers that JSON has no words for", () => {
    const text = JSON.stringify({ ...config, time_step_limit: [0, 'x'] }).replace('"x"', 'Infinity');
    expect(ours.model(put('python.json', text.replace('}', ', "eps": NaN, "low": -Infinity}'))).hidden).toBe(64);
  });

  it('may lie in the models folder of a catalog', () => {
    put('models/house-model.json', config);
    const catalog = openCatalog({ folder });
    expect(catalog.ids('models')).toContain('house-model');
    expect(catalog.model('house-model').groups[0].count).toBe(2);
  });
});

describe("a user's folder", () => {
  const device = { ...ours.hardware('h100-sxm-80gb') };

  it('adds to ours and replaces file by file', () => {
    put('hardware/h100-sxm-80gb.json', { ...device, tdp_w: 2 });
    put('hardware/dream-1.json', { ...device, id: 'dream-1', memory_bandwidth: 2 * device.memory_bandwidth });
    const catalog = openCatalog({ folder });
    expect(catalog.hardware('h100-sxm-80gb').tdp_w).toBe(2);
    expect(catalog.hardware('dream-1').memory_bandwidth).toBe(6.7e12);
    expect(catalog.hardware('a40').id).toBe('a40');
    expect(catalog.ids('hardware')).toHaveLength(ours.ids('hardware').length + 1);
    expect(catalog.file('hardware', 'dream-1')).toBe(join(folder, 'hardware', 'dream-1.json'));
    expect(ours.hardware('h100-sxm-80gb').tdp_w).not.toBe(2);
  });

  it('names every mistake of a file at once, with lines and the field that was meant', () => {
    const { tdp_w: _, ...rest } = device;
    const file = put('hardware/x.json', { ...rest, id: 'x', memory_byte: 3, peak: { bf16: '989T', fp8: -1 } });
    const issues = issuesOf(() => openCatalog({ folder }).hardware('x'));
    const found = Object.fromEntries(issues.map((issue) => [issue.path, issue]));
    expect(Object.keys(found).sort()).toEqual(['memory_byte', 'peak.bf16', 'peak.fp8', 'tdp_w']);
    expect(found['peak.bf16']).toMatchObject({ expected: 'a positive number', received: '"989T"', file });
    expect(found['peak.bf16'].line).toBe(9);
    expect(found.memory_byte.hint).toBe('did you mean memory_bytes?');
    expect(found.tdp_w.received).toBe('nothing');
  });

  it('checks models down to the kind of a layer', () => {
    const model = ours.model('llama-3.1-8b');
    put('models/y.json', {
      ...model,
      id: 'y',
      groups: [{ count: 0, attention: { kind: 'magic' }, mlp: { kind: 'none' } }],
    });
    const paths = issuesOf(() => openCatalog({ folder }).model('y')).map(({ path }) => path);
    expect(paths).toEqual(['groups[0].count', 'groups[0].attention.kind']);
  });

  it('refuses a file whose id is not its name', () => {
    put('engines/mine.json', ours.engine('vllm-0.11'));
    expect(issuesOf(() => openCatalog({ folder }).engine('mine'))[0]).toMatchObject({
      path: 'id',
      expected: 'mine, as the file is named',
      received: 'vllm-0.11',
    });
  });

  it('refuses a folder that is not there, and items it would pass over', () => {
    expect(issuesOf(() => openCatalog({ folder: join(folder, 'none') }))[0].expected).toBe('a catalog folder');
    put('hardwares/z.json', device);
    put('README.md', 'mine');
    const issues = issuesOf(() => openCatalog({ folder }));
    expect(issues.map(({ received, hint }) => [received, hint])).toEqual([['hardwares', 'did you mean hardware?']]);
  });
});
