// Equal requests of a closed loop drift apart; all other runs keep the lengths they were given.
import { expect, test } from 'vitest';
import type { CaseInput } from '../../src/calibrate/validate/case.ts';
import { driftApart } from '../../src/calibrate/validate/phases.ts';
import type { Requests } from '../../src/workload/types.ts';

test('outputs of equal requests stray by a twentieth, where there is more than one round of them', () => {
  const input = { mode: 'closed-loop', length_spread: 1, output_len: 400 } as CaseInput;
  const requests: Requests = {
    ...{ count: 64, concurrency: 16, rate: 0, description: '' },
    arrival: new Float64Array(64),
    prompt: new Int32Array(64).fill(100),
    output: new Int32Array(64).fill(400),
  };
  const { output, prompt } = driftApart(input, requests);
  expect(Math.min(...output)).toBeGreaterThanOrEqual(380);
  expect(Math.max(...output)).toBeLessThanOrEqual(420);
  expect(new Set(output).size).toBeGreaterThan(15);
  expect(prompt).toBe(requests.prompt);
  expect(driftApart({ ...input, length_spread: 0.8 }, requests)).toBe(requests);
  expect(driftApart({ ...input, mode: 'static-batch' }, requests)).toBe(requests);
  const one = { ...requests, concurrency: 64 };
  expect(driftApart(input, one)).toBe(one);
});
