// Kept configurations as points of the two trade-offs people look at, with the front of the best ones.
import { groupBy } from '../check/group-by.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import type { LatencyMetric, Objective } from '../spec/types.ts';
import { areDeployments } from './answer.ts';
import { type Band, costBand, perUserBand, tailBand, tokensBand } from './bars.ts';
import {
  describeDeployment,
  describeHosts,
  describeObjective,
  describeSettings,
  hardwareOf,
  METRIC_WORDS,
  shownPercentile,
  tailOf,
  throughputPerDevice,
  tokensPerUser,
  usdPerMillionTokens,
} from './describe.ts';
import { formatMs, formatShort, formatUsd } from './format.ts';
import { describeBand, restsWords } from './trust.ts';

/** screened: estimated only; missed, met: simulated. */
export type PointKind = 'screened' | 'missed' | 'met';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the error bars; null where a figure has none. */
  readonly xBand: Band;
  readonly yBand: Band;
  readonly kind: PointKind;
  readonly row: number;
  /** What its curve is one of: the accelerator that it stands on. */
  readonly series: string;
  /** A few words beside the point. */
  readonly label: string;
  /** Hover text: the deployment and its figures, one per line. */
  readonly title: string;
}

/** A picture shows at most this many points; more would only make it heavy. */
const MOST_POINTS = 3000;

export interface Scatter {
  /** The first in ranking order, and all of the front. */
  readonly points: readonly Point[];
  /** How many there were to show. */
  readonly total: number;
  /** No other simulated point is at least as good in both: in order of x. Of those that meet the limits, if any does. */
  readonly front: readonly Point[];
  readonly winner: Point | null;
  /** The best trade-offs of each accelerator, those with most points first; a curve of its own for each where there are several. */
  readonly series: readonly { readonly name: string; readonly front: readonly Point[] }[];
  readonly xWords: string;
  readonly yWords: string;
  readonly title: string;
  /** A limit on what x shows, to be drawn as a line; null = none. */
  readonly xLimit: number | null;
  /** How the front goes from point to point: as steps, since nothing lies between two deployments. */
  readonly frontCurve: 'step-before' | 'step-after';
  readonly logX: boolean;
  readonly logY: boolean;
}

export function kindOf({ result }: KeptRow): PointKind {
  if (result === null) return 'screened';
  return result.slo_met ? 'met' : 'missed';
}

