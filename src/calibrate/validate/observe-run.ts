// Reduces an engine run, or the steady window of one, to what its figures are read from.
import { SURFACE_DEVICES } from '../../../assembly/layout/surface.ts';
import { summariseItl, totalWeight } from '../../metrics/itl.ts';
import { energyFigures } from '../../plan/pipeline/energy-figures.ts';
import type { EngineCounters } from '../../run/engine.ts';
import type { Observed } from './observe.ts';
import type { SimulatedRun, WindowedRun } from './simulator.ts';

/** Latencies of the requests that `counts` says yes to; NaN for the others. */
export function observeLatencies(run: SimulatedRun, counts: (request: number) => { first: boolean; all: boolean }) {
  const { requests, results } = run;
  const n = requests.count;
  const ttft = new Float64Array(n).fill(Number.NaN);
  const tpot = new Float64Array(n).fill(Number.NaN);
  const e2e = new Float64Array(n).fill(Number.NaN);
  for (let i = 0; i < n; i++) {
    const { first, all } = counts(i);
    if (first) ttft[i] = results.first[i] - results.arrival[i];
    if (!all) continue;
    e2e[i] = results.finish[i] - results.arrival[i];
    if (requests.output[i] >= 2) tpot[i] = (results.finish[i] - results.first[i]) / (requests.output[i] - 1);
  }
  return { ttft, tpot, e2e };
}

/** The whole run: every request, from the first arrival to the last token. */
export function observeWhole(run: SimulatedRun, surface: Float64Array, replicas: number): Observed {
  const { requests, results } = run;
  let start = Number.POSITIVE_INFINITY;
  const sums = { end: 0, input: 0, output: 0, gaps: 0, gapSeconds: 0 };
  for (let i = 0; i < requests.count; i++) {
    start = Math.min(start, results.arrival[i]);
    sums.end = Math.max(sums.end, results.finish[i]);
    sums.input += requests.prompt[i];
    sums.output += requests.output[i];
    sums.gaps += requests.output[i] - 1;
    sums.gapSeconds += results.finish[i] - results.first[i];
  }
  const seconds = sums.end - start;
  return {
    ...observeLatencies(run, () => ({ first: true, all: true })),
    itl: () => summariseItl(run.gaps, sums.gapSeconds / sums.gaps),
    outputTokens: sums.output / seconds,
    totalTokens: (sums.input + sums.output) / seconds,
    requests: requests.count / seconds,
    watts: meanWatts(run.counters, surface, replicas, seconds),
    prefill: Number.NaN,
    transfer: new Float64Array(0),
  };
}

/** A steady window: only tokens, gaps and requests inside it count. */
export function observeWindow(
  run: SimulatedRun,
  window: WindowedRun,
  surface: Float64Array,
  replicas: number,
): Observed {
  const { requests, results } = run;
  const { start, end } = window;
  const inside = (time: number) => time > start && time <= end;
  const sums = { firsts: 0, input: 0, completed: 0 };
  for (let i = 0; i < requests.count; i++) {
    if (inside(results.finish[i])) sums.completed++;
    if (!inside(results.first[i])) continue;
    sums.firsts++;
    sums.input += requests.prompt[i];
  }
  const output = totalWeight(window.gaps) + sums.firsts;
  const seconds = end - start;
  return {
    ...observeLatencies(run, (i) => ({
      first: inside(results.first[i]),
      all: inside(results.first[i]) && inside(results.finish[i]),
    })),
    itl: () => summariseItl(window.gaps, Number.NaN),
    outputTokens: output / seconds,
    totalTokens: (output + sums.input) / seconds,
    requests: sums.completed / seconds,
    watts: meanWatts(window.counters, surface, replicas, seconds),
    prefill: Number.NaN,
    transfer: new Float64Array(0),
  };
}

/** A static batch has one TTFT and one end: those of its last sequence. */
export function observeBatch(whole: Observed, output: number): Observed {
  const last = (times: Float64Array) => times.reduce((most, at) => Math.max(most, at), 0);
  const first = last(whole.ttft);
  const end = last(whole.e2e);
  return {
    ...whole,
    ttft: Float64Array.of(first),
    e2e: Float64Array.of(end),
    tpot: Float64Array.of(output > 1 ? (end - first) / (output - 1) : Number.NaN),
    prefill: first,
  };
}

/** Idle power of every replica and the energy of the work on top, over `seconds`; NaN where watts are not known. */
export function meanWatts(
  counters: Pick<EngineCounters, 'steps' | 'newTokens' | 'pairs' | 'contextTokens'>,
  surface: Float64Array,
  replicas: number,
  seconds: number,
): number {
  const energy = energyFigures(null, surface);
  if (!energy || !(surface[SURFACE_DEVICES] > 0)) return Number.NaN;
  const joules =
    energy.perStep * counters.steps +
    energy.perToken * counters.newTokens +
    energy.perPair * counters.pairs +
    energy.perContext * counters.contextTokens;
  return energy.idleW * replicas + joules / seconds;
}
