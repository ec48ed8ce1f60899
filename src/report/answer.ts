// The answer to a sweep's question in one sentence, and why: what the winner has to spare, what was lost and to what.
import { achieved } from '../metrics/limits.ts';
import type { KeptRow, RejectCount, SweepResult } from '../metrics/types.ts';
import type { Slo } from '../spec/types.ts';
import {
  describeDeployment,
  describeLoad,
  describeObjective,
  describeObjectiveValue,
  describeSlo,
  labelOf,
} from './describe.ts';
import { formatNumber, formatShort, listWords, plural } from './format.ts';

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

/** "Which deployment of Llama 70B serves azure-conv at 50 req/s with p99 TTFT <= 1,000 ms?" */
export function askQuestion(result: SweepResult): string {
  const { spec, labels } = result;
  const models = spec.axes.find((axis) => axis.field === 'model')?.values ?? [spec.base.model];
  const model = listWords(models.map((id) => labelOf(String(id), labels)));
  const limits = spec.slo.length > 0 ? ` with ${listWords(spec.slo.map(describeSlo))}` : '';
  return `Which deployment of ${model} serves the traffic ${describeLoad(spec)}${limits}?`;
}

/** `kept` is in ranking order, so the first row is the answer and its state says which kind of answer it is. */
export function findAnswer(result: SweepResult): Answer {
  const best = result.kept[0];
  if (best === undefined) {
    const headline = `0 of ${formatNumber(result.rows)} are feasible`;
    return answer('nothing', null, headline, listReasons(result));
  }
  if (best.run?.slo_met) return answer('met', best, `${describeGoal(result)}: ${describeRow(best, result)}`);
  if (best.run === null) {
    return answer('screened', best, `Best by the screen, not simulated: ${describeRow(best, result)}`);
  }
  const closest = findClosest(result) ?? best;
  const headline = `0 of ${formatNumber(result.rows)} keep the promise`;
  return answer('missed', closest, headline, describeMiss(closest, result));
}

function answer(kind: Answer['kind'], row: KeptRow | null, headline: string, details = ''): Answer {
  return { kind, row, headline, details, sentence: details === '' ? `${headline}.` : `${headline}: ${details}.` };
}

function describeRow(row: KeptRow, result: SweepResult): string {
  const price = describeObjectiveValue(row, 'usd_per_hour');
  const value = describeObjectiveValue(row, result.spec.objective);
  const figures = Number.isNaN(row.usd_per_hour) || value === price ? value : `${value} (${price})`;
  return `${describeDeployment(row.configuration, row.devices, result.labels, result.spec)}, ${figures}`;
}

function describeGoal(result: SweepResult): string {
  const { spec } = result;
  const goal = spec.slo.length > 0 ? `meets ${listWords(spec.slo.map(describeSlo))}` : 'keeps up';
  return `${describeObjective(spec.objective)} that ${goal} ${describeLoad(spec)}`;
}

/** Why rows fell, most frequent first; reasons that met no row are left out. */
export function countedReasons(result: SweepResult): RejectCount[] {
  return result.rejected.filter((reason) => reason.count > 0).sort((a, b) => b.count - a.count);
}

/** "11,900 (weights do not fit in memory), 580 (...)". */
function listReasons(result: SweepResult): string {
  const counted = countedReasons(result);
  return counted.map(({ count, words }) => `${formatNumber(count)} (${words})`).join(', ') || 'the sweep is empty';
}

function describeMiss(closest: KeptRow, result: SweepResult): string {
  const worst = worstLimit(closest, result.spec.slo);
  const miss = worst ? `misses ${describeSlo(worst.slo)} by ${formatShort(worst.ratio)}x` : describeFailure(closest);
  const reasons = countedReasons(result).length > 0 ? `, ruled out: ${listReasons(result)}` : '';
  const counts = `${formatNumber(result.settled)} simulated${reasons}`;
  return `${counts}. Closest: ${describeRow(closest, result)}, which ${miss}`;
}

export interface LimitUse {
  readonly slo: Slo;
  /** Achieved / limit: above 1 it is missed. */
  readonly ratio: number;
}

/** The limit that is used up most (so: breaks first); null when there is none or none is above 1 while the row misses. */
export function tightestLimit(row: KeptRow, slos: readonly Slo[]): LimitUse | null {
  const { run } = row;
  if (run === null) return null;
  const uses = slos.map((slo) => ({ slo, ratio: achieved(run, slo) / slo.limit })).filter((use) => use.ratio >= 0);
  return uses.reduce<LimitUse | null>((worst, use) => (worst === null || use.ratio > worst.ratio ? use : worst), null);
}

function worstLimit(row: KeptRow, slos: readonly Slo[]): LimitUse | null {
  const tightest = tightestLimit(row, slos);
  return tightest !== null && tightest.ratio > 1 ? tightest : null;
}

/** Of the simulated rows the one whose worst limit is missed least. */
function findClosest(result: SweepResult): KeptRow | null {
  let closest: KeptRow | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const row of result.kept) {
    const ratio = row.run?.verdict === 'overloaded' ? Number.NaN : tightestLimit(row, result.spec.slo)?.ratio;
    if (ratio !== undefined && ratio < least) {
      least = ratio;
      closest = row;
    }
  }
  return closest;
}

/** Sentences that explain the winner: what breaks first, and why the next cheaper one was not taken. */
export function explainAnswer(result: SweepResult): string[] {
  const { row, kind } = findAnswer(result);
  if (row === null || kind !== 'met' || row.run === null) return [];
  const sentences: string[] = [];
  const tightest = tightestLimit(row, result.spec.slo);
  if (tightest !== null) {
    sentences.push(`${describeSlo(tightest.slo)} breaks first: ${formatNumber(tightest.ratio * 100)} % of it is used.`);
  }
  const cheaper = result.spec.objective === 'usd_per_hour' ? findNextCheaper(result, row) : null;
  if (cheaper !== null) {
    const worst = worstLimit(cheaper, result.spec.slo);
    const why = worst ? `misses ${describeSlo(worst.slo)} by ${formatShort(worst.ratio)}x` : describeFailure(cheaper);
    sentences.push(`The next cheaper simulated, ${describeRow(cheaper, result)}, ${why}.`);
  }
  return sentences;
}

function describeFailure(row: KeptRow): string {
  const run = row.run!;
  // A run that was given up has no percentiles: it had proved that one misses its limit.
  if (run.unfinished > 0 && Number.isNaN(run.ttft.p99))
    return 'misses the limits: too many requests were late long before its end';
  const lost = run.rejected_kv + run.rejected_length + run.unfinished;
  return lost > 0 ? `leaves ${plural(lost, 'request')} unserved` : `is ${run.verdict}`;
}

/** The dearest simulated row below the winner's price: all of those miss, or the winner would be another. */
function findNextCheaper(result: SweepResult, winner: KeptRow): KeptRow | null {
  let next: KeptRow | null = null;
  for (const row of result.kept) {
    if (row.run === null || row.run.slo_met || !(row.usd_per_hour < winner.usd_per_hour)) continue;
    if (next === null || row.usd_per_hour > next.usd_per_hour) next = row;
  }
  return next;
}

/** The best row of each hardware, in ranking order. */
export function bestByHardware(result: SweepResult): KeptRow[] {
  const seen = new Set<string>();
  return result.kept.filter((row) => {
    if (seen.has(row.configuration.hardware)) return false;
    seen.add(row.configuration.hardware);
    return true;
  });
}
