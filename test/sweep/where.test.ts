// A sweep under `where`: every row is accounted for, those left out are counted as such, and the answer is that of the rows that count.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { onePool } from '../../src/spec/shape.ts';
import { SMALL_SPEC } from './small-spec.ts';

const catalog = openCatalog({});
const WHERE = 'devices == 4 and (tp == 1 or quantization == "fp8") or tp == 2 and hardware == "l40s"';
/** The same question in a shape that the screen does not know. */
const WEIGHED = SMALL_SPEC.replace('replicas: [1, 2, 4]', 'replicas: r').replace('name: small', 'let: {r: [1, 2, 4]}');

function ask(spec: string, exhaustive = false): Promise<SweepResult> {
  return sweep(openQuestion(`${spec}where: '${WHERE}'\n`, 'small.yaml', catalog), catalog, { workers: 1, exhaustive });
}

const leftOut = ({ rejected }: SweepResult): number =>
  rejected.find(({ words }) => words === 'left out by where')?.count ?? 0;
const leaders = ({ kept }: SweepResult) =>
  kept
    .filter(({ result }) => result?.slo_met)
    .map(({ usd_per_hour, result }) => [usd_per_hour, result!.ttft.p99])
    .slice(0, 2);

describe('a sweep under where', async () => {
  const question = openQuestion(`${SMALL_SPEC}where: '${WHERE}'\n`, 'small.yaml', catalog);
  const counts = Array.from({ length: question.rows }, (_, row) => question.keeps(row)).filter((kept) => !kept).length;
  const screened = await ask(SMALL_SPEC);
  const others = [await ask(SMALL_SPEC, true), await ask(WEIGHED), await ask(WEIGHED, true)];

  test('has rows of both kinds, and an answer', () => {
    expect(onePool(question)).not.toBeNull();
    expect(counts).toBeGreaterThan(50);
    expect(counts).toBeLessThan(question.rows - 20);
    expect(leaders(screened)).toHaveLength(2);
  });

  test('counts what is left out, screened and weighed, proved and exhaustive', () => {
    for (const result of [screened, ...others]) {
      expect(leftOut(result)).toBe(counts);
      const fallen = result.rejected.reduce((sum, { count }) => sum + count, 0);
      expect(fallen + result.dearer + result.simulated + result.unreached).toBe(result.rows);
      expect(result.kept.filter(({ result: run }) => run).every(({ row }) => result.specAt(row))).toBe(true);
    }
  });

  test('answers as if only the rows that count were there', () => {
    // how settings of one deployment are told apart differs by shape: the best is the same
    for (const result of others) expect(leaders(result)[0]).toEqual(leaders(screened)[0]);
    for (const { row, result } of screened.kept) if (result) expect(question.keeps(row)).toBe(true);
  });
});
