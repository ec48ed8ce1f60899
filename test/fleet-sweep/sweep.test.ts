// Sweeps of fleets: the same rows whoever computes them, every row accounted for, and what is left out is proved to be no better.
import { beforeAll, describe, expect, test } from 'vitest';
import { rowScore, type SweepResult } from '../../src/metrics/sweep.ts';
import { winners } from '../../src/report/answer.ts';
import { csvLines } from '../../src/report/csv.ts';
import { digestOf } from '../../src/report/digest.ts';
import { sweepHtml } from '../../src/report/html.ts';
import { sweepJson } from '../../src/report/sweep-json.ts';
import { countFates, sweepTable } from '../../src/report/terminal.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { lengthen } from '../../src/run/extend.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { type SweepOptions, sweep } from '../../src/run/sweep.ts';
import { openQuestion, type Question } from '../../src/spec/question.ts';
import { catalog, issuesIn, lower } from '../pipeline/world.ts';

const SPEC = `
name: small
fleet:
  choices:
    together:
      workers: &engine
        kind: llm
        model: llama-3.1-8b
        hardware: {choices: [l4, l40s, h100-sxm-80gb]}
        tensor_parallel_size: {choices: [1, 3]}
        count: {from: 1, to: 16}
    apart:
      prefillers: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: h100-sxm-80gb}
      decoders: {kind: llm, role: decode, model: llama-3.1-8b, hardware: {choices: [l4, l40s]}, count: {from: 1, to: 3}}
topology: {rack: {kind: rack}}
pipelines:
  chat: {stages: [{prefill: {}}, {decode: {}}]}
workload: {lengths: {input_len: 700, output_len: 80}, request_rate: 12, num_requests: 150}
slo: {p99_ttft: 800ms, p99_tpot: 60ms}
top: 3
prices: {l4: 0.8}
`;

const open = (text = SPEC): Question => openQuestion(text, 'small.yaml', catalog);
const answer = (options: Partial<SweepOptions> = {}, text = SPEC) =>
  sweep(open(text), catalog, { workers: 1, ...options });

let all: SweepResult;
let proved: SweepResult;
beforeAll(async () => {
  all = await answer({ exhaustive: true });
  proved = await answer();
});

const rowsIn = (result: SweepResult) =>
  result.rejected.reduce((sum, { count }) => sum + count, result.dearer + result.unreached + result.kept.length);

describe('every row is accounted for', () => {
  test('in an exhaustive sweep and in one that proves', () => {
    expect(all.rows).toBe(3 * 2 * 16 + 2 * 3);
    expect(rowsIn(all)).toBe(all.rows);
    expect(rowsIn(proved)).toBe(all.rows);
    expect([all.dearer, all.unreached]).toEqual([0, 0]);
    // three devices do not divide the heads of this model
    expect(all.rejected.reduce((sum, { count }) => sum + count, 0)).toBe(48);
  });

  test('rows beyond `settle` are counted, not forgotten', async () => {
    const few = await answer({ exhaustive: true }, `${SPEC}settle: 5\n`);
    expect([few.kept.length, few.unreached, rowsIn(few)]).toEqual([5, 49, 102]);
  });

  test('a sweep that is stopped says what it has not reached', async () => {
    const abort = new AbortController();
    const stopped = await answer({
      signal: abort.signal,
      onProgress: (_, __, words) => words === 'simulating' && abort.abort(),
    });
    expect(stopped.interrupted).toBe(true);
    expect(stopped.unreached).toBeGreaterThan(0);
    expect(rowsIn(stopped)).toBe(102);
  });
});

describe('L10: what is left out is no better', () => {
  test('the best rows are those of the exhaustive sweep, and every row left out costs as much as the worst of them', () => {
    expect(proved.dearer).toBeGreaterThan(0);
    expect(proved.kept.slice(0, 3)).toEqual(all.kept.slice(0, 3));
    const kept = new Set(proved.kept.map(({ row }) => row));
    const left = all.kept.filter(({ row }) => !kept.has(row));
    const slow = proved.rejected.filter(({ words }) => words.includes('(proved)'));
    expect(left.length).toBe(proved.dearer + slow.reduce((sum, { count }) => sum + count, 0));
    const worst = rowScore('usd_per_hour', proved.kept[2].result!);
    const better = left.filter(({ result }) => result!.slo_met && result!.usd_per_hour < worst - 1e-9);
    expect(better).toEqual([]);
  });

  test('by devices too', async () => {
    const text = `${SPEC}objective: devices\n`;
    const [short, long] = [await answer({}, text), await answer({ exhaustive: true }, text)];
    expect(short.dearer).toBeGreaterThan(0);
    const devices = (result: SweepResult) => result.kept.slice(0, 3).map((row) => row.devices);
    expect(devices(short)).toEqual(devices(long));
  });
});

