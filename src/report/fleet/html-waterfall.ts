// One request as a waterfall: a row per visit with its transfer, queue and service on a common time axis.

import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { findLastPredecessors } from '../../metrics/fleet/walk.ts';
import { formatNumber, plural } from '../format.ts';
import { html, type Markup } from '../html-text.ts';
import { formatTime, linearTicks } from './axis.ts';
import { stageColour } from './palette.ts';

/** Rows per request; of more visits the first ones are drawn. */
const MOST_ROWS = 40;
const WIDTH = 1180;
const LEFT = 330;
const RIGHT = 70;
const ROW = 21;

export function drawWaterfalls(measured: MeasuredFleet): Markup {
  if (measured.examples.length === 0) return html``;
  const predecessors = findLastPredecessors(measured.run.program, measured.run.results);
  const drawn = measured.examples.map(({ label, request }) => drawWaterfall(measured, label, request, predecessors));
  return html`<section class="card"><h2>Requests, visit by visit</h2>
<p class="note">Full colour is service, pale is waiting for a slot, a thin line is waiting for data to arrive.</p>${drawn}</section>`;
}

function drawWaterfall(measured: MeasuredFleet, label: string, request: number, predecessors: Int32Array): Markup {
  const { run, arrival, latencies } = measured;
  const { first } = run.program.requests;
  const all = Array.from({ length: first[request + 1] - first[request] }, (_, i) => first[request] + i);
  const begun = all.filter((v) => !Number.isNaN(run.results.start[v]));
  const visits = begun.slice(0, MOST_ROWS);
  const end = Math.max(...begun.map((v) => run.results.finish[v]).filter((t) => !Number.isNaN(t)), arrival[request]);
  const x = (time: number): number =>
    LEFT + ((time - arrival[request]) / (end - arrival[request] || 1)) * (WIDTH - LEFT - RIGHT);
  const height = visits.length * ROW + 26;
  const ticks = linearTicks(0, end - arrival[request], 8).map((tick) => {
    const at = x(arrival[request] + tick).toFixed(1);
    return html`<path class="grid" d="M${at} 0V${height - 24}"/><text x="${at}" y="${height - 8}" text-anchor="middle">${formatTime(tick)}</text>`;
  });
  const rows = visits.map((v, row) => drawRow(measured, v, row * ROW, predecessors[v], x));
  const more =
    begun.length > visits.length ? `; ${formatNumber(begun.length - visits.length)} more visits not drawn` : '';
  const facts = `request ${request}, ${plural(begun.length, 'visit')}, E2EL ${formatTime(latencies.e2el[request])}, TTFT ${formatTime(latencies.ttft[request])}${more}`;
  return html`<div class="waterfall"><h3>${label} <small>${facts}</small></h3>
<svg class="plain" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}: ${facts}">${ticks}${rows}</svg></div>`;
}

function drawRow(
  { run }: MeasuredFleet,
  v: number,
  y: number,
  predecessor: number,
  x: (time: number) => number,
): Markup {
  const { program, results } = run;
  const { ready, start, finish, client } = results;
  const colour = stageColour(program.visits.stage[v]);
  const stage = program.stages[program.visits.stage[v]];
  const sent = predecessor < 0 ? ready[v] : finish[predecessor];
  const end = Number.isNaN(finish[v]) ? start[v] : finish[v];
  const box = (from: number, to: number, kind: string, height: number): Markup | string => {
    if (!(to > from) && kind !== 'service') return '';
    const width = Math.max(x(to) - x(from), kind === 'service' ? 1.2 : 0);
    return html`<rect class="${kind}" x="${x(from).toFixed(2)}" y="${y + (ROW - 3 - height) / 2}" width="${width.toFixed(2)}" height="${height}" rx="2" fill="${colour}"/>`;
  };
  const title = `${stage} on ${program.clients[client[v]].name}\ntransfer ${formatTime(ready[v] - sent)}, queue ${formatTime(start[v] - ready[v])}, service ${formatTime(end - start[v])}`;
  return html`<g><title>${title}</title><text class="ink" x="0" y="${y + 13}">${cut(stage, 22)}</text><text x="160" y="${y + 13}">${cut(program.clients[client[v]].name, 24)}</text>
${box(sent, ready[v], 'transfer', 3)}${box(ready[v], start[v], 'queue', 13)}${box(start[v], end, 'service', 13)}<text x="${(x(end) + 6).toFixed(1)}" y="${y + 13}">${formatTime(end - sent)}</text></g>`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
