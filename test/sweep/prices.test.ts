// Prices by kind in answers: what is ranked again under another kind is what a sweep at those prices finds, a flag is the key it stands for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { winners } from '../../src/report/answer.ts';
import { digestOf } from '../../src/report/digest.ts';
import { explainPrices } from '../../src/report/prices.ts';
import { sweepJson } from '../../src/report/sweep-json.ts';
import { sweepTable } from '../../src/report/terminal.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog();
const spec = (lines: string) => `
model: llama-3.1-8b
workload: {lengths: {input_len: 900, output_len: 120}, request_rate: 8, num_requests: 120}
deployment: {hardware: [l4, l40s, h100-sxm-80gb, mi300x], replicas: [1, 2, 4]}
engine: {profile: vllm-0.11, quantization: fp8}
slo: {p99_ttft: 700ms, p99_tpot: 45ms}
settle: 1000
${lines}`;

async function ask(lines: string, prices: string | null = null): Promise<SweepResult> {
  const opened = openCatalog({ prices });
  const question = openQuestion(spec(lines), 'prices.yaml', opened);
  return sweep(question, opened, { workers: 1, exhaustive: true, prices });
}

const OBJECTIVES = ['usd_per_hour', 'usd_per_million_tokens'];
let answers: Map<string, { each: SweepResult; one: SweepResult }>;
beforeAll(async () => {
  answers = new Map();
  for (const objective of OBJECTIVES) {
    const each = await ask(`objective: ${objective}\nprice_sheet: {choices: all}`);
    answers.set(objective, { each, one: await ask(`objective: ${objective}`) });
  }
});

describe.each(OBJECTIVES)('by %s', (objective) => {
  it('what is ranked again under a kind is what a sweep at its prices finds', () => {
    const { each, one } = answers.get(objective)!;
    const found = new Map(winners(each).map((row) => [row.scenario.replace('price_sheet ', ''), row]));
    expect([...found.keys()].sort()).toEqual(catalog.ids('prices'));
    const kinds = one.prices!.kinds;
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(catalog.ids('prices'));
    expect(kinds[0]!.kind).toBe('specialised');
    expect(kinds[0]!.row!.row).toBe(one.kept[0]!.row);
    for (const { kind, row, usd_per_hour } of kinds) {
      const best = found.get(kind)!;
      expect(usd_per_hour, kind).toBeCloseTo(best.usd_per_hour, 9);
      expect(row!.hosts, kind).toEqual(best.hosts);
    }
    // the kinds do not agree, or nothing was seen here
    expect(new Set(kinds.map(({ row }) => row!.hosts[0]!.hardware)).size).toBeGreaterThan(1);
  });
});

