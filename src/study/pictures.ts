// Lines over an axis, and bars where there is none to draw along: each line with its own dashes and marks, so that they part in grey too.
import { formatTime, linearTicks } from '../report/fleet/axis.ts';
import { stageColour } from '../report/fleet/palette.ts';
import { formatShort } from '../report/format.ts';
import { html, type Markup } from '../report/html-text.ts';
import { formatFigure } from './judge.ts';
import type { CurvePanel, Panel, PanelLine, PanelPoint } from './panels.ts';

/** Narrow enough for a phone at the size of its text; wide pages put several side by side. */
const WIDTH = 340;
const PLOT = { left: 52, right: 14, top: 14, bottom: 176, height: 216 };
const DASHES = ['', '7 4', '2 3', '9 3 2 3', '1 4', '12 4'];
const BAR = 22;
/** Names of bars stand above them. */
const NAME = 15;

export function drawPanel(panel: Panel): Markup {
  return panel.along.length > 1 ? drawLines(panel) : drawBars(panel);
}

/** What each line is called, with its dashes and mark. */
export function drawKey(names: readonly string[]): Markup {
  return html`<ul class="legend">${names.map(
    (name, i) =>
      html`<li><svg width="34" height="12" viewBox="0 0 34 12" aria-hidden="true"><path d="M0 6H34" stroke="${stageColour(i)}" stroke-width="2" stroke-dasharray="${DASHES[i % DASHES.length]!}"/>${mark(i, 17, 6)}</svg> ${name}</li>`,
  )}</ul>`;
}

function drawLines({ figure, along, axis, lines }: Panel): Markup {
  const points = lines.flatMap((line) => line.points);
  const most = Math.max(0, ...points.map(({ high }) => high)) || 1;
  const numbers = along.every((label) => !Number.isNaN(Number(label)));
  const places = along.map((label, i) => (numbers ? Number(label) : i));
  const [from, to] = [Math.min(...places), Math.max(...places)];
  const x = (label: string): number =>
    PLOT.left + ((places[along.indexOf(label)]! - from) / (to - from || 1)) * (WIDTH - PLOT.left - PLOT.right);
  const y = (value: number): number => PLOT.bottom - (value / (most * 1.04)) * (PLOT.bottom - PLOT.top);
  const grid = linearTicks(0, most, 4).map(
    (tick) =>
      html`<path class="grid" d="M${PLOT.left} ${y(tick).toFixed(1)}H${WIDTH - PLOT.right}"/><text x="${PLOT.left - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tickOf(tick, figure.unit)}</text>`,
  );
  const ticks = thinned(along, x).map(
    (label) =>
      html`<text x="${Math.min(x(label), WIDTH - halfOf(label)).toFixed(1)}" y="${PLOT.bottom + 17}" text-anchor="middle">${label}</text>`,
  );
  const drawn = lines.map((line, i) => drawLine(line, i, x, y));
  return html`<svg class="plain" viewBox="0 0 ${WIDTH} ${PLOT.height}" role="img" aria-label="${figure.words} along ${axis}">${grid}${ticks}<text x="${WIDTH - PLOT.right}" y="${PLOT.height - 6}" text-anchor="end">${axis}</text>${drawn}</svg>`;
}

/** Shares of requests over their latency: a curve each, up to the p99 of the slowest. */
export function drawCurves({ metric, lines }: CurvePanel): Markup {
  const most =
    Math.max(0, ...lines.flatMap(({ points }) => points.flatMap(([at, share]) => (share < 1 ? at : [])))) || 1;
  const x = (seconds: number): number => PLOT.left + (seconds / most) * (WIDTH - PLOT.left - PLOT.right);
  const y = (share: number): number => PLOT.bottom - share * (PLOT.bottom - PLOT.top);
  const shares = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      html`<path class="grid" d="M${PLOT.left} ${y(share).toFixed(1)}H${WIDTH - PLOT.right}"/><text x="${PLOT.left - 6}" y="${(y(share) + 4).toFixed(1)}" text-anchor="end">${share * 100} %</text>`,
  );
  const ticks = linearTicks(0, most, 4)
    .filter((tick) => x(tick) <= WIDTH - PLOT.right)
    .map(
      (tick) =>
        html`<text x="${x(tick).toFixed(1)}" y="${PLOT.bottom + 17}" text-anchor="middle">${formatTime(tick)}</text>`,
    );
  const drawn = lines.map(({ points }, i) => {
    const inside = points.filter(([, share]) => share < 1);
    const d = inside.map(([at, share]) => `${x(at).toFixed(1)} ${y(share).toFixed(1)}`).join('L');
    const middle = inside.find(([, share]) => share === 0.5);
    return html`<path d="M${d}" fill="none" stroke="${stageColour(i)}" stroke-width="1.8" stroke-dasharray="${DASHES[i % DASHES.length]!}"/>${middle ? mark(i, x(middle[0]), y(middle[1])) : ''}`;
  });
  return html`<svg class="plain" viewBox="0 0 ${WIDTH} ${PLOT.height}" role="img" aria-label="share of requests by ${metric}">${shares}${ticks}<text x="${WIDTH - PLOT.right}" y="${PLOT.height - 6}" text-anchor="end">${metric.toUpperCase()}</text>${drawn}</svg>`;
}

