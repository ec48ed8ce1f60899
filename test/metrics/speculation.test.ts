// How drafts did, by hand: three drafts a time, accepted none, one, two or all of them.
import { expect, test } from 'vitest';
import { addAccepted, summariseDrafts } from '../../src/metrics/speculation.ts';

test('counts of acceptance become the figures of vllm bench serve', () => {
  expect(summariseDrafts([4, 3, 2, 1])).toEqual({
    acceptance_rate: 10 / 30, // 3*1 + 2*2 + 1*3 of 10 times three
    acceptance_length: 2,
    num_drafts: 10,
    draft_tokens: 30,
    accepted_tokens: 10,
    per_position_acceptance_rates: [6 / 10, 3 / 10, 1 / 10],
  });
});

test('counts of several engines add up by position, the shorter ones with nothing at the later ones', () => {
  expect(addAccepted([[1, 2], [10, 20, 30], []])).toEqual([11, 22, 30]);
  expect(addAccepted([])).toEqual([]);
});
