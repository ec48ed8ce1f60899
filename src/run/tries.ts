// Requests whose clients try again: every try that there may be is a request of its own to the engine, and of all of them the one that
// counts, the last that was sent, is what became of the request.
import { STATE_CANCELLED, STATE_FAILED, STATE_REJECTED_QUEUE, STATE_TIMED_OUT } from '../../assembly/layout/enums.ts';
import { findRejection } from '../metrics/fleet/walk.ts';
import type { FleetProgram, VisitResults, VisitTable } from '../plan/fleet.ts';
import type { FleetRun } from './fleet-read.ts';

type Requests = FleetProgram['requests'];

/** The program with a request for every try; itself where nobody tries again. */
export function expandTries(program: FleetProgram): FleetProgram {
  const { requests, visits } = program;
  if (!requests.tries) return program;
  const { most, backoff } = requests.tries;
  const { count, first, last } = requests;
  const total = count + most.reduce((sum, tries) => sum + tries, 0);
  const of = new Int32Array(total);
  const after = new Int32Array(total).fill(-1);
  const delay = new Float64Array(total);
  const again = new Uint8Array(total);
  const { turns } = requests;
  if (turns) {
    after.set(turns.after);
    delay.set(turns.delay);
  }
  for (let r = 0; r < count; r++) of[r] = r;
  for (let r = 0, at = count; r < count; r++) {
    for (let k = 0; k < most[r]!; k++, at++) {
      of[at] = r;
      after[at] = k === 0 ? r : at - 1;
      delay[at] = backoff[r]! * 2 ** k;
      again[at] = 1;
    }
  }
  const ownFirst = new Int32Array(total + 1);
  for (let r = 0; r < total; r++) ownFirst[r + 1] = ownFirst[r]! + first[of[r]! + 1]! - first[of[r]!]!;
  const shift = of.map((r, own) => ownFirst[own]! - first[r]!);
  const arrival = Float64Array.from(of, (r, own) => (own < count ? requests.arrival[r]! : 0));
  return {
    ...program,
    visits: repeatVisits(visits, of, first, shift),
    requests: {
      count: total,
      arrival,
      first: ownFirst,
      last: of.map((r, own) => last[r]! + shift[own]!),
      concurrency: requests.concurrency,
      turns: { roots: turns?.roots ?? count, after, delay, again },
      ...(requests.patience ? { patience: Float64Array.from(of, (r) => requests.patience![r]!) } : {}),
    },
  };
}

/** The visits of request `of[r]` for every r, one after the other; `shift`: by how much they are numbered higher. */
function repeatVisits(visits: VisitTable, of: Int32Array, first: Int32Array, shift: Int32Array): VisitTable {
  const from: number[] = [];
  const owner: number[] = [];
  of.forEach((r, own) => {
    for (let v = first[r]!; v < first[r + 1]!; v++) {
      from.push(v);
      owner.push(own);
    }
  });
  const pick = (column: Int32Array) => Int32Array.from(from, (v) => column[v]!);
  const move = (column: Int32Array) =>
    Int32Array.from(from, (v, i) => (column[v]! < 0 ? -1 : column[v]! + shift[owner[i]!]!));
  const edges: number[] = [];
  const moved: number[] = [];
  const edgeAt = listed(from, visits.edgeAt, (e, i) => {
    edges.push(e);
    moved.push(visits.edgeTo[e]! + shift[owner[i]!]!);
  });
  const hashes: number[] = [];
  const hashAt = listed(from, visits.hashAt, (h) => hashes.push(visits.hashIds[h]!));
  const { asked, priority, adapter, tenant, fetched, replaced } = visits;
  return {
    count: from.length,
    request: Int32Array.from(owner),
    ...{
      stage: pick(visits.stage),
      group: pick(visits.group),
      prompt: pick(visits.prompt),
      output: pick(visits.output),
    },
    ...{
      seconds: Float64Array.from(from, (v) => visits.seconds[v]!),
      flags: pick(visits.flags),
      sameAs: move(visits.sameAs),
    },
    ...{ shared: pick(visits.shared), lets: move(visits.lets), holders: pick(visits.holders) },
    ...{ pending: pick(visits.pending), fetches: move(visits.fetches), writes: pick(visits.writes) },
    ...{ edgeAt, edgeTo: Int32Array.from(moved), hashAt, hashIds: Int32Array.from(hashes) },
    edgeBytes: Float64Array.from(edges, (e) => visits.edgeBytes[e]!),
    edgeLayers: Int32Array.from(edges, (e) => visits.edgeLayers[e]!),
    ...(asked ? { asked: pick(asked) } : {}),
    ...(priority ? { priority: pick(priority) } : {}),
    ...(adapter ? { adapter: pick(adapter) } : {}),
    ...(tenant ? { tenant: pick(tenant) } : {}),
    ...(fetched ? { fetched: pick(fetched) } : {}),
    ...(replaced ? { replaced: pick(replaced) } : {}),
  };
}

