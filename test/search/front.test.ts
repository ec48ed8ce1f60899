// The front of several objectives: what a proof leaves out, if simulated, is beaten by what it found.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { rowScore, type SweepResult } from '../../src/metrics/sweep.ts';
import { frontPoints } from '../../src/report/front.ts';
import { writeSweep } from '../../src/report/write.ts';
import { floorOf, leastScoreOf } from '../../src/run/bounds.ts';
import { sweep } from '../../src/run/sweep.ts';
import { verifySweep } from '../../src/run/verify.ts';
import { openQuestion } from '../../src/spec/question.ts';
import type { Objective } from '../../src/spec/types.ts';
import { exhaustive } from './exhaustive.ts';
import { SPACES } from './spaces.ts';

const catalog = openCatalog({});
const folder = mkdtempSync(join(tmpdir(), 'mist-front-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** `objective` ranks, and has one leader found: what else is on the front the front's own proof must find. */
const SPACE_OF: readonly (readonly [space: string, objective: Objective, pareto: readonly Objective[]])[] = [
  ['cheapest', 'devices', ['usd_per_hour', 'watts']],
  ['cheapest', 'usd_per_hour', ['output_throughput_per_device', 'usd_per_hour', 'tokens_per_joule']],
  ['two rates, a winner for each', 'usd_per_hour', ['watts', 'usd_per_million_tokens']],
  ['limits that nothing keeps', 'usd_per_hour', ['usd_per_hour', 'watts']],
  ['apart or together, cheapest', 'devices', ['watts', 'usd_per_hour']],
  ['apart or together, cheapest', 'devices', ['devices', 'usd_per_hour']],
  ['apart or together, cheapest', 'output_throughput_per_device', ['usd_per_hour', 'output_throughput_per_device']],
];

/** More rows of one device than the first wave of a proof has. */
const SEQS = '[8, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256]';

function textOf(space: string, objective: Objective, pareto: readonly Objective[]): string {
  const own = SPACES[space]!.replace(/objective: \w+/, `objective: ${objective}`)
    .replace(/top: \d+/, 'top: 1')
    .replace('max_num_seqs: {choices: [16, 128]}', `max_num_seqs: {choices: ${SEQS}}`);
  return `${own}\npareto: [${pareto.join(', ')}]\n`;
}

const ask = (...asked: Parameters<typeof textOf>) => openQuestion(textOf(...asked), 'space.yaml', catalog);

const proofs = new Map<string, Promise<SweepResult>>();
/** In one thread, once. */
function prove(asked: Readonly<Parameters<typeof textOf>>): Promise<SweepResult> {
  const known = proofs.get(textOf(...asked)) ?? sweep(ask(...asked), catalog, { workers: 1 });
  proofs.set(textOf(...asked), known);
  return known;
}

/** Its rows, by scenario and scores. */
function front({ kept }: SweepResult, pareto: readonly Objective[]): string[] {
  const on = kept.filter(({ on_front }) => on_front);
  return on
    .map(({ scenario, row, result }) => `${scenario} ${row} ${pareto.map((one) => rowScore(one, result!))}`)
    .sort();
}

describe('L10: proved and exhaustive give one front', () => {
  let [left, points] = [0, 0];
  test.each(SPACE_OF)('%s, by %s: %s', { timeout: 600_000 }, async (...[space, objective, pareto]) => {
    const all = await exhaustive(textOf(space, objective, pareto), catalog);
    const proved = await prove([space, objective, pareto]);
    expect(front(proved, pareto)).toEqual(front(all, pareto));
    expect(proved.front).toMatchObject({ complete: true, objectives: pareto });
    // whatever keeps the promise is beaten by a point, or is on the front
    const scores = frontPoints(proved).map(({ scenario, result }) => ({
      scenario,
      at: pareto.map((one) => rowScore(one, result!)),
    }));
    for (const { scenario, result, on_front } of all.kept.filter((row) => row.result?.slo_met)) {
      const own = pareto.map((one) => rowScore(one, result!));
      const worse = scores.some(
        (point) =>
          point.scenario === scenario &&
          point.at.every((value, k) => value <= own[k]!) &&
          point.at.some((value, k) => value < own[k]!),
      );
      expect(worse).toBe(!on_front);
    }
    left += proved.front!.beaten;
    points += scores.length;
  });

  test('two threads prove the front of one', { timeout: 600_000 }, async () => {
    const [one, two] = [await prove(SPACE_OF[4]!), await sweep(ask(...SPACE_OF[4]!), catalog, { workers: 2 })];
    expect(front(two, SPACE_OF[4]![2])).toEqual(front(one, SPACE_OF[4]![2]));
    expect(two.front).toEqual(one.front);
  });

  test('what simulates every row says of its front that it is whole', async () => {
    const [space, objective, pareto] = SPACE_OF[4]!;
    const all = await sweep(ask(space, objective, pareto), catalog, { workers: 1, exhaustive: true });
    expect(all.front).toMatchObject({ complete: true, beaten: 0 });
    expect(all.kept).toEqual((await exhaustive(textOf(space, objective, pareto), catalog)).kept);
  });

  test('fronts have several points, and most rows need no run', () => {
    expect(points).toBeGreaterThan(12);
    expect(left).toBeGreaterThan(100);
  });
});

test('a floor as a score: never above what a row with such a cost scores, and equal to that of its own cost', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 64 }), (price, devices) => {
      const floor = leastScoreOf(floorOf('usd_per_hour', { usdPerHour: price * devices, devices }, { mostTokens: 1 }));
      let sum = 0;
      for (let i = 0; i < devices; i++) sum += price;
      expect(floor).toBeLessThanOrEqual(Number(sum.toPrecision(12)));
      const whole = Math.ceil(price);
      expect(leastScoreOf(floorOf('devices', { usdPerHour: 1, devices: whole }, { mostTokens: 1 }))).toBe(whole);
      expect(
        leastScoreOf(floorOf('output_throughput_per_device', { usdPerHour: 1, devices }, { mostTokens: price })),
      ).toBeLessThanOrEqual(Number((-price / devices).toPrecision(12)));
    }),
  );
});

