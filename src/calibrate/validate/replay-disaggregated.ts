// Replays a case whose prompts are prefilled by some workers and decoded by others.
import { percentile, sortMeasured } from '../../metrics/summary.ts';
import { worse } from '../../plan/efficiency.ts';
import type { Requests } from '../../workload/types.ts';
import { bindInstance, blocksOfCase, type Instance, limitsOf } from './bind-case.ts';
import { type CaseInput, isTrouble, type Trouble } from './case.ts';
import { makeCaseRequests } from './case-requests.ts';
import { delayFirst } from './client.ts';
import { openGroupPrice } from './disaggregated/group-price.ts';
import { linkBandwidth, promptBytes } from './disaggregated/kv-link.ts';
import { runDisaggregated } from './disaggregated/run.ts';
import type { DisaggregatedRun, DisaggregatedSetup, Side, SideWork } from './disaggregated/world.ts';
import type { Observed } from './observe.ts';
import { meanWatts } from './observe-run.ts';
import { driftApart } from './phases.ts';
import type { Replayed, Replayer } from './replay-engine.ts';

interface BoundSide {
  readonly side: Side;
  readonly instance: Instance;
  readonly note: string;
}

export function replayDisaggregated(replayer: Replayer, input: CaseInput): Replayed | Trouble {
  if (input.window === 'steady')
    return { status: 'unsupported', words: 'window steady is not defined for disaggregated runs' };
  const prefill = bindSide(replayer, { ...input, kv_capacity_tokens: null }, 'prefill');
  if (isTrouble(prefill)) return prefill;
  const decode = bindSide(replayer, input, 'decode');
  if (isTrouble(decode)) return decode;
  const drawn = makeCaseRequests(input, replayer.files);
  if (isTrouble(drawn)) return drawn;
  const requests = driftApart(input, drawn);
  const setup = setupOf(input, prefill, decode);
  if (isTrouble(setup)) return setup;
  const tooLong = findTooLong(requests, decode.side);
  if (tooLong !== null) return tooLong;
  const seen = observe(requests, runDisaggregated(requests, setup), prefill, decode);
  const observed = input.mode === 'kv-transfer' ? seen : delayFirst(seen, requests, prefill.instance.profile, () => 0);
  const note = [prefill.note, decode.note].find((words) => words !== '') ?? '';
  const basis = worse(prefill.instance.surface.basis, decode.instance.surface.basis);
  return { observed, note, basis };
}

/** Workers of all replicas stand behind one balancer. */
function bindSide({ binder }: Replayer, input: CaseInput, which: 'prefill' | 'decode'): BoundSide | Trouble {
  const known = binder.catalog.find('hardware', input.hardware) !== null;
  const shards = known ? binder.catalog.hardware(input.hardware).shards_per_device : 1;
  const degrees =
    which === 'prefill'
      ? { tp: input.prefill_tp!, pp: 1, dp: input.prefill_dp!, ep: input.prefill_ep!, shards }
      : { tp: input.decode_tp!, pp: 1, dp: input.decode_dp!, ep: input.decode_ep!, shards };
  const instance = bindInstance(binder, input, degrees);
  if (isTrouble(instance)) return instance;
  const limits = limitsOf(input, instance);
  const room = blocksOfCase(input, instance, limits);
  if (isTrouble(room)) return room;
  const workers = which === 'prefill' ? input.prefill_workers! : input.decode_workers!;
  const side: Side = {
    workers: workers * input.replicas,
    groups: degrees.dp,
    price: openGroupPrice(instance),
    maxNumSeqs: limits.maxNumSeqs,
    budget: limits.budget,
    blocks: Math.floor(room.blocks / degrees.dp),
    blockSize: instance.profile.block_size,
  };
  return { side, instance, note: room.note };
}

function setupOf(input: CaseInput, prefill: BoundSide, decode: BoundSide): DisaggregatedSetup | Trouble {
  const { model, hardware, formats } = prefill.instance;
  const devices = ({ instance }: BoundSide) => instance.split.tp * instance.split.dp;
  const all = input.devices / input.replicas;
  const bandwidth =
    input.kv_link_gb_s === null
      ? linkBandwidth(hardware, devices(prefill), devices(decode), all)
      : input.kv_link_gb_s * 1e9;
  if (!(bandwidth > 0))
    return { status: 'unsupported', words: `no network of ${hardware.id} is known that a KV cache could move over` };
  return { prefill: prefill.side, decode: decode.side, bandwidth, promptBytes: promptBytes(model, formats.kv) };
}

function findTooLong({ prompt, output }: Requests, { blocks, blockSize }: Side): Trouble | null {
  let longest = 0;
  for (let i = 0; i < prompt.length; i++) longest = Math.max(longest, prompt[i] + output[i] - 1);
  if (Math.ceil(longest / blockSize) <= blocks) return null;
  return {
    status: 'oom',
    words: `the KV cache of a decode group, ${blocks} blocks of ${blockSize} tokens, cannot hold ${longest} tokens`,
  };
}

function observe(requests: Requests, run: DisaggregatedRun, prefill: BoundSide, decode: BoundSide): Observed {
  const { arrival, prefilled, moved, first, finish } = run;
  const { prompt, output } = requests;
  const between = (from: Float64Array, to: Float64Array) => to.map((time, i) => time - from[i]);
  const end = finish.reduce((last, time) => Math.max(last, time), 0);
  const seconds = end - arrival[0];
  const sum = (column: Int32Array) => column.reduce((total, tokens) => total + tokens, 0);
  const watts = (work: SideWork, { instance, side }: BoundSide) =>
    meanWatts(work, instance.surface.table, side.workers, seconds);
  return {
    ttft: between(arrival, first),
    tpot: finish.map((time, i) => (output[i] > 1 ? (time - first[i]) / (output[i] - 1) : Number.NaN)),
    e2e: between(arrival, finish),
    itl: () => observeGaps(run.steps),
    outputTokens: sum(output) / seconds,
    totalTokens: (sum(prompt) + sum(output)) / seconds,
    requests: requests.count / seconds,
    watts: watts(run.prefillWork, prefill) + watts(run.decodeWork, decode),
    prefill: Number.NaN,
    transfer: between(prefilled, moved),
  };
}

/** Every sequence of a decode step waited exactly that step for its token. */
function observeGaps({ seconds, sequences }: DisaggregatedRun['steps']): ReturnType<Observed['itl']> {
  const total = sequences.reduce((sum, count) => sum + count, 0);
  const weighted = seconds.reduce((sum, length, i) => sum + length * sequences[i], 0);
  const order = Array.from(seconds.keys()).sort((a, b) => seconds[a] - seconds[b]);
  // NumPy's rule on the pooled gaps: interpolate between the order statistics around (n - 1) q
  const at = (q: number) => {
    const index = (total - 1) * q;
    const pair = [Math.floor(index), Math.ceil(index)].map((rank) => gapOfRank(order, seconds, sequences, rank));
    return percentile(sortMeasured(Float64Array.from(pair)), 100 * (index - Math.floor(index)));
  };
  if (total === 0) return { mean: Number.NaN, p50: Number.NaN, p99: Number.NaN };
  return { mean: weighted / total, p50: at(0.5), p99: at(0.99) };
}

function gapOfRank(
  order: readonly number[],
  seconds: readonly number[],
  sequences: readonly number[],
  rank: number,
): number {
  let below = 0;
  for (const i of order) {
    below += sequences[i];
    if (below > rank) return seconds[i];
  }
  return Number.NaN;
}
