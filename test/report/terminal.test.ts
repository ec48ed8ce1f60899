// What the terminal shows: vLLM's block row by row, and the answer to a sweep in each of its cases.
import { expect, test, vi } from 'vitest';
import { EMPTY_SUMMARY } from '../../src/metrics/summary.ts';
import { askQuestion, describePriced, explainAnswer, findAnswer } from '../../src/report/answer.ts';
import { describeDevices, describeLoad } from '../../src/report/describe.ts';
import { formatDuration, formatGiven, formatNumber, formatShare, formatShort } from '../../src/report/format.ts';
import { tellFront } from '../../src/report/front.ts';
import { findFront, throughputScatter } from '../../src/report/points.ts';
import { drawScatter } from '../../src/report/scatter-text.ts';
import { drawTable } from '../../src/report/table.ts';
import { sweepTable } from '../../src/report/terminal.ts';
import { terminalWidth } from '../../src/report/width.ts';
import { AXES, makeSpec, makeSweep } from './fixture.ts';

test('a sweep fits 120 columns and answers first', () => {
  const result = makeSweep();
  const text = sweepTable(result);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  const answer = findAnswer(result);
  expect(answer.kind).toBe('met');
  expect(text.replace(/\s+/g, ' ')).toContain(answer.sentence);
  expect(answer.sentence).toMatch(
    /^Cheapest that meets p99 TTFT <= 1,000 ms and p99 TPOT <= 40 ms at 20 req\/s: \d+x .*, (chunked|continuous) \d+\/8192, \$[\d.]+\/h \(\$[\d,]+\/month\)\.$/,
  );
  expect(text).toContain('weights do not fit in memory');
  expect(text).toContain('W winner');
  expect(text).toContain('vllm serve');
});

test('a narrow table stays narrow with long names and many axes', () => {
  const sweep = makeSweep({ labels: { 'h200-sxm': 'A very long name of an accelerator, 2nd edition' } });
  const more = [
    ['engine.kv_cache_dtype', 'fp8'],
    ['engine.block_size', '16'],
  ] as const;
  const kept = sweep.kept.map((row) => ({ ...row, choices: new Map([...row.choices, ...more]) }));
  const text = sweepTable({ ...sweep, kept });
  expect(text).toContain('kv=fp8');
  for (const line of text.split('\n').slice(2)) expect(line.length, line).toBeLessThanOrEqual(120);
});

test('the explanation names what breaks first and why the next cheaper was not taken', () => {
  const result = makeSweep();
  const [first, next] = explainAnswer(result);
  expect(first).toMatch(/p99 (TTFT|TPOT) <= [\d,]+ ms breaks first: \d+ % of it is used/);
  expect(next).toMatch(/^The next cheaper simulated, .*(misses p99|is overloaded|is backlogged)/);
  expect(explainAnswer({ ...result, objective: 'devices' })).toHaveLength(1);
});

test('a cheaper run that was given up is said to miss the limits, not to leave requests unserved', () => {
  const sweep = makeSweep();
  const gaveUp = { ttft: EMPTY_SUMMARY, tpot: EMPTY_SUMMARY, itl: EMPTY_SUMMARY, e2el: EMPTY_SUMMARY, unfinished: 900 };
  const kept = sweep.kept.map((row) =>
    row.result?.slo_met === false ? { ...row, result: { ...row.result, ...gaveUp } } : row,
  );
  const next = explainAnswer({ ...sweep, kept })[1];
  expect(next).toMatch(/misses the limits: too many requests were late long before its end/);
});

test('a sweep over models says in every row which one it serves', () => {
  const sweep = makeSweep();
  const names = ['llama-3.1-70b', 'qwen3-32b'];
  const kept = sweep.kept.map((row, i) => ({ ...row, choices: new Map([['model', names[i % 2]], ...row.choices]) }));
  const modelOf = new Map(kept.map((row) => [row.row, row.choices.get('model')!]));
  const modelled = (row: number) => {
    const spec = sweep.specAt(row);
    const [pool] = spec.pools;
    if (pool.kind !== 'llm') throw new Error('no engines');
    return { ...spec, pools: [{ ...pool, configuration: { ...pool.configuration, model: modelOf.get(row)! } }] };
  };
  const axes = [{ name: 'model', short: 'model', labels: names }, ...AXES];
  const result = { ...sweep, axes, kept, specAt: modelled };
  const table = sweepTable(result);
  expect(findAnswer(result).sentence).toMatch(/(llama-3\.1-70b|qwen3-32b) on \d+x/);
  expect(table).toMatch(/^ 1 {2}(llama-3\.1-70b|qwen3-32b) on /m);
  expect(table).toMatch(/^ 2 {2}(llama-3\.1-70b|qwen3-32b) on /m);
  expect(Math.max(...table.split('\n').map((row) => row.length))).toBeLessThanOrEqual(120);
});

