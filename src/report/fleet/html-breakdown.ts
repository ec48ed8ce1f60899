// Where the time goes, as bars: one per class of requests, a segment per stage and part, in the order of the stages.
// Requests of one stage that generates are divided at their first token instead.
import { latencyClasses } from '../../metrics/fleet/stages.ts';
import type { Breakdown, FleetResult, MeasuredFleet, PathPart } from '../../metrics/fleet/types.ts';
import { formatShare } from '../format.ts';
import { html, type Markup } from '../html-text.ts';
import { formatTime } from './axis.ts';
import { stageColour } from './palette.ts';
import { takesTime } from './shown.ts';

const PARTS = ['transfer', 'queue', 'service'] as const;
/** Parts of a request that is one visit, in the order in which they come. */
const PHASES = [
  { name: 'waiting for a slot', colour: 'var(--missed)' },
  { name: 'to the first token (prefill)', colour: 'var(--met)' },
  { name: 'further tokens (decode)', colour: 'var(--series-4)' },
] as const;

export function drawBreakdown(measured: MeasuredFleet): Markup {
  const { result } = measured;
  if (result.completed === 0) return html``;
  return dividePhases(measured) ?? divideStages(result);
}

interface Segment {
  readonly kind: string;
  readonly colour: string;
  readonly name: string;
  readonly seconds: number;
}

function divideStages(result: FleetResult): Markup {
  const shown = result.stages.flatMap((_, s) => (result.breakdown.some((b) => sumPart(b.parts[s]!) > 0) ? [s] : []));
  const legend = shown.map(
    (s) => html`<li><i class="box" style="background:${stageColour(s)}"></i>${result.stages[s]!.name}</li>`,
  );
  const note =
    'End-to-end latency along the visits that decide when a request finishes: on average, and for the requests around the 50th, 90th and 99th percentile. Full colour is service, pale is waiting for a slot, striped is waiting for data to arrive.';
  return drawCard(note, legend, result, (breakdown) =>
    breakdown.parts.flatMap((part, s) =>
      PARTS.map((kind) => {
        const name = `${result.stages[s]!.name}, ${kind}`;
        return { kind, colour: stageColour(s), name, seconds: part[kind] };
      }),
    ),
  );
}

/** null where requests have several stages, or no tokens to divide them at. */
function dividePhases({ result, within: { state, latencies } }: MeasuredFleet): Markup | null {
  const s = result.stages.findIndex(takesTime);
  if (s < 0 || result.stages.filter(takesTime).length > 1 || result.breakdown.some((b) => b.parts[s]!.transfer > 0))
    return null;
  const classes = latencyClasses(state, latencies.e2el);
  const first = classes.map(({ members }) => members.reduce((sum, r) => sum + latencies.ttft[r]!, 0) / members.length);
  if (first.some(Number.isNaN)) return null;
  const legend = PHASES.map(
    ({ name, colour }) => html`<li><i class="box" style="background:${colour}"></i>${name}</li>`,
  );
  const note = 'End-to-end latency of a request: on average, and for those around its 50th, 90th and 99th percentile.';
  return drawCard(note, legend, result, (breakdown, b) => {
    const { queue } = breakdown.parts[s]!;
    const seconds = [queue, first[b]! - queue, breakdown.e2el - first[b]!];
    return PHASES.map((phase, i) => ({ ...phase, kind: '', seconds: seconds[i]! }));
  });
}

function drawCard(
  note: string,
  legend: readonly Markup[],
  { breakdown }: FleetResult,
  segments: (breakdown: Breakdown, b: number) => readonly Segment[],
): Markup {
  const longest = Math.max(...breakdown.map(({ e2el }) => e2el));
  const stacks = breakdown.map((one, b) => drawStack(one, segments(one, b), longest));
  return html`<section class="card"><h2>Where the time goes</h2>
<p class="note">${note}</p>
<ul class="legend">${legend}</ul>
<div class="stacks">${stacks}</div></section>`;
}

function sumPart(part: PathPart): number {
  return part.queue + part.service + part.transfer;
}

function drawStack({ name, e2el }: Breakdown, segments: readonly Segment[], longest: number): Markup {
  const bars = segments
    .filter(({ seconds }) => seconds > 0)
    .map(({ kind, colour, name, seconds }) => {
      const title = `${name}: ${formatTime(seconds)} (${formatShare(seconds / e2el)})`;
      return html`<i class="${kind}" style="width:${((seconds / longest) * 100).toFixed(3)}%;background-color:${colour}" title="${title}"></i>`;
    });
  return html`<span>${name}</span><div class="stack">${bars}</div><span class="total">${formatTime(e2el)}</span>`;
}
