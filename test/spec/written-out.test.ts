// L12: a plain spec is its written-out fleet: the same rows, fleets, refusals and bytes of results.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { openSession } from '../../src/run/session.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { defaultSpecFile, readOptionsOf } from '../../src/spec/open.ts';
import { type Question, readQuestion } from '../../src/spec/question.ts';
import { isPlain } from '../../src/spec/shorthand.ts';
import { runs } from '../depth.ts';
import { expectSame } from '../same.ts';
import { keysLeftOut, plainSpecs } from './random-specs.ts';

const catalog = openCatalog();
const session = openSession(catalog);
const EXAMPLES = dirname(defaultSpecFile());
const OPTIONS = readOptionsOf(join(EXAMPLES, 'spec.yaml'), catalog);

/** A plain spec as its author would write it as a fleet of one pool. */
function writtenOut({ model, deployment, engine, ...rest }: Record<string, unknown>): Record<string, unknown> {
  const { hardware, replicas, ...split } = (deployment ?? {}) as Record<string, unknown>;
  const pool = { kind: 'llm', model, hardware, count: replicas, ...split, ...(engine as object | undefined) };
  return { ...rest, fleet: { engine: pool }, pipelines: { serve: { stages: [{ prefill: {} }, { decode: {} }] } } };
}

/** The question, or how many mistakes it was refused with. */
function open(data: unknown): Question | number {
  return refusals(() => readQuestion(JSON.stringify(data), OPTIONS));
}

function refusals<T>(act: () => T): T | number {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError) return error.issues.length;
    throw error;
  }
}

/** What is the same in both notations: everything but the text. */
function read(question: Question, row: number): Omit<FleetSpec, 'text'> | number {
  return refusals(() => {
    const { text: _, ...spec } = question.at(row).spec;
    return spec;
  });
}

/** First, last and two rows between. */
const sampled = (rows: number): number[] => [...new Set([0, Math.floor(rows / 3), Math.floor(rows / 2), rows - 1])];

/** Compares both notations of a spec; the rows that can be. */
function compare(data: Record<string, unknown>): number {
  const plain = open(data);
  const long = open(writtenOut(data));
  if (typeof plain === 'number' || typeof long === 'number') {
    expect(plain).toEqual(long);
    return 0;
  }
  expect([long.rows, long.objective, long.top, long.settle]).toEqual([
    plain.rows,
    plain.objective,
    plain.top,
    plain.settle,
  ]);
  expect(long.axes.map(({ labels }) => labels)).toEqual(plain.axes.map(({ labels }) => labels));
  const rows = sampled(plain.rows);
  const specs = rows.map((row) => read(plain, row));
  for (const [i, row] of rows.entries()) expectSame(read(long, row), specs[i]);
  return specs.filter((spec) => typeof spec !== 'number').length;
}

test('random specs use every key of the notation', () => {
  expect(keysLeftOut()).toEqual([]);
});

test.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml') && file !== 'replay-trace.yaml'))(
  'L12: %s and its written-out fleet are the same rows',
  (file) => {
    const data = parse(readFileSync(join(EXAMPLES, file), 'utf8')) as Record<string, unknown>;
    if (!isPlain(data)) return;
    // the sections in the order of the long notation, so that the axes turn alike
    const { model, deployment, engine, ...rest } = data;
    const ordered = {
      ...rest,
      ...(model ? { model } : {}),
      ...(deployment ? { deployment: inOrder(deployment) } : {}),
      ...(engine ? { engine } : {}),
    };
    expect(compare(ordered)).toBeGreaterThan(0);
  },
);

/** Keys as a pool has them: hardware, replicas, the split, routing. */
function inOrder(deployment: unknown): unknown {
  const written = deployment as Record<string, unknown>;
  const keys = [
    'hardware',
    'replicas',
    'tensor_parallel_size',
    'pipeline_parallel_size',
    'data_parallel_size',
    'expert_parallel_size',
    'routing',
    'autoscale',
    'failures',
  ];
  return Object.fromEntries(keys.flatMap((key) => (key in written ? [[key, written[key]]] : [])));
}

test('L12: any plain spec and its written-out fleet are the same rows, or are refused alike', () => {
  let read_ = 0;
  const drawn = runs(200);
  fc.assert(
    fc.property(plainSpecs(), (data) => {
      if (compare({ ...data, deployment: inOrder(data.deployment) }) > 0) read_++;
    }),
    { numRuns: drawn, seed: 12 },
  );
  // keys are drawn apart, and many refuse one another
  expect(read_).toBeGreaterThan(drawn / 5);
});

/** The bytes of a run's answer: its JSON, and a line per request. */
function answer(spec: FleetSpec): string {
  const lowered = prepareFleet(spec, catalog, session);
  const run = runFleet(lowered.program, { leap: 'exact' });
  return JSON.stringify([measureRun(spec, lowered, run).result, run], (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value,
  );
}

test('L12: and give the same bytes of results', () => {
  let simulated = 0;
  const wanted = runs(20);
  fc.assert(
    fc.property(plainSpecs(false), (data) => {
      if (simulated >= wanted) return;
      const [plain, long] = [open(data), open(writtenOut(data))];
      if (typeof plain === 'number' || typeof long === 'number') return;
      const bytes = refusals(() => answer(plain.first));
      expect(refusals(() => answer(long.first))).toBe(bytes);
      if (typeof bytes === 'string') simulated++;
    }),
    { numRuns: 10 * wanted, seed: 5 },
  );
  expect(simulated).toBeGreaterThan(wanted / 2);
});
