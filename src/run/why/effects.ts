// How far the figures of a fleet move when something is turned a little: the same requests with and without it, under several seeds, so that
// what chance does to both is not taken for an effect.
import type { Catalog } from '../../catalog/open.ts';
import { type Issue, UserError } from '../../check/issue.ts';
import { turn as nextTurn } from '../../host/host.ts';
import { type Spread, spreadOf } from '../../metrics/chance.ts';
import { achieved } from '../../metrics/limits.ts';
import type { FleetSummary } from '../../metrics/sweep.ts';
import type { Verdict } from '../../metrics/types.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { OBJECTIVE } from '../../spec/objectives.ts';
import type { Objective, Slo } from '../../spec/types.ts';
import { type Simulator, simulateRow } from '../simulate-row.ts';
import { listTurns, type Turn } from './changes.ts';

/** A figure of a run that effects are told of. */
export interface Figure {
  readonly name: string;
  readonly unit: 's' | 'tokens/s' | 'USD/M tokens' | 'W';
  of(result: FleetSummary): number;
}

export interface Effect {
  readonly name: string;
  readonly by: string;
  /** By figure, as a share of what it is without the turn: mean over the seeds, half of its 95 % interval (Student's t). */
  readonly changes: readonly Spread[];
  /** Of how many seeds the promise is kept with it. */
  readonly kept: number;
}

export interface Effects {
  readonly seeds: readonly number[];
  readonly figures: readonly Figure[];
  /** Without any turn: mean of each figure over the seeds, how often the promise is kept, and how runs end. */
  readonly base: readonly Spread[];
  readonly kept: number;
  readonly verdicts: readonly Verdict[];
  /** Those that move something, the largest first; those that leave every run as it is; those that cannot be, and why. */
  readonly effects: readonly Effect[];
  readonly none: readonly Pick<Turn, 'name' | 'by'>[];
  readonly refused: readonly (Pick<Turn, 'name' | 'by'> & { readonly why: string })[];
  readonly interrupted: boolean;
}

export interface EffectOptions {
  /** By how much devices and load are turned, as a share. */
  readonly share: number;
  readonly objective: Objective;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const USUAL: readonly Pick<Slo, 'metric' | 'percentile'>[] = [
  { metric: 'ttft', percentile: 'p99' },
  { metric: 'tpot', percentile: 'p99' },
];

const POWER: Figure = { name: 'power', unit: 'W', of: (result) => result.power_w };

/** The limits of the promise, else p99 TTFT and TPOT; then what is served and costs, and what is drawn where the objective asks for it. */
export function figuresOf(slo: readonly Slo[], objective: Objective): Figure[] {
  const limits = slo.length > 0 ? slo : USUAL;
  const latencies = limits.map((limit): Figure => {
    const { metric, percentile } = limit;
    return { name: `${percentile} ${metric.toUpperCase()}`, unit: 's', of: (result) => achieved(result, limit) };
  });
  return [
    ...latencies,
    { name: 'output', unit: 'tokens/s', of: (result) => result.output_throughput },
    { name: 'cost', unit: 'USD/M tokens', of: (result) => result.usd_per_million_tokens },
    ...(OBJECTIVE[objective].metered ? [POWER] : []),
  ];
}

/** `specs`: the fleet under each seed. Throws UserError where it cannot be without any turn. */
export async function findEffects(
  specs: readonly FleetSpec[],
  catalog: Catalog,
  simulator: Simulator,
  { share, objective, signal, onProgress }: EffectOptions,
): Promise<Effects> {
  const [first] = specs;
  if (!first) throw new RangeError('no seed');
  const turns = listTurns(first, catalog, share);
  const figures = figuresOf(first.slo, objective);
  const total = (1 + turns.length) * specs.length;
  let done = 0;
  const run = async (spec: FleetSpec): Promise<FleetSummary> => {
    const { result } = simulateRow(simulator, spec, false);
    onProgress?.(++done, total);
    await nextTurn(); // so that Ctrl-C is heard
    return result;
  };
  const base: FleetSummary[] = [];
  for (const spec of specs) base.push(await run(spec));
  const effects: Effect[] = [];
  const none: Turn[] = [];
  const refused: (Turn & { why: string })[] = [];
  for (const one of turns) {
    if (signal?.aborted) break;
    const turned: FleetSummary[] = [];
    try {
      for (const spec of specs) turned.push(await run(one.set(spec)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      done += specs.length - turned.length;
      refused.push({ ...one, why: wordsOf(error.issues[0]!) });
      continue;
    }
    const changes = figures.map(({ of }) => spreadOf(turned.map((result, i) => changeOf(of(base[i]!), of(result)))));
    const kept = turned.filter(({ slo_met }) => slo_met).length;
    if (changes.every(({ mean, half }) => !(Math.abs(mean) > 0) && !(half > 0))) none.push(one);
    else effects.push({ name: one.name, by: one.by, changes, kept });
  }
  return {
    seeds: specs.map(({ workload }) => workload.seed),
    figures,
    base: figures.map(({ of }) => spreadOf(base.map(of))),
    kept: base.filter(({ slo_met }) => slo_met).length,
    verdicts: base.map(({ verdict }) => verdict),
    effects: effects.sort((a, b) => weightOf(b) - weightOf(a)),
    ...{ none, refused, interrupted: signal?.aborted ?? false },
  };
}

const wordsOf = ({ path, expected, received }: Issue): string => `${path}: expected ${expected}, received ${received}`;

/** NaN where either is unknown. */
const changeOf = (before: number, after: number): number => (before === after ? 0 : after / before - 1);

/** The largest move that chance does not explain, of latencies first of all; else the largest of all, as less than any of those. */
function weightOf({ changes }: Effect): number {
  const moved = changes.filter(isBeyondChance).map(({ mean }) => Math.abs(mean));
  if (moved.length > 0) return 1 + Math.max(...moved);
  return Math.max(0, ...changes.map(({ mean }) => Math.abs(mean)).filter(Number.isFinite)) * 1e-3;
}

/** Whether the interval of a change leaves 0 out; of a single seed nothing is known. */
export const isBeyondChance = ({ mean, half }: Spread): boolean => Math.abs(mean) > 0 && Math.abs(mean) > half;
