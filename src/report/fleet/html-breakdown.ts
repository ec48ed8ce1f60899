// Where the time goes, as bars: one per class of requests, a segment per stage and part, in the order of the stages.
import type { Breakdown, FleetResult, PathPart } from '../../metrics/fleet/types.ts';
import { formatShare } from '../format.ts';
import { html, type Markup } from '../html-text.ts';
import { formatTime } from './axis.ts';
import { stageColour } from './palette.ts';

const PARTS = ['transfer', 'queue', 'service'] as const;

export function drawBreakdown(result: FleetResult): Markup {
  if (result.completed === 0) return html``;
  const longest = Math.max(...result.breakdown.map(({ e2el }) => e2el));
  const shown = result.stages.flatMap((_, s) => (result.breakdown.some((b) => sumPart(b.parts[s]) > 0) ? [s] : []));
  const legend = shown.map(
    (s) => html`<li><i class="box" style="background:${stageColour(s)}"></i>${result.stages[s].name}</li>`,
  );
  return html`<section class="card"><h2>Where the time goes</h2>
<p class="note">End-to-end latency along the visits that decide when a request finishes: on average, and for the requests around the 50th, 90th and 99th percentile. Full colour is service, pale is waiting for a slot, striped is waiting for data to arrive.</p>
<ul class="legend">${legend}</ul>
<div class="stacks">${result.breakdown.map((one) => drawStack(one, result, longest))}</div></section>`;
}

function sumPart(part: PathPart): number {
  return part.queue + part.service + part.transfer;
}

function drawStack(breakdown: Breakdown, result: FleetResult, longest: number): Markup {
  const segments = breakdown.parts.flatMap((part, s) =>
    PARTS.filter((kind) => part[kind] > 0).map((kind) => {
      const width = (part[kind] / longest) * 100;
      const title = `${result.stages[s].name}, ${kind}: ${formatTime(part[kind])} (${formatShare(part[kind] / breakdown.e2el)})`;
      return html`<i class="${kind}" style="width:${width.toFixed(3)}%;background-color:${stageColour(s)}" title="${title}"></i>`;
    }),
  );
  return html`<span>${breakdown.name}</span><div class="stack">${segments}</div><span class="total">${formatTime(breakdown.e2el)}</span>`;
}
