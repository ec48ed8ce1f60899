// Curves of the page: how latencies are distributed, and what every instance did over time.

import type { ClientCurve } from '../../metrics/fleet/curve-types.ts';
import type { FleetResult, MeasuredFleet } from '../../metrics/fleet/types.ts';
import { percentile, sortMeasured } from '../../metrics/summary.ts';
import type { LatencyMetric, Slo } from '../../spec/types.ts';
import { formatGiven, formatNumber, formatShare, listWords, plural } from '../format.ts';
import { html, type Markup, trusted } from '../html-text.ts';
import { formatTidy, formatTime, labelTicks, linearTicks } from './axis.ts';
import { stageColour } from './palette.ts';
import { isReal } from './shown.ts';

/** Narrow enough for a phone at the size of its text; wide pages put several side by side. */
const WIDTH = 340;

/** One distribution per metric, one line per pipeline. */
export function drawDistributions(measured: MeasuredFleet): Markup {
  const {
    within: { latencies },
    result,
  } = measured;
  const limitOf = (metric: LatencyMetric) => measured.run.slo.filter((slo) => slo.metric === metric);
  const metrics = [
    { title: 'Time to first token', column: latencies.ttft, slos: limitOf('ttft') },
    ...(result.thinking_tokens > 0
      ? [{ title: 'Time to first answer token', column: latencies.firstAnswer, slos: [] }]
      : []),
    { title: 'Time per output token', column: latencies.tpot, slos: limitOf('tpot') },
    { title: 'End-to-end latency', column: latencies.e2el, slos: limitOf('e2el') },
  ];
  const drawn = metrics.map((metric) => drawDistribution(measured, metric)).filter((one) => one !== null);
  if (drawn.length === 0) return html``;
  const names = linesOf(measured, latencies.e2el).map(({ name }) => name);
  const legend =
    names.length > 1
      ? html`<ul class="legend">${names.map((name, i) => html`<li><i class="line" style="background:${stageColour(i)}"></i>${name}</li>`)}</ul>`
      : '';
  const dashed = drawn.some(({ limited }) => limited) ? '; dashed lines are the limits' : '';
  return html`<section class="card"><h2>Distributions</h2>
<p class="note">Share of requests that are at most so late${dashed}.</p>${legend}
<div class="grid2">${drawn.map(({ picture }) => picture)}</div></section>`;
}

interface Line {
  readonly name: string;
  readonly sorted: Float64Array;
}

function linesOf({ run }: MeasuredFleet, column: Float64Array): Line[] {
  const { pipelines } = run;
  const names = pipelines === undefined || pipelines.names.length < 2 ? ['all requests'] : pipelines.names;
  return names.map((name, p) => ({
    name,
    sorted: sortMeasured(names.length === 1 ? column : column.filter((_, r) => pipelines!.of[r] === p)),
  }));
}

const PLOT = { left: 46, right: 20, top: 20, bottom: 176, height: 202 };
/** A limit is shown while it leaves the curves at least about half of the picture. */
const NEAR = 4;

interface Distribution {
  readonly title: string;
  readonly column: Float64Array;
  readonly slos: readonly Slo[];
}

