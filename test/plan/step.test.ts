// mist step: what it prints, that its parts add up, and that every mistake is told at once.
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { step } from '../../src/commands/step.ts';

async function run(...argv: string[]): Promise<string> {
  let text = '';
  const code = await step(argv, { stdout: (more) => (text += more), stderr: (more) => (text += more) });
  expect(code).toBe(0);
  return text;
}

const LLAMA = ['--model', 'llama-3.1-70b', '--hardware', 'h100-sxm-80gb', '--tp', '4', '--quantization', 'fp8'];

describe('mist step', () => {
  it('prints every op, the host, the exact sum, the surface and the KV capacity', async () => {
    const text = await run(...LLAMA, '--prefill', '512:0,1024:2048', '--decode', '64x1200');
    for (const word of [
      'qkv',
      'mlp down',
      'attention, prefill',
      'attention, decode',
      'all-reduce, mlp',
      'lm head',
      'sampling',
    ])
      expect(text).toContain(word);
    expect(text).toMatch(
      /host .* ms[\s\S]*floor .* ms[\s\S]*exact .* ms[\s\S]*surface .* %\)[\s\S]*KV .* blocks of 16 tokens/,
    );
  });

  it('as JSON: ops sum to the device time, shares to one, and host to the exact time', async () => {
    const json = JSON.parse(await run(...LLAMA, '--decode', '64x2048', '--json'));
    const sum = json.ops.reduce((total: number, op: { seconds: number }) => total + op.seconds, 0);
    const shares = json.ops.reduce((total: number, op: { share: number }) => total + op.share, 0);
    expect(sum).toBeCloseTo(json.device_seconds, 12);
    expect(shares).toBeCloseTo(1, 9);
    expect(json.exact_seconds).toBeGreaterThanOrEqual(json.device_seconds);
    expect(Math.abs(json.difference)).toBeLessThan(0.01);
    expect(json.kv_capacity.num_gpu_blocks).toBeGreaterThan(10_000);
  });

  it('is in the range of measured steps: 70B fp8 on 8 H100 at 64 x 2k is 9-22 ms, bf16 on 4 at batch 1 is 14-28 ms', async () => {
    const of = async (...argv: string[]) => JSON.parse(await run(...argv, '--json')).surface_seconds * 1e3;
    const base = ['--model', 'llama-3.1-70b', '--hardware', 'h100-sxm-80gb'];
    const busy = await of(...base, '--tp', '8', '--quantization', 'fp8', '--decode', '64x2048');
    const lone = await of(...base, '--tp', '4', '--quantization', 'bf16', '--decode', '1x1000');
    expect(busy).toBeGreaterThan(9);
    expect(busy).toBeLessThan(22);
    expect(lone).toBeGreaterThan(14);
    expect(lone).toBeLessThan(28);
  });

  it('has help', async () => {
    expect(await run('--help')).toContain('--prefill 512:0,1024:2048');
  });

  it('tells all mistakes at once, each with what was expected', async () => {
    const argv = [
      '--model',
      'lama-3.1-70b',
      '--tp',
      '0',
      '--quantization',
      'fp9',
      '--prefill',
      '5:x',
      '--decode',
      '64',
    ];
    const error = await run(...argv).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    const paths = (error as UserError).issues.map((issue) => issue.path);
    expect(paths).toEqual(['models', '--hardware', '--tp', '--quantization', '--prefill', '--decode']);
  });

  it('refuses a split that cannot run, an unknown flag and a step of nothing', async () => {
    const message = (...argv: string[]) => run(...argv).catch((error: Error) => error.message);
    expect(await message(...LLAMA, '--decode', '1x1', '--dp', '2')).toContain('use replicas');
    expect(await message(...LLAMA, '--decode', '1x1', '--decod', '2')).toContain('did you mean --decode');
    expect(await message(...LLAMA)).toContain('received neither');
  });
});
