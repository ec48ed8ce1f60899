// The bench table: what was asked is judged as it was written, and only the table of the README is replaced.
import { expect, test } from 'vitest';
import { demandSame, figureRow, rateRow } from '../../bench/row.ts';
import { markdownTable, replaceTable, textTable } from '../../bench/table.ts';

const MACHINE = { cpu: 'A processor', cores: 2, memory_gb: 16, node: 'v20.0.0', v8: '11', platform: 'linux x64' };

test('what was asked decides, and nothing asked stays open', () => {
  expect(rateRow('a', 'M/s', 5, 2, { atLeast: 5, times: 2.5 }).ok).toBe(true);
  expect(rateRow('a', 'M/s', 5, 2, { atLeast: 5.1 }).ok).toBe(false);
  expect(rateRow('a', 'M/s', 5, 2, { times: 2.6 }).ok).toBe(false);
  expect(figureRow('a', 's', 60, { atMost: 60 }).ok).toBe(true);
  expect(figureRow('a', 's', 61, { atMost: 60 }).ok).toBe(false);
  expect(figureRow('a', 's', Number.NaN, { atMost: 60 }).ok).toBe(false);
  expect(figureRow('a', 's', 61).ok).toBeNull();
});

test('columns that differ in one bit are not timed', () => {
  expect(() => demandSame('x', [1, Number.NaN], [1, Number.NaN])).not.toThrow();
  expect(() => demandSame('x', [0], [-0])).toThrow('x[0]');
  expect(() => demandSame('x', [1], [1, 2])).toThrow('2');
});

test('a table in text and in Markdown', () => {
  const rows = [
    rateRow('screen', 'M rows/s', 8.912, 4, { atLeast: 5, times: 3 }),
    figureRow('surfaces', '1/s', 42883.4),
  ];
  expect(textTable(rows).split('\n').slice(2)).toEqual([
    'screen      8.91  M rows/s     4  2.23x  >= 5, >= 3x  NO',
    'surfaces  42,883  1/s',
  ]);
  const markdown = markdownTable(rows, MACHINE, 'abc1234');
  expect(markdown).toContain('Commit abc1234, on A processor, 2 cores, 16 GB');
  expect(markdown.split('\n').slice(2)).toEqual([
    '| what     |  value | unit     | twin | ratio | asked       | ok  |',
    '| -------- | -----: | -------- | ---: | ----: | ----------- | --- |',
    '| screen   |   8.91 | M rows/s |    4 | 2.23x | >= 5, >= 3x | NO  |',
    '| surfaces | 42,883 | 1/s      |      |       |             |     |',
  ]);
});

test('the README keeps all but its table', () => {
  const readme = 'before\n<!-- table: npm run bench -- --write -->\nold\n<!-- end of table -->\nafter\n';
  const replaced = replaceTable(readme, 'new');
  expect(replaced).toBe('before\n<!-- table: npm run bench -- --write -->\n\nnew\n\n<!-- end of table -->\nafter\n');
  expect(replaceTable(replaced, 'new')).toBe(replaced);
  expect(() => replaceTable('no marks', 'new')).toThrow('has no');
});
