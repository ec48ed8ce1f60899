// mist spec --from-command: the spec it writes can be run, and names what it leaves out; what is missing is told at once.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { say } from './in-process.ts';
import { openScratch } from './spawn.ts';

const scratch = openScratch();
const FOLDER = 'examples/launch';
const BESIDE: Readonly<Record<string, readonly string[]>> = { 'sglang-server.sh': ['--acceptance', '0.8,0.6,0.4'] };

describe('a spec of a command', () => {
  test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.sh')))('%s is read by mist spec', async (name) => {
    const beside = ['--hardware', 'h200-sxm-141gb', ...(BESIDE[name] ?? [])];
    const { code, out, err } = await say('spec', '--from-command', join(FOLDER, name), ...beside);
    expect([code, err]).toEqual([0, '']);
    const file = join(scratch, `${name}.yaml`);
    writeFileSync(file, out);
    const read = await say('spec', file, '--json');
    expect([read.code, read.err]).toEqual([0, '']);
    const [comments] = out.split(/^model:/m);
    expect(comments).toMatch(/Left out.*\n# - \S+.*: /);
  });

  test('has the words of the command, a load where one was given, and JSON for programs', async () => {
    const command =
      'vllm serve Qwen/Qwen3-32B -tp 2 --max-num-seqs 99 --no-enable-prefix-caching --enforce-eager --port 1';
    const load = ['--workload', 'azure-code-2023', '--request-rate', '2.5'];
    const { out } = await say('spec', '--from-command', command, '--hardware', 'h100-sxm-80gb', ...load);
    expect(out).not.toContain('put in your own');
    expect(parse(out)).toEqual({
      model: 'Qwen/Qwen3-32B',
      workload: { lengths: 'azure-code-2023', request_rate: 2.5 },
      deployment: { hardware: 'h100-sxm-80gb', tensor_parallel_size: 2 },
      engine: { max_num_seqs: 99, enable_prefix_caching: false, profile: 'vllm-0.21' },
    });
    const json = await say('spec', '--from-command', command, '--hardware', 'h100-sxm-80gb', '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      spec: { model: 'Qwen/Qwen3-32B' },
      read: [{ engine: 'vllm', lost: [{ flag: '--enforce-eager' }], silent: ['--port'] }],
    });
  });

  test('of two sides is a fleet of two pools', async () => {
    const side = (role: string) => `sglang serve --model-path Qwen/Qwen3-32B --tp 2 --disaggregation-mode ${role}`;
    const sides = ['--from-command', side('prefill'), '--from-command', side('decode')];
    const { code, out } = await say('spec', ...sides, '--hardware', 'h100-sxm-80gb');
    expect(code).toBe(0);
    expect(parse(out)).toMatchObject({
      fleet: { prefill: { kind: 'llm', role: 'prefill' }, decode: { kind: 'llm', role: 'decode' } },
    });
    const alone = await say('spec', '--from-command', side('decode'), '--hardware', 'h100-sxm-80gb');
    expect(alone.err).toMatch(/the other side .* received a server that only does decode/);
  });

  test('of a log has the KV capacity that the engine found', async () => {
    const log = 'examples/measurements/vllm-log.txt';
    const { out } = await say('spec', '--from-command', log, '--hardware', 'h100-sxm-80gb');
    expect(parse(out)).toMatchObject({ engine: { profile: 'vllm-0.11', num_gpu_blocks: { log } } });
  });
});

test.each([
  [['vllm serve Qwen/Qwen3-32B --max-num-seq 3'], [/^--max-num-seq: .*did you mean --max-num-seqs/, /^--hardware: /]],
  [['llama-server -m x.gguf'], [/^--from-command: expected a command .* received "llama-server/, /^--hardware: /]],
  [['vllm serve Qwen/Qwen3-32B', '--hardware', 'h100'], [/hardware: .*did you mean h100/]],
  [['vllm serve no/body', '--hardware', 'l4'], [/^model: .*--model names another/]],
  [['vllm serve Qwen/Qwen3-32B -tp 3', '--hardware', 'h100-sxm-80gb'], [/tp 3 does not divide|tensor_parallel_size/]],
  [["vllm serve 'x", '--hardware', 'l4'], [/quotes that close/]],
  [['vllm serve $MODEL', '--hardware', 'l4'], [/^\$MODEL: .*set MODEL=/]],
  [['kv_cache_config: {dtype: fp8}', '--hardware', 'l4'], [/^--model: /]],
  [['vllm serve Qwen/Qwen3-32B', '--hardware', 'l4', '--request-rate', '0'], [/^--request-rate: /]],
  [['vllm serve Qwen/Qwen3-32B', '--hardware', 'l4', '--acceptance', '0.5'], [/^--acceptance: .*nothing is drafted/]],
  [
    [
      `vllm serve Qwen/Qwen3-32B --speculative-config '{"method":"ngram","num_speculative_tokens":2}'`,
      '--hardware',
      'l4',
    ],
    [/^--acceptance: /],
  ],
  [['vllm serve Qwen/Qwen3-32B', '--hardware', 'l4', 'file.yaml'], [/no file beside --from-command/]],
  [['trtllm-serve Qwen/Qwen3-32B --config gone.yaml', '--hardware', 'l4'], [/^--config: .*gone\.yaml/]],
  [['', '--hardware', 'l4'], [/received nothing/]],
])('mistakes: %j', async (argv, expected) => {
  const { code, out, err } = await say('spec', '--from-command', ...argv);
  expect([code, out]).toEqual([2, '']);
  const lines = err.split('\n');
  expect(lines.length).toBe(expected.length);
  expected.forEach((pattern, i) => void expect(lines[i]).toMatch(pattern));
});

test('flags that stand beside a command are none beside a file', async () => {
  const { err } = await say('spec', 'examples/single-run.yaml', '--hardware', 'l4', '--acceptance', '1');
  expect(err.split('\n').map((line) => line.split(':')[0])).toEqual(['--hardware', '--acceptance']);
});
