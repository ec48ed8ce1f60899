// Requests from their visits: when each was sent, how it ended, and which visits decided when.
import {
  STATE_CANCELLED,
  STATE_FAILED,
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNFINISHED,
  STATE_UNSENT,
} from '../../../assembly/layout/enums.ts';
import { openConstant } from '../../check/constant-column.ts';
import type { FleetProgram, VisitResults } from '../../plan/fleet.ts';
import type { FleetRun, Span, StateCounts } from './types.ts';

export interface RequestColumns {
  readonly state: Int32Array;
  readonly arrival: Float64Array;
  readonly finish: Float64Array;
}

/**
 * A request is finished when its last visit has ended, rejected with the first visit that is (if that comes first). In a closed
 * loop, and where requests follow others, it was sent when its first visit became ready.
 */
export function readRequests({
  program,
  results,
  requestState,
}: Pick<FleetRun, 'program' | 'results' | 'requestState'>): RequestColumns {
  const { requests } = program;
  if (requestState && program.visits.count === requests.count && !requests.patience) {
    // every request is one visit, which ends it
    const arrival = isKnown(requests) ? requests.arrival : results.ready;
    return { state: requestState, arrival, finish: results.finish };
  }
  const state = new Int32Array(requests.count);
  const arrival = new Float64Array(requests.count);
  const finish = new Float64Array(requests.count);
  for (let r = 0; r < requests.count; r++) {
    const rejected = findRejection(requests.first[r]!, requests.first[r + 1]!, results);
    const last = requests.last[r];
    const ended = results.state[last!] === STATE_FINISHED;
    const before = rejected >= 0 && !(ended && results.finish[last!]! < results.ready[rejected]!);
    const left = results.state[last!] === STATE_UNSENT ? STATE_UNSENT : STATE_UNFINISHED;
    const worked = before ? results.state[rejected] : ended ? STATE_FINISHED : left;
    state[r] = requestState?.[r] ?? worked!;
    finish[r] = state[r] === STATE_FINISHED ? results.finish[last!]! : Number.NaN;
    arrival[r] = isKnown(requests) ? requests.arrival[r]! : results.ready[requests.first[r]!]!;
  }
  return { state, arrival, finish };
}

/** Whether arrivals were known before the run. */
function isKnown({ concurrency, turns }: FleetProgram['requests']): boolean {
  return concurrency === 0 && turns === undefined;
}

/** The visit that was rejected first, -1 when there is none. */
export function findRejection(from: number, to: number, results: VisitResults): number {
  let found = -1;
  for (let v = from; v < to; v++) {
    if (!isRejected(results.state[v]!)) continue;
    if (found < 0 || results.ready[v]! < results.ready[found]!) found = v;
  }
  return found;
}

export function isRejected(state: number): boolean {
  return state === STATE_REJECTED_KV || state === STATE_REJECTED_LENGTH || state === STATE_REJECTED_QUEUE;
}

/**
 * Requests that were turned away, whose client left or that failed, of those that `chosen` picks: they have no latency, and keep no limit. Those that
 * a run left unfinished count where it came to a standstill (`stuck`); else nobody knows what becomes of them.
 */
export function countLost(state: Int32Array, stuck: boolean, chosen?: (request: number) => boolean): number {
  let lost = 0;
  for (let r = 0; r < state.length; r++) {
    if (chosen && !chosen(r)) continue;
    const one = state[r]!;
    if (isRejected(one) || one === STATE_TIMED_OUT || one === STATE_FAILED || (stuck && one === STATE_UNFINISHED))
      lost++;
  }
  return lost;
}

type Column = Float64Array | Int32Array | Uint8Array;

/** Puts columns in order of arrival without what never arrived, where requests are not numbered so; else they stay as they are. */
export function openOrder({ turns }: FleetProgram['requests'], { arrival }: RequestColumns) {
  const order = turns ? orderByArrival(arrival).filter((r) => !Number.isNaN(arrival[r])) : null;
  return <T extends Column>(column: T): T =>
    order ? (column.slice(0, order.length).map((_, i) => column[order[i]!]!) as T) : column;
}

/** Requests in order of arrival; what never arrived comes last. */
export function orderByArrival(arrival: Float64Array): Uint32Array {
  const at = (i: number) => (Number.isNaN(arrival[i]) ? Number.POSITIVE_INFINITY : arrival[i]!);
  return Uint32Array.from(arrival, (_, i) => i).sort((a, b) => (at(a) === at(b) ? a - b : at(a) - at(b)));
}

/** Of each visit the predecessor that ended last (its hand-off is what the visit waited for); -1 for roots. */
export function findLastPredecessors(program: FleetProgram, results: VisitResults): Int32Array {
  const { count, edgeAt, edgeTo } = program.visits;
  if (edgeTo.length === 0) return noneOf(count);
  const last = new Int32Array(count).fill(-1);
  for (let v = 0; v < count; v++) {
    if (results.state[v] !== STATE_FINISHED) continue;
    for (let edge = edgeAt[v]!; edge < edgeAt[v + 1]!; edge++) {
      const to = edgeTo[edge];
      if (last[to!]! < 0 || results.finish[v]! > results.finish[last[to!]!]!) last[to!] = v;
    }
  }
  return last;
}

const noneOf = openConstant(-1);

/** Counts the entries of a state column, or those that `chosen` picks. */
export function countStates(state: Int32Array, chosen?: (index: number) => boolean): StateCounts {
  const tally = new Int32Array(STATES);
  let total = 0;
  for (let i = 0; i < state.length; i++) {
    if (chosen && !chosen(i)) continue;
    tally[state[i]!]!++;
    total++;
  }
  const of = (one: number): number => tally[one]!;
  const [finished, cancelled, unsent] = [of(STATE_FINISHED), of(STATE_CANCELLED), of(STATE_UNSENT)];
  const [rejected_kv, rejected_length] = [of(STATE_REJECTED_KV), of(STATE_REJECTED_LENGTH)];
  const [rejected_queue, timed_out, failed] = [of(STATE_REJECTED_QUEUE), of(STATE_TIMED_OUT), of(STATE_FAILED)];
  const ended = finished + cancelled + unsent + rejected_kv + rejected_length + rejected_queue + timed_out + failed;
  const counts = { total, finished, rejected_kv, rejected_length, cancelled, unfinished: total - ended };
  return {
    ...counts,
    ...(unsent > 0 ? { unsent } : {}),
    ...(rejected_queue > 0 ? { rejected_queue } : {}),
    ...(timed_out > 0 ? { timed_out } : {}),
    ...(failed > 0 ? { failed } : {}),
  };
}

/** More than there are states. */
const STATES = 16;

/** First arrival to the last end of a visit; a run that stopped early ends at its clock if that is later. */
export function findSpan(requests: RequestColumns, results: VisitResults, clock = Number.NEGATIVE_INFINITY): Span {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let early = false;
  for (let r = 0; r < requests.state.length; r++) {
    if (requests.arrival[r]! < from) from = requests.arrival[r]!;
    if (requests.state[r] === STATE_UNFINISHED) early = true;
  }
  for (let v = 0; v < results.finish.length; v++) {
    if (results.finish[v]! > to) to = results.finish[v]!;
    if (results.first[v]! > to) to = results.first[v]!;
  }
  if (early && clock > to) to = clock;
  return to > from ? { from, to } : { from: 0, to: 0 };
}