describe('L5, L6: the same bytes', () => {
  test.each([2])('with %i workers', async (workers) => {
    const again = await answer({ workers });
    expect(digestOf(again)).toBe(digestOf(proved));
    expect([again.rejected, again.dearer]).toEqual([proved.rejected, proved.dearer]);
  });

  test('another seed is another workload', async () => {
    const other = await sweep(openQuestion(SPEC, 'small.yaml', catalog, 5), catalog, { workers: 1, seed: 5 });
    expect(other.seed).toBe(5);
    expect(digestOf(other)).not.toBe(digestOf(proved));
  });
});

test('a row is what `mist run --row` makes of it', () => {
  const spec = open();
  for (const { row, result, choices, times } of [all.kept[0], all.kept.at(-1)!]) {
    const one = times > 1 ? lengthen(spec.at(row).spec, times)! : spec.at(row).spec;
    expect(spec.choicesAt(row)).toEqual(choices);
    const lowered = lower(one);
    const {
      stages: _,
      clients: __,
      pipelines: ___,
      breakdown: ____,
      visits: _____,
      sampling,
      ...whole
    } = measureRun(
      one,
      lowered,
      runFleet(lowered.program, { leap: 'closed', ...planMeasuring(one, lowered, true) }),
    ).result;
    // intervals are of rows that keep the promise
    expect(result).toEqual(result!.slo_met ? { ...whole, sampling } : whole);
  }
});

test('rows that keep the promise come first, by cost; the others by how near they come', () => {
  const met = all.kept.filter(({ result }) => result!.slo_met);
  expect(met.length).toBeGreaterThan(2);
  expect(met.length).toBeLessThan(all.kept.length);
  expect(all.kept.slice(0, met.length)).toEqual(met);
  const costs = met.map(({ result }) => rowScore('usd_per_hour', result!));
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
  expect(met.some(({ on_front }) => on_front)).toBe(true);
});

describe('mistakes', () => {
  const paths = (text: string) => issuesIn(() => open(text)).map(({ path, line }) => `${line}: ${path}`);

  test('a choice that is wrong whatever the others are is refused, all at once', () => {
    const text = SPEC.replace('[l4, l40s, h100-sxm-80gb]', '[l4, l41s]')
      .replace('[l4, l40s]', '[l4, h101]')
      .replace('top: 3', 'top: none');
    expect(paths(text)).toEqual([
      '9: fleet.choices.together.workers.hardware.choices[1]',
      '14: fleet.choices.apart.decoders.hardware.choices[1]',
      '20: top',
    ]);
  });

  test('a combination that cannot be is a row that fell, with its reason', async () => {
    const text = SPEC.replace('llama-3.1-8b\n', 'llama-3.1-70b\n');
    const result = await answer({}, text);
    expect(rowsIn(result)).toBe(102);
    expect(result.rejected.map(({ words }) => words).join('\n')).toContain(
      'fleet.workers.model: not a model that fits',
    );
  });
});

