// A run as Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing open: slices, arrows, counters.
// Format: "Trace Event Format", Google (the JSON object form). Perfetto reads it as long as no two complete events of one thread
// overlap, so every slot and every waiting place is a thread of its own.
import { findLastPredecessors, isRejected } from '../../metrics/fleet/walk.ts';
import type { FleetProgram, VisitResults } from '../../plan/fleet.ts';
import type { StepRecord } from '../../plan/setup.ts';
import { countBlocks, countOpen } from './counters.ts';
import { printMicros, toNanos } from './lanes.ts';
import { type Selection, selectVisits, type TraceOptions } from './select.ts';
import { layOutClients, layOutRequests, type PlacedSlice, type Process } from './tracks.ts';

export type { TraceOptions } from './select.ts';

/** Text per piece: a trace is never one string. */
const PIECE = 65_536;

/**
 * The trace as pieces of JSON. Times are microseconds since the start of the simulation. `steps` are the iterations of the
 * instances, where they were recorded, for the counters of KV blocks.
 */
export function* writeTrace(
  program: FleetProgram,
  results: VisitResults,
  options: TraceOptions = {},
  steps: readonly StepRecord[] = [],
): Generator<string> {
  const selection = closeWindow(selectVisits(program, results, options), results);
  const single = options.perRequest !== undefined && options.perRequest !== false;
  const processes = single
    ? layOutRequests(program, results, selection, findLastPredecessors(program, results))
    : layOutClients(program, results, selection);
  const arrows = drawArrows(program, processes);
  let piece = `{"displayTimeUnit":"ms","otherData":${JSON.stringify(describe(selection))},"traceEvents":[\n`;
  let separator = '';
  for (const process of processes) {
    for (const event of eventsOf(process, program, results, arrows, selection, steps)) {
      piece += separator + event;
      separator = ',\n';
      if (piece.length > PIECE) {
        yield piece;
        piece = '';
      }
    }
  }
  yield `${piece}\n]}\n`;
}

/** What never ended is drawn to the end of the run. */
function closeWindow(selection: Selection, results: VisitResults): Selection {
  if (Number.isFinite(selection.to)) return selection;
  let to = selection.from;
  for (const column of [results.ready, results.start, results.finish]) for (const t of column) if (t > to) to = t;
  return { ...selection, to };
}

function describe({ from, to, every }: Selection) {
  return {
    source: 'MIST simulation',
    window_s: [from, to],
    requests_drawn: every === 1 ? 'all' : `one in ${every}, to stay small; counters count all`,
  };
}

/** One end of an arrow: it sticks to the slice that it lies in. */
interface ArrowEnd {
  readonly phase: 's' | 'f';
  readonly id: number;
  readonly at: number; // ns
  readonly tid: number;
}

/** Arrows from the service of a visit to the first slice of the next one, by process; both ends are drawn or none. */
function drawArrows(program: FleetProgram, processes: readonly Process[]): Map<number, ArrowEnd[]> {
  const { count, edgeAt, edgeTo } = program.visits;
  const tail = new Map<number, { pid: number; slice: PlacedSlice }>();
  const head = new Map<number, { pid: number; slice: PlacedSlice }>();
  const arrows = new Map<number, ArrowEnd[]>();
  for (const { pid, slices } of processes) {
    arrows.set(pid, []);
    for (const slice of slices) {
      if (slice.kind === 'service') tail.set(slice.visit, { pid, slice });
      const first = head.get(slice.visit);
      if (first === undefined || slice.from < first.slice.from) head.set(slice.visit, { pid, slice });
    }
  }
  for (let v = 0; v < count; v++) {
    const from = tail.get(v);
    if (from === undefined) continue;
    for (let edge = edgeAt[v]!; edge < edgeAt[v + 1]!; edge++) {
      const to = head.get(edgeTo[edge]!);
      if (to === undefined || to.slice.from < from.slice.to) continue;
      // one nanosecond before the end: at the end itself the slice is over and would not hold the arrow
      const at = Math.max(from.slice.from, from.slice.to - 1);
      arrows.get(from.pid)!.push({ phase: 's', id: edge, at, tid: from.slice.lane });
      arrows.get(to.pid)!.push({ phase: 'f', id: edge, at: to.slice.from, tid: to.slice.lane });
    }
  }
  return arrows;
}

