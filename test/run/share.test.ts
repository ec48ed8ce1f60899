// Old = new: what rows share (pools, visits, requests under other loads) is, to the bit, what each would have made alone.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openShare } from '../../src/plan/pipeline/share.ts';
import { className } from '../../src/run/equivalent.ts';
import { loadKindOf } from '../../src/run/load.ts';
import { openSession } from '../../src/run/session.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { runs } from '../depth.ts';

const catalog = openCatalog({});

const session = openSession(catalog);
/** Rows next to each other that are looked at: settings of a deployment or two. */
const SETTINGS = 30;
const few = (text: string): string => text.replace(/num_requests: \d+/, 'num_requests: 60');

/** Rows of documents of every kind. */
const questions = [
  'default-chat',
  'disaggregate-or-not',
  'news-search',
  'chat-support',
  'code-generation',
  'closed-loop',
].map((name) => openQuestion(few(readFileSync(`examples/${name}.yaml`, 'utf8')), `examples/${name}.yaml`, catalog));

/** What changes a row in ways that its name must tell. */
const changes: readonly ((spec: FleetSpec, by: number) => FleetSpec)[] = [
  (spec) => spec,
  (spec, by) => {
    const kind = loadKindOf(spec)!;
    return kind.set(spec, kind.whole ? 1 + by : (kind.of(spec) || 1) * (1 + by / 4));
  },
  (spec, by) => ({ ...spec, workload: { ...spec.workload, seed: by } }),
  (spec, by) => ({ ...spec, workload: { ...spec.workload, num_requests: 50 + by } }),
  (spec, by) => ({ ...spec, prices: { ...spec.prices, 'h100-sxm-80gb': by } }),
  (spec, by) => ({ ...spec, watts: { ...spec.watts, 'h100-sxm-80gb': 500 + by } }),
  (spec, by) => ({
    ...spec,
    pools: spec.pools.map((pool) => ({ ...pool, count: pool.count + (by % 3) * pool.count })),
  }),
  (spec, by) => ({ ...spec, pipelines: spec.pipelines.map((one) => ({ ...one, weight: 1 + by * one.weight })) }),
  (spec, by) =>
    spec.sessions ? { ...spec, sessions: { ...spec.sessions, turns: { kind: 'fixed', value: 1 + by } } } : spec,
  (spec, by) => ({
    ...spec,
    prefixes: { count: 1 + by, tokens: { kind: 'fixed', value: 64 * (1 + (by % 2)) }, zipf: by % 3 },
  }),
];

const drawn = fc.array(
  fc.record({
    question: fc.nat({ max: questions.length - 1 }),
    row: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    change: fc.constantFrom(...changes),
    by: fc.integer({ min: 0, max: 6 }),
  }),
  { minLength: 2, maxLength: 24 },
);

test('settings of one fleet that are made from one of them have the bits of fleets made alone', {
  timeout: 300_000,
}, () => {
  let alike = 0;
  fc.assert(
    fc.property(fc.nat({ max: 1 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (which, at) => {
      const question = questions[which]!;
      const share = openShare();
      const first = Math.floor(at * (question.rows - SETTINGS));
      const seen = new Map<object, string>();
      for (let row = first; row < first + SETTINGS; row++) {
        const { spec } = question.at(row);
        const own = refusing(() => prepareFleet(spec, catalog, session));
        const shared = refusing(() => prepareFleet(spec, catalog, session, share));
        expect(shared).toEqual(own);
        if (!own || !shared?.likeness) continue;
        // rows that are said to be alike are named alike without it
        const { likeness: _, ...told } = own;
        const name = className(spec, told, true);
        expect(className(spec, shared, true)).toBe(name);
        expect(seen.get(shared.likeness) ?? name).toBe(name);
        if (seen.has(shared.likeness)) alike++;
        seen.set(shared.likeness, name);
      }
    }),
    { seed: 2, numRuns: runs(2), examples: [[0, 0.5533]] },
  );
  expect(alike).toBeGreaterThan(20);
});

test('fleets that share what earlier ones made have the bits of fleets that share nothing', {
  timeout: 300_000,
}, () => {
  let alike = 0;
  fc.assert(
    fc.property(drawn, (rows) => {
      const share = openShare();
      for (const { question, row, change, by } of rows) {
        const { rows: count, at } = questions[question]!;
        const spec = refusing(() => change(at(Math.floor(row * count)).spec, by));
        if (!spec) continue;
        const own = refusing(() => prepareFleet(spec, catalog, session));
        const shared = refusing(() => prepareFleet(spec, catalog, session, share));
        expect(shared).toEqual(own);
        if (own) alike++;
      }
    }),
    { seed: 1, numRuns: runs(8) },
  );
  expect(alike).toBeGreaterThan(20);
});

function refusing<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

test('at another load visits are not laid out again', () => {
  const share = openShare();
  const { spec } = questions[2]!.at(0);
  const kind = loadKindOf(spec)!;
  const visits = [1, 2, 3].map((load) => prepareFleet(kind.set(spec, load), catalog, session, share).program.visits);
  expect(new Set(visits).size).toBe(1);
});
