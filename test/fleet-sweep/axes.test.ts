// Axes of pipeline specs: how many rows a document spans, in which order, what ties and nested choices mean, what is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSpecDocument } from '../../src/spec/document.ts';
import { listAxes, readTree, type Tree } from '../../src/spec/fleet/axes.ts';
import { chooseRow, openChoices } from '../../src/spec/fleet/choose.ts';
import { Ledger } from '../../src/spec/fleet/ledger.ts';
import { listSettings, rowWith } from '../../src/spec/fleet/settings.ts';

const HARDWARE = ['a', 'b', 'c'];

function open(text: string): { tree: Tree; mistakes: string[] } {
  const document = parseSpecDocument(text, 'x.yaml');
  const ledger = new Ledger(document, 'x.yaml');
  const tree = readTree(document.data, ledger, (key) => (key === 'hardware' ? HARDWARE : []));
  return { tree, mistakes: ledger.list().map(({ path, line }) => `${line}: ${path}`) };
}

const rowsOf = (tree: Tree) => {
  const choicesAt = openChoices(tree);
  return Array.from({ length: tree.rows }, (_, row) => {
    const chosen = chooseRow(tree, row);
    expect([...choicesAt(row)]).toEqual([...chosen.choices]); // the same without the document
    return chosen;
  });
};

describe('rows', () => {
  test('a document without axes is one row, as it stands', () => {
    const { tree } = open('a: {stages: [x, {c: null}]}\narrivals: {process: ramp, from: 1, to: 5}');
    expect(tree.rows).toBe(1);
    expect(chooseRow(tree, 0).data).toEqual({
      a: { stages: ['x', { c: null }] },
      arrivals: { process: 'ramp', from: 1, to: 5 },
    });
  });

  test('axes multiply, the last one turns fastest', () => {
    const { tree } = open('a: {choices: [x, y]}\nb: {c: {from: 1, to: 3}, d: {from: 2, to: 8, factor: 2}}');
    expect(
      rowsOf(tree)
        .map(({ data }) => JSON.stringify(data))
        .slice(0, 4),
    ).toEqual([
      '{"a":"x","b":{"c":1,"d":2}}',
      '{"a":"x","b":{"c":1,"d":4}}',
      '{"a":"x","b":{"c":1,"d":8}}',
      '{"a":"x","b":{"c":2,"d":2}}',
    ]);
    expect(tree.rows).toBe(18);
    expect(listAxes(tree).map(({ name }) => name)).toEqual(['a', 'b.c', 'b.d']);
  });

  test('choices of whole parts have names, and axes inside of them count only there', () => {
    const { tree } = open(
      'fleet:\n  choices:\n    one: {w: {count: {from: 1, to: 3}}}\n    two: {w: {count: {from: 1, to: 2}}, d: {hardware: {choices: all}}}',
    );
    expect(tree.rows).toBe(3 + 2 * 3);
    const rows = rowsOf(tree);
    expect(rows.map(({ choices }) => [...choices.values()].join(' '))).toEqual([
      ...['one 1', 'one 2', 'one 3'],
      ...['two 1 a', 'two 1 b', 'two 1 c', 'two 2 a', 'two 2 b', 'two 2 c'],
    ]);
    expect(rows[4].data).toEqual({ fleet: { w: { count: 1 }, d: { hardware: 'b' } } });
    // the same place in two choices is one axis
    expect(listAxes(tree)).toEqual([
      { name: 'fleet', labels: ['one', 'two'] },
      { name: 'fleet.w.count', labels: ['1', '2', '3'] },
      { name: 'fleet.d.hardware', labels: ['a', 'b', 'c'] },
    ]);
  });

  test('an alias of an axis is that axis again', () => {
    const { tree, mistakes } = open('a: &gpu {choices: [x, y]}\nb: *gpu\nc: {from: 1, to: 2}');
    expect(mistakes).toEqual([]);
    expect(rowsOf(tree).map(({ data }) => Object.values(data as object).join(''))).toEqual([
      'xx1',
      'xx2',
      'yy1',
      'yy2',
    ]);
  });

  test('route-to-model takes all of its choices, which may hold axes', () => {
    const { tree } = open(
      's: {stages: [{route-to-model: {choices: [{share: {choices: [0.1, 0.2]}, stages: []}, {share: 0.5}]}}]}',
    );
    expect(listAxes(tree)).toEqual([{ name: 's.stages[0].route-to-model.choices[0].share', labels: ['0.1', '0.2'] }]);
  });

  test('numbers of a range are as people write them', () => {
    const { tree } = open('u: {from: 0.1, to: 0.5, step: 0.1}');
    expect(rowsOf(tree).map(({ choices }) => choices.get('u'))).toEqual(['0.1', '0.2', '0.3', '0.4', '0.5']);
  });
});

