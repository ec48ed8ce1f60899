// Scored routing in a spec: read, lowered, and every mistake named where it stands.
import { describe, expect, it } from 'vitest';
import { issuesIn, lower, readText } from './world.ts';

const spec = (routing: string) => `
fleet:
  llm: {kind: llm, model: llama-3.1-8b, hardware: l4, count: 4, routing: ${routing}}
pipelines: {a: {stages: [prefill, decode]}}
workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 10}
`;

describe('scored routing', () => {
  it('has its terms in the order of the list, whatever the order in the document', () => {
    const text =
      '{policy: scored, terms: {prefix: -3, queue: {weight: 2, norm: range}, kv: 1}, refresh: 200ms, metric: input}';
    const terms = [
      { term: 'kv', weight: 1, norm: 'raw' },
      { term: 'queue', weight: 2, norm: 'range' },
      { term: 'prefix', weight: -3, norm: 'raw' },
    ];
    const [group] = lower(readText(spec(text))).program.groups;
    expect(group).toMatchObject({ routing: 'scored', metric: 'input', terms, refresh: 0.2, members: [0, 1, 2, 3] });
  });

  it('takes weights by parameters', () => {
    const text = `let: {w: 3}${spec('{policy: scored, terms: {prefix: 0 - w, queue: {weight: 2 * w, norm: most}}}')}`;
    const [group] = lower(readText(text)).program.groups;
    expect(group!.terms).toEqual([
      { term: 'queue', weight: 6, norm: 'most' },
      { term: 'prefix', weight: -3, norm: 'raw' },
    ]);
  });

  it.each([
    ['scored', 'terms of scored routing and their weights, such as'],
    ['{policy: scored, terms: {}}', 'terms of scored routing'],
    ['{policy: scored, terms: {quue: 1}}', 'did you mean queue'],
    ['{policy: scored, terms: {queue: much}}', 'a weight, or {weight, norm}'],
    ['{policy: scored, terms: {queue: {weight: 1, norm: mean}}}', 'one of raw, most, range'],
    ['{policy: nearest, terms: {queue: 1}}', 'only scored routing weighs them'],
    ['{policy: nearest, refresh: 1s}', 'only scored routing has one'],
    ['{policy: scored, refresh: -1s, terms: {queue: 1}}', 'a time of at least 0'],
  ])('refuses %s', (routing, words) => {
    const issues = issuesIn(() => readText(spec(routing)));
    expect(issues.map(({ line }) => line)).toEqual(issues.map(() => 3));
    const told = issues.map(({ expected, received, hint }) => `${expected}; ${received} ${hint ?? ''}`);
    expect(told.join('\n')).toContain(words);
  });
});
