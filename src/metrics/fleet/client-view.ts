// What the sender of the requests sees of a run: later first tokens and ends, and only what falls into the measured window.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import { comesInBursts } from '../../plan/setup.ts';
import { totalWeight } from '../itl.ts';
import { ROLE_NONE, roleTable } from './roles.ts';
import { countWithin, type TokenColumns } from './tokens.ts';
import type { FleetLatencies, FleetRun, Span } from './types.ts';
import { openOrder, type RequestColumns } from './walk.ts';
import { type Checkpoint, chooseWindow, countBetween, type RunWindow, type WindowRule } from './window.ts';

/** Time that requests of an engine are on their way before the first token. */
export interface Way {
  readonly request_s: number;
  readonly prompt_token_s: number;
}

export interface ClientView {
  /** By client of the program; null = latencies are those of the engines. */
  readonly ways: readonly (Way | null)[] | null;
  /** Which engine sends the first token where prefill and decode are apart. */
  readonly firstToken: 'prefill' | 'decode';
  /** Which part of the run figures are of; absent = all of it. */
  readonly window?: { readonly rule: WindowRule | 'steady'; readonly checkpoints: readonly Checkpoint[] };
}

/** A run as its client sees it. */
export interface Seen {
  readonly tokens: TokenColumns;
  readonly span: Span;
  /** Of the counters and gaps that figures are made of. */
  readonly run: FleetRun;
  /** Which requests arrived in the window (1); null = all count. */
  readonly members: Uint8Array | null;
  /** Requests that ended in the window; null = all that did. */
  readonly completed: number | null;
  /** The window; null = all of the run. */
  readonly window: RunWindow | null;
  /** How much slower a closed loop turns by what its requests spend on their way: a factor on rates. */
  readonly pace: number;
}

/** What is left of a run when its client looks at it; the very same where it sees what the engines do. */
export function seeRun(run: FleetRun, requests: RequestColumns, tokens: TokenColumns, span: Span): Seen {
  const { client } = run;
  const all: Seen = { tokens, span, run, members: null, completed: null, window: null, pace: 1 };
  if (!client) return all;
  const asked = client.window;
  const sort = openOrder(run.program.requests, requests);
  const { state, arrival, finish } = requests;
  const sorted = { state: sort(state), arrival: sort(arrival), finish: sort(finish) };
  const window = asked ? chooseWindow(asked.checkpoints, asked.rule, sorted, sort(tokens.latencies.ttft)) : null;
  if (asked?.rule === 'steady' && !window) return seeNothing(all);
  const part = window ? seeWindow(all, requests, window) : all;
  return client.ways ? seeDelays(run, requests, part, client.ways) : part;
}

/** A steady part that never was. */
function seeNothing({ tokens, ...all }: Seen): Seen {
  const none = (column: Float64Array) => new Float64Array(column.length).fill(Number.NaN);
  const { ttft, firstAnswer, tpot, e2el } = tokens.latencies;
  const latencies = { ttft: none(ttft), firstAnswer: none(firstAnswer), tpot: none(tpot), e2el: none(e2el) };
  const counts = { input: 0, cached: 0, produced: 0, thought: 0, gaps: 0, gapSeconds: Number.NaN };
  return { ...all, tokens: { ...tokens, latencies, ...counts }, span: { from: 0, to: 0 }, completed: 0 };
}

/** Latencies of all requests as their client sees them, whatever is measured. */
export function seeLatencies(run: FleetRun, requests: RequestColumns, tokens: TokenColumns, span: Span) {
  const whole = run.client ? { ...run, client: { ways: run.client.ways, firstToken: run.client.firstToken } } : run;
  return seeRun(whole, requests, tokens, span).tokens.latencies;
}

function seeWindow({ run, tokens, ...all }: Seen, requests: RequestColumns, window: RunWindow): Seen {
  const [from, to] = [window.from.clock, window.to.clock];
  const { latencies } = tokens;
  const members = new Uint8Array(requests.arrival.length);
  let completed = 0;
  for (let r = 0; r < members.length; r++) {
    if (requests.arrival[r]! >= from && requests.arrival[r]! < to) members[r] = 1;
    if (requests.finish[r]! >= from && requests.finish[r]! < to) completed++;
  }
  const only = (column: Float64Array): Float64Array => {
    const kept = column.slice();
    for (let r = 0; r < kept.length; r++) if (members[r] === 0) kept[r] = Number.NaN;
    return kept;
  };
  const ttft = only(latencies.ttft);
  const kept: FleetLatencies = {
    ttft,
    firstAnswer: latencies.firstAnswer === latencies.ttft ? ttft : only(latencies.firstAnswer),
    tpot: only(latencies.tpot),
    e2el: only(latencies.e2el),
  };
  const between = { ...run, ...countBetween(window.from, window.to) };
  const within = countWithin(run, requests, from, to);
  const produced = countTokens(between, from, to) ?? within.produced;
  return {
    ...all,
    tokens: { ...tokens, latencies: kept, ...within, produced, gaps: 0, gapSeconds: Number.NaN },
    span: { from, to },
    run: between,
    members,
    completed,
    window,
  };
}

/**
 * Tokens that engines made between two instants: first tokens, and a token for each gap they counted; null where tokens come several
 * at once. Exact also where a ramp makes the gaps of one answer unequal, which countWithin cannot know.
 */
function countTokens({ program, results, roles, itl }: FleetRun, from: number, to: number): number | null {
  if (!itl || program.clients.some(comesInBursts)) return null;
  const role = roleTable(program.stages.length, roles);
  let made = totalWeight(itl);
  // an instant's steps end before its requests arrive
  const { first } = results;
  const { stage, count } = program.visits;
  for (let v = 0; v < count; v++) if (first[v]! > from && first[v]! <= to && role[stage[v]!] !== ROLE_NONE) made++;
  return Math.round(made);
}

/** A request's first generating visit; -1 where it has none. */
function firstVisit(run: FleetRun, role: Uint8Array, request: number): number {
  const { visits, requests } = run.program;
  for (let v = requests.first[request]!; v < requests.first[request + 1]!; v++)
    if (role[visits.stage[v]!] !== ROLE_NONE) return v;
  return -1;
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
  const { state } = requests;
  const { client } = results;
  const { prompt } = program.visits;
  const late = new Float64Array(state.length);
  for (let r = 0; r < late.length; r++) {
    if (state[r] !== STATE_FINISHED) continue;
    const v = firstVisit(run, role, r);
    const way = v < 0 ? null : (ways[client[v]!] ?? null);
    if (!way) continue;
    const lost = r < concurrency ? 0 : missed[client[v]!]!;
    late[r] = way.request_s + way.prompt_token_s * prompt[v]! + lost;
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
  for (let r = 0; r < sums.length; r++) sums[r] = column[r]! + late[r]!;
  return sums;
}

function sumMeasured(times: Float64Array): number {
  return times.reduce((sum, time) => (Number.isNaN(time) ? sum : sum + time), 0);
}
