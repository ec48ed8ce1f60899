// An agent's view: the SDK's own client starts mist mcp, lists its tools and calls each; answers are those of the command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mist, ROOT } from '../cli/spawn.ts';

const client = new Client({ name: 'test', version: '1' });
const single = readFileSync(join(ROOT, 'examples/single-run.yaml'), 'utf8');

beforeAll(async () => {
  const args = [join(ROOT, 'dist/src/cli.js'), 'mcp'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: ROOT, stderr: 'pipe' }));
});
afterAll(() => client.close());

interface Told {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent: { readonly schema: string; readonly exit_code: number; readonly result: unknown };
}
const call = async (name: string, asked: Record<string, unknown>) =>
  (await client.callTool({ name, arguments: asked })) as unknown as Told;

describe('mist mcp', () => {
  test('lists its tools, each with a schema of what it takes and gives', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['run', 'sweep', 'size', 'step', 'catalog', 'spec', 'validate']);
    for (const { description, inputSchema, outputSchema } of tools) {
      expect(description?.length).toBeGreaterThan(40);
      expect(inputSchema.type).toBe('object');
      for (const one of Object.values(inputSchema.properties ?? {})) expect(one).toHaveProperty('type');
      expect(outputSchema?.required).toContain('exit_code');
    }
    expect(tools[0]!.inputSchema.required).toEqual(['spec']);
  });

  test('run answers as the command line does, with what is set', async () => {
    const { structuredContent: told, isError } = await call('run', {
      spec: single,
      set: ['workload.num_requests=100'],
      seed: 5,
    });
    const argv = ['run', 'examples/single-run.yaml', '--set', 'workload.num_requests=100', '--seed', '5', '--json'];
    expect([isError ?? false, told.exit_code, told.schema]).toEqual([false, 0, 'mist-mcp-1']);
    expect(told.result).toEqual(JSON.parse((await mist(argv)).stdout));
  });

  test('step, catalog and spec answer as the command line does', async () => {
    const step = await call('step', { model: 'llama-3.1-8b', hardware: 'h100-sxm-80gb', decode: '8x100', tp: 2 });
    const argv = [
      'step',
      '--model',
      'llama-3.1-8b',
      '--hardware',
      'h100-sxm-80gb',
      '--decode',
      '8x100',
      '--tp',
      '2',
      '--json',
    ];
    expect(step.structuredContent.result).toEqual(JSON.parse((await mist(argv)).stdout));
    const catalog = await call('catalog', { ids: ['l4'] });
    expect(catalog.structuredContent.result).toEqual(JSON.parse((await mist(['catalog', 'l4', '--json'])).stdout));
    const spec = await call('spec', { spec: single });
    const said = await mist(['spec', 'examples/single-run.yaml', '--json']);
    expect(spec.structuredContent.result).toEqual({ ...JSON.parse(said.stdout), file: '-' });
  });

  test('sweep, size and validate answer', async () => {
    const spec = `
model: llama-3.1-8b
workload: {lengths: {input_len: 500, output_len: 50}, request_rate: 2, num_requests: 100}
deployment: {hardware: h100-sxm-80gb, replicas: [1, 2]}
slo: {p99_ttft: 2s}
`;
    const sweep = (await call('sweep', { spec, workers: 1 })).structuredContent;
    expect(sweep.exit_code).toBe(0);
    expect(sweep.result).toHaveProperty('kept');
    const size = (await call('size', { spec, set: ['deployment.replicas=1'], max_load: true })).structuredContent;
    expect(size.exit_code).toBe(0);
    const cases = await call('validate', { cases: '.ci/case.csv' });
    expect(cases.structuredContent.result).toHaveProperty('summary');
  });

  test('a mistake comes back as words that name its place, and the server goes on', async () => {
    const wrong = await call('run', { spec: single, set: ['workload.request_rat=3', 'engine.profile='] });
    expect(wrong.isError).toBe(true);
    expect(wrong.content[0]!.text).toMatch(/--set: expected a value after engine.profile=/);
    const other = await call('run', { spec: single, set: ['workload.request_rat=3'] });
    expect(other.content[0]!.text).toMatch(/--set workload.request_rat: expected .*request_rate/);
    expect((await call('catalog', { ids: ['l4'] })).structuredContent.exit_code).toBe(0);
  });
});
