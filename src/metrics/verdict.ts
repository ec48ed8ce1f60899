// Whether a run kept up with its load, by conservation: what is in flight at the start of the window and what is offered in it equal what
// is served and lost in it and what is in flight at its end (law L14). Defined here, once.
//
// rejected    everything that arrived in the window was turned away.
// overloaded  What waits (or is carried: flow.ts) grows: for sure (SURE standard errors) by more than LEAST of what is offered, and in both
//             halves of the window. Or the bytes that links and stores have yet to send do, of those that they are given. Or all that is in flight does, in a window of FILLED services: what an empty fleet fills up to is
//             reached by then. Latencies then say how long the run was, not how good the deployment is.
// too-short   Neither that nor stable can be told: the window is shorter than SERVICES times the service of its quietest part, chance
//             could hide a growth of more than MOST of what is offered, or more than MOST of the bytes piled up, but not for sure.
// backlogged  Stable, but requests wait QUEUE times as long as they are served.
// stable      It is all but sure (LIKELY standard errors, 95 %) that less than MOST of what is offered piles up.
//
// Growth has two standard errors. What waits moves as its own increments say: of BATCHES parts of the window with equally many arrivals,
// as if they were independent, which a queue that comes back to where it was only overstates. What is being served is as many as arrive in
// a service time, so Poisson, or as much more irregular as the arrivals are: at both ends of the window.
//
// A closed loop keeps what is in flight as it is: it is stable as soon as every place was taken SERVICES times. Requests that arrive all at
// once offer no rate: they can be backlogged, not overloaded.
import { countOpen, type Flow } from './fleet/flow.ts';
import type { Verdict } from './types.ts';

const SURE = 4;
const LIKELY = 1.645;
const LEAST = 0.01;
const MOST = 0.03;
const SERVICES = 2;
const FILLED = 10;
const QUEUE = 3;
const BATCHES = 20;

/** What came into the window, what left it, and what the verdict rests on. Counts are of requests. */
export interface Balance {
  readonly from: number; // s
  readonly to: number; // s
  readonly in_flight_start: number;
  readonly offered: number;
  readonly served: number;
  readonly lost: number;
  readonly in_flight_end: number;
  /** Of those in flight, those that wait or are carried. */
  readonly waiting_start: number;
  readonly waiting_end: number;
  /** Growth of what is in flight and of what waits, as shares of what is offered, and their standard errors. */
  readonly growth: number;
  readonly growth_error: number;
  readonly waiting_growth: number;
  readonly waiting_growth_error: number;
  /** Bytes on their way at both ends, and their growth as a share of what is sent off in the window; absent where nothing is sent. */
  readonly queued_bytes_start?: number;
  readonly queued_bytes_end?: number;
  readonly queued_bytes_growth?: number;
  readonly queued_bytes_growth_error?: number;
  /** s; mean over the requests that arrive in the window and are served. */
  readonly wait: number;
  readonly service: number;
  /** Length of the window over the service of its quietest part. */
  readonly services: number;
}

/** Of a run that was given up: nothing was counted. */
export const EMPTY_BALANCE: Balance = {
  from: Number.NaN,
  to: Number.NaN,
  in_flight_start: Number.NaN,
  offered: Number.NaN,
  served: Number.NaN,
  lost: Number.NaN,
  in_flight_end: Number.NaN,
  waiting_start: Number.NaN,
  waiting_end: Number.NaN,
  growth: Number.NaN,
  growth_error: Number.NaN,
  waiting_growth: Number.NaN,
  waiting_growth_error: Number.NaN,
  wait: Number.NaN,
  service: Number.NaN,
  services: Number.NaN,
};

export interface Judged {
  readonly verdict: Verdict;
  readonly balance: Balance;
}

/** `window`: s, from one arrival to a later one; up to Infinity where all arrive at once. */
export function judge(flow: Flow, window: { readonly from: number; readonly to: number }, concurrency: number): Judged {
  const { balance, ...levels } = takeBalance(flow, window);
  return { balance, verdict: decide(balance, levels, concurrency) };
}