test('an axis of the question has a winner for each of its values, and the sentence says for which', () => {
  const sweep = makeSweep();
  const kept = sweep.kept.map((row, i) => ({ ...row, scenario: `request_rate ${10 * (1 + (i % 2))}` }));
  const axes = [{ name: 'workload.request_rate', short: 'request_rate', labels: ['10', '20'] }, ...AXES];
  const result = { ...sweep, axes, kept };
  const best = kept.find(({ scenario }) => scenario === 'request_rate 20')!;
  expect(findAnswer(result).sentence).toMatch(/^Cheapest that meets .* for request_rate 10: \d+x/);
  expect(explainAnswer(result).slice(0, 2)).toEqual([
    expect.stringMatching(/^request_rate 10: \d+x/),
    `request_rate 20: ${describePriced(best, result)}.`,
  ]);
});

test('where no row has the figure of the objective, nothing is said to be best by it, and a front of it claims no proof', () => {
  const sweep = makeSweep();
  const kept = sweep.kept.map((row) => ({ ...row, result: row.result && { ...row.result, power_w: Number.NaN } }));
  const unknown = { ...sweep, kept, objective: 'watts' as const };
  expect(findAnswer(unknown).sentence).toMatch(
    /^Least power that meets [^:]*: unknown, no row that meets it has the figure; /,
  );
  expect(findAnswer({ ...unknown, objective: 'devices' }).sentence).not.toContain('unknown');
  const off = kept.map((row) => ({ ...row, on_front: false }));
  const front = { objectives: ['watts', 'devices'] as const, complete: true, beaten: 0 };
  expect(tellFront({ ...unknown, kept: off, front })).toEqual([
    expect.stringMatching(/: no points, as no row .* has all/),
  ]);
});

test('what the screen alone recommends keeps every limit by its own estimate, or nothing is', () => {
  const sweep = makeSweep();
  const screened = sweep.kept.map((row) => ({ ...row, result: null }));
  const over = screened.map((row) => ({ ...row, screen: { ...row.screen!, tpot_tail: 1 } }));
  const one = { ...over[3], screen: { ...over[3].screen, ttft_tail: 0.5, tpot_tail: 0.01 } };
  expect(findAnswer({ ...sweep, kept: [...over.slice(0, 3), one], simulated: 0 }).row?.row).toBe(one.row);
  const none = findAnswer({ ...sweep, kept: over, simulated: 0 });
  expect([none.kind, none.row]).toEqual(['nothing', null]);
});

test('accelerators and processors are counted apart', () => {
  const hosts = [
    { hardware: 'h100-sxm', count: 10, processors: false },
    { hardware: 'epyc-9654', count: 2, processors: true },
  ];
  expect(describeDevices(hosts, 12)).toBe('10 accelerators + 2 CPU sockets');
  expect(describeDevices(hosts.slice(0, 1), 10)).toBe('10 devices');
});