/** null where no request has the figure; `limited`: a limit is drawn. */
function drawDistribution(measured: MeasuredFleet, { title, column, slos }: Distribution) {
  const lines = linesOf(measured, column).filter(({ sorted }) => sorted.length > 0);
  if (lines.length === 0) return null;
  const least = Math.max(1e-6, Math.min(...lines.map(({ sorted }) => percentile(sorted, 0.1))));
  const most = Math.max(least * 1.05, ...lines.map(({ sorted }) => sorted[sorted.length - 1]!));
  const shown = slos.map(({ limit }) => limit).filter((limit) => limit > least / NEAR && limit < most * NEAR);
  const [low, high] = [Math.min(least, ...shown) / 1.08, Math.max(most, ...shown) * 1.08];
  const x = (value: number): number =>
    PLOT.left +
    ((Math.log(Math.max(value, low)) - Math.log(low)) / Math.log(high / low)) * (WIDTH - PLOT.left - PLOT.right);
  const y = (share: number): number => PLOT.bottom - share * (PLOT.bottom - PLOT.top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => gridRow(y(share), `${share * 100} %`));
  const ticks = spread(labelTicks(low, high), x).map((tick) => {
    const at = x(tick).toFixed(1);
    return html`<path class="grid" d="M${at} ${PLOT.top}V${PLOT.bottom}"/><text x="${at}" y="${PLOT.height - 8}" text-anchor="middle">${formatTime(tick)}</text>`;
  });
  const curves = lines.map(({ sorted }, i) => {
    const points = quantiles(sorted.length).map(
      (q) => `${x(percentile(sorted, q * 100)).toFixed(1)} ${y(q).toFixed(1)}`,
    );
    return html`<path d="M${points.join('L')}" fill="none" stroke="${stageColour(i)}" stroke-width="1.8"/>`;
  });
  const limits = shown.map((limit) => drawLimit(x(limit), limit));
  const all = sortMeasured(column);
  const tails = [50, 90, 99].map((q) => `p${q} ${formatTime(percentile(all, q))}`).join(', ');
  const picture = html`<div><h3>${title} <small>${tails}</small></h3><svg class="plain" viewBox="0 0 ${WIDTH} ${PLOT.height}" role="img" aria-label="${title}: ${tails}">${grid}${ticks}${curves}${limits}</svg></div>`;
  return { picture, limited: shown.length > 0 };
}

/** Its words lie to the side that has room. */
function drawLimit(at: number, limit: number): Markup {
  const side = at > WIDTH / 2 ? 'end' : 'start';
  return html`<path d="M${at.toFixed(1)} ${PLOT.top - 14}V${PLOT.bottom}" stroke="var(--soft)" stroke-dasharray="4 4"/><text x="${(at + (side === 'end' ? -5 : 5)).toFixed(1)}" y="${PLOT.top - 6}" text-anchor="${side}">limit ${formatTime(limit)}</text>`;
}

/** Room that a label on the axis needs. */
const LABEL = 46;

/** Those whose labels do not run into each other, from the left; the round powers of ten are no better than the rest. */
function spread(ticks: readonly number[], x: (value: number) => number): number[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    if (x(tick) < free) return false;
    free = x(tick) + LABEL;
    return true;
  });
}

function gridRow(at: number, words: string): Markup {
  return html`<path class="grid" d="M${PLOT.left} ${at.toFixed(1)}H${WIDTH - PLOT.right}"/><text x="${PLOT.left - 6}" y="${(at + 4).toFixed(1)}" text-anchor="end">${words}</text>`;
}

/** Shares at which a curve is drawn: evenly, and finer at the upper end, where the tail is. */
function quantiles(count: number): number[] {
  const even = Array.from({ length: 121 }, (_, i) => i / 120);
  const tail = Array.from({ length: 40 }, (_, i) => 0.99 + i / 4000);
  return (count < 100 ? even : [...even, ...tail]).sort((a, b) => a - b);
}

/** Instances with a curve of their own; the rest are in the table. */
const MOST_CLIENTS = 24;
/** A curve of one that is less busy than this would be an empty picture. */
const IDLE = 0.01;

function tellLeftOut({ clients }: FleetResult, busiest: readonly number[], shown: readonly number[]): string {
  const idle = [...busiest].sort((a, b) => a - b).filter((c) => !shown.includes(c) && clients[c]!.utilisation < IDLE);
  const active = busiest.length - idle.length;
  const most = active > shown.length ? ` The ${MOST_CLIENTS} busiest of ${formatNumber(active)}.` : '';
  const names = idle.map((c) => clients[c]!.name);
  if (idle.length === 0) return most;
  return `${most} Less than ${formatGiven(IDLE * 100)} % busy and not drawn: ${names.length > 4 ? plural(names.length, 'instance') : listWords(names)}.`;
}
const CURVE = { left: 46, right: 20, top: 8, bottom: 92, height: 126 };

