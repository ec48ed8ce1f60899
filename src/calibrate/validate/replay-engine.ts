// Replays a case on one engine or on replicas of it: static batches, closed and open loops, offline and MLPerf runs.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import type { Basis } from '../../catalog/types.ts';
import {
  type Binder,
  bindInstance,
  blocksOfCase,
  type Instance,
  type Limits,
  limitsOf,
  setupCase,
} from './bind-case.ts';
import { type CaseInput, isTrouble, type Trouble } from './case.ts';
import { type LengthFiles, makeCaseRequests } from './case-requests.ts';
import { addClient, isOnline } from './client.ts';
import type { Observed } from './observe.ts';
import { observeBatch, observeWhole, observeWindow } from './observe-run.ts';
import { driftApart } from './phases.ts';
import type { Marks, SimulatedRun, Simulator } from './simulator.ts';

/** What a replay leaves: the run, and what a reader should know about it. */
export interface Replayed {
  readonly observed: Observed;
  readonly note: string;
  readonly basis: Basis;
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
  const marks = marksOf(input, instance, limits);
  if (marks !== null && isTrouble(marks)) return marks;
  const setup = setupCase(input, instance, limits, room.blocks);
  const run = replayer.simulator.run(driftApart(input, requests), setup, marks ?? undefined);
  const lost = run.results.state.reduce((sum, state) => sum + (state === STATE_FINISHED ? 0 : 1), 0);
  if (lost > 0) {
    const words = `the KV cache of ${room.blocks} blocks of ${instance.profile.block_size} tokens cannot hold ${lost} of the requests`;
    return { status: 'oom', words };
  }
  const observed = observe(input, run, instance);
  if (isTrouble(observed)) return observed;
  const seen = isOnline(input.mode) ? addClient(observed, run, instance.profile) : observed;
  return { observed: seen, note: room.note, basis: instance.surface.basis };
}

/** The steady window of a closed loop: from the first full batch to the first completion that is not replaced. */
function marksOf(input: CaseInput, { split }: Instance, limits: Limits): Marks | Trouble | null {
  if (input.window === 'all') return null;
  if (input.mode !== 'closed-loop')
    return { status: 'unsupported', words: 'window steady is defined for closed loops only' };
  const concurrency = input.load_value!;
  const finished = input.num_requests - concurrency + 1;
  if (finished < 1)
    return { status: 'error', words: 'window steady: fewer requests than are in flight, so it never opens' };
  return { running: Math.min(concurrency, limits.maxNumSeqs * split.dp * input.replicas), finished };
}

function observe(input: CaseInput, run: SimulatedRun, { surface }: Instance): Observed | Trouble {
  if (input.window === 'steady') {
    const words = 'window steady: the KV cache never lets so many requests run at once';
    if (run.window === null || !(run.window.end > run.window.start)) return { status: 'unsupported', words };
    return observeWindow(run, run.window, surface.table, input.replicas);
  }
  const whole = observeWhole(run, surface.table, input.replicas);
  return input.mode === 'static-batch' ? observeBatch(whole, run.requests.output[0]) : whole;
}
