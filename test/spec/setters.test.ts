// A setter is a reading: what a row sets on a document that was read is what reading the row's own document gives.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { parseSpecDocument, type SpecDocument } from '../../src/spec/document.ts';
import { readTree, type Tree } from '../../src/spec/fleet/axes.ts';
import { chooseRow } from '../../src/spec/fleet/choose.ts';
import { Ledger } from '../../src/spec/fleet/ledger.ts';
import { readDocument, worldOf } from '../../src/spec/fleet/read.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { type Question, readQuestion } from '../../src/spec/question.ts';
import { settleLimits } from '../../src/spec/relative.ts';
import { openRows } from '../../src/spec/row-index.ts';
import { openSetters } from '../../src/spec/setters.ts';
import { normalize } from '../../src/spec/shorthand.ts';
import { runs } from '../depth.ts';
import { expectSame } from '../same.ts';
import { plainSpecs } from './random-specs.ts';

const OPTIONS = { ...readOptionsOf('examples/spec.yaml', openCatalog()), unloaded: () => 0.1 };

function attempt<T>(act: () => T): T | 'refused' {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError) return 'refused';
    throw error;
  }
}

/** The fleet of a row, read from its own document. */
function readRow({ tree, text }: Question, document: SpecDocument, row: number) {
  const { data } = chooseRow(tree, row);
  return attempt(() => settleLimits(readDocument({ ...document, data }, text, OPTIONS), OPTIONS.unloaded));
}

/** Random specs, some of which have rows that cannot be: rounds beside prompts, a queue that has no newest end. */
const ROUNDS = { batching: ['chunked', 'continuous'], num_scheduler_steps: [1, 4], speculative_config: undefined };
const QUEUES = { packing: ['fcfs', 'least-work-left'], recv_interval: [1, 10], preemption_mode: 'recompute' };
const specs = fc
  .tuple(plainSpecs(), fc.constantFrom({}, {}, {}, ROUNDS, QUEUES))
  .map(([data, more]) => ({ ...data, engine: { ...(data.engine as object), ...more } }));

/** The fleet as one of two, whose axes count only where it is chosen. */
function amongChoices(data: Record<string, unknown>): Record<string, unknown> {
  const { fleet: own, ...rest } = normalize(data);
  const other = { engine: { kind: 'llm', model: 'llama-3.2-1b', hardware: 'l4', count: { from: 1, to: 3 } } };
  return { ...rest, fleet: { choices: { other, own } } };
}

test('axes of a fleet that is chosen are set, not read, where nothing that stands beside them forbids it', () => {
  const pool = (keys: string) => `{kind: llm, model: llama-3.2-1b, hardware: [l4, l40s], ${keys}}`;
  const text = [
    'fleet:',
    '  choices:',
    `    one: {a: ${pool('count: {from: 1, to: 3}, num_gpu_blocks: 9000')}}`,
    `    two: {b: ${pool('count: [1, 2], shares: card, max_num_seqs: [8, 16]')}}`,
    'pipelines: {chat: {stages: [prefill, decode]}}',
    'workload: {lengths: {input_len: 9, output_len: 9}, request_rate: 1}',
  ].join('\n');
  const document = parseSpecDocument(text, 'x');
  const tree = readTree(document.data, new Ledger(document, 'x'), () => []);
  const { names } = openSetters(document, tree, OPTIONS, worldOf(OPTIONS));
  expect(names).toEqual(['fleet.a.count', 'fleet.b.max_num_seqs']);
});

describe('a setter is a reading', () => {
  test.each([
    ['plain specs', (data: Record<string, unknown>) => data],
    ['fleets', normalize],
    ['fleets among choices', amongChoices],
  ])('in %s', (_, write) => {
    let rows = 0;
    let refused = 0;
    fc.assert(
      fc.property(specs, fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), (data, any) => {
        const question = attempt(() => readQuestion(JSON.stringify(write(data)), OPTIONS));
        if (question === 'refused') return;
        const document = parseSpecDocument(question.text, 'x');
        for (const number of any) {
          const row = number % question.rows;
          const read = readRow(question, document, row);
          expectSame(
            attempt(() => question.at(row).spec),
            read,
          );
          if (read === 'refused') refused++;
          else rows++;
        }
      }),
      { numRuns: runs(150), seed: 8, endOnFailure: true },
    );
    expect(rows).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(5);
  });
});

/** Documents with axes at any place, some of whose values are set afterwards. */
const documents = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 9 }),
    fc.dictionary(fc.constantFrom('k', 'l', 'm'), tie('value'), { maxKeys: 3 }),
    fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
    fc.record({ choices: fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { minKeys: 1 }) }),
  ),
})).value;

/** Axes of values, each of which stands once, and what tables call the values. */
function listFree(tree: Tree): Map<string, readonly string[]> {
  const found = new Map<string, (readonly string[] | null)[]>();
  const visit = (node: Tree): void => {
    if (node.kind === 'map') for (const [, part] of node.parts) visit(part);
    if (node.kind === 'list') node.parts.forEach(visit);
    if (node.kind !== 'axis') return;
    const simple = node.options.every(({ tree: inner }) => inner.kind === 'leaf');
    found.set(node.name, [...(found.get(node.name) ?? []), simple ? node.options.map(({ label }) => label) : null]);
    for (const option of node.options) visit(option.tree);
  };
  visit(tree);
  return new Map(
    [...found].flatMap(([name, [labels, ...others]]) => (labels && others.length === 0 ? [[name, labels]] : [])),
  );
}

test('a row of the index is the row that the tree chooses', () => {
  let set = 0;
  fc.assert(
    fc.property(documents, (document) => {
      const tree = readTree({ whole: document }, new Ledger({ lineOf: () => 1 }, ''), () => []);
      fc.pre(tree.rows <= 500);
      const free = listFree(tree);
      const names = [...free.keys()].filter((name, i) => i % 3 !== 2 && free.get(name)!.length > 1);
      const index = openRows(tree, names);
      const { skeleton } = index;
      for (let row = 0; row < tree.rows; row++) {
        const { skeletonRow, values } = index.find(row);
        const expected = chooseRow(tree, row);
        const found = new Map(chooseRow(skeleton, skeletonRow).choices);
        for (const { axis, option } of values) found.set(names[axis], free.get(names[axis])![option]);
        expect(new Map([...found].sort())).toEqual(new Map([...expected.choices].sort()));
        set += values.length;
      }
    }),
    { seed: 4, numRuns: 300 },
  );
  expect(set).toBeGreaterThan(100);
});
