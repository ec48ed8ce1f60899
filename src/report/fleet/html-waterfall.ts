// One request as a waterfall: a row per visit with its transfer, queue and service on a common time axis. Plain boxes, so that
// words keep their size on a phone, where names lie above their bars.

import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { findLastPredecessors } from '../../metrics/fleet/walk.ts';
import { formatNumber, plural } from '../format.ts';
import { html, type Markup } from '../html-text.ts';
import { formatTime, linearTicks } from './axis.ts';
import { stageColour } from './palette.ts';
import { takesTime } from './shown.ts';

/** Rows per request; of more visits the first ones are drawn. */
const MOST_ROWS = 40;
/** Part of the lane that bars may fill, %: the rest is for the words behind them. */
const FULL = 86;

/** Nothing where every request is a single visit: a bar that only says how long it was. */
export function drawWaterfalls(measured: MeasuredFleet): Markup {
  if (measured.examples.every(({ request }) => begunVisits(measured, request).length < 2)) return html``;
  const predecessors = findLastPredecessors(measured.run.program, measured.run.results);
  const drawn = measured.examples.map(({ label, request }) => drawWaterfall(measured, label, request, predecessors));
  return html`<section class="card"><h2>Requests, visit by visit</h2>
<p class="note">Full colour is service, pale is waiting for a slot, a thin line is waiting for data to arrive.</p>${drawn}</section>`;
}

function begunVisits({ run, result }: MeasuredFleet, request: number): number[] {
  const { first } = run.program.requests;
  const all = Array.from({ length: first[request + 1]! - first[request]! }, (_, i) => first[request]! + i);
  const { stage } = run.program.visits;
  return all.filter((v) => !Number.isNaN(run.results.start[v]) && takesTime(result.stages[stage[v]!]!));
}

function drawWaterfall(measured: MeasuredFleet, label: string, request: number, predecessors: Int32Array): Markup {
  const { run, arrival, latencies } = measured;
  const begun = begunVisits(measured, request);
  const visits = begun.slice(0, MOST_ROWS);
  const end = Math.max(...begun.map((v) => run.results.finish[v]!).filter((t) => !Number.isNaN(t)), arrival[request]!);
  const span = end - arrival[request]!;
  const x = (time: number): number => ((time - arrival[request]!) / (span || 1)) * FULL;
  const ticks = linearTicks(0, span, 5).map((tick) => {
    const at = x(arrival[request]! + tick).toFixed(2);
    return html`<b style="left:${at}%"><span>${formatTime(tick)}</span></b>`;
  });
  const rows = visits.map((v) => drawRow(measured, v, predecessors[v]!, x));
  const more =
    begun.length > visits.length ? `; ${formatNumber(begun.length - visits.length)} more visits not drawn` : '';
  const facts = `request ${request}, ${plural(begun.length, 'visit')}, E2EL ${formatTime(latencies.e2el[request]!)}, TTFT ${formatTime(latencies.ttft[request]!)}${more}`;
  return html`<div class="waterfall"><h3>${label} <small>${facts}</small></h3>
<div class="visits"><div class="axis">${ticks}</div>${rows}</div></div>`;
}

function drawRow({ run }: MeasuredFleet, v: number, predecessor: number, x: (time: number) => number): Markup {
  const { program, results } = run;
  const { ready, start, finish, client } = results;
  const colour = stageColour(program.visits.stage[v]!);
  const stage = program.stages[program.visits.stage[v]!];
  const instance = program.clients[client[v]!]!.name;
  const sent = predecessor < 0 ? ready[v] : finish[predecessor];
  const end = Number.isNaN(finish[v]) ? start[v] : finish[v];
  const box = (from: number, to: number, kind: string): Markup | string =>
    to > from || kind === 'service'
      ? html`<i class="${kind}" style="left:${x(from).toFixed(2)}%;width:${(x(to) - x(from)).toFixed(2)}%;background:${colour}"></i>`
      : '';
  const title = `${stage} on ${instance}\ntransfer ${formatTime(ready[v]! - sent!)}, queue ${formatTime(start[v]! - ready[v]!)}, service ${formatTime(end! - start[v]!)}`;
  return html`<div class="visit" title="${title}"><span>${stage!}</span><small>${instance}</small><div class="lane">${box(sent!, ready[v]!, 'transfer')}${box(ready[v]!, start[v]!, 'queue')}${box(start[v]!, end!, 'service')}<em style="left:${x(end!).toFixed(2)}%">${formatTime(end! - sent!)}</em></div></div>`;
}
