// Occupancy over time from the intervals of visits: means over equal parts of the run, peaks, and busy time.

import type { ClientCurve, FleetTimeline } from './curve-types.ts';
import type { FleetRun, Span } from './types.ts';
import { isRejected } from './walk.ts';

/** Times of one client's visits: became ready, began, ended; those still waiting or running at the end of the run end there. */
export interface Intervals {
  readonly ready: Float64Array;
  readonly start: Float64Array;
  readonly finish: Float64Array;
}

/** Visits of each client that came to it and were not turned away, in visit order. */
export function listIntervals(run: FleetRun, end: number): Intervals[] {
  const { client, state, ready, start, finish } = run.results;
  const sizes = new Int32Array(run.program.clients.length);
  const counts = (v: number): boolean => client[v]! >= 0 && !Number.isNaN(ready[v]) && !isRejected(state[v]!);
  for (let v = 0; v < client.length; v++) if (counts(v)) sizes[client[v]!]!++;
  const lists = Array.from(sizes, (size) => ({
    ready: new Float64Array(size),
    start: new Float64Array(size),
    finish: new Float64Array(size),
  }));
  sizes.fill(0);
  for (let v = 0; v < client.length; v++) {
    if (!counts(v)) continue;
    const list = lists[client[v]!]!;
    const at = sizes[client[v]!]!++;
    list.ready[at] = ready[v]!;
    list.start[at] = Number.isNaN(start[v]!) ? end : start[v]!;
    list.finish[at] = Number.isNaN(finish[v]!) ? end : finish[v]!;
  }
  return lists;
}

/** What of the intervals lies between two instants; those that do not are empty. */
export function clipIntervals(list: Intervals, { from, to }: Span): Intervals {
  const clip = (times: Float64Array) => times.map((time) => Math.min(to, Math.max(from, time)));
  return { ready: clip(list.ready), start: clip(list.start), finish: clip(list.finish) };
}

export function sumLengths(begins: Float64Array, ends: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < begins.length; i++) sum += ends[i]! - begins[i]!;
  return sum;
}

/** Most intervals open at one time; one that ends as another begins makes room first, and an empty one is never open. */
export function peakOverlap(begins: Float64Array, ends: Float64Array): number {
  const open = openOnes(begins, ends);
  let peak = 0;
  for (let begun = 0, ended = 0; begun < open.begins.length; begun++) {
    while (open.ends[ended]! <= open.begins[begun]!) ended++;
    peak = Math.max(peak, begun + 1 - ended);
  }
  return peak;
}

/** Begins and ends of intervals that last, each sorted by itself. */
export function openOnes(begins: Float64Array, ends: Float64Array) {
  const open = { begins: new Float64Array(begins.length), ends: new Float64Array(ends.length) };
  let n = 0;
  for (let i = 0; i < begins.length; i++) {
    if (!(ends[i]! > begins[i]!)) continue;
    open.begins[n] = begins[i]!;
    open.ends[n++] = ends[i]!;
  }
  return { begins: inOrder(open.begins.subarray(0, n)), ends: inOrder(open.ends.subarray(0, n)) };
}

/** Arrivals mostly are in order already. */
function inOrder(times: Float64Array): Float64Array {
  for (let i = 1; i < times.length; i++) if (times[i - 1]! > times[i]!) return times.sort();
  return times;
}

/** The union of the intervals, as disjoint ones in order: when at least one was open. */
export function uniteIntervals(begins: Float64Array, ends: Float64Array): Intervals {
  const open = openOnes(begins, ends);
  const from: number[] = [];
  const to: number[] = [];
  for (let begun = 0, ended = 0; ended < open.ends.length; ) {
    if (begun === ended) from.push(open.begins[begun]!);
    if (begun < open.begins.length && open.begins[begun]! <= open.ends[ended]!) begun++;
    else if (++ended === begun) to.push(open.ends[ended - 1]!);
  }
  return { ready: Float64Array.from(from), start: Float64Array.from(from), finish: Float64Array.from(to) };
}

/** How many intervals are open on average in each of `parts` equal parts of [from, to]. */
export function meanOpen(
  begins: Float64Array,
  ends: Float64Array,
  from: number,
  to: number,
  parts: number,
): Float64Array {
  const width = (to - from) / parts;
  const mean = new Float64Array(parts);
  const change = new Float64Array(parts + 1); // of the intervals that are open all through a part
  if (!(width > 0)) return mean;
  for (let i = 0; i < begins.length; i++) {
    const a = Math.min(parts, Math.max(0, (begins[i]! - from) / width));
    const b = Math.min(parts, Math.max(0, (ends[i]! - from) / width));
    if (!(b > a)) continue;
    const first = Math.floor(a);
    const last = Math.floor(b);
    if (first === last) {
      mean[first]! += b - a;
      continue;
    }
    mean[first]! += first + 1 - a;
    if (last < parts) mean[last]! += b - last;
    change[first + 1]!++;
    change[last]!--;
  }
  for (let part = 0, whole = 0; part < parts; part++) {
    whole += change[part]!;
    mean[part]! += whole;
  }
  return mean;
}

const PARTS = 240;

/** `paid`: when instances that start and stop were on, by client. */
export function drawTimeline(
  run: FleetRun,
  intervals: readonly Intervals[],
  from: number,
  to: number,
  paid: readonly ({ readonly begins: Float64Array; readonly ends: Float64Array } | null)[],
): FleetTimeline {
  const steps = run.steps === undefined ? null : groupSteps(run);
  const clients = intervals.map((list, c): ClientCurve => {
    const client = run.program.clients[c]!;
    const mean = (begins: Float64Array, ends: Float64Array) => meanOpen(begins, ends, from, to, PARTS);
    const running = mean(list.start, list.finish);
    const taken = steps?.[c] ?? uniteIntervals(list.start, list.finish);
    const busy = client.kind === 'cores' ? running.map((n) => n / client.maxNumSeqs) : mean(taken.start, taken.finish);
    const kv = steps && client.kind === 'llm' && client.numGpuBlocks > 0 ? peakBlocks(run, c, from, to) : null;
    const times = paid[c];
    const on = times ? { on: mean(times.begins, times.ends) } : {};
    return { running, waiting: mean(list.ready, list.start), busy, ...on, kv };
  });
  return { from, to, parts: PARTS, clients };
}

/** Steps of each llm client as intervals; null for the others, which have none. */
function groupSteps(run: FleetRun): (Intervals | null)[] {
  const starts: number[][] = run.program.clients.map(() => []);
  const ends: number[][] = run.program.clients.map(() => []);
  for (const { replica, start, duration } of run.steps!) {
    starts[replica]!.push(start);
    ends[replica]!.push(start + duration);
  }
  return run.program.clients.map(({ kind }, c) => {
    if (kind !== 'llm') return null;
    const start = Float64Array.from(starts[c]!);
    return { ready: start, start, finish: Float64Array.from(ends[c]!) };
  });
}

/** Largest share of KV blocks in use in each part of the run; a part that no step touches keeps nothing. */
function peakBlocks(run: FleetRun, client: number, from: number, to: number): Float64Array {
  const peaks = new Float64Array(PARTS);
  const scale = PARTS / (to - from);
  for (const step of run.steps!) {
    if (step.replica !== client) continue;
    const first = Math.max(0, Math.floor((step.start - from) * scale));
    const last = Math.min(PARTS - 1, Math.floor((step.start + step.duration - from) * scale));
    const share = step.blocks / run.program.clients[client]!.numGpuBlocks;
    for (let part = first; part <= last; part++) peaks[part] = Math.max(peaks[part]!, share);
  }
  return peaks;
}
