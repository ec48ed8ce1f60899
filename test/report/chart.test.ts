// Pictures of points: whatever the figures, labels of the y axis stay clear of the words along it.
import { expect, test } from 'vitest';
import { CHART_SIZE, drawChart, NARROW_SIZE } from '../../src/report/chart.ts';
import type { Point, Scatter } from '../../src/report/points.ts';

const TEXT = { row: 0, series: 'a', label: '', title: '' } as const;
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
