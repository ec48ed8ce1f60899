// mist catalog, as a person and as a program see it.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { catalog } from '../../src/commands/catalog.ts';

async function run(...argv: string[]): Promise<string> {
  let text = '';
  const code = await catalog(argv, {
    stdout: (part) => {
      text += part;
    },
    stderr: (part) => {
      throw new Error(part);
    },
  });
  expect(code).toBe(0);
  return text;
}

async function refuse(...argv: string[]) {
  const error = await run(...argv).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).issues;
}

describe('mist catalog', () => {
  it('lists every id of every kind', async () => {
    const text = await run();
    for (const kind of ['hardware', 'models', 'engines', 'workloads'] as const) {
      expect(text).toContain(`${kind} (${openCatalog().ids(kind).length})`);
      for (const id of openCatalog().ids(kind)) expect(text).toContain(`\n  ${id} `);
    }
  });

  it('lists one kind', async () => {
    const text = await run('--kind', 'engines');
    expect(text).toMatch(/vllm-0\.11 +chunked +prompt +1024 +8192 +16 /);
    expect(text).not.toContain('h100-sxm-80gb');
  });

  it('prints a model with its counts, KV bytes, layers and source', async () => {
    const text = await run('meta-llama/Llama-3.3-70B-Instruct');
    expect(text).toMatch(/^llama-3\.3-70b\n/);
    expect(text).toContain('70.6 B, active 69.5 B');
    expect(text).toContain('327,680 B/token');
    expect(text).toMatch(/80 layers +full attention 64\/8 heads of 128/);
    expect(text).toContain('source');
  });

  it('prints what is not modelled', async () => {
    expect(await run('llama-4-scout-17b-16e')).toMatch(/not modelled +vision tower/);
  });

  it('prints hardware with price, source and confidence', async () => {
    const text = await run('h100-sxm-80gb');
    expect(text).toContain('bf16 989 · fp8 1,979 · int8 1,979 TFLOP/s');
    expect(text).toMatch(/price, specialised +\$3\.22\/h, 2\.29 to 5\.95 \(Crusoe us 3\.90,/);
    expect(text).toMatch(/confidence +high/);
  });

  it('answers programs in JSON', async () => {
    const model = JSON.parse(await run('deepseek-r1', '--json'));
    expect(model.computed.kv_bytes_per_token.bf16.growing).toBe(70272);
    const both = JSON.parse(await run('h100-sxm-80gb', 'vllm-0.11', '--json'));
    expect(both.map(({ id }: { id: string }) => id)).toEqual(['h100-sxm-80gb', 'vllm-0.11']);
    expect(Object.keys(JSON.parse(await run('--json', '--kind', 'hardware')))).toEqual(['hardware']);
  });

  it('explains itself', async () => {
    expect(await run('--help')).toContain('--catalog FOLDER');
  });

  it('names every unknown word, flag and kind', async () => {
    const issues = await refuse('lama-3-8b', 'h1000-sxm-80gb');
    expect(issues.map(({ received }) => received)).toEqual(['lama-3-8b', 'h1000-sxm-80gb']);
    expect(issues[1].hint).toMatch(/h100-sxm-80gb/);
    expect((await refuse('--jsn'))[0]).toMatchObject({ received: '--jsn', hint: 'did you mean --json?' });
    expect((await refuse('--kind', 'model'))[0].hint).toBe('did you mean models?');
    expect((await refuse('--catalog', '/no/such/folder'))[0].expected).toBe('a catalog folder');
  });
});
