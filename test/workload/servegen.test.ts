// ServeGen's clients: rates, lengths by quarter of the day, the start of a run, the same bytes again; and the published ones.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LengthShape } from '../../src/catalog/types.ts';
import { UserError } from '../../src/check/issue.ts';
import type { WorkloadSpec } from '../../src/spec/types.ts';
import { makeRequests } from '../../src/workload/make.ts';
import { drawClients, isServeGen } from '../../src/workload/servegen.ts';

interface Window {
  readonly rate: number;
  readonly cv?: number;
}

const DAY = 4 * 21_600;

/** A client of two hours of windows... per quarter of the day one rate; prompts and answers of one length per quarter. */
function writeClient(
  folder: string,
  chunk: number,
  quarters: readonly Window[],
  lengths: readonly (readonly [number, number])[],
) {
  const lines: string[] = [];
  for (let t = 0; t < DAY; t += 600) {
    const { rate, cv } = quarters[Math.floor(t / 21_600)];
    lines.push(`${t},${rate},${rate > 0 ? (cv ?? 1) : 0},${rate > 0 ? 'Gamma' : ''},0,0`);
  }
  writeFileSync(join(folder, `chunk-${chunk}-trace.csv`), `${lines.join('\n')}\n`);
  const data = Object.fromEntries(
    lengths.map(([input, output], i) => [
      String(i * 21_600),
      input === 0
        ? { input_tokens: '{}', output_tokens: '{}', reason_ratio: '{}' }
        : {
            input_tokens: `{${input}: 0.5, ${input + 1}: 0.5}`,
            output_tokens: `{${output}: 1.0}`,
            reason_ratio: '{0.5: 1.0}',
          },
    ]),
  );
  writeFileSync(join(folder, `chunk-${chunk}-dataset.json`), JSON.stringify(data));
}

const folder = mkdtempSync(join(tmpdir(), 'mist-servegen-'));
writeClient(
  folder,
  2,
  [{ rate: 0.02 }, { rate: 0 }, { rate: 0.1, cv: 3 }, { rate: 0.02 }],
  [
    [100, 10],
    [0, 0],
    [300, 30],
    [400, 40],
  ],
);
writeClient(
  folder,
  11,
  [{ rate: 0 }, { rate: 0.05, cv: 0.5 }, { rate: 0.05 }, { rate: 0 }],
  [
    [0, 0],
    [7000, 70],
    [7000, 70],
    [0, 0],
  ],
);
const whole = drawClients(folder, { count: 0, seed: 1, start: 0 });

describe('a folder of two clients', () => {
  test('sends what the rates say, quarter by quarter, with the lengths of the quarter', () => {
    expect(whole.format).toBe('ServeGen, 2 clients');
    const quarter = (q: number, client: 'first' | 'second') =>
      [...whole.prompt.keys()].filter(
        (i) => Math.floor(whole.arrival![i] / 21_600) === q && whole.prompt[i] >= 7000 === (client === 'second'),
      );
    const expected = { first: [432, 0, 2160, 432], second: [0, 1080, 1080, 0] };
    for (const client of ['first', 'second'] as const) {
      expected[client].forEach((count, q) => {
        const rows = quarter(q, client);
        expect(Math.abs(rows.length - count)).toBeLessThanOrEqual(4.5 * 3 * Math.sqrt(count));
        const [prompt, output] = client === 'second' ? [7000, 70] : [100 * (q + 1), 10 * (q + 1)];
        for (const i of rows) {
          expect([prompt, prompt + 1]).toContain(whole.prompt[i]);
          expect(whole.output[i]).toBe(output);
        }
      });
    }
    for (let i = 1; i < whole.arrival!.length; i++)
      expect(whole.arrival![i]).toBeGreaterThanOrEqual(whole.arrival![i - 1]);
  });

  test('the same seed, the same bytes; the first requests of a longer run; another client changes nobody else', () => {
    const again = drawClients(folder, { count: 500, seed: 1, start: 0 });
    expect([...again.arrival!]).toEqual([...whole.arrival!.slice(0, 500)]);
    expect([...again.prompt]).toEqual([...whole.prompt.slice(0, 500)]);
    expect(drawClients(folder, { count: 5, seed: 2, start: 0 }).arrival).not.toEqual(whole.arrival!.slice(0, 5));
    const alone = drawClients(join(folder, 'chunk-2-trace.csv'), { count: 0, seed: 1, start: 0 });
    expect([...alone.arrival!]).toEqual([...whole.arrival!].filter((_, i) => whole.prompt[i] < 7000));
  });

  test('a run that begins in the afternoon begins at 0 and may go on into the next day', () => {
    const late = drawClients(folder, { count: 2000, seed: 1, start: 3 * 21_600 });
    expect(late.arrival![0]).toBeLessThan(600);
    expect(late.notes).toEqual(['from 64800 s of their day on']);
    const next = [...late.arrival!.keys()].find((i) => late.arrival![i] >= 21_600)!;
    expect(late.prompt[next]).toBeLessThan(102); // the first quarter again
  });

  test('is a workload like any other trace', () => {
    const workload: WorkloadSpec = {
      ...{ lengths: null, arrivals: { process: 'poisson' }, request_rate: 0, num_requests: 300, seed: 1 },
      requests: { file: folder, rate_scale: 2 },
    };
    const requests = makeRequests(workload, { catalogShape: () => null as never });
    expect(requests.count).toBe(300);
    expect(requests.arrival[299]).toBe(whole.arrival![299] / 2);
  });
});