test('mist verify runs the front again, and finds a point that was taken away', { timeout: 600_000 }, async () => {
  const pareto = ['usd_per_hour', 'watts'] as const;
  const question = ask('cheapest', 'usd_per_hour', pareto);
  const result = await sweep(question, catalog, { workers: 1 });
  await writeSweep(folder, result);
  const json = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  expect(json.front.rows.map(({ row }: { row: number }) => row)).toEqual(frontPoints(result).map(({ row }) => row));
  expect(json.certificate.front).toMatchObject({ proved: true, objectives: pareto });
  const options = { workers: 1, sample: question.rows, seed: undefined, catalogFolder: null, prices: null };
  const leaders = json.kept.filter((row: { slo_met: boolean }) => row.slo_met);
  const verified = await verifySweep(question, { rows: question.rows, leaders }, options);
  expect(verified).toMatchObject({ changed: [], better: [] });
  // the point with the least power is not the cheapest
  const scores = ({ result: own }: SweepResult['kept'][number]) => String(pareto.map((one) => rowScore(one, own!)));
  const last = frontPoints(result).at(-1)!.row;
  const same = scores(result.kept.find(({ row }) => row === last)!);
  // with all that are equal to it
  const gone = new Set(result.kept.filter((one) => one.result && scores(one) === same).map(({ row }) => row));
  const poorer = leaders.filter(({ row }: { row: number }) => !gone.has(row));
  const found = await verifySweep(question, { rows: question.rows, leaders: poorer }, options);
  expect(found.better).toContain(last);
});

test('mistakes: one objective, one twice, a word that is none', () => {
  for (const words of ['[usd_per_hour]', '[watts, watts]', '[usd_per_hour, speed]', 'watts'])
    expect(() => openQuestion(`${SPACES.cheapest}\npareto: ${words}\n`, 'space.yaml', catalog)).toThrow(/pareto/);
  expect(openQuestion(SPACES.cheapest!, 'space.yaml', catalog).pareto).toEqual([]);
});
