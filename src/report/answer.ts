// The answer to a sweep's question in one sentence, and why: what the winner has to spare, what was lost and to what.
import { firstOfEach } from '../check/group-by.ts';
import { achieved, elapsedOf, isUndecided, lostIn, overBudget } from '../metrics/limits.ts';
import { type FleetSummary, type KeptRow, MOST_TIMES, type RejectCount, type SweepResult } from '../metrics/sweep.ts';
import { explainBudget } from '../spec/budget.ts';
import type { Slo } from '../spec/types.ts';
import {
  describeLimits,
  describeLoad,
  describeObjective,
  describeObjectiveValue,
  describeRow,
  describeSlo,
  engineOf,
  hardwareOf,
  labelOf,
  objectiveValue,
} from './describe.ts';
import { formatMonthly, formatNumber, formatShort, listWords, plural } from './format.ts';

export interface Answer {
  /** met: a simulated row keeps the promise; missed: some were simulated, none does; screened: none was simulated. */
  readonly kind: 'met' | 'missed' | 'screened' | 'nothing';
  /** The winner, or the closest to one; null when nothing was feasible. */
  readonly row: KeptRow | null;
  /** headline and details in one. */
  readonly sentence: string;
  readonly headline: string;
  /** Empty when the headline says it all. */
  readonly details: string;
}

/** "Which deployment of Llama 70B serves the traffic at 50 req/s with p99 TTFT <= 1,000 ms?" */
export function askQuestion(result: SweepResult): string {
  const { first, labels, axes, name } = result;
  const goal = describeLimits(result);
  const limits = goal === '' ? '' : ` with ${goal}`;
  const [pool, ...others] = first.pools;
  if (others.length > 0 || pool?.kind !== 'llm' || pool.configuration.model === '') {
    return `Which fleet of "${name}" serves ${result.workload.description || 'its traffic'}${limits}?`;
  }
  const models = axes.find(({ short }) => short === 'model')?.labels ?? [pool.configuration.model];
  const model = listWords(models.map((id) => labelOf(id, labels)));
  return `Which deployment of ${model} serves the traffic ${describeLoad(result)}${limits}?`;
}

/** The best row of each scenario that has one which keeps the promise, in ranking order; of a question without scenarios the best. */
export function winners({ kept }: SweepResult): KeptRow[] {
  const met = kept.filter(({ result }) => result?.slo_met);
  return firstOfEach(met, ({ scenario }) => scenario);
}