describe('an answer', () => {
  it('says what its prices are, how it does under the others, and under how many it holds', () => {
    const { one } = answers.get('usd_per_hour')!;
    const told = explainPrices(one).join(' ');
    const winner = one.kept[0]!.hosts[0]!.hardware;
    const holds = one.prices!.kinds.filter(({ row }) => row!.hosts[0]!.hardware === winner).length;
    expect(told).toMatch(/^Prices are specialised \(on demand at specialised clouds/);
    expect(told).toContain(`The answer's hardware holds under ${holds} of 5 kinds`);
    expect(holds).toBeLessThan(5);
    expect(sweepTable(one).replaceAll('\n', ' ')).toContain(`holds under ${holds} of 5 kinds`);
    const { prices } = sweepJson(one) as { prices: { sheet: string; kinds: { kind: string; row: number }[] } };
    expect([prices.sheet, prices.kinds.length]).toEqual(['specialised', 5]);
  });

  it('counts what has no price of its kind', async () => {
    const { one } = answers.get('usd_per_hour')!;
    const without = Object.fromEntries(one.prices!.kinds.map((kind) => [kind.kind, [kind.tried, kind.without]]));
    const tried = new Set(one.kept.filter(({ result }) => result?.slo_met).map(({ hosts }) => hosts[0]!.hardware));
    const missing = (kind: string) =>
      ['l4', 'l40s', 'h100-sxm-80gb', 'mi300x'].filter(
        (id) => !catalog.sheet(kind).prices.some(({ hardware }) => hardware === id),
      );
    for (const kind of catalog.ids('prices'))
      expect(without[kind], kind).toEqual([tried.size, missing(kind).filter((id) => tried.has(id)).length]);
    expect(missing('reserved')).toEqual(['l4', 'l40s']);
    expect(explainPrices(await ask('price_sheet: reserved')).join(' ')).toMatch(
      /2 of the 4 kinds of device asked for have no price of the kind reserved and cannot win \(2 rented out at other kinds of price only\)/,
    );
  });

  it("takes the spec's own prices for a kind by themselves", async () => {
    const answer = await ask('prices: {mi300x: 0.01}');
    const { kinds } = answer.prices!;
    expect(kinds.map(({ kind }) => kind)).toEqual(['your own', ...catalog.ids('prices')]);
    const plain = answers.get('usd_per_hour')!.one.prices!.kinds;
    for (const { kind, usd_per_hour } of plain)
      expect(kinds.find((own) => own.kind === kind)!.usd_per_hour, kind).toBe(usd_per_hour);
    expect(explainPrices(answer)[0]).toBe('Prices: MI300X your own $0.01/h.');
  });

  it('where prices do not decide, says what they are and no more', async () => {
    const told = explainPrices(await ask('objective: devices'));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^Prices are specialised/);
  });
});

describe('--prices', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mist-sweep-prices-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is the key price_sheet, whatever the spec says, in the threads too', async () => {
    const key = await ask('price_sheet: spot');
    const flag = await ask('price_sheet: owned', 'spot');
    expect(digestOf(flag)).toBe(digestOf(key));
    expect(digestOf(await ask('price_sheet: owned'))).not.toBe(digestOf(key));
    expect(sweepTable(flag)).toContain('--prices spot shows it in full');
    expect(sweepTable(key)).not.toContain('--prices');
  });

  it('takes a list, which is then one more kind', async () => {
    const list = join(folder, 'mine.csv');
    writeFileSync(list, 'hardware,usd_per_hour\nmi300x,0.01\nl4,0.5\n');
    const answer = await ask('', list);
    expect(answer.kept[0]!.hosts[0]!.hardware).toBe('mi300x');
    expect(answer.prices!.kinds.map(({ kind }) => kind)).toEqual([list, ...catalog.ids('prices')]);
    expect(explainPrices(answer).join(' ')).toContain(
      `Prices are ${list} (your own list): MI300X $0.01/h (0.01; no date).`,
    );
    const named = openQuestion(spec(`price_sheet: ${list}`), 'prices.yaml', catalog);
    expect(digestOf(await sweep(named, catalog, { workers: 1, exhaustive: true }))).toBe(digestOf(answer));
  });

  it('owning pays for power by the joule where electricity has a price', async () => {
    const plain = await ask('price_sheet: owned');
    const metered = await ask('price_sheet: owned\npower: {usd_per_kwh: 0.15, pue: 1.3}');
    const [a, b] = [plain.kept[0]!, metered.kept.find(({ row }) => row === plain.kept[0]!.row)!];
    expect(b.result!.electricity_usd_per_hour).toBeGreaterThan(0);
    // what the board draws in fact is at most what it may draw
    expect(b.usd_per_hour).toBeLessThan(a.usd_per_hour);
    const used = await ask('price_sheet: owned\nownership: {utilisation: 0.5}');
    const half = used.kept.find(({ row }) => row === a.row)!;
    expect(half.usd_per_hour).toBeGreaterThan(1.5 * a.usd_per_hour);
    expect(half.usd_per_hour).toBeLessThan(2 * a.usd_per_hour);
  });
});
