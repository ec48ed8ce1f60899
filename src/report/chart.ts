// A scatter as an SVG picture: points by kind, the front, the winner. Colours are CSS variables, so one picture serves light and dark.
import { formatGiven } from './format.ts';
import type { Point, PointKind, Scatter } from './points.ts';

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

export const CHART_SIZE: ChartSize = { width: 620, height: 420 };

/** Drawing order: what matters lies on top. */
const KINDS: readonly { readonly kind: PointKind; readonly radius: number }[] = [
  { kind: 'screened', radius: 2.4 },
  { kind: 'missed', radius: 3 },
  { kind: 'met', radius: 3.8 },
];

/** Colours of the page for one scheme, as CSS custom properties. */
export const LIGHT = {
  '--ink': '#16181d',
  '--soft': '#5c6370',
  '--line': '#e3e5ea',
  '--paper': '#ffffff',
  '--screened': '#b4bac6',
  '--missed': '#d9822b',
  '--met': '#2b6cb0',
  '--front': '#0b7a5c',
  '--winner': '#0b7a5c',
  '--series-1': '#2b6cb0',
  '--series-2': '#b4491a',
  '--series-3': '#7b4fb5',
  '--series-4': '#0e7c86',
  '--series-5': '#a8326e',
  '--series-6': '#7a6a00',
} as const;

export const DARK = {
  '--ink': '#e9ebf0',
  '--soft': '#9aa3b2',
  '--line': '#2b303a',
  '--paper': '#171a21',
  '--screened': '#545c6b',
  '--missed': '#e8a15a',
  '--met': '#6aa9f0',
  '--front': '#3ecf9c',
  '--winner': '#3ecf9c',
  '--series-1': '#6aa9f0',
  '--series-2': '#f0915c',
  '--series-3': '#b79af0',
  '--series-4': '#56c7d1',
  '--series-5': '#ee86b7',
  '--series-6': '#d3c04a',
} as const;

