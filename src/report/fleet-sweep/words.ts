// A sweep of fleets in words: what a row is, what was asked, what the answer is, why rows fell.

import { type FleetKeptRow, type FleetSweepResult, fleetScore } from '../../metrics/fleet/sweep.ts';
import { achieved } from '../../metrics/limits.ts';
import type { LatencyMetric, Objective, Percentile, Slo } from '../../spec/types.ts';
import { describeObjective, describeSlo } from '../describe.ts';
import { formatNumber, formatShort, formatUsd, listWords } from '../format.ts';

/** Keys whose value says enough by itself, and how the others are shortened. */
const PLAIN = ['hardware', 'model', 'routing', 'quantization', 'batching', 'profile', 'packing', 'transfer', 'kind'];
const SHORT: Readonly<Record<string, (value: string) => string>> = {
  count: (value) => `x${value}`,
  tensor_parallel_size: (value) => `tp${value}`,
  pipeline_parallel_size: (value) => `pp${value}`,
  data_parallel_size: (value) => `dp${value}`,
  expert_parallel_size: (value) => `ep${value}`,
};

/** "together; workers mi300x tp2 x4": values in the order of the document, those of one pool together. */
export function describeChoices({ choices }: Pick<FleetKeptRow, 'choices'>): string {
  const groups = new Map<string, string[]>();
  for (const [axis, value] of choices) {
    const parts = axis.split('.');
    const key = parts.pop() ?? '';
    const owner = parts.filter((part) => part !== 'fleet' && part !== 'pipelines').join('.');
    // a choice of whole parts of the document says enough by its own name
    const alone = parts.length === 0 || (parts.length === 1 && parts[0] !== 'workload');
    const short = SHORT[key]?.(value) ?? (PLAIN.includes(key) || alone ? value : `${key} ${value}`);
    const list = groups.get(owner) ?? [];
    groups.set(owner, [...list, short]);
  }
  return [...groups].map(([owner, values]) => [owner, ...values].filter((word) => word !== '').join(' ')).join('; ');
}

export function askFleets(result: FleetSweepResult): string {
  const limits = result.slo.length > 0 ? ` with ${listWords(result.slo.map(describeSlo))}` : '';
  return `Which fleet of "${result.name}" serves ${result.workload || 'its traffic'}${limits}?`;
}

export interface FleetAnswer {
  readonly kind: 'met' | 'missed' | 'nothing';
  readonly row: FleetKeptRow | null;
  readonly headline: string;
  readonly details: string;
}

export function answerFleets(result: FleetSweepResult): FleetAnswer {
  const best = result.kept[0];
  if (best === undefined) {
    const reasons = result.rejected.map(({ count, words }) => `${formatNumber(count)} (${words})`).join(', ');
    const headline = `0 of ${formatNumber(result.rows)} were simulated`;
    return { kind: 'nothing', row: null, headline, details: reasons || 'nothing was reached' };
  }
  const told = `${describeChoices(best)}, ${tellObjective(best, result.objective)}`;
  if (best.result.slo_met) {
    const goal = result.slo.length > 0 ? `meets ${listWords(result.slo.map(describeSlo))}` : 'keeps up';
    return { kind: 'met', row: best, headline: `${describeObjective(result.objective)} that ${goal}`, details: told };
  }
  const headline = `0 of ${formatNumber(result.rows)} keep the promise`;
  return { kind: 'missed', row: best, headline, details: `closest: ${told}, which ${tellMiss(best, result.slo)}` };
}

/** "$26.14/h", or the objective's own figure with the price behind it. */
export function tellObjective({ result }: FleetKeptRow, objective: Objective): string {
  const price = `$${formatUsd(result.usd_per_hour)}/h`;
  const score = Math.abs(fleetScore(objective, result));
  const words: Readonly<Record<Objective, string>> = {
    usd_per_hour: price,
    usd_per_million_tokens: `$${formatShort(result.usd_per_million_tokens)} per million output tokens (${price})`,
    output_throughput_per_device: `${formatShort(score)} tok/s per device (${price})`,
    tokens_per_joule: `${formatShort(1 / score)} tokens per joule (${price})`,
    devices: `${formatNumber(result.devices)} devices (${price})`,
  };
  return words[objective];
}

/** What of the promise a row breaks, worst first. */
export function tellMiss({ result }: FleetKeptRow, slo: readonly Slo[]): string {
  const lost = result.rejected_kv + result.rejected_length + result.unfinished;
  if (result.stopped !== '') return `came to a standstill: ${result.stopped}`;
  if (lost > 0) return `leaves ${formatNumber(lost)} requests unserved`;
  if (result.verdict === 'overloaded') return 'is overloaded';
  const uses = slo.map((limit) => ({ limit, ratio: achieved(result, limit) / limit.limit }));
  const worst = uses.filter(({ ratio }) => ratio > 1).sort((a, b) => b.ratio - a.ratio)[0];
  return worst ? `misses ${describeSlo(worst.limit)} by ${formatShort(worst.ratio)}x` : 'misses its limits';
}

/** What breaks first of a row that keeps the promise; '' without limits. */
export function tellTightest({ result }: FleetKeptRow, slo: readonly Slo[]): string {
  const uses = slo.map((limit) => ({ limit, ratio: achieved(result, limit) / limit.limit }));
  const tightest = uses.filter(({ ratio }) => ratio >= 0).sort((a, b) => b.ratio - a.ratio)[0];
  if (!tightest) return '';
  return `${describeSlo(tightest.limit)} breaks first: ${formatNumber(tightest.ratio * 100)} % of it is used.`;
}

/** Every row of the sweep, by what became of it: the counts add up to all rows. */
export function countFleets(result: FleetSweepResult): readonly (readonly [count: number, words: string])[] {
  const all: (readonly [number, string])[] = [
    ...result.rejected.map(({ count, words }) => [count, words] as const),
    [result.dearer, `no better than the best ${result.top}: their devices alone ${costWords(result.objective)}`],
    [result.unreached, result.interrupted ? 'not reached' : 'not simulated (settle is the most that are)'],
    [result.kept.length, 'simulated request by request'],
  ];
  return all.filter(([count]) => count > 0);
}

const costWords = (objective: Objective) => (objective === 'devices' ? 'are as many' : 'cost as much');

/** The percentile that a table shows: the limit's, else p99. */
export function percentileOf(slo: readonly Slo[], metric: LatencyMetric): Percentile {
  return slo.find((limit) => limit.metric === metric)?.percentile ?? 'p99';
}