function* eventsOf(
  process: Process,
  program: FleetProgram,
  results: VisitResults,
  arrows: ReadonlyMap<number, readonly ArrowEnd[]>,
  selection: Selection,
  steps: readonly StepRecord[],
): Generator<string> {
  const { pid, name, threads, slices, hidden } = process;
  yield metadata(pid, 0, 'process_name', { name });
  yield metadata(pid, 0, 'process_sort_index', { sort_index: pid });
  if (hidden > 0) yield metadata(pid, 0, 'process_labels', { labels: `${hidden} more waiting, not drawn` });
  for (const thread of threads) {
    yield metadata(pid, thread.tid, 'thread_name', { name: thread.name });
    yield metadata(pid, thread.tid, 'thread_sort_index', { sort_index: thread.tid });
  }
  const ends = [...arrows.get(pid)!].sort((a, b) => a.at - b.at);
  let next = 0;
  for (const slice of slices) {
    while (next < ends.length && ends[next]!.at < slice.from) yield printArrow(ends[next++]!, pid);
    yield printSlice(slice, pid, program, results);
  }
  while (next < ends.length) yield printArrow(ends[next++]!, pid);
  if (process.client >= 0) yield* countersOf(process, results, selection, steps);
}

function metadata(pid: number, tid: number, name: string, args: Record<string, string | number>): string {
  return JSON.stringify({ name, ph: 'M', pid, tid, args });
}

function printSlice(slice: PlacedSlice, pid: number, program: FleetProgram, results: VisitResults): string {
  const { visits, stages, clients } = program;
  const { visit, kind, from, to, lane } = slice;
  const stage = stages[visits.stage[visit]!];
  const args: Record<string, string | number> = { request: visits.request[visit]!, visit };
  const client = clients[results.client[visit]!];
  if (client !== undefined) {
    args.instance = client.name;
    if (client.kind === 'llm') {
      args.prompt = visits.prompt[visit]!;
      args.output = visits.output[visit]!;
      if (results.cached[visit]! > 0) args.cached = results.cached[visit]!;
      if (results.preemptions[visit]! > 0) args.preemptions = results.preemptions[visit]!;
    }
  }
  const name = JSON.stringify(kind === 'service' ? stage : `${stage} (${kind})`);
  return (
    `{"name":${name},"cat":"${kind}","ph":"X","ts":${printMicros(from)},"dur":${printMicros(to - from)},` +
    `"pid":${pid},"tid":${lane},"args":${JSON.stringify(args)}}`
  );
}

/** `bp: e` binds the head of an arrow to the slice around it instead of the next one. */
function printArrow({ phase, id, at, tid }: ArrowEnd, pid: number): string {
  const bind = phase === 'f' ? '"bp":"e",' : '';
  return `{"name":"hand-off","cat":"hand-off","ph":"${phase}",${bind}"id":${id},"ts":${printMicros(at)},"pid":${pid},"tid":${tid}}`;
}

function* countersOf(
  { pid, client }: Process,
  results: VisitResults,
  selection: Selection,
  steps: readonly StepRecord[],
): Generator<string> {
  const ready: number[] = [];
  const start: number[] = [];
  const finish: number[] = [];
  for (let v = 0; v < results.client.length; v++) {
    if (results.client[v] !== client || isRejected(results.state[v]!)) continue;
    if (!Number.isNaN(results.ready[v])) ready.push(toNanos(results.ready[v]!));
    if (!Number.isNaN(results.start[v])) start.push(toNanos(results.start[v]!));
    if (!Number.isNaN(results.finish[v])) finish.push(toNanos(results.finish[v]!));
  }
  const [from, to] = [toNanos(selection.from), toNanos(selection.to)];
  const counters = [
    ['running', countOpen(start, finish, from, to)],
    ['waiting', countOpen(ready, start, from, to)],
    ['KV blocks', countBlocks(steps, client, from, to)],
  ] as const;
  for (const [name, points] of counters) {
    for (const { at, value } of points) {
      yield `{"name":"${name}","ph":"C","ts":${printMicros(at)},"pid":${pid},"tid":0,"args":{"${name}":${value}}}`;
    }
  }
}