/** Documents with axes anywhere, nested to a depth. */
const documents = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 9 }),
    fc.dictionary(fc.constantFrom('k', 'l', 'm'), tie('value'), { maxKeys: 3 }),
    fc.uniqueArray(tie('value'), { minLength: 1, maxLength: 2, selector: (value) => JSON.stringify(value) }),
    fc.record({ choices: fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { minKeys: 1 }) }),
  ),
})).value;

describe('any document', () => {
  test('every row is another way to choose, and every way is a row', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const tree = readTree({ whole: document }, new Ledger({ lineOf: () => 1 }, ''), () => []);
        fc.pre(tree.rows <= 2000);
        const ways = countWays(document);
        expect(tree.rows).toBe(ways);
        const rows = rowsOf(tree).map(({ choices }) => [...choices].join(';'));
        expect(new Set(rows).size).toBe(tree.rows);
        for (const { data } of rowsOf(tree).slice(0, 50)) expect(JSON.stringify(data) ?? '').not.toContain('choices');
      }),
    );
  });

  test('the first and last row with a setting have it, and no row outside of them does', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const tree = readTree({ whole: document }, new Ledger({ lineOf: () => 1 }, ''), () => []);
        fc.pre(tree.rows <= 500);
        const rows = rowsOf(tree);
        for (const setting of listSettings(tree)) {
          const [first, last] = [rowWith(tree, setting, 'first'), rowWith(tree, setting, 'last')];
          for (const row of [first, last])
            for (const name of setting.keys()) expect(rows[row].choices.has(name)).toBe(true);
          expect(first).toBeLessThanOrEqual(last);
          expect(last).toBeLessThan(tree.rows);
        }
      }),
    );
  });
});

/** The plain definition: a choice (and a list inside the document) is one of its ways, anything else all combinations. */
function countWays(value: unknown): number {
  if (value === null || typeof value !== 'object') return 1;
  const parts = Object.values(value).map((part) => countWays(part));
  if (Array.isArray(value)) return parts.reduce((sum, ways) => sum + ways, 0);
  if ('choices' in value) {
    return Object.values(value.choices as object).reduce<number>((sum, option) => sum + countWays(option), 0);
  }
  return parts.reduce((product, ways) => product * ways, 1);
}

describe('mistakes', () => {
  test.each([
    ['a: {choices: []}', '1: a.choices'],
    ['a: {choices: all}', '1: a.choices'],
    ['a: {choices: [1], step: 2}', '1: a.step'],
    ['a: {from: 3, to: 1}', '1: a.from'],
    ['a: {from: 1, to: 3, step: 0}', '1: a.step'],
    ['a: {from: 0, to: 3, factor: 2}', '1: a.from'],
    ['a: {from: 1, to: 3, step: 1, factor: 2}', '1: a.factor'],
    ['a: {from: one, to: 3}', '1: a.from'],
    ['a: {choices: [x, y, x]}', '1: a.choices[2]'],
    ['a: {from: 0, to: 1, step: 1e-9}', '1: a.to'],
    ['objective: {choices: [devices, usd_per_hour]}', '1: objective'],
    ['block_size: {from: 3}', '1: block_size.to'],
    ['a: {choices: [{b: &x {choices: [1]}}]}\nc: *x', '2: c'],
  ])('%s', (text, mistake) => {
    expect(open(text).mistakes).toEqual([mistake]);
  });
});