test('nothing feasible: counts by reason', () => {
  const result = makeSweep({ kept: [], screened: { feasible: 0, reordered: 0 }, simulated: 0 });
  const answer = findAnswer(result);
  expect(answer.kind).toBe('nothing');
  expect(answer.sentence).toMatch(
    /^0 of 12,480 are feasible: 4,388 \(TPOT limit.*611 \(KV cache is smaller than one request\)\.$/,
  );
  expect(sweepTable(result)).not.toContain('vllm serve');
});

test('nothing meets the limits: the closest and by how much it misses', () => {
  const sweep = makeSweep();
  const kept = sweep.kept.filter((row) => row.result !== null && !row.result.slo_met);
  const answer = findAnswer({ ...sweep, kept });
  expect(answer.kind).toBe('missed');
  expect(answer.sentence).toMatch(
    /^0 of 12,480 keep the promise: .*Closest: .*, which misses p99 (TTFT|TPOT) <= [\d,]+ ms by 1\.\d+x\.$/,
  );
});

test('nothing simulated: the answer says that it is an estimate', () => {
  const sweep = makeSweep();
  const kept = sweep.kept.filter((row) => row.result === null);
  expect(findAnswer({ ...sweep, kept }).sentence).toMatch(/^Best by the screen, not simulated: /);
  expect(sweepTable({ ...sweep, kept, simulated: 0 })).toContain('~');
});

test('loads in words', () => {
  const load = (more: object) =>
    describeLoad({ first: makeSpec({ workload: { ...makeSpec().workload, ...more } }), axes: [] });
  expect(load({})).toBe('at 20 req/s');
  expect(load({ arrivals: { process: 'closed-loop', max_concurrency: 8 } })).toBe('with 8 requests in flight');
  expect(load({ arrivals: { process: 'all-at-once' } })).toBe('all 2,000 requests at once');
  expect(load({ requests: { file: '/data/day.jsonl', rate_scale: 1 } })).toBe('replayed from day.jsonl');
  expect(askQuestion(makeSweep())).toContain('Llama-3.3-70B-Instruct');
});

test('the front holds what nothing else beats', () => {
  const at = (x: number, y: number) => ({
    x,
    y,
    kind: 'met' as const,
    row: x * 10 + y,
    series: '',
    title: '',
    label: '',
    xBand: null,
    yBand: null,
  });
  const points = [at(1, 5), at(2, 4), at(2, 3), at(3, 4), at(4, 1), at(1, 1)];
  expect(findFront(points, { x: 1, y: 1 }).map(({ x, y }) => [x, y])).toEqual([
    [1, 5],
    [3, 4],
    [4, 1],
  ]);
  expect(findFront(points, { x: -1, y: -1 }).map(({ x, y }) => [x, y])).toEqual([[1, 1]]);
});

test('a scatter of one point and of none', () => {
  const scatter = throughputScatter(makeSweep({ kept: makeSweep().kept.slice(0, 1) }));
  expect(drawScatter(scatter).join('\n')).toContain('W');
  expect(drawScatter({ ...scatter, points: [] })).toEqual([]);
});

test('a table cuts words in the middle, never figures; what is too wide even then goes on below', () => {
  const columns = [
    { heading: 'name', align: 'left' as const, most: 12 },
    { heading: 'words', align: 'left' as const, cut: true, comfort: 12 },
    { heading: 'n', align: 'right' as const },
  ];
  const [, , line] = drawTable(columns, [['abcdefghijklmnop', 'a sentence that is much too long', '123456789']], 40);
  expect(line).toBe('abcde..lmnop  a sente..o long  123456789');
  const below = drawTable(columns, [['abcdefghijklmnop', 'a sentence that is much too long', '123456789']], 34);
  expect(below.filter((one) => /^abcde/.test(one))).toEqual([
    'abcde..lmnop  a sentenc.. too long',
    'abcde..lmnop  123456789',
  ]);
});

test('numbers', () => {
  expect(formatShort(0.012345)).toBe('0.0123');
  expect(formatShort(12345.6)).toBe('12,346');
  expect(formatNumber(Number.NaN)).toBe('-');
  expect(formatGiven(40)).toBe('40');
  expect(formatShare(0.0042)).toBe('0.4 %');
  expect(formatDuration(125)).toBe('2 min 5 s');
  expect(formatDuration(7260)).toBe('2 h 1 min');
});

test('a terminal is taken to be 80 to 200 columns wide, and 120 where nobody says', () => {
  const wide = (columns: string | undefined): number => {
    vi.stubEnv('COLUMNS', columns);
    return terminalWidth();
  };
  expect(['20', '79', '80', '143.7', '200', '240', '9999', 'many', ''].map(wide)).toEqual([
    ...[80, 80, 80, 143, 200, 200, 200, 120, 120],
  ]);
  expect(wide(undefined)).toBe(120);
  vi.unstubAllEnvs();
});
