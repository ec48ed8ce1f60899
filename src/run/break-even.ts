// When one fleet overtakes another: both simulated over the same requests at one rate or prompt after another, or priced by the device.
import type { Catalog } from '../catalog/open.ts';
import { priceOf, pricesOf } from '../catalog/price-sheets.ts';
import { UserError } from '../check/issue.ts';
import { readVersion } from '../check/version.ts';
import { type FleetSummary, rowScore } from '../metrics/sweep.ts';
import type { Budget } from '../spec/budget.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { MAX_LENGTH_TOKENS } from '../spec/limits.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Objective, Slo } from '../spec/types.ts';
import { type Better, type Crossings, findCrossings, type Judged } from './crossings.ts';
import { hostsOf } from './keep.ts';
import { loadKindOf } from './load.ts';
import { roundLoad } from './max-load.ts';
import { openSession } from './session.ts';
import { openSimulator, simulateRow } from './simulate-row.ts';

/** What the comparison is over. */
export const OVER = ['request_rate', 'price', 'prompt'] as const;
export type Over = (typeof OVER)[number];
export const OVER_UNITS: Readonly<Record<Over, string>> = {
  request_rate: 'requests/s',
  price: 'USD per device-hour',
  prompt: 'tokens of every prompt',
};

/** One fleet at one value. */
export interface Standing {
  readonly result: FleetSummary;
  readonly slo: readonly Slo[];
  readonly budget?: Budget;
  readonly keeps: boolean;
  /** By the objective; smaller is better. */
  readonly score: number;
}

export interface Point extends Judged {
  readonly a: Standing;
  readonly b: Standing;
}

export interface BreakEven extends Crossings<Point> {
  readonly over: Over;
  readonly objective: Objective;
  readonly names: { readonly a: string; readonly b: string };
  readonly slo: readonly Slo[];
  readonly tolerance: number;
  /** Whose price: a device of the first fleet; '' where the comparison is over something else. */
  readonly hardware: string;
  /** Of a price: what it is today; NaN where none is known or something else is asked. */
  readonly today: number;
  readonly version: string;
  readonly seconds: number;
  readonly interrupted: boolean;
}

export interface BreakEvenOptions {
  readonly over: Over;
  readonly objective: Objective;
  readonly from?: number;
  readonly to?: number;
  readonly tolerance: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (points: number) => void;
}

/** Throws UserError where the two cannot be compared so. */
export async function breakEven(
  a: FleetSpec,
  b: FleetSpec,
  catalog: Catalog,
  options: BreakEvenOptions,
): Promise<BreakEven> {
  const started = performance.now();
  const { over, objective, tolerance, signal } = options;
  const turn = TURNS[over](a, b, catalog, options);
  const simulator = openSimulator(catalog, openSession(catalog));
  const stand = (spec: FleetSpec): Standing => {
    const { result } = simulateRow(simulator, spec, false);
    return {
      result,
      slo: spec.slo,
      ...(spec.budget ? { budget: spec.budget } : {}),
      keeps: result.slo_met,
      score: rowScore(objective, result),
    };
  };
  let count = 0;
  const judge = async (at: number): Promise<Point> => {
    await new Promise((resolve) => setImmediate(resolve)); // so that Ctrl-C is heard
    const [own, other] = [stand(turn.set(a, at)), stand(turn.set(b, at))];
    options.onProgress?.(++count);
    return { at, better: betterOf(own, other), a: own, b: other };
  };
  const { from, to, round } = turn;
  const found = await findCrossings(judge, {
    from,
    to,
    round,
    tolerance: turn.ladderOnly ? Number.POSITIVE_INFINITY : tolerance,
    ...(signal ? { signal } : {}),
  });
  return {
    ...found,
    ...{ over, objective, tolerance, names: { a: a.name, b: b.name }, slo: a.slo },
    ...{ hardware: turn.hardware, today: turn.today },
    version: readVersion(),
    seconds: (performance.now() - started) / 1000,
    interrupted: signal?.aborted ?? false,
  };
}

/** Who keeps the promise comes before who does not; of two that do the better by the objective. */
export function betterOf(a: Pick<Standing, 'keeps' | 'score'>, b: Pick<Standing, 'keeps' | 'score'>): Better {
  if (!a.keeps && !b.keeps) return 'neither';
  if (a.keeps !== b.keeps) return a.keeps ? 'a' : 'b';
  const [own, other] = [a.score, b.score].map((score) => (Number.isNaN(score) ? Number.POSITIVE_INFINITY : score));
  return own === other ? 'equal' : own! < other! ? 'a' : 'b';
}