describe('mistakes', () => {
  const issue = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
    return '';
  };
  const draw = (path: string, start = 0) => issue(() => drawClients(path, { count: 1, seed: 0, start }));

  test('name file, line and what is expected', () => {
    expect([isServeGen(folder), isServeGen(tmpdir()), isServeGen(join(folder, 'nothing.csv'))]).toEqual([
      true,
      false,
      false,
    ]);
    const broken = mkdtempSync(join(tmpdir(), 'mist-servegen-'));
    writeFileSync(join(broken, 'chunk-1-trace.csv'), '0,1,1,Gamma,1,1\n600,x,1,Gamma,1,1\n');
    expect(draw(broken)).toMatch(/chunk-1-trace.csv:2: row: expected rising seconds, a rate, a cv, received "600,x/);
    writeFileSync(join(broken, 'chunk-1-trace.csv'), '0,1,1,Gamma,1,1\n600,1,1,Gamma,1,1\n');
    expect(draw(broken)).toMatch(/chunk-1-dataset.json: dataset: expected .*, received no such file/);
    writeFileSync(join(broken, 'chunk-1-dataset.json'), '{"0": {}}');
    expect(draw(broken)).toMatch(/received none/);
    expect(draw(folder, 2 * DAY)).toMatch(/requests.start: expected a time within the clients' 86400 s/);
  });
});

const DATA = `${process.env.MIST_DATA ?? '../shared/data'}/workloads/servegen_deepseek-r1_top12`;
const missing = existsSync(DATA) ? '' : ' (skipped: no data folder)';

test.skipIf(missing !== '')(
  `the published clients: a day's requests, its lengths and its curve${missing}`,
  async () => {
    const shape: LengthShape = JSON.parse(readFileSync('src/catalog/workloads/deepseek-r1-reasoning.json', 'utf8'));
    const script = '../../tools/catalog/make-workloads.mjs';
    const { dayOfServeGen } = (await import(script)) as {
      dayOfServeGen: (folder: string) => LengthShape['curve'];
    };
    expect(shape.curve).toEqual(dayOfServeGen(DATA));
    const day = drawClients(DATA, { count: 0, seed: 4, start: 0 });
    const mean = (list: Int32Array) => list.reduce((sum, x) => sum + x, 0) / list.length;
    expect(Math.abs(day.prompt.length / shape.rows - 1)).toBeLessThan(0.01);
    expect(Math.abs(mean(day.prompt) / shape.prompt_mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean(day.output) / shape.output_mean - 1)).toBeLessThan(0.02);
  },
  60_000,
);