export function cssVariables(scheme: Readonly<Record<string, string>>): string {
  return Object.entries(scheme)
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

const FRAME = {
  ...{ className: 'mist-chart', marginLeft: 56, marginRight: 20, marginTop: 30, marginBottom: 44 },
  style: { background: 'transparent', color: 'var(--soft)', fontSize: '12px', overflow: 'visible' },
};

/** The picture as SVG text; each point carries `data-row` and its hover text. Loads the plotting library on first use. */
export async function drawChart(scatter: Scatter, size: ChartSize = CHART_SIZE): Promise<string> {
  const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<html><body></body></html>');
  const dots = KINDS.map(({ kind, radius }) => ({
    kind,
    radius,
    points: scatter.points.filter((point) => point.kind === kind && point !== scatter.winner),
  }));
  const at = { x: (point: Point) => point.x, y: (point: Point) => point.y, title: (point: Point) => point.title };
  const winner = scatter.winner ? [scatter.winner] : [];
  const limit = scatter.xLimit === null ? [] : [scatter.xLimit];
  const x = axisOf(scatter, 'x', size.width / 110);
  const y = axisOf(scatter, 'y', size.height / 60);
  const svg = Plot.plot({
    document: document as unknown as Document,
    ...size,
    ...FRAME,
    x,
    y,
    marks: [
      Plot.gridX({ stroke: 'var(--line)', strokeOpacity: 1, ticks: x.ticks }),
      Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1, ticks: y.ticks }),
      Plot.ruleX(limit, { stroke: 'var(--soft)', strokeDasharray: '4 4' }),
      Plot.text(limit, { x: (value) => value, frameAnchor: 'top', text: () => 'limit', dy: -14, fill: 'var(--soft)' }),
      ...dots.map(({ kind, radius, points }) =>
        Plot.dot(points, { ...at, ...styleOf(kind, scatter), r: radius, className: kind }),
      ),
      ...scatter.series.map(({ front }, i) =>
        Plot.line(front, { x: 'x', y: 'y', stroke: seriesColour(i), strokeWidth: 1.2, curve: scatter.frontCurve }),
      ),
      Plot.line(scatter.front, { x: 'x', y: 'y', stroke: 'var(--front)', strokeWidth: 1.6, curve: scatter.frontCurve }),
      Plot.dot(scatter.front, { ...at, r: 3.8, fill: 'var(--front)', className: 'front' }),
      Plot.dot(winner, {
        ...at,
        r: 7.5,
        fill: 'var(--winner)',
        stroke: 'var(--paper)',
        strokeWidth: 2,
        className: 'winner',
      }),
      Plot.text(winner, {
        x: 'x',
        y: 'y',
        text: (point: Point) => point.title.split('\n')[0],
        ...labelPlace(scatter),
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 5,
        fontWeight: 600,
        fontSize: 13,
      }),
    ],
  });
  for (const { kind, points } of dots) tagPoints(svg, kind, points);
  tagPoints(svg, 'front', scatter.front);
  tagPoints(svg, 'winner', winner);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${scatter.title}: ${scatter.yWords} against ${scatter.xWords}`);
  return svg.outerHTML;
}

/** Logarithmic axes are labelled at 1, 2 and 5 times a power of ten; more would crowd. */
function axisOf(scatter: Scatter, axis: 'x' | 'y', ticks: number) {
  const words = {
    label: axis === 'x' ? scatter.xWords : scatter.yWords,
    labelAnchor: 'center',
    labelArrow: 'none',
  } as const;
  const frame = { ...words, tickSize: 0, inset: 10, tickFormat: formatTick };
  if (!(axis === 'x' ? scatter.logX : scatter.logY)) return { ...frame, type: 'linear' as const, nice: true, ticks };
  return { ...frame, type: 'log' as const, ticks: logTicks(scatter.points.map((point) => point[axis])) };
}

function logTicks(values: readonly number[]): number[] {
  const min = Math.min(...values);
  const max = Math.max(...values);
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    for (const digit of max / min > 2000 ? [1] : [1, 2, 5]) ticks.push(Number(`${digit}e${power}`));
  }
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** "0.5", "20", "5k", "2M". */
function formatTick(value: number): string {
  if (value >= 1e6) return `${formatGiven(value / 1e6)}M`;
  return value >= 1000 ? `${formatGiven(value / 1000)}k` : formatGiven(value);
}

/** Colour of an accelerator by its place among the series. */
export const seriesColour = (i: number): string => `var(--series-${i + 1})`;

/** What was simulated has the colour of its accelerator where several are compared. */
function styleOf(kind: PointKind, { series }: Scatter) {
  const own = ({ series: name }: Point): string => {
    const i = series.findIndex((one) => one.name === name);
    return i < 0 ? `var(--${kind})` : seriesColour(i);
  };
  if (kind === 'missed') return { stroke: own, strokeWidth: 1.2, fill: 'none' };
  if (kind === 'screened') return { fill: 'var(--screened)', fillOpacity: 0.7 };
  return { fill: own, fillOpacity: 0.9 };
}

/** The label goes to the side that has room. */
function labelPlace(scatter: Scatter): { textAnchor: 'start' | 'end'; dx: number; dy: number } {
  const right = scatter.points.filter((point) => scatter.winner !== null && point.x > scatter.winner.x).length;
  const roomy = right > scatter.points.length / 4;
  return { textAnchor: roomy ? 'start' : 'end', dx: roomy ? 13 : -13, dy: -12 };
}

/** Circles come in the order of their points: the page's script finds the table row of a point by this attribute. */
function tagPoints(svg: Element, name: string, points: readonly Point[]): void {
  const circles = svg.querySelectorAll(`g.${name} circle`);
  for (let i = 0; i < circles.length; i++) circles[i].setAttribute('data-row', String(points[i].row));
}

/** A picture that stands alone (README, slides): it brings its colours for both schemes, a title and a legend. */
export async function drawStandalone(scatter: Scatter): Promise<string> {
  const size = { width: 860, height: 520 };
  const svg = await drawChart(scatter, size);
  const body = svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'));
  const style =
    `svg{${cssVariables(LIGHT)};font-family:system-ui,sans-serif;font-size:12px}` +
    `@media (prefers-color-scheme:dark){svg{${cssVariables(DARK)}}}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -34 ${size.width} ${size.height + 34}" width="${size.width}" ` +
    `height="${size.height + 34}" fill="currentColor" color="var(--soft)" text-anchor="middle"><style>${style}</style>` +
    `<rect y="-34" width="100%" height="100%" fill="var(--paper)"/>` +
    `<g text-anchor="start">${drawLegend(scatter, 56)}</g>${body}</svg>\n`
  );
}

const LEGEND: Readonly<Record<PointKind, string>> = {
  screened: 'screened',
  missed: 'simulated, misses the limits',
  met: 'simulated, meets the limits',
};

function drawLegend(scatter: Scatter, left: number): string {
  let x = left;
  const parts: string[] = [];
  for (const { kind } of KINDS) {
    if (!scatter.points.some((point) => point.kind === kind)) continue;
    const paint = kind === 'missed' ? 'fill="none" stroke="var(--missed)" stroke-width="1.5"' : `fill="var(--${kind})"`;
    parts.push(`<circle cx="${x}" cy="-14" r="4" ${paint}/><text x="${x + 9}" y="-10">${LEGEND[kind]}</text>`);
    x += 34 + 6.4 * LEGEND[kind].length;
  }
  parts.push(
    `<path d="M${x - 4} -14h18" stroke="var(--front)" stroke-width="2"/><text x="${x + 20}" y="-10">front</text>`,
  );
  return parts.join('');
}
