// When requests arrive: draws at a rate of one per second, then stretched, so that a sweep over the rate compares like with like.
import { explainCurve, meanOfCurve } from '../spec/rate-curve.ts';
import type { ArrivalSpec } from '../spec/types.ts';
import { walkCurve } from './rate-curve.ts';
import { openStream, STREAM_ARRIVALS, type Stream } from './streams.ts';
import { drawExponential, drawGamma, drawNormal, normalCdf, normalDensity } from './variates.ts';

export interface Arrivals {
  /** s, non-decreasing. */
  readonly arrival: Float64Array;
  /** Requests in flight of a closed loop; 0 = open loop. */
  readonly concurrency: number;
  /** Requests/s; 0 for a closed loop or all at once. */
  readonly rate: number;
}

/**
 * `count` arrivals at `rate` requests/s. The first arrival is at 0 for equal gaps, all at once and a closed loop;
 * for a random process the first gap is drawn as well. An on-off process starts in an on phase. `run`: how many of them the run
 * is expected to need, where that is not all (a ramp goes over the run).
 */
export function drawArrivals(spec: ArrivalSpec, count: number, rate: number, seed: number, run = count): Arrivals {
  const arrival = new Float64Array(count);
  if (spec.process === 'all-at-once') return { arrival, concurrency: 0, rate: 0 };
  if (spec.process === 'closed-loop') return { arrival, concurrency: spec.max_concurrency, rate: 0 };
  if (spec.process === 'curve') {
    const stream = openStream(seed, STREAM_ARRIVALS);
    const walk = walkCurve(spec, rate / meanOfCurve(spec));
    for (let i = 0; i < count; i++) arrival[i] = walk.advance(drawGap(stream, walk.cv()));
    return { arrival, concurrency: 0, rate };
  }
  if (spec.process === 'uniform') {
    for (let i = 0; i < count; i++) arrival[i] = i / rate;
    return { arrival, concurrency: 0, rate };
  }
  addGaps(arrival, openStream(seed, STREAM_ARRIVALS), pickGap(spec));
  if (spec.process === 'on-off') spreadOverPhases(arrival, rate, spec.on_s, spec.off_s);
  else if (spec.process === 'ramp') followRamp(arrival, rate, spec.from, spec.to, run);
  else for (let i = 0; i < count; i++) arrival[i]! /= rate;
  return { arrival, concurrency: 0, rate };
}

/** A gap of mean 1 with this coefficient of variation: a gamma, exponential at 1, always 1 at 0. */
export function drawGap(stream: Stream, cv: number): number {
  if (cv === 1) return drawExponential(stream);
  if (cv === 0) return 1;
  const shape = 1 / (cv * cv);
  return drawGamma(stream, shape) / shape;
}

/** How one gap of mean 1 is drawn. */
function pickGap(spec: ArrivalSpec): (stream: Stream) => number {
  if (spec.process === 'gamma') {
    const shape = spec.burstiness;
    return (stream) => drawGamma(stream, shape) / shape;
  }
  if (spec.process === 'normal') {
    const cv = spec.cv;
    const mean = meanOfCutNormal(cv);
    return (stream) => Math.max(0, 1 + cv * drawNormal(stream)) / mean;
  }
  return drawExponential;
}

/** Mean of max(0, 1 + cv z): dividing by it keeps the mean rate as asked, however much is cut at 0. */
export function meanOfCutNormal(cv: number): number {
  if (cv === 0) return 1;
  return normalCdf(1 / cv) + cv * normalDensity(1 / cv);
}

function addGaps(arrival: Float64Array, stream: Stream, drawGap: (stream: Stream) => number): void {
  let clock = 0;
  for (let i = 0; i < arrival.length; i++) {
    clock += drawGap(stream);
    arrival[i] = clock;
  }
}

/** Unit-rate arrivals to on phases of `on` seconds between `off` seconds of silence; the mean over both is `rate`. */
function spreadOverPhases(arrival: Float64Array, rate: number, on: number, off: number): void {
  const rateWhileOn = (rate * (on + off)) / on;
  for (let i = 0; i < arrival.length; i++) {
    const onTime = arrival[i]! / rateWhileOn;
    arrival[i] = onTime + Math.floor(onTime / on) * off;
  }
}

/**
 * Unit-rate arrivals to a rate that goes linearly from `from` to `to` over the run/rate seconds of the run, scaled to the mean
 * `rate`: arrival u has the time share x at which the integral of the rate is u/count of the whole. Arrivals that chance puts
 * after the run keep the last rate.
 */
function followRamp(arrival: Float64Array, rate: number, from: number, to: number, run: number): void {
  const mean = (from + to) / 2;
  const slope = to - from;
  for (let i = 0; i < arrival.length; i++) {
    const done = arrival[i]! / run;
    let share = done;
    if (done > 1) share = 1 + ((done - 1) * mean) / to;
    else if (slope !== 0) share = (Math.sqrt(from * from + 2 * slope * mean * done) - from) / slope;
    arrival[i] = (share * run) / rate;
  }
}

/** The process in words, for reports: "Poisson 20 req/s". */
export function describeArrivals(spec: ArrivalSpec, rate: number): string {
  switch (spec.process) {
    case 'poisson':
      return `Poisson ${rate} req/s`;
    case 'uniform':
      return `equal gaps ${rate} req/s`;
    case 'gamma':
      return `gamma ${rate} req/s, burstiness ${spec.burstiness}`;
    case 'normal':
      return `normal gaps ${rate} req/s, cv ${spec.cv}`;
    case 'on-off':
      return `Poisson ${rate} req/s on average, ${spec.on_s} s on, ${spec.off_s} s off`;
    case 'ramp':
      return `Poisson ${rate} req/s on average, rate going ${spec.from} to ${spec.to}`;
    case 'curve':
      return `rate over time (${explainCurve(spec)}), ${Number(rate.toPrecision(4))} req/s on average`;
    case 'all-at-once':
      return 'all at once';
    case 'closed-loop':
      return `closed loop of ${spec.max_concurrency}`;
  }
}
