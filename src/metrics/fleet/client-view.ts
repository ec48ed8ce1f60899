// What the sender of the requests sees of a run: later first tokens and ends, and only what falls into the measured window.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import type { ItlHistogram } from '../itl.ts';
import { totalWeight } from '../itl.ts';
import { ROLE_NONE, roleTable } from './roles.ts';
import type { TokenColumns } from './tokens.ts';
import type { ClientCounters, FleetLatencies, FleetRun } from './types.ts';
import type { RequestColumns } from './walk.ts';

/** Time that requests of an engine are on their way before the first token. */
export interface Way {
  readonly request_s: number;
  readonly prompt_token_s: number;
}

/** A part of a run, s, and what was counted in it. */
export interface RunWindow {
  readonly from: number;
  readonly to: number;
  readonly counters: readonly ClientCounters[];
  readonly itl: ItlHistogram;
}

export interface ClientView {
  /** By client of the program; null = latencies are those of the engines. */
  readonly ways: readonly (Way | null)[] | null;
  /** Which engine sends the first token where prefill and decode are apart. */
  readonly firstToken: 'prefill' | 'decode';
  /** null = all of the run. */
  readonly window: RunWindow | null;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A run as its client sees it. */
export interface Seen {
  readonly tokens: TokenColumns;
  readonly span: Span;
  /** Of the counters and gaps that figures are made of. */
  readonly run: FleetRun;
  /** Requests that ended in the window; null = all that did. */
  readonly completed: number | null;
  /** How much slower a closed loop turns by what its requests spend on their way: a factor on rates. */
  readonly pace: number;
}

/** What is left of a run when its client looks at it; the very same where it sees what the engines do. */
export function seeRun(run: FleetRun, requests: RequestColumns, tokens: TokenColumns, span: Span): Seen {
  const { client } = run;
  const all: Seen = { tokens, span, run, completed: null, pace: 1 };
  if (!client) return all;
  const { window } = client;
  const part = window ? seeWindow(run, requests, tokens, window) : all;
  return client.ways ? seeDelays(run, requests, part, client.ways) : part;
}

function seeWindow(run: FleetRun, requests: RequestColumns, tokens: TokenColumns, window: RunWindow): Seen {
  const { from, to, counters, itl } = window;
  const inside = (time: number) => time > from && time <= to;
  const { latencies, firstToken } = tokens;
  let [firsts, input, completed] = [0, 0, 0];
  const first = firstToken.map((time, r) => {
    if (!inside(time)) return 0;
    firsts++;
    input += promptOf(run, r);
    return 1;
  });
  const end = requests.finish.map((time) => (inside(time) ? 1 : 0));
  for (const ended of end) completed += ended;
  const only = (column: Float64Array, chosen: (r: number) => boolean) =>
    column.map((value, r) => (chosen(r) ? value : Number.NaN));
  const both = (r: number) => first[r] === 1 && end[r] === 1;
  const kept: FleetLatencies = {
    ttft: only(latencies.ttft, (r) => first[r] === 1),
    firstAnswer: only(latencies.firstAnswer, (r) => first[r] === 1),
    tpot: only(latencies.tpot, both),
    e2el: only(latencies.e2el, both),
  };
  const produced = totalWeight(itl) + firsts;
  return {
    tokens: { ...tokens, latencies: kept, input, produced, gaps: 0, gapSeconds: 0 },
    span: { from, to },
    run: { ...run, counters, itl },
    completed,
    pace: 1,
  };
}

/** A request's first generating visit; -1 where it has none. */
function firstVisit(run: FleetRun, role: Uint8Array, request: number): number {
  const { visits, requests } = run.program;
  for (let v = requests.first[request]; v < requests.first[request + 1]; v++)
    if (role[visits.stage[v]] !== ROLE_NONE) return v;
  return -1;
}

function promptOf(run: FleetRun, request: number): number {
  const visit = firstVisit(run, roleTable(run.program.stages.length, run.roles), request);
  return visit < 0 ? 0 : run.program.visits.prompt[visit];
}

/**
 * A closed loop sends the next request when it has seen the last token: the engine, which the simulation has admit it at that instant,
 * began its next step without it long ago, and on average half of that step is still to come.
 */
const MISSED_STEP = 0.5;

/**
 * First tokens and ends later by what requests spend on their way. A closed loop turns slower by it, so that concurrency stays
 * throughput times E2EL.
 */
function seeDelays(run: FleetRun, requests: RequestColumns, seen: Seen, ways: readonly (Way | null)[]): Seen {
  const { program, results, counters } = run;
  const { concurrency } = program.requests;
  const role = roleTable(program.stages.length, run.roles);
  const missed = counters.map(({ busySeconds, steps }) =>
    concurrency > 0 && steps > 0 ? (MISSED_STEP * busySeconds) / steps : 0,
  );
  const late = new Float64Array(requests.state.length);
  for (let r = 0; r < late.length; r++) {
    if (requests.state[r] !== STATE_FINISHED) continue;
    const v = firstVisit(run, role, r);
    const way = v < 0 ? null : (ways[results.client[v]] ?? null);
    if (!way) continue;
    const lost = r < concurrency ? 0 : missed[results.client[v]];
    late[r] = way.request_s + way.prompt_token_s * program.visits.prompt[v] + lost;
  }
  const { latencies } = seen.tokens;
  const e2el = addTo(latencies.e2el, late);
  const ttft = addTo(latencies.ttft, late);
  const firstAnswer = latencies.firstAnswer === latencies.ttft ? ttft : addTo(latencies.firstAnswer, late);
  const moved = { ...latencies, ttft, firstAnswer, e2el };
  // turns were sent when the answers before them had arrived: nothing is left that could slow them
  if (concurrency === 0 || program.requests.turns) return { ...seen, tokens: { ...seen.tokens, latencies: moved } };
  const after = sumMeasured(e2el);
  const pace = after > 0 ? sumMeasured(latencies.e2el) / after : 1;
  return { ...seen, tokens: { ...seen.tokens, latencies: moved }, pace };
}

function addTo(column: Float64Array, late: Float64Array): Float64Array {
  const sums = new Float64Array(column.length);
  for (let r = 0; r < sums.length; r++) sums[r] = column[r] + late[r];
  return sums;
}

function sumMeasured(times: Float64Array): number {
  return times.reduce((sum, time) => (Number.isNaN(time) ? sum : sum + time), 0);
}
