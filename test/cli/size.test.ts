// mist size from outside: its answers hold when mist run and mist sweep are asked for them; mistakes are told by their flags.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { example, mist, openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
let written = 0;

/** A spec in the scratch folder. */
function write(text: string): string {
  const file = join(scratch, `size-${written++}.yaml`);
  writeFileSync(file, text);
  return file;
}

const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await mist([...argv, '--json']);
  return { code, stderr, said: stdout === '' ? null : JSON.parse(stdout) };
};

describe('mist size --max-load', () => {
  const FLEETS = ['single-run.yaml', 'code-generation.yaml'];

  test.each(FLEETS)('%s: mist run keeps the promise at the answer, and does not at the next load', async (name) => {
    const text = readFileSync(join(ROOT, example(name)), 'utf8').replace(/num_requests: \d+/, 'num_requests: 800');
    const file = write(text);
    const { code, said } = await json('size', file, '--max-load');
    expect(code).toBe(0);
    const at = (load: number) =>
      said.probes.find((probe: { readonly load: number }) => probe.load === load) as Record<string, number>;
    const run = async (load: number, times: number) => {
      const document = parseDocument(said.spec);
      expect(document.getIn(['workload', 'request_rate'])).toBe(said.answer.load);
      document.setIn(['workload', 'request_rate'], load);
      document.setIn(['workload', 'num_requests'], 800 * times);
      return (await json('run', write(document.toString()))).said;
    };
    for (const [load, keeps] of [
      [said.answer.load, true],
      [said.next_load, false],
    ] as const) {
      const probe = at(load);
      const ran = await run(load, probe.times_as_long!);
      expect(ran.mist.slo_met).toBe(keeps);
      expect(probe.keeps).toBe(keeps);
      for (const [ours, theirs] of [
        ['ttft_p99_ms', ran.p99_ttft_ms],
        ['tpot_p99_ms', ran.p99_tpot_ms],
        ['output_throughput', ran.output_throughput],
        ['usd_per_million_tokens', ran.mist.usd_per_million_tokens],
      ] as const)
        expect(probe[ours]! / theirs).toBeCloseTo(1, 9);
    }
    expect(said.next_load / said.answer.load).toBeLessThanOrEqual(1 + said.tolerance);
    const printed = await mist(['size', file, '--max-load', '--print-spec']);
    expect(printed.stdout).toBe(said.spec);
  });

  test('--prices: the document that it writes has them, and mist run pays the same', async () => {
    const list = join(scratch, 'prices.csv');
    writeFileSync(list, 'hardware,usd_per_hour\nh100-sxm-80gb,0.25\n');
    const spec = write(`model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, request_rate: 8, num_requests: 200}
deployment: {hardware: h100-sxm-80gb}
slo: {p99_tpot: 40ms}
price_sheet: owned
`);
    for (const [prices, usd] of [
      [list, 0.25],
      ['specialised', 3.22],
    ] as const) {
      const { said } = await json('size', spec, '--max-load', '--tolerance', '20%', '--prices', prices);
      expect(said.prices.devices[0].usd_per_hour).toBe(usd);
      const ran = (await json('run', write(said.spec))).said;
      expect(ran.mist.usd_per_hour).toBeCloseTo(usd, 12);
      expect(ran.mist.prices.sheet).toBe(prices);
      const best = said.probes.find((probe: { readonly load: number }) => probe.load === said.answer.load);
      expect(best.usd_per_hour).toBeCloseTo(usd, 12);
    }
    const { code, stderr } = await mist(['size', spec, '--max-load', '--prices', 'owed']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/received owed \(did you mean owned\?\)/)]);
  });

  test('says where the promise is kept again above the answer, in words and as data', async () => {
    const { said } = await json('size', example('code-generation.yaml'), '--max-load');
    const above = said.probes.filter(
      (probe: { load: number; keeps: boolean }) => probe.keeps && probe.load > said.answer.load,
    );
    expect(said.kept_again).toEqual(above.map(({ load }: { load: number }) => load));
    expect(said.monotone).toBe(above.length === 0);
    expect(said.answer.why.some((words: string) => words.includes('keeps the promise again'))).toBe(!said.monotone);
  });

  test('of a closed loop: the most requests in flight, a whole number', async () => {
    const file = write(`model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, arrivals: {process: closed-loop, max_concurrency: 8}, num_requests: 600}
deployment: {hardware: h100-sxm-80gb}
slo: {p99_tpot: 10ms}
`);
    const { code, said } = await json('size', file, '--max-load');
    expect(code).toBe(0);
    expect(said.unit).toBe('requests in flight');
    expect(Number.isInteger(said.answer.load)).toBe(true);
    const { code: kept, said: ran } = await json('run', write(said.spec));
    expect(kept).toBe(0);
    expect(ran.max_concurrency).toBe(said.answer.load);
    expect(ran.mist.slo_met).toBe(true);
  });

  test('no load keeps the promise: exit code 3, with the counts and what would help', async () => {
    const file = write(`model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, request_rate: 2, num_requests: 100}
deployment: {hardware: l4}
slo: {p99_ttft: 1ms}
`);
    const { code, stdout } = await mist(['size', file, '--max-load']);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /0 of 6 loads keep the promise, down to 0.00195 requests\/s: there it misses p99 TTFT <= 1 ms by/,
    );
    expect(stdout).toMatch(/A lower load would not help/);
  });

  test('mistakes name the flag, what was expected and what came', async () => {
    for (const [argv, words] of [
      [['size', example('single-run.yaml'), '--max-load', '--tolerance', '0'], /--tolerance: expected a share above 0/],
      [
        ['size', example('single-run.yaml'), '--max-load', '--json', '--print-spec'],
        /--print-spec: expected no --json/,
      ],
      [
        ['size', example('sweep-small.yaml'), '--max-load'],
        /--row: expected a spec of one fleet: --row N takes one, received 96 rows/,
      ],
      [
        ['size', example('sweep-small.yaml'), '--max-load', '--row', '96'],
        /--row: expected a row below 96, received 96/,
      ],
      [['size', '--max-load'], /mist size: expected one spec file beside --max-load, received nothing/],
    ] as const) {
      const { code, stdout, stderr } = await mist(argv);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(words);
    }
  });

  test('requests that come all at once have no load', async () => {
    const file = write(`model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, arrivals: all-at-once, num_requests: 100}
deployment: {hardware: l4}
`);
    const { code, stderr } = await mist(['size', file, '--max-load']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/workload.arrivals: expected arrivals with a rate, or a closed loop, received all-at-once/);
  });
});
