// What no run of a deployment can undercut: from the least work of its engines to the fewest of them that can keep the limits.
//
// All but a few requests of the window must have their first token by one deadline, and their last by another: their prompts are computed
// before the one, their decodes before the other. What is due by some instant of those that arrived after another is done between the two,
// so that it takes that many engines at least. (Client's delays only move deadlines forward.)
// Who has its first token in time had its prompt computed in time, also if its later tokens come too slowly: of requests that may be late
// by these alone the decodes are left out, not the prompt.
//
// A sequence that was preempted has one token by a step that computes it again, and not by a decode: its prompt and all tokens before, or
// where the cache finds its own blocks again one token at least. So a decode is held to cost no more than that.
import type { WindowRule } from '../metrics/fleet/window.ts';
import { type Measured, scoreOf } from '../metrics/objective.ts';
import type { Objective, Slo } from '../spec/types.ts';
import type { Requests } from '../workload/types.ts';
import { type LeastWork, leastWork, type StepLimits, type Totals } from './least-work.ts';
import type { GiveUp } from './run-record.ts';

/** What requests ask of engines, in some order. */
export interface Asked {
  readonly count: number;
  readonly prompt: Float64Array;
  /** Tokens of the prompt, whichever part of the work is asked for. */
  readonly past: Float64Array;
  readonly decodes: Float64Array;
  readonly context: Float64Array;
  readonly totals: Totals;
  /** Tokens of the longest request of the run, and of the longest prompt. */
  readonly longest: number;
  readonly longestPrompt: number;
}

/** From some instants to some others; times in s after the first arrival of the run at the workload's own rate. */
interface Spans {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** By request: the last of the starts that is not after its arrival. */
  readonly from: Int32Array;
  /** The first of the ends by which its prompt must be computed, and its decodes. */
  readonly prompt: Int32Array;
  readonly decodes: Int32Array;
}

/** Requests of the window, in the order of their arrival. */
export interface Deadlines extends Asked {
  readonly spans: Spans;
  /** How many of them may be late: with all of it, and with the decodes alone. */
  readonly allowed: number;
  readonly slow: number;
  readonly giveUp: GiveUp;
}

/** What of a request engines do: all of it, or the prompt alone, or the rest. */
export type Part = 'all' | 'prefill' | 'decode';

/** null where no limit gives that part of requests a deadline. */
export function deadlinesOf(
  requests: Requests,
  giveUp: GiveUp | null,
  slo: readonly Slo[],
  part: Part = 'all',
): Deadlines | null {
  if (!giveUp || !slo.some(({ metric, percentile }) => metric === 'ttft' && percentile !== 'mean')) return null;
  if (giveUp.ttftLimit === Number.POSITIVE_INFINITY) return null;
  const { from = 0, to = requests.count } = giveUp;
  const whole = giveUp.tpotLimit < Number.POSITIVE_INFINITY && part !== 'prefill';
  if (part === 'decode' && !whole) return null;
  const order = Array.from({ length: to - from }, (_, i) => from + i);
  const arrival = Float64Array.from(order, (r) => requests.arrival[r]!);
  const first = arrival.map((time) => time + giveUp.ttftLimit);
  const last = first.map((time, i) => time + (whole ? giveUp.tpotLimit * (requests.output[from + i]! - 1) : 0));
  return {
    ...askedOf(requests, order, part, whole),
    spans: spansOf(arrival, first, last),
    allowed: giveUp.ttftAllowed,
    slow: whole ? giveUp.tpotAllowed : 0,
    giveUp,
  };
}

/** `whole`: with their decodes. */
export function askedOf(requests: Requests, order: readonly number[], part: Part, whole: boolean): Asked {
  const column = (of: (r: number) => number): Float64Array => Float64Array.from(order, of);
  const before = column((r) => requests.prompt[r]!);
  const prompt = part === 'decode' ? new Float64Array(before.length) : before;
  const decodes = column((r) => (whole ? requests.output[r]! - 1 : 0));
  const context = decodes.map((steps, i) => steps * before[i]! + (steps * (steps - 1)) / 2);
  const sum = (values: Float64Array): number => values.reduce((all, value) => all + value, 0);
  let [longest, longestPrompt] = [1, 1];
  for (let r = 0; r < requests.count; r++) {
    longest = Math.max(longest, requests.prompt[r]! + requests.output[r]!);
    longestPrompt = Math.max(longestPrompt, requests.prompt[r]!);
  }
  const pairs = prompt.reduce((all, n) => all + pairsOf(n), 0);
  return {
    count: order.length,
    ...{ prompt, past: before, decodes, context, longest, longestPrompt },
    totals: { promptTokens: sum(prompt), decodes: sum(decodes), context: sum(context), pairs },
  };
}

