// mist check and mist diff at the command line: the exit code is the answer.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mist, openScratch } from './spawn.ts';

const scratch = openScratch();
const SPEC = `model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 4, num_requests: 200}
deployment: {hardware: h100-sxm-80gb}
slo: {p99_ttft: 2s}
`;
const file = join(scratch, 'spec.yaml');
writeFileSync(file, SPEC);

test('check ends with 0 where all holds, with 3 where some does not', async () => {
  const own = await mist(['check', file]);
  expect([own.code, own.stdout]).toEqual([0, expect.stringMatching(/p99_ttft <= 2 s +holds +p99_ttft [\d.]+ ms/)]);
  const some = await mist(['check', file, '--expect', 'p99_ttft <= 1us', '--expect', 'devices == 1']);
  expect(some.code).toBe(3);
  expect(some.stdout).toMatch(/p99_ttft <= 1us +does not hold/);
  expect(some.stdout).toMatch(/devices == 1 +holds/);
  const wrong = await mist(['check', file, '--expect', 'p99_ttf <= 1s']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean p99_ttft')]);
});

test('diff ends with 0 where nothing changed, with 3 where something did', async () => {
  const results = await Promise.all(
    ['4', '40'].map(async (rate) => {
      const spec = join(scratch, `rate-${rate}.yaml`);
      writeFileSync(spec, SPEC.replace('request_rate: 4', `request_rate: ${rate}`));
      const { stdout } = await mist(['run', spec, '--json']);
      const out = join(scratch, `rate-${rate}.json`);
      writeFileSync(out, stdout);
      return out;
    }),
  );
  const same = await mist(['diff', results[0]!, results[0]!]);
  expect([same.code, same.stdout]).toEqual([0, '0 of 0 figures that differ do so beyond noise.\n']);
  const other = await mist(['diff', results[0]!, results[1]!]);
  expect(other.code).toBe(3);
  expect(other.stdout).toMatch(/_ttft_ms .*beyond noise/);
  const wrong = await mist(['diff', results[0]!, file]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('no JSON')]);
});
