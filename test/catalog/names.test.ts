// Names of models as people type them: 510 of them, the rule that reads them, and the law that no size is ever dropped.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { indexNames, withoutFormat } from '../../src/catalog/names.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { countParameters } from '../../src/catalog/parameters.ts';

const catalog = openCatalog();
const lines = readFileSync(new URL('model-names.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(3);
const typed = lines.map((line) => line.split(',') as [name: string, model: string, format: string]);

/** "8b", "8x7b", "a3b", "16e", "300m": words of a name that are a size. */
const SIZE = /^(a?\d+(\.\d+)?[bm]|\d+x\d+(\.\d+)?b|\d+e|e\d+b)$/;
const sizesOf = (name: string) =>
  withoutFormat(name)
    .name.split('-')
    .filter((word) => SIZE.test(word));

describe('the list', () => {
  it('has 510 names, each of which stands for its model in its format', () => {
    expect(typed).toHaveLength(510);
    const wrong = typed.flatMap(([name, model, format]) => {
      const native = catalog.model(model).native_format;
      const found = catalog.named(name);
      const got = `${found?.id} ${found?.format ?? native}`;
      return got === `${model} ${format || native}` ? [] : [`${name}: ${got}, not ${model} ${format || native}`];
    });
    expect(wrong).toEqual([]);
  });

  it('resolves to a model whose count bears out every size in the name', () => {
    const wrong = typed.flatMap(([name]) => {
      const model = catalog.model(name);
      const { total, active } = countParameters(model);
      const sizes = sizesOf(name).filter((word) => /^a?\d+(\.\d+)?b$/.test(word));
      const known = new Set([model.id, model.name].flatMap(sizesOf));
      return sizes.flatMap((word) => {
        const billions = Number(word.replace(/[ab]/g, ''));
        const counts = word.startsWith('a') ? [active] : [total, active, total - (model.tower_parameters ?? 0)];
        const near = counts.some((count) => Math.abs(count / 1e9 / billions - 1) < 0.2);
        return near || known.has(word) ? [] : [`${name}: ${word} of ${total / 1e9}, ${active / 1e9}`];
      });
    });
    expect(wrong).toEqual([]);
  });
});

describe('the rule', () => {
  const model = (id: string, name: string, also: string[] = []) => ({ id, name, also, native_format: 'bf16' as const });
  const find = indexNames([
    model('tern-8b', 'birds/Tern-8B-Instruct', ['Arctic-Tern-8B']),
    model('tern-8b-2507', 'birds/Tern-8B-Instruct-2507'),
    model('tern-70b', 'birds/Tern-70B', ['Gull']),
    model('auk-8b', 'birds/Auk-8B', ['Gull']),
  ]);
  const id = (word: string) => find(word)?.id ?? null;

  it('drops owners, words of tuning and dates, the nearest form first', () => {
    expect(['Tern-8B', 'x/Tern_8B-Chat', 'Tern-8B-it-0815', 'nvidia/Arctic-Tern-8B'].map(id)).toEqual(
      Array(4).fill('tern-8b'),
    );
    expect(['birds/Tern-8B-Thinking-2507', 'tern-8b-2507'].map(id)).toEqual(['tern-8b-2507', 'tern-8b-2507']);
  });

  it('never drops a size or a word that it does not know, and a name that two share stands for neither', () => {
    expect(['Tern', 'Tern-9B', 'Tern-8B-Vision', 'Tern-8B-A1B', 'Tern-mini-8B', 'Gull', '8B'].map(id)).toEqual(
      Array(7).fill(null),
    );
  });

  it('tells the format by the ending, and what was taken for what', () => {
    const formats = [
      '-FP8',
      '-NVFP4',
      '-AWQ',
      '-GPTQ-Int8',
      '-quantized.w8a8',
      '-MXFP4-Preview',
      '-bnb-4bit',
      '-FP8-KV',
    ];
    expect(formats.map((ending) => find(`x/Tern-70B-Instruct${ending}`)?.format)).toEqual([
      'fp8',
      'nvfp4',
      'int4',
      'int8',
      'int8',
      'mxfp4',
      'int4',
      'fp8',
    ]);
    expect(find('Qwen/Tern-70B-FP8')?.format).toBe('fp8-block');
    expect(find('x/Tern-70B-FP8')?.words).toBe(
      'x/Tern-70B-FP8 is taken for the layers of tern-70b, weights in fp8 by its ending -fp8',
    );
    expect(find('x/Tern-70B-GPTQ-Int3')?.words).toMatch(/3 bits, counted as 4/);
    expect(find('birds/Tern-70B')).toEqual({ id: 'tern-70b', format: null, words: '' });
    expect(find('Tern-70B-Chat')?.words).toBe('Tern-70B-Chat is taken for the layers of tern-70b');
  });

  it('gives the model its format', () => {
    expect(catalog.model('nvidia/Llama-3.3-70B-Instruct-NVFP4').native_format).toBe('nvfp4');
    expect(catalog.model('unsloth/gpt-oss-20b-bnb-4bit')).toMatchObject({ id: 'gpt-oss-20b', native_format: 'int4' });
    expect(catalog.model('unsloth/gpt-oss-20b-bnb-4bit').native_attention_format).toBeUndefined();
    expect(catalog.model('gpt-oss-20b').native_attention_format).toBe('bf16');
    expect(catalog.model('amd/Llama-3.3-70B-Instruct-MXFP4-Preview').native_attention_format).toBe('bf16');
  });
});