function drawLine(
  { points }: PanelLine,
  i: number,
  x: (label: string) => number,
  y: (value: number) => number,
): Markup {
  const at = (point: PanelPoint) => `${x(point.label).toFixed(1)} ${y(point.mean).toFixed(1)}`;
  const spread = points.filter(({ low, high }) => high > low);
  const colour = stageColour(i);
  return html`<path d="M${points.map(at).join('L')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${DASHES[i % DASHES.length]!}"/>${spread.map(
    (point) =>
      html`<path d="M${x(point.label).toFixed(1)} ${y(point.low).toFixed(1)}V${y(point.high).toFixed(1)}" stroke="${colour}" stroke-width="1" stroke-opacity="0.6"/>`,
  )}${points.map((point) => mark(i, x(point.label), y(point.mean)))}`;
}

/** A circle, a square, a triangle, a diamond, a cross, a ring. */
function mark(i: number, x: number, y: number): Markup {
  const colour = stageColour(i);
  const d = [
    `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`,
    `M${x - 3} ${y - 3}h6v6h-6z`,
    `M${x} ${y - 4}l4 7h-8z`,
    `M${x} ${y - 4}l4 4l-4 4l-4 -4z`,
  ][i % 6];
  if (d) return html`<path d="${d}" fill="${colour}"/>`;
  const open =
    i % 6 === 4 ? `M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6` : `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
  return html`<path d="${open}" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
}

function drawBars({ figure, lines }: Panel): Markup {
  const drawn = lines.filter(({ points }) => points.length > 0);
  const most = Math.max(0, ...drawn.flatMap(({ points }) => points.map(({ high }) => high))) || 1;
  const length = (value: number): number => (value / most) * (WIDTH - 90);
  const bars = drawn.map(({ name, points: [point] }, i) => {
    const top = i * (BAR + NAME) + NAME;
    const { mean, low, high } = point!;
    const whisker =
      high > low
        ? html`<path d="M${length(low).toFixed(1)} ${top + 7}H${length(high).toFixed(1)}" stroke="var(--ink)"/>`
        : '';
    return html`<text x="0" y="${top - 3}">${name || figure.words}</text><rect x="0" y="${top}" width="${Math.max(1, length(mean)).toFixed(1)}" height="14" fill="${stageColour(i)}"/>${whisker}<text class="ink" x="${(length(high) + 6).toFixed(1)}" y="${top + 12}">${formatFigure(mean, figure.unit)}</text>`;
  });
  const height = Math.max(1, drawn.length) * (BAR + NAME) + 4;
  return html`<svg class="plain" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${figure.words}">${bars}</svg>`;
}

function tickOf(value: number, unit: string): string {
  return unit === 's' ? formatTime(value) : value >= 10_000 ? `${formatShort(value / 1000)}k` : formatShort(value);
}

/** Half the width of a label, and a gap: a long one at the end moves into the picture. */
const halfOf = (label: string): number => label.length * 3.6 + 4;

/** Labels that do not run into each other. */
function thinned(labels: readonly string[], x: (label: string) => number): string[] {
  let free = Number.NEGATIVE_INFINITY;
  return labels.filter((label) => {
    const half = halfOf(label);
    if (x(label) - half < free) return false;
    free = x(label) + half;
    return true;
  });
}
