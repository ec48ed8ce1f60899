// A scatter as an SVG picture: points by kind, the front, the winner. Colours are CSS variables, so one picture serves light and dark.
import { openDocument } from '../host/host.ts';
import { logTicks } from './fleet/axis.ts';
import { formatGiven } from './format.ts';
import { escapeHtml } from './html-text.ts';
import type { Point, PointKind, Scatter } from './points.ts';

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

export const CHART_SIZE: ChartSize = { width: 620, height: 420 };
/** For phones: as wide as their text column, so that words keep their size. */
export const NARROW_SIZE: ChartSize = { width: 340, height: 360 };

/** Drawing order: what matters lies on top. */
const KINDS: readonly { readonly kind: PointKind; readonly radius: number }[] = [
  { kind: 'screened', radius: 2.4 },
  { kind: 'missed', radius: 3 },
  { kind: 'met', radius: 3.8 },
];

/** Colours of the page, light and dark, by CSS custom property. */
const COLOURS = {
  '--ink': ['#16181d', '#e9ebf0'],
  '--soft': ['#5c6370', '#9aa3b2'],
  '--line': ['#e3e5ea', '#2b303a'],
  '--paper': ['#ffffff', '#171a21'],
  '--screened': ['#b4bac6', '#545c6b'],
  '--missed': ['#d9822b', '#e8a15a'],
  '--met': ['#2b6cb0', '#6aa9f0'],
  '--front': ['#0b7a5c', '#3ecf9c'],
  '--winner': ['#0b7a5c', '#3ecf9c'],
  '--series-1': ['#2b6cb0', '#6aa9f0'],
  '--series-2': ['#b4491a', '#f0915c'],
  '--series-3': ['#7b4fb5', '#b79af0'],
  '--series-4': ['#0e7c86', '#56c7d1'],
  '--series-5': ['#a8326e', '#ee86b7'],
  '--series-6': ['#7a6a00', '#d3c04a'],
} as const;

type Scheme = Readonly<Record<keyof typeof COLOURS, string>>;
const schemeOf = (place: 0 | 1): Scheme =>
  Object.fromEntries(Object.entries(COLOURS).map(([name, pair]) => [name, pair[place]])) as Scheme;

export const LIGHT = schemeOf(0);
export const DARK = schemeOf(1);

