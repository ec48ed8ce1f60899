// Pictures of points: whatever the figures, labels of the y axis stay clear of the words along it.
import { expect, test } from 'vitest';
import type { KeptRow } from '../../src/metrics/sweep.ts';
import { CHART_SIZE, drawChart, formatTick, NARROW_SIZE } from '../../src/report/chart.ts';
import { costScatter, type Point, type Scatter, throughputScatter } from '../../src/report/points.ts';
import { makeSweep } from './fixture.ts';

const TEXT = { row: 0, series: 'a', label: '', title: '', xBand: null, yBand: null } as const;
const scatterOf = (ys: readonly number[], logY: boolean): Scatter => {
  const points = ys.map((y, i): Point => ({ ...TEXT, x: i + 1, y, kind: 'met' }));
  return {
    ...{ points, total: ys.length, front: [], winner: null, series: [], xWords: 'ms', yWords: 'USD', title: 'made up' },
    ...{ xLimit: null, frontCurve: 'step-after', logX: false, logY },
  };
};

test.each([
  ['four digits', [1, 2, 3], false],
  ['five digits', [0.1201, 0.1203, 0.1207], false],
  ['many digits', [1.00001, 1.00002, 1.00005], false],
  ['a logarithmic axis', [0.00012, 0.3], true],
])('labels of %s stay clear of the words beside them', async (_, ys, logY) => {
  for (const size of [CHART_SIZE, NARROW_SIZE]) {
    const svg = await drawChart(scatterOf(ys, logY), size);
    // labels end where the plot begins, at the first grid line's left end
    const starts = [...svg.matchAll(/<line[^>]*\bx1="([\d.]+)"/g)].map(([, at]) => Number(at));
    expect(starts.length).toBeGreaterThan(1);
    const left = Math.min(...starts);
    const texts = [...svg.matchAll(/text-anchor="end"[^>]*>(.*?)<\/g>/gs)].flatMap(([, inside]) =>
      [...inside!.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text!),
    );
    expect(texts.length).toBeGreaterThan(1);
    const widest = Math.max(...texts.map((text) => text.length)) * 6.6; // px a digit at 12 px
    expect(left - 3 - widest).toBeGreaterThan(15); // beyond the words, which stand on their side
  }
});

const winnerWith = (change: (row: KeptRow) => KeptRow, draw = throughputScatter): Point => {
  const [first, ...rest] = makeSweep().kept;
  return draw(makeSweep({ kept: [change(first!), ...rest] })).winner!;
};
const banded = (pct: number) => (row: KeptRow) => ({
  ...row,
  trust: { ...row.trust!, band: { ttft_pct: pct, tpot_pct: pct, throughput_pct: pct, power_pct: pct } },
});
test('error bars reach as far as the bands of what an axis shows, and are drawn', async () => {
  const { x, xBand, yBand } = winnerWith(banded(25));
  expect(xBand![0]).toBeCloseTo(x / 1.25); // one over a latency
  expect(xBand![1]).toBeCloseTo(x / 0.75);
  expect(yBand).toBeNull(); // an open loop: the load decides how many tokens there are
  const waiting = winnerWith(banded(60), costScatter);
  expect(waiting.xBand!.map((end) => end / waiting.x)).toEqual([expect.closeTo(0.4), expect.closeTo(1.6)]);
  const wide = winnerWith(banded(150), costScatter);
  expect(wide.xBand!.map((end) => end / wide.x)).toEqual([expect.closeTo(0.4), expect.closeTo(2.5)]);
  const bars = async (xBand: Point['xBand']): Promise<number> => {
    const scatter = scatterOf([1, 2, 3], false);
    const winner = { ...scatter.points[1]!, xBand };
    const svg = await drawChart({ ...scatter, winner, front: [winner] });
    return [...svg.matchAll(/<g[^>]*class="bars".*?<\/g>/gs)].flatMap(([inside]) => inside.match(/<line/g) ?? [])
      .length;
  };
  expect([await bars(null), await bars([1, 3])]).toEqual([0, 1]);
});

test('what is not determined has no error bar', () => {
  const none = winnerWith(banded(Number.POSITIVE_INFINITY));
  expect(none.xBand).toBeNull();
  expect(none.title).toContain('TTFT not determined');
});

test('ticks of thousands and millions are short', () => {
  const words = [0.5, 999, 1000, 1500, 999_000, 1e6, 2.5e6].map(formatTick);
  expect(words).toEqual(['0.5', '999', '1k', '1.5k', '999k', '1M', '2.5M']);
});