function describePoint(row: KeptRow, result: SweepResult): string {
  const kind = kindOf(row);
  const estimate = kind === 'screened' ? '~' : '';
  const state = kind === 'screened' ? 'screened' : kind === 'met' ? 'meets the limits' : 'misses the limits';
  const tail = (metric: LatencyMetric) =>
    `${METRIC_WORDS[metric]} ${shownPercentile(result.first.slo, metric)} ${estimate}${formatMs(tailOf(row, result, metric))} ms`;
  return [
    ...describeDeployment(row, result).split('; '),
    describeSettings(row, result),
    row.scenario,
    `${tail('ttft')}, ${tail('tpot')}, ${tail('e2el')}`,
    `${estimate}${formatShort(throughputPerDevice(row))} tok/s per device, ${estimate}${formatShort(tokensPerUser(row))} tok/s per user`,
    `$${formatUsd(row.usd_per_hour)}/h, ${estimate}$${formatShort(usdPerMillionTokens(row))} per million output tokens`,
    row.result ? `${state}, ${row.result.verdict}` : state,
    row.trust ? `${describeBand(row.trust.band)}: step prices are ${restsWords(row.trust)}` : '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** The picture that stands for a sweep: of deployments what owner and user get, of fleets what the way of a request costs. */
export function mainScatter(result: SweepResult): Scatter {
  return areDeployments(result) ? throughputScatter(result) : costLatencyScatter(result);
}

/** The two pictures of a page. */
export function pageScatters(result: SweepResult): Scatter[] {
  return areDeployments(result)
    ? [throughputScatter(result), costScatter(result)]
    : [costScatter(result), costLatencyScatter(result)];
}

/** Tokens/s/device against tokens/s/user: what the owner gets against what the user gets (both: more is better). */
export function throughputScatter(result: SweepResult): Scatter {
  const words = {
    title: 'Throughput against interactivity',
    xWords: 'output tokens/s per user',
    yWords: 'output tokens/s per device',
    xLimit: null,
    frontCurve: 'step-before' as const,
  };
  const x = { of: tokensPerUser, band: perUserBand };
  return buildScatter(result, x, { of: throughputPerDevice, band: tokensBand }, { x: 1, y: 1 }, words);
}

/** USD per million output tokens against the tail of TTFT (both: less is better). */
export function costScatter(result: SweepResult): Scatter {
  const y = { of: usdPerMillionTokens, band: costBand };
  return latencyScatter(result, 'ttft', 'Cost against waiting', 'USD per million output tokens', y);
}

/** USD per hour against the end-to-end latency (both: less is better). */
export function costLatencyScatter(result: SweepResult): Scatter {
  const cost: Axis = { of: ({ usd_per_hour }) => usd_per_hour, band: () => null };
  return latencyScatter(result, 'e2el', 'Cost against the whole way of a request', 'USD per hour', cost);
}

function latencyScatter(
  result: SweepResult,
  metric: LatencyMetric,
  title: string,
  yWords: string,
  cost: Axis,
): Scatter {
  const limit = result.first.slo.find((slo) => slo.metric === metric && slo.times === undefined)?.limit;
  const words = {
    title,
    xWords: `${METRIC_WORDS[metric]} ${shownPercentile(result.first.slo, metric)}, ms`,
    yWords,
    xLimit: limit === undefined ? null : limit * 1000,
    frontCurve: 'step-after' as const,
  };
  const x: Axis = { of: (row) => tailOf(row, result, metric) * 1000, band: tailBand(metric) };
  return buildScatter(result, x, cost, { x: -1, y: -1 }, words);
}

/** A deployment as it is written everywhere, a fleet by its hardware: what it is made of is too long for a picture. */
function labelOf(row: KeptRow, result: SweepResult, deployments: boolean): string {
  const words = describeDeployment(row, result).split('; ')[0]!;
  return deployments ? words : describeHosts(row.hosts, result.labels) || words;
}

type Words = Pick<Scatter, 'title' | 'xWords' | 'yWords' | 'xLimit' | 'frontCurve'>;
/** +1: more is better, -1: less is better. */
type Better = { readonly x: 1 | -1; readonly y: 1 | -1 };

/** What an axis shows of a row, and how far that may be off. */
interface Axis {
  of(row: KeptRow): number;
  band(row: KeptRow, value: number, result: SweepResult): Band;
}

function buildScatter(result: SweepResult, x: Axis, y: Axis, better: Better, words: Words): Scatter {
  const deployments = areDeployments(result); // looks at all rows: once, not for each point
  const points = result.kept.map((row) => {
    const series = hardwareOf(row, result.labels);
    const label = labelOf(row, result, deployments);
    const [atX, atY] = [x.of(row), y.of(row)];
    return {
      ...{ x: atX, y: atY, xBand: x.band(row, atX, result), yBand: y.band(row, atY, result) },
      ...{ kind: kindOf(row), row: row.row, series, label },
      // a picture in text has none
      get title() {
        return describePoint(row, result);
      },
    };
  });
  return plotScatter(points, better, words);
}

/** A scatter of points in ranking order; the first, where it keeps the promise, is the winner. */
export function plotScatter(all: readonly Point[], better: Better, words: Words): Scatter {
  // An unknown price has no place on the chart; a log scale has none for zero.
  const points = all.filter(({ x, y }) => x > 0 && y > 0 && x + y < Number.POSITIVE_INFINITY);
  const winner = points[0] === all[0] && points[0]?.kind === 'met' ? points[0] : null;
  const met = points.filter((point) => point.kind === 'met');
  const simulated = points.filter((point) => point.kind !== 'screened');
  const front = findFront(met.length > 0 ? met : simulated, better);
  const shown = [...new Set([...points.slice(0, MOST_POINTS), ...front])];
  const total = points.length;
  const series = seriesOf(simulated, met.length > 0, better);
  return { points: shown, total, front, winner, series, logX: isWide(shown, 'x'), logY: isWide(shown, 'y'), ...words };
}

/** The same picture with the first of its points, and all of the front. */
export function fewerPoints(scatter: Scatter, most: number): Scatter {
  return { ...scatter, points: [...new Set([...scatter.points.slice(0, most), ...scatter.front])] };
}

/** Accelerators that have a colour of their own. */
export const MOST_SERIES = 6;

/** Accelerators that keep the limits first, then those with most points; curves are of what keeps the limits, if anything does. */
function seriesOf(simulated: readonly Point[], someMeet: boolean, better: Better): Scatter['series'] {
  const groups = groupBy(simulated, ({ series }) => series);
  if (groups.size < 2) return [];
  const all = [...groups].map(([name, points]) => {
    const own = someMeet ? points.filter(({ kind }) => kind === 'met') : points;
    return { name, own, count: points.length };
  });
  all.sort((a, b) => b.own.length - a.own.length || b.count - a.count || (a.name < b.name ? -1 : 1));
  return all.slice(0, MOST_SERIES).map(({ name, own }) => ({ name, front: findFront(own, better) }));
}

/** Why the winner is not among the best trade-offs of a picture; '' where it is. */
export function tellOffFront({ winner, front }: Scatter, objective: Objective): string {
  if (winner === null || front.includes(winner)) return '';
  return `The winner is off the front: it is first by "${describeObjective(objective).toLowerCase()}", which is not what these axes show.`;
}

/** Values that span more than a factor of 12 would crowd in the corner of a linear axis. */
function isWide(points: readonly Point[], axis: 'x' | 'y'): boolean {
  const values = points.map((point) => point[axis]);
  return Math.max(...values) > 12 * Math.min(...values);
}

/** The points that no other one beats in both directions, in order of x. */
export function findFront(points: readonly Point[], better: Better): Point[] {
  const best = [...points].sort((a, b) => better.x * (b.x - a.x) || better.y * (b.y - a.y));
  const front: Point[] = [];
  let reached = Number.NEGATIVE_INFINITY;
  for (const point of best) {
    if (better.y * point.y <= reached) continue;
    reached = better.y * point.y;
    front.push(point);
  }
  return front.sort((a, b) => a.x - b.x);
}
