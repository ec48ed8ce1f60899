// Fleets and pools derived from others are what they are written out, and what is wrong with a base is said where it stands.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { deriveFleets } from '../../src/spec/derive-fleet.ts';
import { issuesOf, open } from './world.ts';

const HEAD = [
  'pipelines: {chat: {stages: [prefill, decode]}}',
  'workload: {lengths: azure-conv-2023, request_rate: 2}',
];
const text = (...fleet: string[]) => ['fleet:', ...fleet.map((line) => `  ${line}`), ...HEAD].join('\n');
const rowsOf = (written: string) => {
  const question = open(written);
  return Array.from({ length: question.rows }, (_, row) => {
    const { pools } = question.at(row).spec;
    return { pools, choices: [...question.choicesAt(row)] };
  });
};
const PRE = 'kind: llm, role: prefill, model: llama-3.1-8b, hardware: l4, max_num_seqs: 32';

describe('a fleet derived from another', () => {
  it('is what it is written out, its axes with it', () => {
    const derived = text(
      'choices:',
      `  one: {all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: [1, 2], max_num_seqs: 32}}`,
      '  two: {base: one, all: {max_num_seqs: null, hardware: {base: l4, memory_bandwidth: [x1, x2]}}}',
      '  three: {base: two, all: {batching: mixed, hardware: h100-sxm-80gb}}',
    );
    const whole = text(
      'choices:',
      '  one: {all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: [1, 2], max_num_seqs: 32}}',
      '  two: {all: {kind: llm, model: llama-3.1-8b, hardware: {base: l4, memory_bandwidth: [x1, x2]}, count: [1, 2]}}',
      '  three: {all: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, count: [1, 2], batching: mixed}}',
    );
    expect(rowsOf(derived)).toEqual(rowsOf(whole));
    expect(open(derived).rows).toBe(2 + 4 + 2);
  });

  it('may derive pools of its own: what they inherit is what the other chose', () => {
    const rows = rowsOf(
      text(`pre: {${PRE}, tensor_parallel_size: [1, 2]}`, 'dec: {base: pre, role: decode, count: 3}'),
    );
    expect(rows.map(({ pools }) => pools.map((pool) => pool.kind === 'llm' && [pool.role, pool.count]))).toEqual(
      [1, 2].map(() => [
        ['prefill', 1],
        ['decode', 3],
      ]),
    );
    for (const { pools } of rows) {
      const [a, b] = pools.map((pool) => (pool.kind === 'llm' ? pool.configuration.tensor_parallel_size : 0));
      expect(a).toBe(b);
    }
  });

  it('lacks what is null, has axes and devices as they are said, and everything else of both', () => {
    const derive = (own: object) => {
      const base = {
        count: 2,
        lora: { max_loras: 4 },
        hardware: { base: 'l4', hbm: 'x2' },
        blocks: { from: 1, to: 4 },
      };
      const made = deriveFleets({ fleet: { base, own: { base: 'base', ...own } } }, () => expect.unreachable());
      return (made as { fleet: { own: object } }).fleet.own;
    };
    expect(derive({ count: null, lora: { slots: 1 }, hardware: { base: 'h100' }, blocks: { from: 2 } })).toEqual({
      ...{ lora: { max_loras: 4, slots: 1 }, hardware: { base: 'h100' }, blocks: { from: 2 } },
    });
  });

  it('says of a base that there is not once that it is wrong, whoever comes from it', () => {
    const said: unknown[] = [];
    deriveFleets({ fleet: { one: { base: 'none' }, two: { base: 'one' } } }, (misfit) => said.push(misfit.path));
    expect(said).toEqual([['fleet', 'one', 'base']]);
  });

  test('nothing is made anew where no base stands, whatever the document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        const fleet = { fleet: data };
        if (JSON.stringify(data).includes('"base"')) return;
        expect(deriveFleets(fleet, () => expect.unreachable())).toBe(fleet);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it.each([
    [
      'one that there is not',
      ['dec: {base: pree, role: decode}'],
      'fleet.dec.base: expected another pool that does not come from it, received "pree" (did you mean pre?)',
    ],
    [
      'itself',
      ['dec: {base: dec, role: decode}'],
      'fleet.dec.base: expected another pool that does not come from it, received dec -> dec',
    ],
    [
      'a ring',
      ['dec: {base: more}', 'more: {base: dec}'],
      'fleet.dec.base: expected another pool that does not come from it, received dec -> more -> dec',
    ],
  ])('says what is wrong with %s', (_, more, words) => {
    expect(
      issuesOf(text(`pre: {${PRE}}`, ...more))
        .map(formatIssue)
        .join('\n'),
    ).toContain(words);
  });
});
