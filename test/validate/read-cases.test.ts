// A case file that is none is refused with every fault; a bad row in a good file is kept and says what is wrong with it.
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { parseCases } from '../../src/validate/read-cases.ts';
import { type Cells, caseText, PAIR, ROW, STATIC } from './case-files.ts';

function issuesOf(text: string): string[] {
  try {
    parseCases(text, 'cases.csv');
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n');
    throw error;
  }
  return [];
}

function troubleOf(changes: Cells): string {
  const [group] = parseCases(caseText([changes]), 'cases.csv').groups;
  return group.trouble ? `${group.trouble.status}: ${group.trouble.words}` : '';
}

describe('what is no case file is refused', () => {
  test('every missing or repeated column is named, with the nearest there is', () => {
    const columns = [...Object.keys(ROW).filter((name) => name !== 'tp' && name !== 'metric'), 'metrics', 'model'];
    expect(issuesOf(caseText([{}], columns))).toEqual([
      'cases.csv:1: metric: expected one column of this name, received none (nearest: metrics)',
      'cases.csv:1: model: expected one column of this name, received 2',
      expect.stringContaining('cases.csv:1: tp: expected one column of this name, received none'),
    ]);
  });

  test('no rows, and nothing at all', () => {
    expect(issuesOf(caseText([]))).toEqual(['cases.csv: rows: expected at least one case, received none']);
    expect(issuesOf('').length).toBeGreaterThan(40);
  });

  test('a case_id that is blank or was given before', () => {
    const text = caseText([{ case_id: 'one' }, { case_id: 'two' }, { case_id: 'one' }, { case_id: '' }]);
    expect(issuesOf(text)).toEqual([
      'cases.csv:4: case_id: expected each id once, received one, also on line 2',
      'cases.csv:5: case_id: expected an id, received nothing',
    ]);
  });
});

describe('a run that cannot be replayed says why', () => {
  test.each<[string, Cells, string]>([
    ['NaN', { input_len: 'NaN' }, 'error: input_len: expected a positive number, received "NaN"'],
    ['negative', { load_value: '-3' }, 'error: load_value: expected a positive number, received "-3"'],
    [
      'a unit in a cell',
      { kv_link_gb_s: '50 GB/s' },
      'error: kv_link_gb_s: expected a positive number, received "50 GB/s"',
    ],
    ['a broken count', { tp: '1.5' }, 'error: tp: expected a positive whole number, received "1.5"'],
    [
      'half a request in flight',
      { load_value: '8.5' },
      'error: load_value: expected a whole number of requests, received 8.5',
    ],
    ['a spread above 1', { length_spread: '1.2' }, 'error: length_spread: expected at most 1, received 1.2'],
    [
      'a date',
      { measured_on: 'last May' },
      'error: measured_on: expected YYYY, YYYY-MM or YYYY-MM-DD, received "last May"',
    ],
    ['no lengths', { length_spread: '' }, 'error: length_spread, lengths_file: expected exactly one of them'],
    [
      'a load that does not fit',
      { load_kind: 'rate' },
      'error: load_kind: closed-loop takes concurrency, received "rate"',
    ],
    ['devices that do not add up', { devices: '2' }, 'error: devices: 1 by the degrees of parallelism, received 2'],
    ['blank workers', { ...PAIR, decode_workers: '' }, 'error: decode_workers: nothing given'],
    ['an unknown mode', { mode: 'closed-lop' }, 'unsupported: mode "closed-lop" is not known, nearest: closed-loop'],
    ['an unknown format', { weight_dtype: 'fp6' }, 'unsupported: weight_dtype "fp6" is not known, nearest: fp16'],
    [
      'several at once',
      { input_len: '', tp: '0' },
      'error: tp: expected a positive whole number, received "0"; input_len: nothing given',
    ],
  ])('%s', (_, changes, expected) => {
    expect(troubleOf(changes)).toContain(expected);
  });

  test('good ones have no trouble, whatever the order of their columns', () => {
    const columns = Object.keys(ROW).reverse();
    const { groups } = parseCases(caseText([{}, STATIC, PAIR], [...columns, 'extra']), 'cases.csv');
    expect(groups.map(({ trouble }) => trouble)).toEqual([null, null, null]);
    expect(groups[0].input).toMatchObject({ year: 2025, length_spread: 0.8, kv_capacity_tokens: null, tp: 1 });
  });

  test('blank cells are what most runs have: no pipeline, no groups, the whole run, the policy of the engine', () => {
    const blank: Cells = { pp: '', dp: '', ep: '', window: '', prefill_policy: '' };
    const { groups } = parseCases(caseText([blank, { ...PAIR, prefill_policy: '' }]), 'cases.csv');
    expect(groups.map(({ trouble }) => trouble)).toEqual([null, null]);
    expect(groups[0].input).toMatchObject({ pp: 1, dp: 1, ep: 1, window: 'all', prefill_policy: null });
  });

  test('rows of one group that disagree, and a figure given twice', () => {
    const text = caseText([
      { group_id: 'a', metric: 'tpot_ms' },
      { group_id: 'a', metric: 'ttft_ms', max_num_seqs: '16' },
      { group_id: 'b' },
      { group_id: 'b' },
    ]);
    expect(parseCases(text, 'cases.csv').groups.map(({ trouble }) => trouble?.words)).toEqual([
      'rows of one run disagree: max_num_seqs is 16 on line 3, blank on line 2',
      'tpot_ms.mean of one run is given twice, on lines 4 and 5',
    ]);
  });

  test('a line that is cut short', () => {
    const lines = caseText([{}, {}]).trimEnd().split('\n');
    const text = [lines[0], lines[1], lines[2].split(',').slice(0, 12).join(',')].join('\n');
    const { groups } = parseCases(text, 'cases.csv');
    expect(groups.map(({ trouble }) => trouble?.words)).toEqual([
      undefined,
      `line 3 has 12 cells, the header ${Object.keys(ROW).length}`,
    ]);
  });

  test('quoted cells with commas and line breaks count as one', () => {
    const { rows } = parseCases(caseText([{ quality_reason: 'said "low",\nby us' }, {}]), 'cases.csv');
    expect(rows.map(({ line }) => line)).toEqual([2, 4]);
    expect(rows[0].cell('quality_reason')).toBe('said "low",\nby us');
  });
});