/** Questions that rows of the sweep answer: all that were kept of. */
function scenariosOf({ kept }: SweepResult): string[] {
  return [...new Set(kept.map(({ scenario }) => scenario))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** `kept` is in ranking order, so the first row is the answer and its state says which kind of answer it is. */
export function findAnswer(result: SweepResult): Answer {
  const best = result.kept[0];
  if (best === undefined) {
    const headline = `0 of ${formatNumber(result.rows)} ${result.screened ? 'are feasible' : 'were simulated'}`;
    return answer('nothing', null, headline, listReasons(result));
  }
  if (best.result?.slo_met) {
    const at = best.scenario === '' ? '' : ` for ${best.scenario}`;
    const priced = describePriced(best, result, true);
    if (isRanked(best, result)) return answer('met', best, `${describeGoal(result)}${at}: ${priced}`);
    return answer(
      'met',
      best,
      `${describeGoal(result)}${at}`,
      `unknown, no row that meets it has the figure; ${priced}`,
    );
  }
  if (best.result === null) return answerScreened(result);
  const headline = `0 of ${formatNumber(result.rows)} keep the promise`;
  return answer('missed', best, headline, describeMiss(best, result));
}

/** Whether the figure of the objective is known: rows without it rank last, so that of the first none has it. */
export function isRanked(row: KeptRow, { objective }: Pick<SweepResult, 'objective'>): boolean {
  return Number.isFinite(objectiveValue(row, objective));
}

/** Nothing was simulated: what the screen recommends keeps both limits by its own estimate, or nothing is recommended. */
function answerScreened(result: SweepResult): Answer {
  const row = result.kept.find((one) => keepsByScreen(one));
  if (row) return answer('screened', row, `Best by the screen, not simulated: ${describePriced(row, result, true)}`);
  const headline = `0 of ${formatNumber(result.rows)} keep the promise by the screen, none was simulated`;
  return answer('nothing', null, headline, listReasons(result));
}

function keepsByScreen({ screen, slo }: KeptRow): boolean {
  if (screen === null) return false;
  return slo.every(({ metric, percentile, limit }) => {
    const central = percentile === 'mean' || percentile === 'p50';
    if (metric === 'ttft') return (central ? screen.ttft : screen.ttft_tail) <= limit;
    if (metric === 'tpot') return (central ? screen.tpot : screen.tpot_tail) <= limit;
    return true;
  });
}

function answer(kind: Answer['kind'], row: KeptRow | null, headline: string, details = ''): Answer {
  return { kind, row, headline, details, sentence: details === '' ? `${headline}.` : `${headline}: ${details}.` };
}

/** What a row is, with the objective's figure and what it costs: per hour, and per `month` where that is asked for. */
export function describePriced(row: KeptRow, result: SweepResult, month = false): string {
  const value = describeObjectiveValue(row, result.objective);
  if (Number.isNaN(row.usd_per_hour)) return `${describeRow(row, result)}, ${value}`;
  const price = describeObjectiveValue(row, 'usd_per_hour');
  const costs = [value === price ? '' : price, month ? `$${formatMonthly(row.usd_per_hour)}/month` : ''];
  const brackets = costs.filter((words) => words !== '').join(', ');
  return `${describeRow(row, result)}, ${value}${brackets === '' ? '' : ` (${brackets})`}`;
}

function describeGoal(result: SweepResult): string {
  const limits = describeLimits(result);
  const load = result.axes.some(({ name }) => name.startsWith('workload')) ? '' : ` ${describeLoad(result)}`;
  return `${describeObjective(result.objective)} that ${limits === '' ? 'keeps up' : `meets ${limits}`}${load}`;
}

/** What becomes of rows whose runs stay too short to tell. */
export const UNDECIDED = `simulated, even ${MOST_TIMES} times as long too short to tell whether they keep up`;

/** Why rows fell, most frequent first. */
export function countedReasons({ rejected }: Pick<SweepResult, 'rejected'>): RejectCount[] {
  return rejected.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}

/** "11,900 (weights do not fit in memory), 580 (...)". */
function listReasons(result: SweepResult): string {
  const counted = countedReasons(result);
  const nothing = result.interrupted ? 'nothing was reached' : 'the sweep is empty';
  return counted.map(({ count, words }) => `${formatNumber(count)} (${words})`).join(', ') || nothing;
}

function describeMiss(closest: KeptRow, result: SweepResult): string {
  const reasons = countedReasons(result).length > 0 ? `, ruled out: ${listReasons(result)}` : '';
  const counts = `${formatNumber(result.simulated)} simulated${reasons}`;
  const scenario = closest.scenario === '' ? '' : ` for ${closest.scenario}`;
  return `${counts}. Closest${scenario}: ${describePriced(closest, result)}, which ${describeFailure(closest)}`;
}

export interface LimitUse {
  readonly slo: Slo;
  /** Achieved / limit: above 1 it is missed. */
  readonly ratio: number;
}

/** The limit that is used up most (so: breaks first); null when there is none. */
export function tightestLimit({ result, slo }: Pick<KeptRow, 'result' | 'slo'>): LimitUse | null {
  if (result === null) return null;
  const uses = slo.map((limit) => ({ slo: limit, ratio: achieved(result, limit) / limit.limit }));
  const known = uses.filter(({ ratio }) => ratio >= 0);
  return known.reduce<LimitUse | null>((worst, use) => (worst === null || use.ratio > worst.ratio ? use : worst), null);
}

/** Sentences that explain the winner: other scenarios' winners, what breaks first, and why the next cheaper one was not taken. */
export function explainAnswer(result: SweepResult): string[] {
  const { row, kind } = findAnswer(result);
  if (row?.result == null) return [];
  if (kind === 'missed') return explainCapacity(row, result);
  const sentences = tellScenarios(result);
  const tightest = tightestLimit(row);
  if (tightest !== null) {
    sentences.push(`${describeSlo(tightest.slo)} breaks first: ${formatNumber(tightest.ratio * 100)} % of it is used.`);
  }
  const cheaper = result.objective === 'usd_per_hour' ? findNextCheaper(result, row) : null;
  if (cheaper !== null) {
    sentences.push(`The next cheaper simulated, ${describePriced(cheaper, result)}, ${describeFailure(cheaper)}.`);
  }
  return sentences;
}

/** Scenarios that are told one by one. */
const TOLD = 12;

function tellScenarios(result: SweepResult): string[] {
  const scenarios = scenariosOf(result);
  if (scenarios.length < 2) return [];
  const best = new Map(winners(result).map((row) => [row.scenario, row]));
  const told = scenarios.slice(0, TOLD).map((scenario) => {
    const row = best.get(scenario);
    return `${scenario}: ${row ? describePriced(row, result) : 'nothing simulated keeps the promise'}.`;
  });
  const more = scenarios.length - told.length;
  return more > 0 ? [...told, `${formatNumber(more)} more in the result files.`] : told;
}

/** What the closest row could carry within the limits, and how many devices that would make. */
function explainCapacity({ result: run, devices, slo }: KeptRow, result: SweepResult): string[] {
  if (run === null || result.first.workload.arrivals.process === 'closed-loop') return [];
  const { offered: came, from, to } = run.balance;
  const offered = came / (to - from);
  const within = slo.length > 0 ? run.request_goodput : run.request_throughput;
  if (Number.isNaN(within) || !(offered > 0)) return [];
  const rate = result.first.workload.request_rate || offered;
  const words = slo.length > 0 ? 'requests within their limits' : 'requests';
  if (!(within > 0)) return [`No request of it met its limits: more of the same would not help, faster devices may.`];
  const needed = Math.ceil((devices * rate) / within);
  const would = needed > devices ? `: about ${formatNumber(needed)} of these devices would do` : '';
  return [`It finished ${formatShort(within)} ${words} per second of the ${formatShort(rate)} offered${would}.`];
}

/** What of the promise a row breaks, worst first. */
export function describeFailure(row: Pick<KeptRow, 'result' | 'slo' | 'budget'>): string {
  const run = row.result!;
  if (run.stopped !== '') return `came to a standstill: ${run.stopped}`;
  // A run that was given up has no percentiles: it had proved that one misses its limit.
  if (run.unfinished > 0 && Number.isNaN(run.ttft.p99))
    return 'misses the limits: too many requests were late long before its end';
  const worst = tightestLimit(row);
  const lost = lostIn(run);
  if (lost > 0) return `leaves ${plural(lost, 'request')} unserved`;
  if (run.verdict === 'overloaded') return 'is overloaded';
  if (isUndecided(row.slo, run))
    return 'keeps its limits as far as it goes, and is too short to tell whether it keeps up';
  if (worst && worst.ratio > 1) return `misses ${describeSlo(worst.slo)} by ${formatShort(worst.ratio)}x`;
  const over = overBudget(row.budget, { ...run, elapsed: elapsedOf(run) }).map(
    (key) => explainBudget({ [key]: row.budget![key] })[0]!,
  );
  return over.length > 0 ? `takes more than ${listWords(over)}` : 'misses its limits';
}

/** The verdict where it is not the usual one; that a run was too short matters only where its limits are kept. */
export function tellVerdict(run: FleetSummary, slo: readonly Slo[]): string {
  const isUsual = run.verdict === 'stable' || (run.verdict === 'too-short' && !isUndecided(slo, run));
  return isUsual ? '' : run.verdict;
}

/** The dearest simulated row below the winner's price: all of those miss, or the winner would be another. */
function findNextCheaper({ kept }: SweepResult, winner: KeptRow): KeptRow | null {
  let next: KeptRow | null = null;
  for (const row of kept) {
    if (row.scenario !== winner.scenario || row.result === null || row.result.slo_met) continue;
    // sums of the same prices in another order are equal
    if (!(row.usd_per_hour < winner.usd_per_hour * (1 - 1e-12))) continue;
    if (next === null || row.usd_per_hour > next.usd_per_hour) next = row;
  }
  return next;
}

/** The best row of each hardware, in ranking order. */
export function bestByHardware(result: SweepResult): KeptRow[] {
  return firstOfEach(result.kept, (row) => hardwareOf(row, undefined));
}

/** Whether rows are deployments of one pool, and not fleets. */
export function areDeployments(result: SweepResult): boolean {
  return result.kept.every((row) => engineOf(row, result) !== null);
}
