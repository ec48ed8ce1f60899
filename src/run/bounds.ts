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
import { dueWithin, type Lengths, maybeDearest, mostPerSecond, pairsOf, type Spans, spansOf } from './spans.ts';

/** What requests ask of engines, in some order. */
export interface Asked extends Lengths {
  readonly totals: Totals;
  /** Tokens of the longest request of the run, and of the longest prompt. */
  readonly longest: number;
  readonly longestPrompt: number;
}

/** Requests of the window, in the order of their arrival. */
export interface Deadlines extends Asked {
  readonly spans: Spans;
  /** From the shortest prompt on, and from the longest. */
  readonly byPast: Int32Array;
  readonly byPrompt: Float64Array;
  /** Those of which the dearest may be late. */
  readonly dear: Int32Array;
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
  const asked = askedOf(requests, order, part, whole);
  const [allowed, slow] = [giveUp.ttftAllowed, whole ? giveUp.tpotAllowed : 0];
  return {
    ...asked,
    spans: spansOf(asked, arrival, first, last, requests.arrival[to] ?? Number.POSITIVE_INFINITY),
    byPast: Int32Array.from(asked.past.keys()).sort((a, b) => asked.past[a]! - asked.past[b]!),
    byPrompt: asked.prompt.slice().sort().reverse(),
    dear: maybeDearest(asked, Math.max(allowed, slow)),
    ...{ allowed, slow, giveUp },
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

/** What is known of every deployment on a surface. */
export interface Bound {
  /** Fewer engines than this (not a whole number) cannot be in time. */
  readonly engines: number;
  /** Whether too many requests are late however many engines there are. */
  readonly isLate: boolean;
}

export function boundOf(table: Float64Array, limits: StepLimits, deadlines: Deadlines): Bound {
  const least = leastWork(table, limits, deadlines.totals);
  return { engines: enginesFor(priceOf(least, limits.finds), deadlines), isLate: comesLate(least, deadlines) };
}

/** Engine-seconds that requests are held to cost at least. */
export interface WorkPrice {
  readonly perPromptToken: number;
  readonly perPair: number;
  readonly perDecode: number;
  /** Per token of context that a decode reads. */
  readonly perRead: number;
  /** Of a decode that comes by computing a sequence again: for all, and for each token of its prompt. */
  readonly again: number;
  readonly perAgain: number;
}

/** Prompt tokens are never held to cost less than it takes to read them, so that the longer of two requests is never the cheaper one. */
export function priceOf({ perPromptToken, perDecode, perContext, perPair }: LeastWork, finds: boolean): WorkPrice {
  const perRead = finds ? 0 : Math.min(perContext, perPromptToken);
  return {
    ...{ perPromptToken, perPair, perDecode, perRead },
    again: perPromptToken,
    perAgain: finds ? 0 : perPromptToken - perRead,
  };
}

/** Engine-seconds of the decodes of request `i`, and of all of it. */
export const decodeWork = ({ perDecode, perRead, again, perAgain }: WorkPrice, d: Lengths, i: number): number =>
  Math.min(perDecode, again + perAgain * d.past[i]!) * d.decodes[i]! + perRead * d.context[i]!;
export const allWork = (price: WorkPrice, d: Lengths, i: number): number =>
  price.perPromptToken * d.prompt[i]! + price.perPair * pairsOf(d.prompt[i]!) + decodeWork(price, d, i);

// What is used again in every call: it is asked thousands of times.
let due = new Float64Array(0);
let dearAll = new Float64Array(0);
let dearDecodes = new Float64Array(0);

/** The most engine-seconds a second that any span asks for, when the dearest of those that may be late are left out. */
export function enginesFor(price: WorkPrice, d: Deadlines): number {
  const spared = fillDue(price, d);
  return mostPerSecond(d.spans, due, spared);
}

/** What is due within the window that is measured, at a price, without the dearest of those that may be late; 0 where no window is known. */
export function leastWithin(price: WorkPrice, d: Deadlines): number {
  const spared = fillDue(price, d);
  return Math.max(0, dueWithin(d.spans, due) - spared);
}

/** Fills `due`; what the dearest of those that may be late take of it at most. */
function fillDue(price: WorkPrice, d: Deadlines): number {
  const { spans, dear, byPast, allowed, slow } = d;
  const cells = spans.prompt.length;
  if (due.length !== cells) due = new Float64Array(cells);
  if (dearAll.length !== dear.length)
    [dearAll, dearDecodes] = [new Float64Array(dear.length), new Float64Array(dear.length)];
  const { perPromptToken, perPair, perRead, perDecode, again, perAgain } = price;
  for (let cell = 0; cell < cells; cell++) {
    const prompts = perPromptToken * spans.prompt[cell]! + perPair * spans.pairs[cell]!;
    due[cell] = prompts + perDecode * spans.decodes[cell]! + perRead * spans.context[cell]!;
  }
  // shorter prompts are computed again for less than a decode
  for (let k = 0; k < byPast.length && again + perAgain * d.past[byPast[k]!]! < perDecode; k++) {
    const i = byPast[k]!;
    due[spans.decodeCell[i]!]! -= (perDecode - again - perAgain * d.past[i]!) * d.decodes[i]!;
  }
  // as decodeWork and allWork have it, without a call: what a call returns is boxed
  for (let k = 0; k < dear.length; k++) {
    const i = dear[k]!;
    const prompt = d.prompt[i]!;
    const each = again + perAgain * d.past[i]!;
    const later = Math.min(each, perDecode) * d.decodes[i]! + perRead * d.context[i]!;
    dearDecodes[k] = later;
    dearAll[k] = perPromptToken * prompt + (perPair * (prompt * (prompt + 1))) / 2 + later;
  }
  return (
    sumOf(dearestOf(dearAll, Math.min(allowed, dear.length))) +
    sumOf(dearestOf(dearDecodes, Math.min(slow, dear.length)))
  );
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

function comesLate({ alone, shortest, perPair }: LeastWork, { count, byPrompt, decodes, giveUp }: Deadlines): boolean {
  // a longer prompt never takes less
  let [first, end] = [0, count];
  while (first < end) {
    const middle = (first + end) >> 1;
    const own = Math.max(shortest, alone * byPrompt[middle]!) + perPair * pairsOf(byPrompt[middle]!);
    if (own > giveUp.ttftLimit) first = middle + 1;
    else end = middle;
  }
  if (first > giveUp.ttftAllowed) return true;
  if (!(shortest > giveUp.tpotLimit)) return false;
  let next = 0;
  for (let i = 0; i < count; i++) if (decodes[i]! > 0) next++;
  return next > giveUp.tpotAllowed;
}

/** What traffic asks of every deployment. */
export interface Demand {
  deadlines(part?: Part): Deadlines | null;
  /** The same of every run that a row may be extended to, itself first; none where limits give no deadlines. */
  everyDeadlines(part?: Part): readonly Deadlines[];
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
