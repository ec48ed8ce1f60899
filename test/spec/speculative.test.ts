// `speculative_config`: how acceptance may be written, what depends on what, and every mistake at once.
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { expectedAdvance } from '../../src/spec/speculative.ts';
import { axesOf, baseOf, engineOf, open, read } from './world.ts';

const spec = (speculative: string, engine = '') => `
model: llama-3.1-70b
workload: {lengths: {input_len: 100, output_len: 50}, request_rate: 1}
deployment: {hardware: h100-sxm-80gb, tensor_parallel_size: 4}
engine: {${engine}speculative_config: ${speculative}}
`;

const configOf = (speculative: string) => baseOf(spec(speculative)).speculative_config!;

const mistakes = (text: string): string[] => mistakesOf(() => read(text));

function mistakesOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError)
      return error.issues.map(({ path, expected, received }) => `${path}: ${expected} (${received})`);
    throw error;
  }
  return [];
}

describe('acceptance', () => {
  test('one probability stands for every draft', () => {
    const { acceptance } = configOf('{method: ngram, num_speculative_tokens: 3, acceptance: 0.5}');
    expect(acceptance).toEqual([0.5, 0.25, 0.125]);
  });

  test('a list is that of each draft, given that those before it were accepted', () => {
    const { acceptance } = configOf('{method: ngram, num_speculative_tokens: 2, acceptance: [0.8, 0.5, 0.1]}');
    expect(acceptance).toEqual([0.8, 0.4]);
  });

  test('rates by position are what vLLM logs', () => {
    const config = configOf('{method: mtp, num_speculative_tokens: 2, per_position_acceptance_rates: [0.8, 0.4]}');
    expect(config.acceptance).toEqual([0.8, 0.4]);
    expect(expectedAdvance(config, 2)).toBeCloseTo(2.2, 12);
    expect(expectedAdvance(config, 1)).toBeCloseTo(1.8, 12);
    expect(expectedAdvance(undefined, 0)).toBe(1);
  });

  test('reaches as far as the drafts of each row of an axis', () => {
    const text = spec('{method: ngram, num_speculative_tokens: [0, 2, 4], acceptance: 0.5}');
    const rows = [0, 1, 2].map((row) => engineOf(open(text).at(row).spec));
    expect(rows.map((row) => [row.num_speculative_tokens, row.speculative_config?.acceptance])).toEqual([
      [0, []],
      [2, [0.5, 0.25]],
      [4, [0.5, 0.25, 0.125, 0.0625]],
    ]);
    expect(axesOf(text)).toEqual([['engine.speculative_config.num_speculative_tokens', ['0', '2', '4']]]);
  });
});

describe('mistakes', () => {
  test('what is missing is asked for, all of it', () => {
    expect(mistakes(spec('{}'))).toEqual([
      'engine.speculative_config.num_speculative_tokens: how many tokens are drafted for each decode (nothing)',
      'engine.speculative_config.acceptance: a probability, or a list of them, one for each draft (nothing)',
      'engine.speculative_config.method: one of draft_model, mtp, eagle, eagle3, ngram (nothing)',
    ]);
    expect(mistakes(spec('{method: draft_model, num_speculative_tokens: 2, acceptance: 0.5}'))).toEqual([
      'engine.speculative_config.model: the model that drafts (nothing)',
    ]);
  });

  test.each([
    ['{method: ngram, num_speculative_tokens: 3, acceptance: [0.5, 0.5]}', 'at least 3 probabilities'],
    ['{method: ngram, num_speculative_tokens: 1, acceptance: 1.5}', 'a probability'],
    ['{method: ngram, num_speculative_tokens: 2, per_position_acceptance_rates: [0.4, 0.5]}', 'at most 0.4'],
    ['{method: ngram, num_speculative_tokens: 1, acceptance: 0.5, per_position_acceptance_rates: [0.5]}', 'not both'],
    ['{method: ngram, num_speculative_tokens: 1, acceptance: 0.5, model: llama-3.1-8b}', 'no model'],
    ['{method: mtp, num_speculative_tokens: 1, acceptance: 0.5, draft_tensor_parallel_size: 2}', 'goes with the model'],
    ['{method: draft_model, num_speculative_tokens: 1, acceptance: 0.5, model: llama-9}', 'a model of the catalog'],
    ['{method: medusa, num_speculative_tokens: 1, acceptance: 0.5}', 'one of draft_model'],
    ['{method: ngram, num_speculative_tokens: 33, acceptance: 0.5}', 'up to 32'],
  ])('%s', (config, expected) => {
    expect(mistakes(spec(config)).join('\n')).toContain(expected);
  });

  test('a budget that no decode fits into', () => {
    const config = '{method: ngram, num_speculative_tokens: [1, 4], acceptance: 0.5}';
    expect(mistakes(spec(config, 'max_num_batched_tokens: 4, ')).join()).toContain('at most 3');
    expect(mistakes(spec(config, 'max_num_batched_tokens: [5, 64], '))).toEqual([]);
    // where some budget has room for every draft, and some draft has room in every budget, it is one row that cannot be
    const question = open(spec(config, 'max_num_batched_tokens: [4, 64], '));
    const refused = [0, 1, 2, 3].filter((row) => mistakesOf(() => question.at(row)).length > 0);
    expect(refused).toEqual([1]);
  });
});