/** How many times as long a run that is too short must be for the word to be told, as far as one can see: errors fall with its root. */
export function timesToDecide({ growth, growth_error, services }: Balance): number {
  const left = Math.max(MOST - Math.max(0, growth), MOST / 4);
  return Math.max(SERVICES / services, ((LIKELY * growth_error) / left) ** 2);
}

/** Requests in flight, those of them that wait, and bytes on their way, at the edges of the batches. */
interface Levels {
  readonly flying: Float64Array;
  readonly waiting: Float64Array;
  readonly queued: { readonly bytes: Float64Array; readonly offered: number } | null;
}

function decide(balance: Balance, { flying, waiting, queued }: Levels, concurrency: number): Verdict {
  const { offered, served, lost } = balance;
  if (lost > 0 && served === 0 && lost >= offered) return 'rejected';
  const isLong = balance.services >= SERVICES;
  if (concurrency > 0) return served >= SERVICES * concurrency ? 'stable' : 'too-short';
  const isSlow = balance.wait > QUEUE * balance.service;
  if (balance.to === Number.POSITIVE_INFINITY) return isSlow ? 'backlogged' : 'stable';
  if (isLong && growsForSure(waiting, offered)) return 'overloaded';
  if (isLong && queued && growsForSure(queued.bytes, queued.offered)) return 'overloaded';
  if (balance.services >= FILLED && growsForSure(flying, offered)) return 'overloaded';
  const atMost = balance.growth + LIKELY * balance.growth_error;
  const piles = (balance.queued_bytes_growth ?? 0) > MOST;
  if (!isLong || !(atMost < MOST) || piles || offered < 2 * BATCHES) return 'too-short';
  return isSlow ? 'backlogged' : 'stable';
}

/** Whether levels at the edges of the batches grow by more than chance, and in both halves. */
function growsForSure(levels: Float64Array, offered: number): boolean {
  const [start, middle, end] = [levels[0]!, levels[BATCHES / 2]!, levels[BATCHES]!];
  return end - start - SURE * deviate(levels) > LEAST * offered && middle > start && end > middle;
}

function takeBalance(
  flow: Flow,
  { from, to }: { readonly from: number; readonly to: number },
): Levels & { readonly balance: Balance } {
  const members = listMembers(flow, from, to);
  const edges = cutEvenly(flow.arrival, members, from, to);
  const flying = countOpen({ begin: flow.arrival, end: flow.end }, edges);
  const waiting = countOpen(flow.waits, edges);
  const queued = takeQueued(flow, edges);
  const ends = countEnds(flow, from, to);
  const offered = members.length;
  const share = (amount: number) => (offered > 0 ? amount / offered : Number.NaN);
  const [start, end] = [flying[0]!, flying[BATCHES]!];
  const waited = deviate(waiting);
  const serving = start - waiting[0]! + (end - waiting[BATCHES]!);
  const balance: Balance = {
    ...{ from, to, in_flight_start: start, offered, ...ends, in_flight_end: end },
    waiting_start: waiting[0]!,
    waiting_end: waiting[BATCHES]!,
    growth: share(end - start),
    growth_error: share(Math.sqrt(waited ** 2 + serving * disperse(flow.arrival, members, from, to))),
    waiting_growth: share(waiting[BATCHES]! - waiting[0]!),
    waiting_growth_error: share(waited),
    ...(queued ? tellQueued(queued) : {}),
    ...timesOf(flow, members, to - from),
  };
  return { balance, flying, waiting, queued };
}

function takeQueued({ sent }: Flow, edges: Float64Array): Levels['queued'] {
  if (!sent) return null;
  const [from, to] = [edges[0]!, edges[BATCHES]!];
  let offered = 0;
  for (let i = 0; i < sent.bytes.length; i++)
    if (sent.begin[i]! >= from && sent.begin[i]! < to) offered += sent.bytes[i]!;
  return { bytes: countOpen(sent, edges, sent.bytes), offered };
}