export function cssVariables(scheme: Readonly<Record<string, string>>): string {
  return Object.entries(scheme)
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

/** The picture as SVG text; each point carries `data-row` and its hover text. Loads the plotting library on first use. */
export async function drawChart(scatter: Scatter, size: ChartSize = CHART_SIZE): Promise<string> {
  const [Plot, document] = await Promise.all([import('@observablehq/plot'), openDocument()]);
  const dots = KINDS.map(({ kind, radius }) => ({
    kind,
    radius,
    points: scatter.points.filter((point) => point.kind === kind && point !== scatter.winner),
  }));
  const winner = scatter.winner ? [scatter.winner] : [];
  const x = scaleOf(scatter, 'x', size.width / 62);
  const y = scaleOf(scatter, 'y', size.height / 44);
  const plot = (marginLeft: number) =>
    Plot.plot({
      document,
      ...size,
      className: 'mist-chart',
      marginLeft,
      marginRight: 20,
      marginTop: 30,
      marginBottom: 44,
      style: { background: 'transparent', color: 'var(--soft)', fontSize: '12px', overflow: 'visible' },
      x: x.scale,
      y: y.scale,
      marks: [
        Plot.gridX({ stroke: 'var(--line)', strokeOpacity: 1, ticks: x.ticks }),
        Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1, ticks: y.ticks }),
        Plot.axisX({ ...AXIS, ticks: x.ticks, label: scatter.xWords }),
        Plot.axisY({ ...AXIS, ticks: y.ticks, label: scatter.yWords }),
        ...drawMarks(Plot, scatter, dots),
      ],
    });
  const first = plot(LEAST_LEFT);
  const left = roomForTicks(first);
  const svg = left > LEAST_LEFT ? plot(left) : first;
  const groups = [
    ...dots.map(({ kind, points }) => [kind, points] as const),
    ['front', scatter.front] as const,
    ['winner', winner] as const,
  ];
  for (const [name, points] of groups) tagPoints(svg, name, points);
  labelWinner(svg as Plotted, scatter, size);
  // the picture has a name of its own, and groups without a role may have none
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${scatter.title}: ${scatter.yWords} against ${scatter.xWords}`);
  return svg.outerHTML;
}

/** Pixels left of the y axis: for the words along it, and labels of four digits. */
const LEAST_LEFT = 56;
const AROUND_LABEL = 28;
const DIGIT = 6.8;

/** The same for the longest label that a picture has. */
function roomForTicks(svg: Element): number {
  const labels = [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')].map(
    (text) => text.textContent ?? '',
  );
  return Math.ceil(AROUND_LABEL + DIGIT * Math.max(0, ...labels.map(({ length }) => length)));
}

/** Text that is given, and not a format: the library would leave labels of a logarithmic axis out. */
const AXIS = { tickSize: 0, labelAnchor: 'center', labelArrow: 'none', text: formatTick } as const;

interface Dots {
  readonly kind: PointKind;
  readonly radius: number;
  readonly points: readonly Point[];
}

function drawMarks(Plot: typeof import('@observablehq/plot'), scatter: Scatter, dots: readonly Dots[]) {
  const at = { x: (point: Point) => point.x, y: (point: Point) => point.y, title: (point: Point) => point.title };
  const limit = scatter.xLimit === null ? [] : [scatter.xLimit];
  const soft = 'var(--soft)';
  const several = scatter.series.length > 0;
  const fill = (point: Point): string => (several ? colourOf(point, scatter) : 'var(--front)');
  const line = { x: 'x', y: 'y', curve: scatter.frontCurve } as const;
  // beside curves of accelerators the front is a broad pale band below them
  const front = several ? { strokeWidth: 7, strokeOpacity: 0.28 } : { strokeWidth: 1.6 };
  const bar = { strokeWidth: 1.2, strokeOpacity: 0.4, stroke: fill } as const;
  const barred = barredOf(scatter);
  return [
    Plot.ruleX(limit, { stroke: soft, strokeDasharray: '4 4' }),
    Plot.text(limit, { x: (value) => value, frameAnchor: 'top', text: () => 'limit', dy: -14, fill: soft }),
    Plot.line(scatter.front, { ...line, stroke: 'var(--front)', strokeLinejoin: 'round', ...front }),
    Plot.ruleY(
      barred.filter(({ xBand }) => xBand),
      {
        ...bar,
        y: 'y',
        x1: (point: Point) => point.xBand![0],
        x2: (point: Point) => point.xBand![1],
        className: 'bars',
      },
    ),
    Plot.ruleX(
      barred.filter(({ yBand }) => yBand),
      {
        ...bar,
        x: 'x',
        y1: (point: Point) => point.yBand![0],
        y2: (point: Point) => point.yBand![1],
        className: 'bars',
      },
    ),
    ...dots.map(({ kind, radius, points }) =>
      Plot.dot(points, { ...at, ...styleOf(kind, scatter), r: radius, className: kind }),
    ),
    ...scatter.series.map((one, i) => Plot.line(one.front, { ...line, stroke: seriesColour(i), strokeWidth: 1.3 })),
    Plot.dot(scatter.front, { ...at, r: 3.8, fill, className: 'front' }),
    Plot.dot(scatter.winner ? [scatter.winner] : [], {
      ...at,
      ...{ r: 7.5, fill, stroke: 'var(--paper)', strokeWidth: 2, className: 'winner' },
    }),
  ];
}

/** What is compared has error bars: the best trade-offs, of each accelerator and of all, and the winner. All points would be a thicket. */
export function barredOf({ front, series, winner }: Scatter): Point[] {
  return [...new Set([...front, ...series.flatMap((one) => one.front), ...(winner ? [winner] : [])])];
}

/** Logarithmic axes are labelled at 1, 2 and 5 times a power of ten, or at powers of ten where more would crowd. */
function scaleOf(scatter: Scatter, axis: 'x' | 'y', most: number) {
  if (!(axis === 'x' ? scatter.logX : scatter.logY))
    return { scale: { type: 'linear' as const, nice: true, inset: 10 }, ticks: Math.min(6, Math.floor(most * 0.8)) };
  const ends = barredOf(scatter).flatMap((point) => point[axis === 'x' ? 'xBand' : 'yBand'] ?? []);
  const values = [...scatter.points.map((point) => point[axis]), ...ends];
  return {
    scale: { type: 'log' as const, inset: 10 },
    ticks: logTicks(Math.min(...values), Math.max(...values), most),
  };
}

/** "0.5", "20", "5k", "2M". */
export function formatTick(value: number): string {
  if (value >= 1e6) return `${formatGiven(value / 1e6)}M`;
  return value >= 1000 ? `${formatGiven(value / 1000)}k` : formatGiven(value);
}

/** Colour of an accelerator by its place among the series. */
export const seriesColour = (i: number): string => `var(--series-${i + 1})`;

/** Of a point where several accelerators are compared: soft beyond those that have one of their own. */
function colourOf({ series: name }: Point, { series }: Scatter): string {
  const i = series.findIndex((one) => one.name === name);
  return i < 0 ? 'var(--soft)' : seriesColour(i);
}

/** What was simulated has the colour of its accelerator where several are compared. */
function styleOf(kind: PointKind, scatter: Scatter) {
  const own = (point: Point): string => (scatter.series.length > 0 ? colourOf(point, scatter) : `var(--${kind})`);
  if (kind === 'missed') return { stroke: own, strokeWidth: 1.2, fill: 'none' };
  if (kind === 'screened') return { fill: 'var(--screened)', fillOpacity: 0.7 };
  return { fill: own, fillOpacity: 0.9 };
}

interface Plotted extends Element {
  scale(name: 'x' | 'y'): { apply(value: number): number } | undefined;
}

/** About, in the semibold face of the label. */
const LETTER = 8.2;
const LINE = 15;

/** The winner's name, where it covers the fewest dots. */
function labelWinner(svg: Plotted, { winner, points, xLimit }: Scatter, size: ChartSize): void {
  const [x, y] = [svg.scale('x'), svg.scale('y')];
  if (winner === null || !x || !y) return;
  const width = winner.label.length * LETTER;
  const dots = points.filter((point) => point !== winner).map((point) => [x.apply(point.x), y.apply(point.y)] as const);
  const limit = xLimit === null ? Number.NaN : x.apply(xLimit);
  const [atX, atY] = [x.apply(winner.x), y.apply(winner.y)];
  const cost = ({ left, top }: Box): number => {
    const onWinner = atX > left - 9 && atX < left + width + 9 && Math.abs(top + LINE / 2 - atY) < LINE / 2 + 9;
    const outside = left < 58 || left + width > size.width - 2 || top < 0 || top + LINE > size.height - 44;
    const covered = dots.filter(
      ([dx, dy]) => dx > left - 4 && dx < left + width + 4 && dy > top - 4 && dy < top + LINE + 4,
    ).length;
    const away = (Math.abs(top + LINE / 2 - atY) + Math.max(left - atX, atX - left - width, 0)) / 40;
    return (
      (outside ? 1e4 : 0) +
      (onWinner ? 1e3 : 0) +
      covered +
      away +
      (limit > left - 6 && limit < left + width + 6 ? 0.5 : 0)
    );
  };
  const places = boxesAround(atX, atY, width);
  const best = places.reduce((least, place) => (cost(place) < cost(least) ? place : least));
  const label = svg.ownerDocument.createElementNS('http://www.w3.org/2000/svg', 'text');
  const style = `text-anchor:start;font-weight:600;font-size:13px;fill:var(--ink);stroke:var(--paper);stroke-width:5;paint-order:stroke;pointer-events:none`;
  label.setAttribute('x', best.left.toFixed(1));
  label.setAttribute('y', (best.top + 12).toFixed(1));
  label.setAttribute('style', style);
  label.textContent = winner.label;
  svg.append(label);
}

interface Box {
  readonly left: number;
  readonly top: number;
}

/** Places for a label beside, above and below a point, nearest first. */
function boxesAround(x: number, y: number, width: number): Box[] {
  return [12, 28, 48, 72, 100].flatMap((far) =>
    [-far, 0, far].flatMap((dy) =>
      [x + 12, x - 12 - width, x - width / 2]
        .map((left) => ({ left, top: y + dy - LINE / 2 }))
        .filter(({ left }) => dy !== 0 || left !== x - width / 2),
    ),
  );
}

/** Circles come in the order of their points: the page's script finds the table row of a point by this attribute. */
function tagPoints(svg: Element, name: string, points: readonly Point[]): void {
  const circles = svg.querySelectorAll(`g.${name} circle`);
  for (let i = 0; i < circles.length; i++) circles[i]!.setAttribute('data-row', String(points[i]!.row));
}

const STANDALONE: ChartSize = { width: 860, height: 520 };

/** A picture that stands alone (README, slides): it brings its colours for both schemes, a title and a legend. */
export async function drawStandalone(scatter: Scatter): Promise<string> {
  const size = STANDALONE;
  const svg = await drawChart(scatter, size);
  const body = svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'));
  const style =
    `svg{${cssVariables(LIGHT)};font-family:system-ui,sans-serif;font-size:12px}` +
    `@media (prefers-color-scheme:dark){svg{${cssVariables(DARK)}}}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -50 ${size.width} ${size.height + 50}" width="${size.width}" ` +
    `height="${size.height + 50}" fill="currentColor" color="var(--soft)" text-anchor="middle"><style>${style}</style>` +
    `<rect y="-50" width="100%" height="100%" fill="var(--paper)"/>` +
    `<g text-anchor="start">${drawLegend(scatter, 56)}</g>${body}</svg>\n`
  );
}

