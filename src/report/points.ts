// Kept configurations as points of the two trade-offs people look at, with the front of the best ones.
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import {
  describeDeployment,
  describeEngine,
  readPercentile,
  shownPercentile,
  throughputPerDevice,
  tokensPerUser,
} from './describe.ts';
import { formatMs, formatShort, formatUsd } from './format.ts';

/** screened: estimated only; missed, met: simulated. */
export type PointKind = 'screened' | 'missed' | 'met';

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly kind: PointKind;
  readonly row: number;
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

export function kindOf(row: KeptRow): PointKind {
  if (row.run === null) return 'screened';
  return row.run.slo_met ? 'met' : 'missed';
}

/** The tail of the time to first token, s: simulated, or as the screen estimates it. */
export function tailTtft(row: KeptRow, result: SweepResult): number {
  return row.run ? readPercentile(row.run.ttft, shownPercentile(result.spec, 'ttft')) : row.screen.ttft_tail;
}

export function tailTpot(row: KeptRow, result: SweepResult): number {
  return row.run ? readPercentile(row.run.tpot, shownPercentile(result.spec, 'tpot')) : row.screen.tpot_tail;
}

export function usdPerMillionTokens(row: KeptRow): number {
  return row.run ? row.run.usd_per_million_tokens : row.screen.usd_per_million_tokens;
}

function describePoint(row: KeptRow, result: SweepResult): string {
  const kind = kindOf(row);
  const estimate = kind === 'screened' ? '~' : '';
  const state = kind === 'screened' ? 'screened' : kind === 'met' ? 'meets the limits' : 'misses the limits';
  return [
    describeDeployment(row.configuration, row.devices, result.labels, result.spec),
    describeEngine(row.configuration, result.spec, result.labels),
    `TTFT ${shownPercentile(result.spec, 'ttft')} ${estimate}${formatMs(tailTtft(row, result))} ms, TPOT ${shownPercentile(result.spec, 'tpot')} ${estimate}${formatMs(tailTpot(row, result))} ms`,
    `${estimate}${formatShort(throughputPerDevice(row))} tok/s per device, ${estimate}${formatShort(tokensPerUser(row))} tok/s per user`,
    `$${formatUsd(row.usd_per_hour)}/h, ${estimate}$${formatShort(usdPerMillionTokens(row))} per million output tokens`,
    row.run ? `${state}, ${row.run.verdict}` : state,
  ].join('\n');
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
  return buildScatter(result, tokensPerUser, throughputPerDevice, { x: 1, y: 1 }, words);
}

/** USD per million output tokens against the tail of TTFT (both: less is better). */
export function costScatter(result: SweepResult): Scatter {
  const limit = result.spec.slo.find((slo) => slo.metric === 'ttft')?.limit;
  const words = {
    title: 'Cost against waiting',
    xWords: `TTFT ${shownPercentile(result.spec, 'ttft')}, ms`,
    yWords: 'USD per million output tokens',
    xLimit: limit === undefined ? null : limit * 1000,
    frontCurve: 'step-after' as const,
  };
  return buildScatter(result, (row) => tailTtft(row, result) * 1000, usdPerMillionTokens, { x: -1, y: -1 }, words);
}

type Words = Pick<Scatter, 'title' | 'xWords' | 'yWords' | 'xLimit' | 'frontCurve'>;
/** +1: more is better, -1: less is better. */
type Better = { readonly x: 1 | -1; readonly y: 1 | -1 };

function buildScatter(
  result: SweepResult,
  x: (row: KeptRow) => number,
  y: (row: KeptRow) => number,
  better: Better,
  words: Words,
): Scatter {
  const points = result.kept.map((row) => {
    return { x: x(row), y: y(row), kind: kindOf(row), row: row.row, title: describePoint(row, result) };
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
  return { points: shown, total, front, winner, logX: isWide(shown, 'x'), logY: isWide(shown, 'y'), ...words };
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
