// Replays a case on one engine or on replicas of it: static batches, closed and open loops, offline and MLPerf runs.

import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import { SURFACE_DEVICES } from '../../../assembly/layout/surface.ts';
import { summariseItl } from '../../metrics/itl.ts';
import { energyOf } from '../../run/simulate.ts';
import { type Binder, bindInstance, blocksOfCase, type Instance, limitsOf, setupCase } from './bind-case.ts';
import { type CaseInput, isTrouble, type Trouble } from './case.ts';
import { type LengthFiles, makeCaseRequests } from './case-requests.ts';
import type { Observed } from './observe.ts';
import type { SimulatedRun, Simulator } from './simulator.ts';

/** What a replay leaves: the run, and what a reader should know about it. */
export interface Replayed {
  readonly observed: Observed;
  readonly note: string;
}

export interface Replayer {
  readonly binder: Binder;
  readonly files: LengthFiles;
  readonly simulator: Simulator;
}

export function replayEngine(replayer: Replayer, input: CaseInput): Replayed | Trouble {
  const { tp, pp, dp, ep } = input;
  const degrees = { tp: tp!, pp: pp!, dp: dp!, ep: ep!, shards: (input.tp_shards ?? tp!) / tp! };
  const instance = bindInstance(replayer.binder, input, degrees);
  if (isTrouble(instance)) return instance;
  const limits = limitsOf(input, instance);
  const room = blocksOfCase(input, instance, limits);
  if (isTrouble(room)) return room;
  const requests = makeCaseRequests(input, replayer.files);
  if (isTrouble(requests)) return requests;
  const run = replayer.simulator.run(requests, setupCase(input, instance, limits, room.blocks));
  const lost = run.results.state.reduce((sum, state) => sum + (state === STATE_FINISHED ? 0 : 1), 0);
  if (lost > 0) {
    return {
      status: 'oom',
      words: `the KV cache of ${room.blocks} blocks of ${instance.profile.block_size} tokens cannot hold ${lost} of the requests`,
    };
  }
  return { observed: observeRun(input, run, instance), note: room.note };
}

function observeRun(input: CaseInput, run: SimulatedRun, instance: Instance): Observed {
  const { requests, results } = run;
  const n = requests.count;
  const ttft = new Float64Array(n);
  const tpot = new Float64Array(n).fill(Number.NaN);
  const e2e = new Float64Array(n);
  let gaps = 0;
  let gapSeconds = 0;
  for (let i = 0; i < n; i++) {
    ttft[i] = results.first[i] - results.arrival[i];
    e2e[i] = results.finish[i] - results.arrival[i];
    if (requests.output[i] < 2) continue;
    gaps += requests.output[i] - 1;
    gapSeconds += results.finish[i] - results.first[i];
    tpot[i] = (results.finish[i] - results.first[i]) / (requests.output[i] - 1);
  }
  const whole = { ttft, tpot, e2e, ...rates(run, instance, input.replicas), transfer: new Float64Array(0) };
  const itl = summariseItl(run.gaps, gapSeconds / gaps);
  if (input.mode !== 'static-batch') return { ...whole, itl, prefill: Number.NaN };
  return { ...whole, itl, ...observeBatch(ttft, e2e, requests.output[0]) };
}

/** A static batch has one TTFT and one end: those of its last sequence. */
function observeBatch(ttft: Float64Array, e2e: Float64Array, output: number) {
  const first = ttft.reduce((last, at) => Math.max(last, at), 0);
  const end = e2e.reduce((last, at) => Math.max(last, at), 0);
  const one = (value: number) => Float64Array.of(value);
  return {
    ttft: one(first),
    e2e: one(end),
    tpot: one(output > 1 ? (end - first) / (output - 1) : Number.NaN),
    prefill: first,
  };
}

function rates({ requests, results, counters }: SimulatedRun, { surface }: Instance, replicas: number) {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  let input = 0;
  let output = 0;
  for (let i = 0; i < requests.count; i++) {
    start = Math.min(start, results.arrival[i]);
    end = Math.max(end, results.finish[i]);
    input += requests.prompt[i];
    output += requests.output[i];
  }
  const seconds = end - start;
  const energy = energyOf(surface.table);
  const joules = energy
    ? energy.perStep * counters.steps +
      energy.perToken * counters.newTokens +
      energy.perPair * counters.pairs +
      energy.perContext * counters.contextTokens
    : Number.NaN;
  return {
    outputTokens: output / seconds,
    totalTokens: (input + output) / seconds,
    requests: requests.count / seconds,
    watts: energy && surface.table[SURFACE_DEVICES] > 0 ? energy.idleW * replicas + joules / seconds : Number.NaN,
  };
}
