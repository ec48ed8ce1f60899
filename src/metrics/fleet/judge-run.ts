// What is said of the window that is measured: its figures, the verdict, how far chance may move what is measured in it.
import { COOLDOWN_SHARE, WARMUP_SHARE } from '../../spec/window.ts';
import { sample, sampleGaps } from '../sampling.ts';
import { judge } from '../verdict.ts';
import type { Seen } from './client-view.ts';
import { type Flow, measureFlow } from './flow.ts';
import type { FleetRun, WindowFigures } from './types.ts';
import { openOrder, type RequestColumns } from './walk.ts';
import type { RunWindow } from './window.ts';

/** A run that came to a standstill cannot keep up with anything. */
export function judgeRun(
  run: FleetRun,
  requests: RequestColumns,
  predecessors: Int32Array,
  window: Seen['window'],
  end: number,
) {
  const flow = sortFlow(run, requests, measureFlow(run, requests, predecessors));
  const span = window ? { from: window.from.clock, to: window.to.clock } : usualSpan(run, flow.arrival, end);
  const judged = judge(flow, span, run.program.requests.concurrency);
  return run.deadlock ? { ...judged, verdict: 'overloaded' as const } : judged;
}

/** The flow in order of arrival: turns arrive when they are asked, whatever their numbers. */
function sortFlow({ program }: FleetRun, requests: RequestColumns, flow: Flow): Flow {
  const { arrival, end, served, waited, waits } = flow;
  const sort = openOrder(program.requests, requests);
  const single = waits.begin.length === arrival.length;
  return {
    arrival: sort(arrival),
    end: sort(end),
    served: sort(served),
    waited: sort(waited),
    waits: single ? { begin: sort(waits.begin), end: sort(waits.end) } : waits,
    ...(flow.sent ? { sent: flow.sent } : {}),
  };
}

/** What a verdict looks at where figures are of the whole run: the part that a sweep measures. */
function usualSpan({ program }: FleetRun, arrival: Float64Array, end: number): Seen['span'] {
  const { concurrency } = program.requests;
  const count = arrival.length;
  const first = arrival[0]!;
  if (concurrency === 0 && !(arrival[count - 1]! > first)) return { from: first, to: Number.POSITIVE_INFINITY };
  const from = arrival[Math.floor(WARMUP_SHARE * count)]!;
  return { from, to: Math.max(from, Math.min(end, arrival[count - 1 - Math.floor(COOLDOWN_SHARE * count)]!)) };
}

export function windowFigures(
  { from, to, warmup }: RunWindow,
  members: Uint8Array | null,
  whole: Seen['span'],
): WindowFigures {
  let requests = 0;
  if (members) for (let r = 0; r < members.length; r++) requests += members[r]!;
  const run = { run_from: whole.from, run_to: whole.to, run_requests: members?.length ?? 0 };
  return { from: from.clock, to: to.clock, ...run, warmup, requests };
}

/** Sampling intervals of what is measured; of the gaps where there were checkpoints enough in the window. */
export function sampleRun(run: FleetRun, { window, tokens: { latencies } }: Seen) {
  const { pick } = run;
  const { ttft, tpot, e2el } = latencies;
  const all = run.client?.window?.checkpoints ?? [];
  const inside = window ? all.filter(({ clock }) => clock >= window.from.clock && clock <= window.to.clock) : [];
  return { ttft: sample(ttft, pick), tpot: sample(tpot, pick), itl: sampleGaps(inside), e2el: sample(e2el, pick) };
}