/** Where the entries of each visit begin, and one past the last; `add` is told of every entry. */
function listed(from: readonly number[], at: Int32Array, add: (entry: number, visit: number) => void): Int32Array {
  const begins = new Int32Array(from.length + 1);
  from.forEach((v, i) => {
    for (let e = at[v]!; e < at[v + 1]!; e++) add(e, i);
    begins[i + 1] = begins[i]! + at[v + 1]! - at[v]!;
  });
  return begins;
}

/** A run of the expanded program as one of the program itself. Requests have arrived when they were first sent. */
export function foldTries(program: FleetProgram, expanded: FleetProgram, run: FleetRun): FleetRun {
  const { count, patience, tries } = program.requests;
  if (!patience && !tries && !program.outages && program.clients.every(({ maxQueued }) => maxQueued === undefined))
    return run;
  const counted = Int32Array.from({ length: count }, (_, r) => r);
  const { first, turns } = expanded.requests;
  let tried = 0;
  for (let own = count; own < expanded.requests.count; own++) {
    const root = first[own]!;
    // one that waited for an instance until its client left was sent too
    if (run.results.client[root]! < 0 && run.results.state[root] !== STATE_CANCELLED) continue;
    tried++;
    let of = turns!.after[own]!;
    while (of >= count) of = turns!.after[of]!;
    counted[of] = own;
  }
  const lostAt = Float64Array.from(counted, (own) => lostTime(expanded, run, own));
  if (!tries) return { ...run, lostAt };
  return {
    ...run,
    results: foldResults(program, expanded.requests, run.results, counted),
    requestState: Int32Array.from(counted, (own) => run.requestState[own]!),
    lostAt,
    tried,
  };
}

/** s, when a request was turned away, its client left or it failed; NaN where none of that happened. */
function lostTime({ requests }: FleetProgram, { results, requestState, failedAt }: FleetRun, r: number): number {
  const root = requests.first[r]!;
  if (requestState[r] === STATE_TIMED_OUT) return results.ready[root]! + requests.patience![r]!;
  if (requestState[r] === STATE_FAILED) return failedAt![requests.last[r]!]!;
  if (requestState[r] !== STATE_REJECTED_QUEUE) return Number.NaN;
  return results.ready[findRejection(root, requests.first[r + 1]!, results)]!;
}

function foldResults(
  program: FleetProgram,
  { first }: Requests,
  results: VisitResults,
  counted: Int32Array,
): VisitResults {
  const n = program.visits.count;
  const { ready } = results;
  const fold = <T extends Int32Array | Float64Array>(column: T): T => {
    const own = column.slice(0, n) as T;
    counted.forEach((of, r) => {
      if (of !== r) own.set(column.subarray(first[of]!, first[of + 1]!), program.requests.first[r]!);
    });
    return own;
  };
  const folded = fold(ready);
  for (const root of program.requests.first.subarray(0, counted.length)) folded[root] = ready[root]!;
  return {
    ...{
      state: fold(results.state),
      start: fold(results.start),
      first: fold(results.first),
      finish: fold(results.finish),
    },
    ...{
      client: fold(results.client),
      preemptions: fold(results.preemptions),
      cached: fold(results.cached),
      ready: folded,
    },
  };
}
