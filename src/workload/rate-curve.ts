// A rate that changes over time: when the arrivals come whose unit-rate gaps are given.
import type { CurveSpec, RatePoint } from '../spec/types.ts';

/** Where on a curve an arrival process stands. */
export interface CurveWalk {
  /** Coefficient of variation of the gaps here. */
  cv(): number;
  /** Goes on until the area under the scaled curve has grown by `gap`; s since the start of the walk. */
  advance(gap: number): number;
}

/**
 * A walk along a curve whose rates are multiplied by `scale`, from `start` on (s on the curve's clock). Before the first point the
 * rate is the first point's, after the last the last one's, or the curve begins again (`repeat`).
 */
export function walkCurve({ points, between, repeat, start }: CurveSpec, scale: number): CurveWalk {
  const last = points.length - 1;
  const point = (i: number): RatePoint => points[i]!; // a curve has a point, and i is one of 0 to last
  const origin = point(0).time;
  const period = point(last).time - origin;
  const loops = repeat && period > 0;
  let turns = loops ? Math.floor((start - origin) / period) : 0;
  /** On the clock of the points: between the point `at` and the next. */
  let now = start - turns * period;
  let at = -1;
  while (at < last && point(at + 1).time <= now) at++;
  const begun = start;

  const rateAt = (time: number): number => {
    if (at < 0) return point(0).rate;
    if (at === last || between === 'step') return point(at).rate;
    const [from, to] = [point(at), point(at + 1)];
    return from.rate + ((to.rate - from.rate) * (time - from.time)) / (to.time - from.time);
  };
  const slope = (): number => {
    if (at < 0 || at === last || between === 'step') return 0;
    const [from, to] = [point(at), point(at + 1)];
    return (to.rate - from.rate) / (to.time - from.time);
  };

  return {
    cv: () => point(Math.max(0, at)).cv,
    advance(gap) {
      let left = gap;
      for (;;) {
        if (loops && at === last) {
          turns++;
          at = 0;
          now = origin;
          while (at < last && point(at + 1).time <= now) at++;
        }
        const rate = scale * rateAt(now);
        const end = at === last ? Number.POSITIVE_INFINITY : point(at + 1).time;
        const bend = scale * slope();
        const room = end === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : areaUntil(rate, bend, end - now);
        if (left < room || end === Number.POSITIVE_INFINITY) {
          now = Math.min(end, now + timeFor(rate, bend, left));
          return now + turns * period - begun;
        }
        left -= room;
        now = end;
        at++;
      }
    },
  };
}

function areaUntil(rate: number, bend: number, seconds: number): number {
  return (rate + (bend * seconds) / 2) * seconds;
}

/** Seconds until the area under a rate that changes by `bend` per second is `area`: the stable root of the quadratic. */
function timeFor(rate: number, bend: number, area: number): number {
  if (bend === 0) return area / rate;
  return (2 * area) / (rate + Math.sqrt(Math.max(0, rate * rate + 2 * bend * area)));
}