describe('reports', () => {
  test('say the same in text, JSON, CSV and on the page', async () => {
    const best = proved.kept[0];
    const text = sweepTable(proved);
    expect(text).toContain(`--row ${best.row}`);
    const json = sweepJson(proved) as { kept: Record<string, unknown>[] };
    expect(json.kept.length).toBe(proved.kept.length);
    expect(json.kept[0]['workers.hardware'] ?? null).toBe(best.choices.get('fleet.workers.hardware') ?? null);
    expect(countFates(proved).reduce((sum, [count]) => sum + count, 0)).toBe(102);
    const lines = [...csvLines(proved)];
    expect(lines.length).toBe(proved.kept.length + 1);
    const page = await sweepHtml(proved);
    expect(page).toContain(`data-row="${best.row}"`);
    for (const shown of [text, page.replace(/<script>.*<\/script>/s, '')])
      expect(shown).not.toMatch(/NaN|undefined|\[object/);
  });

  test('answer also where nothing keeps the promise, and where nothing can be', async () => {
    const missed = sweepTable(await answer({}, SPEC.replace('p99_ttft: 800ms', 'p99_ttft: 1ms')));
    expect(missed).toMatch(/0 of 102 keep the promise: .*Closest: .*misses\s+p99\s+TTFT\s+<=\s+1\s+ms/s);
    const none = sweepTable(await answer({}, SPEC.replaceAll('llama-3.1-8b', 'llama-3.1-405b')));
    expect(none).toMatch(/0 of 102 were simulated: \d+ \(.*not a model that fits/s);
  });
});

describe('error bands', () => {
  test('every simulated fleet has its own, those with prefill and decode apart the wider one; the digest leaves them out', () => {
    const { bands, regimes } = catalog.errorBands();
    for (const { choices, trust } of all.kept) {
      const own = bands[trust!.basis];
      const apart = choices.get('fleet') === 'apart';
      expect(trust!.regime === 'apart').toBe(apart);
      const least = trust!.regime === 'plain' ? 0 : regimes[trust!.regime].ttft_pct;
      expect(trust!.band.ttft_pct).toBe(Math.max(own.ttft_pct, least));
    }
    expect(all.kept.map(({ choices }) => choices.get('fleet'))).toContain('apart');
    const wider = all.kept.map((row) => ({ ...row, trust: null }));
    expect(digestOf({ ...all, kept: wider })).toBe(digestOf(all));
  });

  test('the answer says what they leave open, in every report', async () => {
    const said = sweepTable(all).replaceAll('\n', ' ');
    expect(said).toMatch(/p99 TTFT [\d,.]+ ms \(± \d+ %\), p99 TPOT [\d,.]+ ms \(± \d+ %\)/);
    expect(said).toMatch(/Within the error band it may miss|across the error band/);
    const json = sweepJson(all) as { trust: string[]; kept: Record<string, unknown>[] };
    expect(json.trust[0]).toContain('±');
    expect(json.kept[0].band_ttft_pct).toBe(all.kept[0].trust!.band.ttft_pct);
    expect(await sweepHtml(all)).toContain('error band');
  });
});

test('electricity on top: costs rise by it, and the proof still holds', async () => {
  const paid = await answer({}, `${SPEC}power: {pue: 1.3, usd_per_kwh: 0.5}\n`);
  expect(rowsIn(paid)).toBe(paid.rows);
  const result = paid.kept[0].result!;
  expect(result.electricity_usd_per_hour).toBeCloseTo((result.power_w / 1000) * 0.5, 9);
  const same = all.kept.find(({ row }) => row === paid.kept[0].row)!;
  expect(result.usd_per_hour).toBeCloseTo(same.result!.usd_per_hour + result.electricity_usd_per_hour, 9);
  expect(result.power_w).toBeCloseTo(same.result!.power_w * 1.3, 9);
  const everything = await answer({ exhaustive: true }, `${SPEC}power: {pue: 1.3, usd_per_kwh: 0.5}\n`);
  expect(paid.kept[0].row).toBe(everything.kept[0].row);
});

describe('axes of the question', () => {
  const RATES = SPEC.replace('request_rate: 12', 'request_rate: [4, 12]').replace(
    'count: {from: 1, to: 16}',
    'count: {from: 1, to: 8}',
  );

  test('each of their values has a winner, and the proof holds for each by itself', async () => {
    const [short, long] = [await answer({}, RATES), await answer({ exhaustive: true }, RATES)];
    expect(rowsIn(short)).toBe(short.rows);
    expect(short.dearer).toBeGreaterThan(0);
    const best = (result: SweepResult) =>
      winners(result)
        .map(({ scenario, row }) => `${scenario}: ${row}`)
        .sort();
    expect(best(short)).toEqual(best(long));
    expect(best(short).map((words) => words.split(':')[0])).toEqual(['request_rate 12', 'request_rate 4']);
    const said = sweepTable(short).replaceAll('\n', ' ');
    expect(said).toMatch(/Cheapest that meets .* for request_rate 4: .*request_rate 4: .*request_rate 12: /);
  });

  test('rows are judged by their own limits', async () => {
    const limits = await answer({ exhaustive: true }, SPEC.replace('p99_ttft: 800ms', 'p99_ttft: [1ms, 800ms]'));
    expect(new Set(limits.kept.filter(({ result }) => result!.slo_met).map(({ scenario }) => scenario))).toEqual(
      new Set(['p99_ttft 800ms']),
    );
    for (const { slo, choices } of limits.kept) {
      expect(slo[0].limit).toBe(choices.get('slo.p99_ttft') === '1ms' ? 0.001 : 0.8);
    }
  });
});