const pairsOf = (tokens: number): number => (tokens * (tokens + 1)) / 2;

/** Instants at which spans of work begin; at which they end, of deadlines of each kind. */
const STARTS = 8;
const ENDS = 48;

function spansOf(arrival: Float64Array, first: Float64Array, last: Float64Array): Spans {
  const times = arrival.slice().sort();
  const [begin, end] = [times[0] ?? 0, times.at(-1) ?? 0];
  const starts = Float64Array.from({ length: STARTS }, (_, part) => begin + ((end - begin) * part) / STARTS);
  const ends = Float64Array.from(new Set([...someOf(first), ...someOf(last)])).sort();
  return {
    ...{ starts, ends },
    from: Int32Array.from(arrival, (time) => starts.findLastIndex((start) => start <= time)),
    prompt: Int32Array.from(first, (due) => ends.findIndex((time) => time >= due)),
    decodes: Int32Array.from(last, (due) => ends.findIndex((time) => time >= due)),
  };
}

/** The latest deadline, and some of those before it. */
function someOf(due: Float64Array): Float64Array {
  const sorted = due.slice().sort();
  return Float64Array.from({ length: Math.min(ENDS, due.length) }, (_, part) => {
    return sorted[Math.ceil(((part + 1) * due.length) / Math.min(ENDS, due.length)) - 1]!;
  });
}

/** What is known of every deployment on a surface. */
export interface Bound {
  /** Fewer engines than this (not a whole number) cannot be in time. */
  readonly engines: number;
  /** Whether too many requests are late however many engines there are. */
  readonly isLate: boolean;
}

export function boundOf(table: Float64Array, limits: StepLimits, deadlines: Deadlines): Bound {
  const least = leastWork(table, limits, deadlines.totals);
  const work = workOf(least, deadlines, limits.finds);
  return { engines: enginesFor(work, deadlines), isLate: comesLate(least, deadlines) };
}

/** Engine-seconds of requests at least, and of them those of decodes. */
export interface Work {
  readonly all: Float64Array;
  readonly decodes: Float64Array;
}

let scratch: Work = { all: new Float64Array(0), decodes: new Float64Array(0) };

// Loops, not map and reduce: these are asked of thousands of requests for every surface and limit, and callbacks box every number. What is
// returned lasts until the next call.
export function workOf({ perPromptToken, perDecode, perContext, perPair }: LeastWork, d: Asked, finds: boolean): Work {
  if (scratch.all.length !== d.count) scratch = { all: new Float64Array(d.count), decodes: new Float64Array(d.count) };
  const { all, decodes } = scratch;
  const perRead = finds ? 0 : perContext;
  for (let i = 0; i < d.count; i++) {
    const [prompt, past, steps] = [d.prompt[i]!, d.past[i]!, d.decodes[i]!];
    const [least, most] = finds ? [1, 1] : [past + 1, past + steps];
    const again = Math.min(
      perPromptToken * least - perRead * (least - 1),
      perPromptToken * most - perRead * (most - 1),
    );
    decodes[i] = Math.max(0, Math.min(perDecode, again) * steps + perRead * d.context[i]!);
    all[i] = perPromptToken * prompt + perPair * pairsOf(prompt) + decodes[i]!;
  }
  return scratch;
}

let due = new Float64Array(0);

