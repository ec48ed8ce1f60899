// Replays a measured run of one deployment with other host times and kernel factors: what its figures would be then.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import type { EngineProfile } from '../../catalog/types.ts';
import { UserError } from '../../check/issue.ts';
import { percentile, sortMeasured } from '../../metrics/summary.ts';
import { blocksOf, type Deployment, setupEngine } from '../../plan/deployment.ts';
import { lowerSurface } from '../../plan/lower.ts';
import type { Session } from '../../run/session.ts';
import type { Configuration } from '../../spec/types.ts';
import { drawArrivals } from '../../workload/arrivals.ts';
import { drawLengthPairs } from '../../workload/lengths.ts';
import type { Requests } from '../../workload/types.ts';
import { addClient } from '../validate/client.ts';
import type { Observed } from '../validate/observe.ts';
import { observeWhole } from '../validate/observe-run.ts';
import { driftApart } from '../validate/phases.ts';
import { openSimulator, type Simulator } from '../validate/simulator.ts';
import type { Figures, Lengths, MeasuredRun } from './measured-run.ts';

/** What of a profile results can tell. */
export interface Tuning {
  readonly step_s: number;
  readonly sequence_s: number;
  readonly kernel_scale: number;
}

export type Client = NonNullable<EngineProfile['client']>;

/** One measured run, ready to be replayed. */
export interface ReplayedRun {
  readonly measured: MeasuredRun;
  readonly requests: Requests;
  /** Equal requests in a closed loop: nobody knows how far a machine keeps them in lockstep, so first tokens tell nothing. */
  readonly lockstep: boolean;
  readonly meanPrompt: number;
}

export interface Bench {
  readonly deployment: Deployment;
  readonly configuration: Configuration;
  readonly session: Session;
  readonly simulator: Simulator;
  readonly blocks: number;
  /** Bytes of one of them on one device. */
  readonly blockBytes: number;
}

const SEED = 0;
/** Lengths of an unknown distribution: at most so many standard deviations from their mean. */
const WIDEST = 4;

export function openBench(deployment: Deployment, configuration: Configuration, session: Session): Bench {
  const capacity = blocksOf(deployment, configuration);
  if (capacity.reason) {
    const expected = 'a deployment that can be built';
    throw new UserError([{ path: 'deployment', expected, received: capacity.words }]);
  }
  return {
    deployment,
    configuration,
    session,
    simulator: openSimulator(),
    blocks: capacity.blocks,
    blockBytes: capacity.blockBytes,
  };
}

export function tuningOf(profile: EngineProfile): Tuning {
  const { step_s, sequence_s } = profile.host;
  return { step_s, sequence_s, kernel_scale: profile.kernel_scale ?? 1 };
}

export function tunedProfile(profile: EngineProfile, tuning: Tuning): EngineProfile {
  const { step_s, sequence_s, kernel_scale } = tuning;
  return { ...profile, host: { ...profile.host, step_s, sequence_s }, kernel_scale };
}

/** The requests of a measured run: its own where it lists them, else drawn like them. */
export function prepareRun(measured: MeasuredRun): ReplayedRun {
  const { load, input, output } = measured;
  const count = measured.requests;
  const { prompt, output: answer } = drawLengthPairs(specOf(input), specOf(output), count, SEED);
  const lengths = { prompt: input.each ?? prompt, output: output.each ?? answer };
  const sent = { count, ...lengths, description: measured.name, concurrency: 0, rate: 0 };
  const asked = sendRequests(sent, load);
  const equal = (side: Lengths) => side.each === null && side.std === 0;
  const lockstep = load.kind === 'closed-loop' && equal(input) && equal(output);
  const alike = { mode: 'closed-loop', length_spread: 1, output_len: lengths.output[0] } as const;
  const requests = lockstep ? driftApart(alike, asked) : asked;
  return { measured, requests, lockstep, meanPrompt: input.mean };
}

function specOf({ mean, std }: Lengths) {
  if (std === 0) return { kind: 'fixed', value: Math.max(1, Math.round(mean)) } as const;
  const [min, max] = [Math.max(1, Math.round(mean - WIDEST * std)), Math.max(2, Math.round(mean + WIDEST * std))];
  return { kind: 'normal', mean, std, min, max } as const;
}

function sendRequests(sent: Omit<Requests, 'arrival'>, load: MeasuredRun['load']): Requests {
  const { count } = sent;
  if (load.kind === 'closed-loop')
    return { ...sent, arrival: new Float64Array(count), concurrency: Math.round(load.concurrency) };
  if (load.kind === 'all-at-once') return { ...sent, arrival: new Float64Array(count) };
  if (load.kind === 'rate') {
    const { rate, burstiness } = load;
    const process = Number.isFinite(burstiness)
      ? ({ process: 'gamma', burstiness } as const)
      : ({ process: 'uniform' } as const);
    return { ...sent, ...drawArrivals(process, count, rate, SEED) };
  }
  // in order of their starts, as an engine saw them
  const order = Array.from(load.starts.keys()).sort((a, b) => load.starts[a] - load.starts[b] || a - b);
  const pick = (column: Int32Array) => Int32Array.from(order, (i) => column[i]);
  return {
    ...sent,
    prompt: pick(sent.prompt),
    output: pick(sent.output),
    arrival: Float64Array.from(order, (i) => load.starts[i]),
  };
}

/** The run under a tuning, as its client would see it with a client that takes no time. */
export function replayRun(bench: Bench, run: ReplayedRun, tuning: Tuning): Observed {
  const { deployment, configuration, session, simulator, blocks, blockBytes } = bench;
  const profile = { ...tunedProfile(deployment.profile, tuning), client: { request_s: 0, prompt_token_s: 0 } };
  const { table } = lowerSurface({ ...deployment.key, profile }, session.lowering);
  const setup = setupEngine(configuration, deployment, blocks, table, blockBytes);
  const simulated = simulator.run(run.requests, setup);
  const lost = simulated.results.state.reduce((sum, state) => sum + (state === STATE_FINISHED ? 0 : 1), 0);
  if (lost > 0) {
    const received = `${lost} of ${run.requests.count} that the KV cache of ${blocks} blocks, or max_model_len, does not let in`;
    throw new UserError([{ path: run.measured.name, expected: 'requests that this deployment can serve', received }]);
  }
  const whole = observeWhole(simulated, table, configuration.replicas);
  return addClient(whole, simulated, profile);
}

/** The figures of an observed run, first tokens and ends later by the client's time. */
export function figuresOf(observed: Observed, run: ReplayedRun, { request_s, prompt_token_s }: Client): Figures {
  const delay = request_s + prompt_token_s * run.meanPrompt;
  const [ttft, tpot, e2el] = [observed.ttft, observed.tpot, observed.e2e].map(sortMeasured);
  const e2el_mean = meanOf(e2el);
  // a closed loop turns slower by what its requests spend on the way
  const pace = run.requests.concurrency > 0 ? e2el_mean / (e2el_mean + delay) : 1;
  return {
    ttft_mean: meanOf(ttft) + delay,
    ttft_p50: percentile(ttft, 50) + delay,
    tpot_mean: meanOf(tpot),
    tpot_p50: percentile(tpot, 50),
    e2el_mean: e2el_mean + delay,
    output_throughput: observed.outputTokens * pace,
  };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
