// What cannot be handed over, and what an engine's server refuses, is not simulated as something else.
import { describe, expect, test } from 'vitest';
import { STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { checkFleet, prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { startFleet } from '../../src/run/fleet.ts';
import { openSession } from '../../src/run/session.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog();
const ENGINE = 'kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb';
const PRICED = 'kind: llm, num_gpu_blocks: 999, kv_bytes_per_token: 1000, step_time: {fixed_s: 10ms}';

/** What is wrong with two pools, prefill and decode; '' where nothing is. */
function told(prefill: string, decode: string): string {
  const text = `fleet:
  p: {role: prefill, ${prefill}}
  d: {role: decode, ${decode}}
pipelines: {ask: {stages: [{prefill: p}, {decode: d}]}}
workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1}
`;
  try {
    checkFleet(openQuestion(text, 'fleet.yaml', catalog).first, catalog);
    return '';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

describe('a prefill pool hands over what the decode pool reads', () => {
  test('in the same format and blocks', () => {
    expect(told(ENGINE, ENGINE)).toBe('');
    expect(told(`${ENGINE}, transfer: layer-wise`, ENGINE)).toBe('');
    expect(told(ENGINE, `${ENGINE}, kv_cache_dtype: fp8`)).toMatch(
      /^fleet.yaml:3: fleet.d.kv_cache_dtype: expected a KV cache of bf16, as pool p hands over: .*, received fp8$/,
    );
    expect(told(`${ENGINE}, block_size: 16`, `${ENGINE}, block_size: 128`)).toMatch(
      /^fleet.yaml:3: fleet.d.block_size: expected KV blocks of 16 tokens, .*, received 128$/,
    );
    expect(told(`${PRICED}, block_size: 16`, `${PRICED}, block_size: 32`)).toMatch(/fleet.d.block_size/);
  });

  test('layer by layer only where a model has layers', () => {
    expect(told(`${PRICED}, transfer: layer-wise`, PRICED)).toMatch(
      /^fleet.yaml:2: fleet.p.transfer: expected whole: without a model .*, received layer-wise$/,
    );
    expect(told(PRICED, PRICED)).toBe('');
  });
});

describe('TensorRT-LLM without chunks', () => {
  const refused = (engine: string): number => {
    const text = `model: llama-3.1-8b
workload: {lengths: {input_len: 20000, output_len: 10}, request_rate: 1, num_requests: 3}
deployment: {hardware: h100-sxm-80gb}
engine: {profile: trtllm-1.0, ${engine}}
`;
    const { program } = prepareFleet(openQuestion(text, 'spec.yaml', catalog).first, catalog, openSession(catalog));
    const fleet = startFleet(program, { leap: 'exact' });
    let reason = fleet.advance();
    while (reason === 'more') reason = fleet.advance();
    return fleet.close(reason).results.state.filter((state) => state === STATE_REJECTED_LENGTH).length;
  };

  test('refuses prompts over its budget, takes those within it, and cuts those that it may cut', () => {
    expect(refused('max_num_seqs: 8')).toBe(3);
    expect(refused('max_num_batched_tokens: 20000')).toBe(0);
    expect(refused('batching: chunked')).toBe(0);
    expect(refused('max_num_batched_tokens: 19999')).toBe(3);
  });
});
