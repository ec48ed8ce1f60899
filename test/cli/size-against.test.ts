// mist size --against from outside: either side of a break-even is what mist run says of the two fleets.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { example, mist, openScratch } from './spawn.ts';

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

describe('mist size --against', () => {
  const fleet = (hardware: string, replicas: number, more = '') =>
    write(`name: ${replicas} ${hardware}
model: llama-3.1-8b
workload: {lengths: {input_len: 512, output_len: 64}, request_rate: 2, num_requests: 400}
deployment: {hardware: ${hardware}, replicas: ${replicas}, routing: least-loaded}
slo: {p99_ttft: 2s, p99_tpot: 90ms}
${more}`);
  const [slow, fast] = [fleet('l4', 2), fleet('l40s', 2)];

  test('over the rate: either side of the crossing is what mist run says of the two', async () => {
    const { code, said } = await json('size', slow, '--against', fast, '--over', 'request_rate');
    expect([code, said.answer.kind, said.points[0].better]).toEqual([0, 'crosses', 'a']);
    const [crossing] = said.crossings;
    expect([crossing.from, crossing.to]).toEqual(['a', 'b']);
    expect(crossing.above / crossing.below).toBeLessThanOrEqual(1 + said.tolerance);
    for (const [rate, keeps] of [
      [crossing.below, true],
      [crossing.above, false],
    ] as const) {
      const document = parseDocument(readFileSync(slow, 'utf8'));
      document.setIn(['workload', 'request_rate'], rate);
      const { said: ran } = await json('run', write(document.toString()), '--row', '0');
      expect(ran.mist.slo_met).toBe(keeps);
      const point = said.points.find((one: { at: number }) => one.at === rate);
      expect(point.a.p99_tpot_ms / ran.p99_tpot_ms).toBeCloseTo(1, 9);
      expect(point.b.keeps).toBe(true);
    }
  });

  test('over a price: both cost the same at the break-even, to the digit', async () => {
    const { said } = await json('size', slow, '--against', fast, '--over', 'price');
    const { hardware, crossings } = said;
    expect(hardware).toBe('l4');
    const costs = [];
    for (const file of [slow, fast]) {
      const text = `${readFileSync(file, 'utf8')}prices: {l4: ${crossings[0].equal_at}}\n`;
      costs.push((await json('run', write(text))).said.mist.usd_per_hour);
    }
    expect(costs[0]).toBeCloseTo(costs[1], 9);
  });

  test('over prompts: longer ones are what the smaller fleet cannot serve', async () => {
    const argv = ['size', slow, '--against', fast, '--over', 'prompt', '--from', '500', '--to', '8000'];
    const { code, said } = await json(...argv);
    expect([code, said.unit, said.points[0].at]).toEqual([0, 'tokens of every prompt', 500]);
    expect(said.crossings[0].from).toBe('a');
    const { stdout } = await mist(argv);
    expect(stdout.replaceAll('\n', ' ')).toContain(said.answer.sentence);
  });

  test('neither keeps the promise anywhere: exit code 3', async () => {
    const tight = ['l4', 'l40s'].map((id) => write(readFileSync(fleet(id, 1), 'utf8').replace('2s', '1ms')));
    const { code, said } = await json(
      'size',
      tight[0]!,
      '--against',
      tight[1]!,
      '--over',
      'prompt',
      '--from',
      '500',
      '--to',
      '1000',
    );
    expect([code, said.answer.kind]).toEqual([3, 'missed']);
  });

  test('what cannot be compared is refused, with the place', async () => {
    const other = write(readFileSync(fast, 'utf8').replace('input_len: 512', 'input_len: 600').replace('2s', '3s'));
    for (const [argv, ...words] of [
      [
        [slow, '--against', other, '--over', 'price'],
        /workload.lengths: expected that of .*512.*received .*600/,
        /slo: expected that of/,
      ],
      [[slow, '--against', fast], /--over: expected one of request_rate, price, prompt, received nothing/],
      [
        [slow, '--against', fast, '--over', 'cost'],
        /--over: expected one of request_rate, price, prompt, received cost/,
      ],
      [
        [slow, '--against', fast, '--over', 'price', '--objective', 'watts'],
        /--over: expected an objective that prices decide/,
      ],
      [
        [slow, '--against', fast, '--over', 'prompt', '--from', '9', '--to', '3'],
        /--to: expected more than --from 9, received 3/,
      ],
      [[slow, '--over', 'price'], /--over: expected --against beside it, received none/],
      [[slow, '--against', fast, '--max-load'], /--against: expected no --max-load beside it/],
      [
        [example('sweep-small.yaml'), '--against', fast, '--over', 'price'],
        /expected a spec of one deployment or fleet, received 96 rows/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await mist(['size', ...argv]);
      expect({ code, stdout, argv }).toEqual({ code: 2, stdout: '', argv });
      for (const word of words) expect(stderr).toMatch(word);
    }
  });
});