const LEGEND: Readonly<Record<PointKind, string>> = {
  screened: 'screened',
  missed: 'misses the limits',
  met: 'meets the limits',
};

function drawLegend(scatter: Scatter, left: number): string {
  const several = scatter.series.length > 0;
  let x = left;
  let y = -34;
  const parts: string[] = [];
  const add = (mark: string, words: string): void => {
    const width = 32 + 7.2 * words.length;
    if (x + width > STANDALONE.width) [x, y] = [left, y + 20];
    parts.push(
      `<g transform="translate(${x.toFixed(1)} ${y})">${mark}<text x="12" y="4">${escapeHtml(words)}</text></g>`,
    );
    x += width;
  };
  for (const { kind } of KINDS) {
    if (!scatter.points.some((point) => point.kind === kind)) continue;
    const colour = several && kind !== 'screened' ? 'soft' : kind;
    const paint =
      kind === 'missed' ? `fill="none" stroke="var(--${colour})" stroke-width="1.5"` : `fill="var(--${colour})"`;
    add(`<circle r="4" ${paint}/>`, LEGEND[kind]);
  }
  for (const [i, { name }] of scatter.series.entries()) add(`<circle r="4" fill="${seriesColour(i)}"/>`, name);
  const line = several ? 'stroke-width="7" stroke-opacity="0.28"' : 'stroke-width="2"';
  add(`<path d="M-10 0h18" stroke="var(--front)" ${line}/>`, 'best trade-offs');
  return parts.join('');
}