export function drawClients(measured: MeasuredFleet): Markup {
  const { result, timeline } = measured;
  if (!(timeline.to > timeline.from)) return html``;
  const busiest = result.clients
    .flatMap((client, c) => (isReal(client) ? [c] : []))
    .sort((a, b) => result.clients[b]!.utilisation - result.clients[a]!.utilisation || a - b);
  const active = busiest.filter((c) => result.clients[c]!.utilisation >= IDLE);
  const shown = (active.length > 0 ? active : busiest.slice(0, 1)).slice(0, MOST_CLIENTS).sort((a, b) => a - b);
  if (shown.length === 0) return html``;
  const strip = timeline.clients.some(({ kv }) => kv !== null)
    ? ' A thin line is the KV cache in use, full scale at the top.'
    : '';
  return html`<section class="card"><h2>Instances over time</h2>
<p class="note">Visits in service and waiting, averaged over ${timeline.parts} equal parts of the run; the strip below is the busy share.${strip}${tellLeftOut(result, busiest, shown)}</p>
<ul class="legend"><li><i class="box" style="background:var(--met)"></i>in service</li><li><i class="box" style="background:var(--missed)"></i>waiting</li><li><i class="box" style="background:var(--good)"></i>busy</li></ul>
<div class="grid2">${shown.map((c) => drawClient(measured, c))}</div></section>`;
}

function drawClient({ result, timeline }: MeasuredFleet, c: number): Markup {
  const client = result.clients[c]!;
  const curve = timeline.clients[c]!;
  const total = curve.running.map((n, i) => n + curve.waiting[i]!);
  const most = Math.max(
    1,
    total.reduce((a, b) => Math.max(a, b), 0),
  );
  const span = WIDTH - CURVE.left - CURVE.right;
  const x = (part: number): number => CURVE.left + (part / timeline.parts) * span;
  const y = (count: number): number => CURVE.bottom - (count / most) * (CURVE.bottom - CURVE.top);
  const rows = linearTicks(0, most, 3).map((tick) => gridRow(y(tick), formatGiven(tick)));
  const seconds = timeline.to - timeline.from;
  const ticks = linearTicks(0, seconds, 5).map(
    (tick) =>
      html`<text x="${x((tick / seconds) * timeline.parts).toFixed(1)}" y="${CURVE.height - 5}" text-anchor="middle">${formatTime(tick)}</text>`,
  );
  const facts = `${formatShare(client.utilisation)} busy, queue ${formatTidy(client.mean_queue)} on average, ${formatNumber(client.peak_queue)} at most`;
  return html`<div><h3>${client.name} <small>${facts}</small></h3><svg class="plain" viewBox="0 0 ${WIDTH} ${CURVE.height}" role="img" aria-label="${client.name}: ${facts}">
${rows}${ticks}<path d="${area(total, x, y)}" fill="var(--missed)" opacity=".75"/><path d="${area(curve.running, x, y)}" fill="var(--met)"/>${drawKv(curve, x)}${drawStrip(curve, x)}</svg></div>`;
}

/** Steps, closed along the bottom. */
function area(values: Float64Array, x: (part: number) => number, y: (count: number) => number): string {
  let path = `M${x(0).toFixed(1)} ${CURVE.bottom}`;
  for (let part = 0; part < values.length; part++) path += `V${y(values[part]!).toFixed(1)}H${x(part + 1).toFixed(1)}`;
  return `${path}V${CURVE.bottom}Z`;
}

function drawKv({ kv }: ClientCurve, x: (part: number) => number): Markup {
  if (kv === null) return html``;
  const points = Array.from(
    kv,
    (share, part) => `${x(part + 0.5).toFixed(1)} ${(CURVE.bottom - share * (CURVE.bottom - CURVE.top)).toFixed(1)}`,
  );
  return html`<path d="M${points.join('L')}" fill="none" stroke="var(--ink)" stroke-width="1"/>`;
}

/** Busy share as shades; equal neighbours are one rectangle. */
function drawStrip({ busy }: ClientCurve, x: (part: number) => number): Markup {
  const shades = Array.from(busy, (share) => Math.round(Math.min(1, share) * 20));
  let text = '';
  for (let part = 0; part < shades.length; ) {
    let end = part + 1;
    while (end < shades.length && shades[end] === shades[part]) end++;
    if (shades[part]! > 0) {
      text += `<rect x="${x(part).toFixed(1)}" y="97" width="${(x(end) - x(part)).toFixed(1)}" height="7" fill="var(--good)" opacity="${shades[part]! / 20}"/>`;
    }
    part = end;
  }
  return trusted(`<rect x="${x(0)}" y="97" width="${x(busy.length) - x(0)}" height="7" fill="var(--tint)"/>${text}`);
}