function tellQueued({ bytes, offered }: NonNullable<Levels['queued']>) {
  const [start, end] = [bytes[0]!, bytes[BATCHES]!];
  const share = (amount: number) => (offered > 0 ? amount / offered : Number.NaN);
  return {
    queued_bytes_start: start,
    queued_bytes_end: end,
    queued_bytes_growth: share(end - start),
    queued_bytes_growth_error: share(deviate(bytes)),
  };
}

/** Requests that arrive in the window, in order of arrival. */
function listMembers({ arrival }: Flow, from: number, to: number): Int32Array {
  const members = new Int32Array(arrival.length);
  let n = 0;
  for (let r = 0; r < arrival.length; r++) {
    const time = arrival[r]!;
    if (time >= from && time < to) members[n++] = r;
  }
  return members.subarray(0, n);
}

/** BATCHES + 1 instants from `from` to `to` between which equally many of the members arrive. */
function cutEvenly(arrival: Float64Array, members: Int32Array, from: number, to: number): Float64Array {
  return Float64Array.from({ length: BATCHES + 1 }, (_, k) => {
    if (k === BATCHES) return to;
    return k === 0 || members.length === 0 ? from : arrival[members[Math.floor((k * members.length) / BATCHES)]!]!;
  });
}

function countEnds(
  { end, served }: Flow,
  from: number,
  to: number,
): { readonly served: number; readonly lost: number } {
  let [finished, lost] = [0, 0];
  for (let r = 0; r < end.length; r++) {
    if (!(end[r]! >= from && end[r]! < to)) continue;
    if (served[r] === 1) finished++;
    else lost++;
  }
  return { served: finished, lost };
}

/** Standard error of the growth from the first to the last level, from that of its increments. */
function deviate(levels: Float64Array): number {
  const mean = (levels[BATCHES]! - levels[0]!) / BATCHES;
  let squares = 0;
  for (let k = 0; k < BATCHES; k++) squares += (levels[k + 1]! - levels[k]! - mean) ** 2;
  return Math.sqrt((squares / (BATCHES - 1)) * BATCHES);
}

/** Variance over mean of the arrivals in BATCHES parts of equal length; at least that of Poisson arrivals. */
function disperse(arrival: Float64Array, members: Int32Array, from: number, to: number): number {
  if (to === Number.POSITIVE_INFINITY) return 1;
  const counts = new Float64Array(BATCHES);
  for (const r of members) counts[Math.min(BATCHES - 1, Math.floor(((arrival[r]! - from) / (to - from)) * BATCHES))]!++;
  const mean = members.length / BATCHES;
  let squares = 0;
  for (const count of counts) squares += (count - mean) ** 2;
  return mean > 0 ? Math.max(1, squares / (BATCHES - 1) / mean) : 1;
}

/** Mean wait and service of those that were served, and how often the service of the quietest batch goes into the window. */
function timesOf({ arrival, end, served, waited }: Flow, members: Int32Array, length: number) {
  let [wait, service, count, quietest] = [0, 0, 0, Number.POSITIVE_INFINITY];
  for (let k = 0; k < BATCHES; k++) {
    const [first, last] = [k, k + 1].map((part) => Math.floor((part * members.length) / BATCHES)) as [number, number];
    let [own, n] = [0, 0];
    for (let i = first; i < last; i++) {
      const r = members[i]!;
      if (served[r] !== 1) continue;
      own += end[r]! - arrival[r]! - waited[r]!;
      wait += waited[r]!;
      n++;
    }
    service += own;
    count += n;
    if (n > 0) quietest = Math.min(quietest, own / n);
  }
  const mean = (sum: number) => (count > 0 ? sum / count : Number.NaN);
  return {
    wait: mean(wait),
    service: mean(service),
    services: quietest > 0 ? length / quietest : Number.POSITIVE_INFINITY,
  };
}
