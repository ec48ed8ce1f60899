// mist size from outside: its answers hold when mist run and mist sweep are asked for them; mistakes are told by their flags.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';
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
    // where the promise is kept again above the answer, it says so, in words and as data
    const above = said.probes.filter(
      (probe: { load: number; keeps: boolean }) => probe.keeps && probe.load > said.answer.load,
    );
    expect(said.kept_again).toEqual(above.map(({ load }: { load: number }) => load));
    expect(said.monotone).toBe(above.length === 0);
    expect(said.answer.why.some((words: string) => words.includes('keeps the promise again'))).toBe(!said.monotone);
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
        /--print-spec: expected no --json beside it, received --json/,
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

describe('mist size', () => {
  const SMALL = [
    '--model',
    'llama-3.1-8b',
    '--rate',
    '6',
    '--input-len',
    '512',
    '--output-len',
    '64',
    '--requests',
    '100',
  ];

  test('of a spec that leaves counts open: three answers, each that of mist sweep of the printed spec', async () => {
    const file = write(`model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, request_rate: 6, num_requests: 200}
deployment: {hardware: [l40s, l4], tensor_parallel_size: 1}
engine: {quantization: fp8, kv_cache_dtype: auto, max_num_batched_tokens: 2048}
slo: {p99_ttft: 1s, p99_tpot: 50ms}
settle: 24
`);
    const { code, said } = await json('size', file, '--workers', '1');
    expect(code).toBe(0);
    expect(said.answers.map(({ objective }: { objective: string }) => objective)).toEqual([
      'devices',
      'usd_per_hour',
      'watts',
    ]);
    const watts = said.spec.replace('objective: usd_per_hour', 'objective: watts');
    for (const [i, text] of [
      [1, said.spec],
      [2, watts],
    ] as const) {
      const { said: swept } = await json('sweep', write(text), '--workers', '1');
      expect(said.answers[i].answer.sentence).toBe(swept.answer.sentence);
      expect(said.answers[i].digest).toBe(swept.digest);
      const { said: ran } = await json('run', write(text), '--row', String(said.answers[i].best.row));
      expect([ran.mist.slo_met, ran.mist.devices]).toEqual([true, said.answers[i].best.devices]);
    }
    const { stdout } = await mist(['size', file, '--workers', '1', '--objective', 'watts']);
    expect(stdout.replaceAll('\n', ' ')).toContain(said.answers[2].answer.sentence);
    expect((await mist(['size', file, '--print-spec', '--objective', 'watts'])).stdout).toBe(watts);
  });

  test('of a model, a rate and limits: what flags say is the same as a spec that says it', async () => {
    const limits = ['--p99-ttft', '1s', '--hardware', 'l40s', '--quantization', 'fp8', '--kv-cache-dtype', 'auto'];
    const { code, stdout } = await mist([
      'size',
      ...SMALL,
      ...limits,
      '--seed',
      '3',
      '--objective',
      'devices',
      '--print-spec',
    ]);
    expect(code).toBe(0);
    expect(parse(stdout)).toEqual({
      top: 1,
      name: 'llama-3.1-8b at 6 requests/s',
      model: 'llama-3.1-8b',
      workload: { lengths: { input_len: 512, output_len: 64 }, request_rate: 6, num_requests: 100, seed: 3 },
      slo: { p99_ttft: '1s' },
      deployment: {
        hardware: 'l40s',
        replicas: { from: 1, to: 64 },
        tensor_parallel_size: [1, 2, 4, 8],
        routing: 'least-loaded',
      },
      engine: {
        quantization: 'fp8',
        kv_cache_dtype: 'auto',
        max_num_seqs: [64, 256, 1024],
        max_num_batched_tokens: [2048, 8192],
      },
      objective: 'devices',
    });
  });

  test('nothing keeps the promise: exit code 3, why by counts, and what would help', async () => {
    const { code, stdout } = await mist([
      'size',
      '--model',
      'llama-3.1-405b',
      '--rate',
      '1',
      '--hardware',
      'l4',
      '--p99-ttft',
      '1s',
      '--requests',
      '100',
      '--workers',
      '1',
    ]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Fewest devices: 0 of [\d,]+ are feasible: /m);
    expect(stdout).toMatch(/weights do not fit in memory/);
    expect(stdout).toMatch(/Tried were up to 512 replicas\./);
    expect(stdout).toMatch(/What would help: .*a larger split, a narrower quantization or devices with more memory/);
  });

  test('mistakes of flags name the flag, those of a spec its line, all at once', async () => {
    for (const [argv, ...words] of [
      [
        ['size', ...SMALL, '--p99-ttft', '1'],
        /^--p99-ttft: expected a time with its unit: 1ms or 1s\?, received "1"$/m,
      ],
      [
        ['size', '--model', 'lama-3.1-8b', '--rate', 'fast', '--hardware', 'l40z'],
        /^--model: expected a model of the catalog, received "lama-3.1-8b" \(did you mean llama-3.1-8b/m,
        /^--rate: expected a rate above 0 .*received "fast"/m,
        /^--hardware: expected hardware of the catalog, received "l40z" \(did you mean l40s/m,
      ],
      [
        ['size'],
        /^--model: expected a model.*received nothing \(or a spec file\)$/m,
        /^--rate: expected requests per second/m,
      ],
      [
        ['size', ...SMALL, '--lengths', 'azure-conv-2023'],
        /^--lengths: expected --lengths or --input-len and --output-len, not both/m,
      ],
      [
        ['size', ...SMALL, '--tolerance', '1%'],
        /^--tolerance: expected --max-load or --against beside it, received none$/m,
      ],
      [['size', ...SMALL, '--objective', 'cheap'], /^--objective: expected one of usd_per_hour/m],
      [
        ['size', example('single-run.yaml'), '--model', 'x'],
        /^--model: expected no --model beside a spec, which says it/m,
      ],
      [
        ['size', example('single-run.yaml'), '--max-load', '--workers', '2'],
        /^--workers: expected no --max-load beside it/m,
      ],
      [
        [
          'size',
          write('model: lama-3.1-8b\nworkload:\n  lengths: azure-conv-2023\n  request_rate: 2\nslo:\n  p99_ttft: 1\n'),
        ],
        /:1: model: expected a model of the catalog/m,
        /:6: slo.p99_ttft: expected a time with its unit/m,
      ],
    ] as const) {
      const { code, stdout, stderr } = await mist(argv);
      expect({ code, stdout, argv }).toEqual({ code: 2, stdout: '', argv });
      for (const word of words) expect(stderr).toMatch(word);
    }
  });
});
