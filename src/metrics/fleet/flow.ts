// What flows through a fleet: when each request was in flight, and when of that it waited or was carried instead of being served.
//
// A request is *in flight* from its arrival to its end (finished, or turned away). It *waits* while it queues for a client, while what
// its next visit needs is on its way, and while a store serves it: what links and stores send shares their bandwidth, so that sending
// takes longer and longer where too much is asked of them, which is a queue by another name. What engines and cores do is service:
// its length is bounded by their slots.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import type { FleetRun } from './types.ts';
import { findRejection, isRejected, type RequestColumns } from './walk.ts';

/** Intervals [begin, end); Infinity where something never ended. */
export interface Spans {
  readonly begin: Float64Array;
  readonly end: Float64Array;
}

/** Bytes of each transfer, while they are on their way. */
export interface Sent extends Spans {
  readonly bytes: Float64Array;
}

export interface Flow {
  readonly arrival: Float64Array;
  /** Time at which each request was over, s; Infinity where it never was. */
  readonly end: Float64Array;
  /** Seconds that each request waited. */
  readonly waited: Float64Array;
  readonly waits: Spans;
  /** What links and stores send; absent where they send nothing. */
  readonly sent?: Sent;
  /** 1 = served; else lost, once it is over. */
  readonly served: Uint8Array;
}

export function measureFlow(run: FleetRun, requests: RequestColumns, predecessors: Int32Array): Flow {
  const { program, results } = run;
  const count = requests.state.length;
  const end = new Float64Array(count);
  const served = new Uint8Array(count);
  for (let r = 0; r < count; r++) {
    const state = requests.state[r]!;
    served[r] = state === STATE_FINISHED ? 1 : 0;
    end[r] = state === STATE_FINISHED ? requests.finish[r]! : endOfLost(run, r, state);
  }
  const alone = program.visits.count === count && program.clients.every(({ kind }) => kind !== 'store');
  const waits = alone ? waitsOfSingles(requests, results.start, end) : waitsOnPaths(run, requests, predecessors, end);
  const sent = alone ? null : listSent(run, end);
  return { arrival: requests.arrival, end, served, ...waits, ...(sent ? { sent } : {}) };
}

/**
 * Every transfer from the end of the visit that sends until the one that needs it has everything, and what stores send from when they are
 * asked until they have. Of a request that is over what never arrived goes with it.
 */
function listSent({ program, results }: FleetRun, over: Float64Array): Sent | null {
  const { visits, clients, storeBytesPerToken } = program;
  const most = visits.edgeTo.length + visits.count;
  const [begin, end, bytes] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)];
  const isStore = clients.map(({ kind }) => kind === 'store');
  let n = 0;
  const add = (v: number, from: number, to: number, amount: number) => {
    begin[n] = from;
    end[n] = Number.isNaN(to) ? over[visits.request[v]!]! : to;
    bytes[n++] = amount;
  };
  for (let v = 0; v < visits.count; v++) {
    const finish = results.finish[v]!;
    for (let e = visits.edgeAt[v]!; e < visits.edgeAt[v + 1]!; e++) {
      const amount = visits.edgeBytes[e]!;
      if (amount > 0 && !Number.isNaN(finish)) add(v, finish, results.ready[visits.edgeTo[e]!]!, amount);
    }
    const reader = visits.fetches[v]!;
    if (reader < 0 || !isStore[results.client[v]!]) continue;
    const [ready, amount] = [results.ready[v]!, results.cached[reader]! * storeBytesPerToken];
    if (amount > 0 && !Number.isNaN(ready)) add(v, ready, finish, amount);
  }
  if (n === 0) return null;
  return { begin: begin.slice(0, n), end: end.slice(0, n), bytes: bytes.slice(0, n) };
}

/** s, when a request that was not answered was over; Infinity where it is not. */
function endOfLost({ program, results, lostAt }: FleetRun, r: number, state: number): number {
  if (lostAt && !Number.isNaN(lostAt[r]!)) return lostAt[r]!;
  if (!isRejected(state)) return Infinity;
  const v = findRejection(program.requests.first[r]!, program.requests.first[r + 1]!, results);
  return v < 0 ? Infinity : results.ready[v]!;
}

/** Where every request is one visit, it waits until that starts. */
function waitsOfSingles({ arrival }: RequestColumns, start: Float64Array, end: Float64Array) {
  const [until, waited] = [start.slice(), new Float64Array(start.length)];
  for (let r = 0; r < until.length; r++) {
    if (Number.isNaN(until[r])) until[r] = end[r]!;
    waited[r] = until[r]! - arrival[r]!;
  }
  return { waits: { begin: arrival, end: until }, waited };
}

/**
 * Back from the visit that ended a request, each time to the predecessor that ended last: what lies between the end of one and the
 * start of the next is waiting. Of a request that never ended, from the last thing that happened to it.
 */
function waitsOnPaths(run: FleetRun, requests: RequestColumns, predecessors: Int32Array, end: Float64Array) {
  const { program, results } = run;
  const { clients } = program;
  const [begins, ends]: [number[], number[]] = [[], []];
  const waited = new Float64Array(end.length);
  for (let r = 0; r < end.length; r++) {
    const add = (from: number, to: number) => {
      if (!(to > from)) return;
      begins.push(from);
      ends.push(to);
      waited[r]! += to - from;
    };
    if (requests.state[r] !== STATE_FINISHED) {
      add(lastSeen(run, r, requests.arrival[r]!), end[r]!);
      continue;
    }
    for (let v = program.requests.last[r]!; v >= 0; v = predecessors[v]!) {
      const before = predecessors[v]! < 0 ? requests.arrival[r]! : results.finish[predecessors[v]!]!;
      const store = clients[results.client[v]!]?.kind === 'store';
      add(before, store ? results.finish[v]! : results.start[v]!);
    }
  }
  return { waits: { begin: Float64Array.from(begins), end: Float64Array.from(ends) }, waited };
}

/** When a request that never ended was last known to go on; Infinity where a visit of it is being served. */
function lastSeen({ program, results }: FleetRun, r: number, arrival: number): number {
  let last = arrival;
  for (let v = program.requests.first[r]!; v < program.requests.first[r + 1]!; v++) {
    const started = !Number.isNaN(results.start[v]);
    if (started && Number.isNaN(results.finish[v]) && program.clients[results.client[v]!]?.kind !== 'store')
      return Infinity;
    if (results.finish[v]! > last) last = results.finish[v]!;
  }
  return last;
}

/** How many spans hold each of these ascending instants (begun before it, and not over by then), or what they weigh together. */
export function countOpen({ begin, end }: Spans, instants: Float64Array, weights?: Float64Array): Float64Array {
  const open = new Float64Array(instants.length + 1);
  let [from, to] = [0, 0];
  for (let i = 0; i < begin.length; i++) {
    from = firstAfter(instants, begin[i]!, from);
    to = firstAfter(instants, end[i]!, to);
    if (from === to) continue;
    const weight = weights ? weights[i]! : 1;
    open[from]! += weight;
    open[to]! -= weight;
  }
  for (let i = 1; i < open.length; i++) open[i]! += open[i - 1]!;
  return open.subarray(0, instants.length);
}

/** The first of ascending instants that is later than a time, looked for from one `near` it: times come almost in order. */
function firstAfter(instants: Float64Array, time: number, near: number): number {
  let at = near;
  while (at < instants.length && !(instants[at]! > time)) at++;
  while (at > 0 && instants[at - 1]! > time) at--;
  return at;
}