/** How both fleets are turned, and over which values. */
interface Turn {
  readonly from: number;
  readonly to: number;
  readonly hardware: string;
  readonly today: number;
  readonly ladderOnly: boolean;
  round(value: number): number;
  set(spec: FleetSpec, value: number): FleetSpec;
}

/** Half and double, three times over. */
const AROUND = 8;
const PROMPTS = { from: 125, to: 32_000 };
const PRICE_DIGITS = 4;

const TURNS: Readonly<Record<Over, (a: FleetSpec, b: FleetSpec, catalog: Catalog, options: BreakEvenOptions) => Turn>> =
  {
    request_rate(a, b, _, { from, to }) {
      const kind = loadKindOf(a);
      if (kind?.unit !== 'requests/s' || loadKindOf(b) !== kind)
        throw refusal(
          'workload.arrivals',
          'arrivals with a rate in both specs',
          `${a.workload.arrivals.process} and ${b.workload.arrivals.process}`,
        );
      const rates = [kind.of(a), kind.of(b)].filter((rate) => rate > 0);
      if (rates.length === 0 && (from === undefined || to === undefined))
        throw refusal('--from', '--from and --to beside files replayed at their own times', 'nothing');
      return {
        ...{ from: from ?? Math.min(...rates) / AROUND, to: to ?? Math.max(...rates) * AROUND },
        ...NO_PRICE,
        round: (rate) => roundLoad(rate, kind),
        set: (spec, rate) => kind.set(spec, rate),
      };
    },
    prompt(a, b, catalog, { from = PROMPTS.from, to = PROMPTS.to }) {
      for (const { workload, pipelines } of [a, b])
        if (workload.lengths === null || pipelines.some(({ lengths }) => lengths !== null))
          throw refusal(
            'workload.lengths',
            'lengths of the workload in both specs, not of a file or a pipeline',
            'others',
          );
      return {
        ...{ from, to, ...NO_PRICE },
        round: (tokens) => Math.min(MAX_LENGTH_TOKENS, Math.max(1, Math.round(Number(tokens.toPrecision(3))))),
        set: (spec, tokens) => withPrompt(spec, tokens, catalog),
      };
    },
    price(a, _, catalog, { from, to, objective }) {
      if (!OBJECTIVE[objective].priced)
        throw refusal('--over', 'an objective that prices decide, such as usd_per_hour', objective);
      const [host, ...more] = hostsOf(a, catalog);
      if (!host || more.length > 0)
        throw refusal('--over', 'a first fleet of one kind of device', host ? `${more.length + 1} kinds` : 'none');
      const today = priceOf(pricesOf(a, catalog), host.hardware);
      return {
        ...{ from: from ?? (today || 1) / AROUND, to: to ?? (today || 1) * AROUND, hardware: host.hardware, today },
        ladderOnly: true, // costs are straight lines over a price: between two rungs they are known
        round: (usd) => Number(usd.toPrecision(PRICE_DIGITS)),
        set: (spec, usd) => ({ ...spec, prices: { ...spec.prices, [host.hardware]: usd } }),
      };
    },
  };

const NO_PRICE = { hardware: '', today: Number.NaN, ladderOnly: false };

const refusal = (path: string, expected: string, received: string) => new UserError([{ path, expected, received }]);

/** Every prompt of so many tokens; outputs as the spec has them, of a workload of the catalog their mean. */
function withPrompt(spec: FleetSpec, tokens: number, catalog: Catalog): FleetSpec {
  const { lengths } = spec.workload;
  const fixed = (value: number) => ({ kind: 'fixed', value }) as const;
  const output =
    lengths !== null && typeof lengths !== 'string'
      ? lengths.output_len
      : fixed(Math.max(1, Math.round(catalog.shape(lengths!).output_mean)));
  return { ...spec, workload: { ...spec.workload, lengths: { input_len: fixed(tokens), output_len: output } } };
}

/** Where between two points of a price both scores are equal, which are straight lines there; NaN where a promise decides. */
export function equalAt({ below, above }: Crossings<Point>['crossings'][number]): number {
  if (![below, above].every(({ a, b }) => a.keeps && b.keeps)) return Number.NaN;
  const [low, high] = [below.a.score - below.b.score, above.a.score - above.b.score];
  return below.at + ((above.at - below.at) * low) / (low - high);
}
