// Pictures of invented points: where labels, ticks, curves and legends lie, whatever the figures are.

/** The same numbers from 0 to 1 every time. */
function openRandom(state) {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const KINDS = ['screened', 'missed', 'met'];
const WORDS = { xWords: 'what x is', yWords: 'what y is', title: 'invented', xLimit: null, frontCurve: 'step-after' };

/** `x`, `y`: from and to; `winner`: where the first point lies, as shares of both. */
const CHARTS = {
  'few, one of each kind': { count: 3, x: [1, 9], y: [2, 4] },
  'millions against shares, a limit, the winner at the top left': {
    ...{
      count: 40,
      x: [900, 2e6],
      y: [0.01, 0.9],
      winner: [0, 1],
      limit: 4e4,
      series: 3,
      label: 'a name that is long',
    },
  },
  'more accelerators than colours, the winner at the bottom right': {
    ...{ count: 60, x: [1000, 5000], y: [1e4, 9e4], winner: [1, 0], series: 9, label: 'winner' },
  },
  'crowded at the right edge, the winner in the middle of it': {
    ...{ count: 200, x: [90, 100], y: [90, 100], winner: [0.97, 0.5], limit: 97, label: 'a label of many letters' },
  },
  'nothing keeps the limits': { count: 30, x: [1, 1e6], y: [1, 1e6], kinds: ['screened', 'missed'], series: 2 },
  'one point': { count: 1, x: [5, 5], y: [5, 5], kinds: ['met'] },
  'points that have no place': { count: 12, x: [-1, 3], y: [-1, 3], winner: [0, 0], kinds: ['met'] },
};

function invent({ count, x, y, winner, kinds = KINDS, series = 1, label = 'W' }, seed) {
  const random = openRandom(seed);
  const within = ([from, to], share) => Number((from + (to - from) * share).toPrecision(6));
  return Array.from({ length: count }, (_, i) => {
    const shares = i === 0 && winner ? winner : [random(), random()];
    const kind = i === 0 ? kinds.at(-1) : kinds[i % kinds.length];
    const own = `series ${Math.floor(series * random() ** 2)}`;
    return { x: within(x, shares[0]), y: within(y, shares[1]), kind, row: i, series: own, label, title: `point ${i}` };
  });
}

/** What is written where, and the lines: of many circles the first. */
const sketch = (svg) =>
  svg
    .replaceAll('<', '\n<')
    .split('\n')
    .filter((line) => /<(text|path|line|circle)/.test(line))
    .filter((line, i) => !line.startsWith('<circle') || i % 9 === 0)
    .map((line) => `  ${line.replace(/ fill="var.*?"/, '').slice(0, 150)}\n`)
    .join('');

export function openCharts(load) {
  return async () => {
    process.env.COLUMNS = '120';
    const [{ plotScatter }, { drawStandalone, drawChart, NARROW_SIZE }, { drawScatter }] = await Promise.all(
      ['points', 'chart', 'scatter-text'].map((name) => load(`report/${name}`)),
    );
    const drawn = Object.entries(CHARTS).map(async ([name, chart], seed) => {
      const better = seed % 2 === 0 ? { x: 1, y: 1 } : { x: -1, y: 1 };
      const scatter = plotScatter(invent(chart, seed), better, { ...WORDS, xLimit: chart.limit ?? null });
      const text = drawScatter(scatter, 70, 9).map((line) => `  ${line}\n`);
      const narrow = seed % 2 === 1 ? sketch(await drawChart(scatter, NARROW_SIZE)) : '';
      return `${name}\n${text.join('')}${sketch(await drawStandalone(scatter))}${narrow}`;
    });
    return (await Promise.all(drawn)).join('');
  };
}
