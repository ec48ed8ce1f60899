// What no run of a deployment can undercut: from the least work of its engines to the fewest of them that can keep the limits.
//
// All but a few requests of the window must have their first token, or their last, by a deadline; what those need lies between the arrival
// of the first and the deadline of the last, so that it takes that many engines at least. (Client's delays only move deadlines forward.)
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

/** Requests of the window, by deadline. Times in s after the first arrival of the run at the workload's own rate. */
export interface Deadlines extends Asked {
  readonly arrival: Float64Array;
  readonly due: Float64Array;
  /** What arrives from some instant on: which requests, by deadline, and s from that instant to it. */
  readonly spans: readonly { readonly of: Int32Array; readonly seconds: Float64Array }[];
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
  const dueOf = (r: number): number =>
    requests.arrival[r]! + giveUp.ttftLimit + (whole ? giveUp.tpotLimit * (requests.output[r]! - 1) : 0);
  const order = Array.from({ length: to - from }, (_, i) => from + i).sort((a, b) => dueOf(a) - dueOf(b) || a - b);
  const [arrival, due] = [Float64Array.from(order, (r) => requests.arrival[r]!), Float64Array.from(order, dueOf)];
  return {
    ...askedOf(requests, order, part, whole),
    ...{ arrival, due, spans: spansOf(arrival, due) },
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

/** Instants at which spans of work begin. */
const STARTS = 8;

function spansOf(arrival: Float64Array, due: Float64Array): Deadlines['spans'] {
  const first = arrival.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = arrival.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  return Array.from({ length: STARTS }, (_, part) => {
    const start = first + ((last - first) * part) / STARTS;
    const of = Int32Array.from(arrival.keys()).filter((i) => arrival[i]! >= start);
    return { of, seconds: Float64Array.from(of, (i) => due[i]! - start) };
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

/** The most engine-seconds a second that any span asks for, when the dearest of those that may be late are left out. */
function enginesFor(work: Work, { count, spans, allowed, slow }: Deadlines): number {
  const spared =
    sumOf(dearestOf(work.all, Math.min(allowed, count))) + sumOf(dearestOf(work.decodes, Math.min(slow, count)));
  // few sums come near the most so far: only those are divided
  let [most, near] = [0, 0];
  for (const { of, seconds } of spans) {
    let sum = -spared;
    for (let k = 0; k < of.length; k++) {
      sum += work.all[of[k]!]!;
      if (sum < near * seconds[k]!) continue;
      most = Math.max(most, sum / seconds[k]!);
      near = most * (1 - 1e-9);
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
