// Counter tracks of one instance: how many visits run and wait, at every change or, where there are too many, at even times.
import type { StepRecord } from '../../plan/setup.ts';
import { toNanos } from './lanes.ts';

export interface CounterPoint {
  readonly at: number; // ns
  readonly value: number;
}

/** Points per counter; a screen has fewer pixels. */
const MOST_POINTS = 4000;

/** The number of open intervals over [from, to] (ns); an interval that never ended stays open. */
export function countOpen(
  begins: readonly number[],
  ends: readonly number[],
  from: number,
  to: number,
): CounterPoint[] {
  const up = [...begins].sort((a, b) => a - b);
  const down = [...ends].sort((a, b) => a - b);
  const points: CounterPoint[] = [];
  let open = 0;
  for (let u = 0, d = 0; u < up.length || d < down.length; ) {
    const at = Math.min(
      u < up.length ? up[u]! : Number.POSITIVE_INFINITY,
      d < down.length ? down[d]! : Number.POSITIVE_INFINITY,
    );
    while (up[u] === at) {
      open++;
      u++;
    }
    while (down[d] === at) {
      open--;
      d++;
    }
    if (at > to) break;
    const point = { at: Math.max(at, from), value: open };
    const last = points[points.length - 1];
    if (last !== undefined && last.at === point.at) points.pop();
    if (points.length === 0 || points[points.length - 1]!.value !== open) points.push(point);
  }
  return thin(points);
}

/** KV blocks in use at the start of each step of one instance inside the window. */
export function countBlocks(steps: readonly StepRecord[], client: number, from: number, to: number): CounterPoint[] {
  const points: CounterPoint[] = [];
  for (const { replica, start, blocks } of steps) {
    const at = toNanos(start);
    if (replica === client && at >= from && at <= to) points.push({ at, value: blocks });
  }
  return thin(points);
}

/** Where there are too many points, each of MOST_POINTS equal parts of time keeps its highest one: peaks survive. */
function thin(points: readonly CounterPoint[]): CounterPoint[] {
  if (points.length <= MOST_POINTS) return [...points];
  const from = points[0]!.at;
  const width = (points[points.length - 1]!.at - from) / MOST_POINTS;
  const kept = new Map<number, CounterPoint>();
  for (const point of points) {
    const part = Math.min(MOST_POINTS - 1, Math.floor((point.at - from) / width));
    const rival = kept.get(part);
    if (rival === undefined || point.value > rival.value) kept.set(part, point);
  }
  return [...kept.values()];
}
