// Requests through replicas of one engine, as `mist run` asks: a fleet of one pool, and what that leaves in the words of such a run.
import type { FleetProgram } from '../../src/plan/fleet.ts';
import type { EngineSetup, RequestResults, StepRecord } from '../../src/plan/setup.ts';
import { ROUTING_WORDS } from '../../src/spec/fleet/words.ts';
import type { Requests } from '../../src/workload/types.ts';
import { programOf, type RequestRow, type VisitRow } from '../fleet/cases.ts';
import type { ClientCounters } from './fleet/counters.ts';
import { type FleetReference, referenceFleet, type WatchStep } from './fleet/simulate.ts';
import { sumPrefillTokens } from './price.ts';

export interface Counters extends ClientCounters {
  /** Seconds of steps, each times the sequences in it. */
  runningSeconds: number;
  /** Most sequences one replica had admitted at once. */
  peakSequences: number;
}

export interface ReferenceRun {
  readonly results: RequestResults;
  readonly steps: StepRecord[];
  readonly counters: Counters;
  /** s, every gap between two output tokens of one request. */
  readonly gaps: readonly number[];
}

/** Runs a workload to its end. `watch` sees each replica right after it formed a step. */
export function referenceRun(requests: Requests, setup: EngineSetup, watch: WatchStep = () => {}): ReferenceRun {
  const steps: StepRecord[] = [];
  let runningSeconds = 0;
  let peakSequences = 0;
  const fleet = referenceFleet(
    poolOf(requests, setup),
    () => {},
    (replica, step) => {
      watch(replica, step);
      const { work, start, seconds } = step;
      const sequences = work.chunks.length + work.decodes;
      const prefillTokens = sumPrefillTokens(work);
      const blocks = replica.setup.numGpuBlocks - replica.pool.room;
      const { context } = work;
      steps.push({ replica: replica.index, start, duration: seconds, prefillTokens, sequences, context, blocks });
      runningSeconds += seconds * sequences;
      peakSequences = Math.max(peakSequences, replica.running.length);
    },
  );
  const replicas = fleet.clients.slice(0, setup.replicas);
  const counters = { ...sumCounters(replicas), runningSeconds, peakSequences };
  return { results: resultsOf(fleet), steps, counters, gaps: fleet.gaps };
}

function resultsOf({ results, arrival }: FleetReference): RequestResults {
  const { state, first, finish, preemptions, client } = results;
  return { state, arrival, first, finish, preemptions, replica: client };
}

function sumCounters(replicas: readonly ClientCounters[]): ClientCounters {
  const [sum, ...others] = replicas.map((one) => ({ ...one, ...(one.accepted && { accepted: [...one.accepted] }) }));
  for (const other of others) {
    for (const name of Object.keys(other) as Exclude<keyof ClientCounters, 'found'>[]) {
      if (name === 'accepted') sum!.accepted = other.accepted!.map((count, i) => count + sum!.accepted![i]!);
      else if (name === 'peakBlocks') sum!.peakBlocks = Math.max(sum!.peakBlocks, other.peakBlocks);
      else sum![name] = sum![name]! + other[name]!;
    }
  }
  return sum!;
}

/** The requests through one pool, with `before` and `after` stages on cores around each that cost nothing. */
export function poolOf(requests: Requests, setup: EngineSetup, before = 0, after = 0): FleetProgram {
  const { replicas, routing, ...engine } = setup;
  const around = (stages: number): VisitRow[] => Array.from({ length: stages }, () => ({ group: 1 }));
  const rows = Array.from(requests.arrival, (at, i): RequestRow => {
    const own = { group: 0, prompt: requests.prompt[i]!, output: requests.output[i]! };
    const stages: VisitRow[] = [...around(before), own, ...around(after)];
    return { at, visits: stages.map((row, k) => (k + 1 < stages.length ? { ...row, to: [[k + 1]] } : row)) };
  });
  const members = Array.from({ length: replicas }, (_, index) => index);
  const { policy, metric } = ROUTING_WORDS[routing]!;
  return programOf({
    clients: [...members.map(() => engine), { kind: 'cores', maxNumSeqs: 1000 }],
    groups: [{ members, routing: policy, metric }, { members: [replicas] }],
    requests: rows,
    concurrency: requests.concurrency,
  });
}
