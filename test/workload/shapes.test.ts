// The length shapes of the catalog: complete, and true to the traces they come from (where the data folder is there).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { LengthShape } from '../../src/catalog/types.ts';
import { drawShape } from '../../src/workload/lengths.ts';
import { moments } from '../../src/workload/moments.ts';

const FOLDER = 'src/catalog/workloads';
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const DATA = process.env.MIST_DATA ?? '../shared/data';
const COUNT = 100_000;

const readShape = (file: string): LengthShape => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8'));
const rising = (values: readonly number[]) => values.every((v, i) => i === 0 || v >= values[i - 1]);

test.each(FILES)('%s is complete', (file) => {
  const shape = readShape(file);
  expect(`${shape.id}.json`).toBe(file);
  for (const text of [shape.name, shape.source, shape.licence]) expect(text.length).toBeGreaterThan(2);
  expect(shape.rows).toBeGreaterThan(1000);
  const probabilities = shape.probabilities ?? [];
  expect([probabilities[0], probabilities.at(-1), rising(probabilities)]).toEqual([0, 1, true]);
  for (const { prompt_quantiles, output_quantiles } of shape.strata) {
    for (const quantiles of [prompt_quantiles, output_quantiles]) {
      expect(quantiles.length).toBe(probabilities.length);
      expect(quantiles[0]).toBeGreaterThanOrEqual(1);
      expect(rising(quantiles)).toBe(true);
    }
  }
});

test.each(FILES)('%s draws the means it states', (file) => {
  const shape = readShape(file);
  const drawn = moments({ count: COUNT, ...drawShape(shape, COUNT, 1) });
  expect(Math.abs(drawn.prompt_mean / shape.prompt_mean - 1)).toBeLessThan(0.015);
  expect(Math.abs(drawn.output_mean / shape.output_mean - 1)).toBeLessThan(0.015);
});

interface Source {
  readonly id: string;
  readonly read: (data: string) => readonly (readonly [number, number])[];
}

/** Spearman's rank correlation, ties sharing their mean rank. */
function rankCorrelation(a: Int32Array, b: Int32Array): number {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const middle = (a.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) ** 2;
    yy += (y[i] - middle) ** 2;
  }
  return xx * yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function ranksOf(values: Int32Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let k = from; k < to; k++) ranks[order[k]] = (from + to - 1) / 2;
  }
  return ranks;
}

/** Where the trace has an atom exactly at a percentile, the percentile itself is a matter of one request. */
const ATOMS: Readonly<Record<string, readonly string[]>> = { 'deepseek-r1-exams': ['output_p99'] };
const CHECKED = ['prompt_mean', 'prompt_p50', 'prompt_p90', 'prompt_p99', 'prompt_output_mean', 'pairs_mean'] as const;
const CHECKED_OUTPUT = ['output_mean', 'output_p50', 'output_p90', 'output_p99', 'context_mean'] as const;

const present = existsSync(`${DATA}/workloads`);
if (!present) console.log(`shapes against traces: skipped, no folder ${DATA}/workloads (set MIST_DATA)`);

test.skipIf(!present)('shapes have the moments, percentiles and rank correlation of their traces', async () => {
  const script = '../../tools/catalog/make-workloads.mjs';
  const { SOURCES } = (await import(script)) as { SOURCES: readonly Source[] };
  expect(SOURCES.map(({ id }) => `${id}.json`).sort()).toEqual([...FILES].sort());
  for (const source of SOURCES) {
    const pairs = source.read(DATA);
    const real = {
      count: pairs.length,
      prompt: Int32Array.from(pairs, (p) => p[0]),
      output: Int32Array.from(pairs, (p) => p[1]),
    };
    const drawn = { count: COUNT, ...drawShape(readShape(`${source.id}.json`), COUNT, 2) };
    const [a, b] = [moments(drawn), moments(real)];
    for (const key of [...CHECKED, ...CHECKED_OUTPUT]) {
      if (ATOMS[source.id]?.includes(key)) continue;
      // One token is one token: medians are small numbers.
      const error = Math.max(0, Math.abs(a[key] - b[key]) - 1) / b[key];
      expect(error, `${source.id} ${key}: ${a[key]} for ${b[key]}`).toBeLessThan(key === 'output_p99' ? 0.06 : 0.03);
    }
    const rho = rankCorrelation(drawn.prompt, drawn.output) - rankCorrelation(real.prompt, real.output);
    expect(Math.abs(rho), `${source.id} rank correlation`).toBeLessThan(0.03);
  }
});
