// Where the time goes: queue, service and transfer of every stage, over its visits and along the path that decides a request.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import { meanAndStd, summarise } from '../summary.ts';
import type { Breakdown, FleetRun, PathPart, StageResult } from './types.ts';
import { countStates, type RequestColumns } from './walk.ts';

/** Share of energy and cost per stage and finished request. */
export interface StagePrices {
  readonly joules: Float64Array;
  readonly usd: Float64Array;
}

/** One row per stage of the program: its visits, and times over the finished ones of `members` (null = of all requests). */
export function measureStages(
  run: FleetRun,
  members: Uint8Array | null,
  predecessors: Int32Array,
  prices: StagePrices,
): StageResult[] {
  const { visits, stages } = run.program;
  const listed = listByStage(visits.stage, stages.length);
  return stages.map((name, stage) => {
    const counts = (v: number) => members === null || members[visits.request[v]!] === 1;
    const finished = listed[stage]!.filter((v) => run.results.state[v] === STATE_FINISHED && counts(v));
    const column = (read: (v: number) => number) => summarise(Float64Array.from(finished, read));
    const sum = (tokens: Int32Array): number => finished.reduce((total, v) => total + tokens[v]!, 0);
    return {
      name,
      visits: countStates(Int32Array.from(listed[stage]!, (v) => run.results.state[v]!)),
      queue: column((v) => run.results.start[v]! - run.results.ready[v]!),
      service: column((v) => run.results.finish[v]! - run.results.start[v]!),
      transfer: column((v) => transferOf(run, v, predecessors[v]!)),
      prompt_tokens: sum(visits.prompt),
      cached_tokens: sum(run.results.cached),
      output_tokens: sum(visits.output),
      joules_per_request: prices.joules[stage]!,
      usd_per_request: prices.usd[stage]!,
    };
  });
}

/** Visits of each stage, in order. */
function listByStage(stage: Int32Array, stages: number): Int32Array[] {
  const sizes = new Int32Array(stages);
  for (const s of stage) sizes[s]!++;
  const lists = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let v = 0; v < stage.length; v++) lists[stage[v]!]![sizes[stage[v]!]!++] = v;
  return lists;
}

/** Roots wait for nothing. */
function transferOf(run: FleetRun, v: number, predecessor: number): number {
  return predecessor < 0 ? 0 : run.results.ready[v]! - run.results.finish[predecessor]!;
}

/** Which finished requests a class holds, as ranks of their latency in [0, 1]. */
const CLASSES = [
  { name: 'mean', from: 0, to: 1 },
  { name: 'p50', from: 0.45, to: 0.55 },
  { name: 'p90', from: 0.875, to: 0.925 },
  { name: 'p99', from: 0.985, to: 0.995 },
] as const;

/**
 * What requests spend their time on. Going back from the last visit, each time to the predecessor that ended last, the
 * transfer, queue and service of the visits on the way add up to the request's latency exactly; those of a class are averaged.
 * Visits off that path (the faster branches) do not count: they delay nobody.
 */
export function breakDown(
  run: FleetRun,
  requests: RequestColumns,
  e2el: Float64Array,
  predecessors: Int32Array,
): Breakdown[] {
  return latencyClasses(requests.state, e2el).map(({ name, members }) => {
    const sums = new Float64Array(run.program.stages.length * 3);
    for (const r of members) addPath(sums, run, r, predecessors);
    const parts = run.program.stages.map((_, s): PathPart => {
      const mean = (kind: number): number => sums[s * 3 + kind]! / members.length;
      return { queue: mean(0), service: mean(1), transfer: mean(2) };
    });
    const latency = members.length > 0 ? meanAndStd(Float64Array.from(members, (r) => e2el[r]!)).mean : Number.NaN;
    return { name, requests: members.length, e2el: latency, parts };
  });
}

/** The finished requests that each class of the breakdown holds. */
export function latencyClasses(state: Int32Array, e2el: Float64Array) {
  const order = orderByLatency(state, e2el);
  return CLASSES.map(({ name, from, to }) => ({
    name,
    members: order.subarray(Math.floor(from * order.length), Math.max(1, Math.ceil(to * order.length))),
  }));
}

/** Finished requests, quickest first. */
export function orderByLatency(state: Int32Array, e2el: Float64Array): Int32Array {
  const finished = new Int32Array(state.length);
  let n = 0;
  for (let r = 0; r < state.length; r++) if (state[r] === STATE_FINISHED) finished[n++] = r;
  return finished.subarray(0, n).sort((a, b) => e2el[a]! - e2el[b]! || a - b);
}

function addPath(sums: Float64Array, run: FleetRun, r: number, predecessors: Int32Array): void {
  const { ready, start, finish } = run.results;
  for (let v = run.program.requests.last[r]!; v >= 0; v = predecessors[v]!) {
    const at = run.program.visits.stage[v]! * 3;
    sums[at]! += start[v]! - ready[v]!;
    sums[at + 1]! += finish[v]! - start[v]!;
    sums[at + 2]! += transferOf(run, v, predecessors[v]!);
  }
}