/** The most engine-seconds a second that any span asks for, when the dearest of those that may be late are left out. */
function enginesFor(work: Work, { count, spans, allowed, slow }: Deadlines): number {
  const spared =
    sumOf(dearestOf(work.all, Math.min(allowed, count))) + sumOf(dearestOf(work.decodes, Math.min(slow, count)));
  const { starts, ends, from, prompt, decodes } = spans;
  const width = ends.length;
  if (due.length < starts.length * width) due = new Float64Array(starts.length * width);
  due.fill(0);
  for (let i = 0; i < count; i++) {
    const row = from[i]! * width;
    const later = work.decodes[i]!;
    due[row + prompt[i]!]! += work.all[i]! - later;
    due[row + decodes[i]!]! += later;
  }
  let most = 0;
  for (let start = starts.length - 1; start >= 0; start--) {
    // what arrives later is due in this span too
    const [row, next] = [start * width, (start + 1) * width];
    let sum = -spared;
    for (let end = 0; end < width; end++) {
      if (start + 1 < starts.length) due[row + end]! += due[next + end]!;
      sum += due[row + end]!;
      if (sum > 0) most = Math.max(most, sum / (ends[end]! - starts[start]!));
    }
  }
  return most;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

/** The `count` largest values, ascending. */
export function dearestOf(values: Float64Array, count: number): Float64Array {
  const kept = values.slice(0, count).sort();
  for (let i = count; i < values.length && count > 0; i++) {
    const value = values[i]!;
    if (!(value > kept[0]!)) continue;
    let at = 0;
    while (at + 1 < count && kept[at + 1]! < value) {
      kept[at] = kept[at + 1]!;
      at++;
    }
    kept[at] = value;
  }
  return kept;
}

function comesLate({ alone, shortest, perPair }: LeastWork, { count, prompt, decodes, giveUp }: Deadlines): boolean {
  let [first, next] = [0, 0];
  for (let i = 0; i < count; i++) {
    const own = Math.max(shortest, alone * prompt[i]!) + perPair * pairsOf(prompt[i]!);
    if (own > giveUp.ttftLimit) first++;
    if (decodes[i]! > 0 && shortest > giveUp.tpotLimit) next++;
  }
  return first > giveUp.ttftAllowed || next > giveUp.tpotAllowed;
}

/** What traffic asks of every deployment. */
export interface Demand {
  deadlines(part?: Part): Deadlines | null;
  /** Output tokens per second that no run can measure more of; Infinity where that depends on the run. */
  readonly mostTokens: number;
}

/** What a run is given, and what of it is measured: extended runs measure their own window. */
export interface Lengthened {
  readonly requests: Requests;
  readonly rule: WindowRule | 'steady' | undefined;
}

/** Of an open load whose window is known before the run: all that is asked for before its end, over its length. */
export function mostTokensOf(runs: readonly Lengthened[]): number {
  return runs.reduce((most, { requests, rule }) => Math.max(most, tokensIn(requests, rule)), 0);
}

function tokensIn({ count, arrival, output, concurrency }: Requests, rule: WindowRule | 'steady' | undefined): number {
  if (concurrency > 0 || rule === 'steady') return Number.POSITIVE_INFINITY;
  const from = rule === undefined ? 0 : rule.from.at === 'arrival' ? rule.from.request : -1;
  const to = rule === undefined ? count - 1 : rule.to.at === 'arrival' ? rule.to.request : -1;
  if (from < 0 || to < 0) return Number.POSITIVE_INFINITY;
  const seconds = arrival[to]! - arrival[from]!;
  let tokens = 0;
  for (let r = 0; r < count; r++) if (rule === undefined || arrival[r]! < arrival[to]!) tokens += output[r]!;
  return seconds > 0 ? tokens / seconds : Number.POSITIVE_INFINITY;
}

/**
 * What the score of a deployment cannot undercut (metrics/objective.ts): its devices cost at least their price and draw at least their idle
 * power (law L11), and no run serves more than is asked for. A little less, so that rounding never makes it more.
 */
export function floorOf(
  objective: Objective,
  {
    usdPerHour,
    devices,
    watts = 0,
    elapsed = 0,
  }: Pick<Measured, 'usdPerHour' | 'devices'> & Partial<Pick<Measured, 'watts' | 'elapsed'>>,
  demand: Pick<Demand, 'mostTokens'>,
): number {
  const floor = scoreOf(objective, {
    ...{ usdPerHour, watts, devices, elapsed },
    goodput: Number.POSITIVE_INFINITY, // no bound is known
    // drawn only for an objective that asks for it: it takes the longest runs' requests
    get outputThroughput() {
      return demand.mostTokens;
    },
  });
  return floor - Math.abs(floor) * SLACK;
}

const SLACK = 1e-11;

/** What a floor leaves of a row's score as it is ranked (rowScore, twelve digits): no less than this. */
export function leastScoreOf(floor: number): number {
  const exact = floor / (floor < 0 ? 1 + SLACK : 1 - SLACK);
  return Number((exact - Math.abs(exact) * 1e-13).toPrecision(12));
}
