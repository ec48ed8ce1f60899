// Replays a measured run of one deployment with other host times and kernel factors: what its figures would be then.
import type { EngineProfile } from '../../catalog/types.ts';
import { UserError } from '../../check/issue.ts';
import { lostIn } from '../../metrics/limits.ts';
import type { FleetSummary } from '../../metrics/sweep.ts';
import { blocksOf, type Deployment } from '../../plan/deployment.ts';
import { type LoweredFleet, prepareFleet } from '../../plan/pipeline/lower-fleet.ts';
import { repriceFleet } from '../../plan/pipeline/reprice.ts';
import { openShare } from '../../plan/pipeline/share.ts';
import { type FleetRoom, openFleetRoom, runFleet } from '../../run/fleet.ts';
import { summariseRun } from '../../run/measure-fleet.ts';
import type { Session } from '../../run/session.ts';
import { readData } from '../../spec/fleet/read.ts';
import type { FleetSpec, LlmPool } from '../../spec/fleet/types.ts';
import { readOptionsOf } from '../../spec/open.ts';
import type { Configuration } from '../../spec/types.ts';
import { drawArrivals } from '../../workload/arrivals.ts';
import { driftApart } from '../../workload/drift.ts';
import { drawLengthPairs } from '../../workload/lengths.ts';
import { orderBlocks } from '../../workload/links.ts';
import type { Requests } from '../../workload/types.ts';
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
  /** The question that each run is: this deployment, seen by its client. */
  readonly spec: FleetSpec;
  readonly session: Session;
  readonly room: FleetRoom;
  /** Runs that were laid out before: a tuning changes what steps cost, and nothing else. */
  readonly known: WeakMap<ReplayedRun, LoweredFleet>;
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
  return { deployment, spec: askFor(configuration, session), session, room: openFleetRoom(), known: new WeakMap() };
}

/** A spec of one pool with this configuration; the requests are given by whoever runs it. */
function askFor(configuration: Configuration, { catalog }: Session): FleetSpec {
  const { model, hardware, replicas, routing } = configuration;
  const data = {
    fleet: { engine: { kind: 'llm', model, hardware, count: replicas, routing } },
    pipelines: { serve: { stages: [{ prefill: {} }, { decode: {} }] } },
    workload: { lengths: { input_len: 1, output_len: 1 }, arrivals: 'all-at-once' },
    client: { time: 'profile' },
  };
  const spec = readData(data, () => JSON.stringify(data), readOptionsOf('mist calibrate', catalog));
  return { ...spec, pools: spec.pools.map((pool) => ({ ...(pool as LlmPool), configuration })) };
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
  const shared = measured.prefix ? { prefix: measured.prefix } : {};
  const sent = { count, ...lengths, ...shared, description: measured.name, concurrency: 0, rate: 0 };
  const asked = sendRequests(sent, load);
  const equal = (side: Lengths) => side.each === null && side.std === 0;
  const lockstep = load.kind === 'closed-loop' && equal(input) && equal(output);
  const requests = lockstep ? { ...asked, output: strayOutputs(lengths.output[0]!, asked) } : asked;
  return { measured, requests, lockstep, meanPrompt: input.mean };
}

/** Outputs of equal requests in a closed loop, as a spec would have them drift. */
function strayOutputs(length: number, { count, concurrency, output }: Requests): Int32Array {
  const fixed = { kind: 'fixed', value: length } as const;
  const arrivals = { process: 'closed-loop', max_concurrency: concurrency } as const;
  const drifting = driftApart({ input_len: fixed, output_len: fixed }, { arrivals, num_requests: count });
  return drifting ? drawLengthPairs(fixed, drifting.output_len, count, SEED + 1).output : output;
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
  const order = Array.from(load.starts.keys()).sort((a, b) => load.starts[a]! - load.starts[b]! || a - b);
  const pick = (column: Int32Array) => Int32Array.from(order, (i) => column[i]!);
  return {
    ...sent,
    prompt: pick(sent.prompt),
    output: pick(sent.output),
    ...(sent.prefix ? { prefix: orderBlocks(sent.prefix, Int32Array.from(order)) } : {}),
    arrival: Float64Array.from(order, (i) => load.starts[i]!),
  };
}

/** The run under a tuning, as its client would see it with a client that takes no time. */
export function replayRun(bench: Bench, run: ReplayedRun, tuning: Tuning): FleetSummary {
  const { deployment, spec, session, room, known } = bench;
  const { catalog } = session;
  const profile = { ...tunedProfile(deployment.profile, tuning), client: { request_s: 0, prompt_token_s: 0 } };
  const tuned = { ...catalog, engine: (id: string) => (id === profile.id ? profile : catalog.engine(id)) };
  const asked = known.get(run) ?? prepareFleet(spec, catalog, session, openShare(), run.requests);
  known.set(run, asked);
  const lowered = repriceFleet(spec, asked, tuned, session);
  const result = summariseRun(spec, lowered, runFleet(lowered.program, { leap: 'exact' }, room));
  const lost = lostIn(result);
  if (lost > 0) {
    const { numGpuBlocks } = lowered.program.clients[0]!;
    const received = `${lost} of ${run.requests.count} that the KV cache of ${numGpuBlocks} blocks, or max_model_len, does not let in`;
    throw new UserError([{ path: run.measured.name, expected: 'requests that this deployment can serve', received }]);
  }
  return result;
}

/** The figures of a run, first tokens and ends later by the client's time. */
export function figuresOf(result: FleetSummary, run: ReplayedRun, { request_s, prompt_token_s }: Client): Figures {
  const delay = request_s + prompt_token_s * run.meanPrompt;
  const { ttft, tpot, e2el } = result;
  // a closed loop turns slower by what its requests spend on the way
  const pace = run.requests.concurrency > 0 ? e2el.mean / (e2el.mean + delay) : 1;
  return {
    ttft_mean: ttft.mean + delay,
    ttft_p50: ttft.p50 + delay,
    ttft_p99: ttft.p99 + delay,
    tpot_mean: tpot.mean,
    tpot_p50: tpot.p50,
    tpot_p99: tpot.p99,
    e2el_mean: e2el.mean + delay,
    output_throughput: result.output_throughput * pace,
    hit_rate: result.cached_input_tokens / result.total_input_tokens,
  };
}
