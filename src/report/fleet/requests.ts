// One JSON line per request with all its visits: what a person greps when one request is the question.
import {
  STATE_CANCELLED,
  STATE_FAILED,
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNSENT,
} from '../../../assembly/layout/enums.ts';
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { orderByArrival } from '../../metrics/fleet/walk.ts';
import { finiteOrNull } from '../flat.ts';

/** Text per piece: a file of millions of lines is never one string. */
const PIECE = 65_536;

export function stateName(state: number): string {
  if (state === STATE_FINISHED) return 'finished';
  if (state === STATE_REJECTED_KV) return 'rejected-kv';
  if (state === STATE_CANCELLED) return 'cancelled';
  if (state === STATE_UNSENT) return 'unsent';
  if (state === STATE_REJECTED_QUEUE) return 'rejected-queue';
  if (state === STATE_TIMED_OUT) return 'timed-out';
  if (state === STATE_FAILED) return 'failed';
  return state === STATE_REJECTED_LENGTH ? 'rejected-length' : 'unfinished';
}

/** Lines of all requests in order of arrival, in pieces; times in s since the start of the simulation, null where never. */
export function* fleetRequestLines(measured: MeasuredFleet): Generator<string> {
  let piece = '';
  for (const r of orderByArrival(measured.arrival)) {
    piece += `${JSON.stringify(describeRequest(measured, r))}\n`;
    if (piece.length > PIECE) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

function describeRequest(measured: MeasuredFleet, r: number) {
  const { run, latencies, state, arrival, finish } = measured;
  const { first, turns } = run.program.requests;
  const follows = turns?.after[r] ?? -1;
  const visits = Array.from({ length: first[r + 1]! - first[r]! }, (_, i) => first[r]! + i);
  const sum = (column: Float64Array): number => visits.reduce((total, v) => total + column[v]!, 0);
  const pipeline = run.pipelines?.names[run.pipelines.of[r]!];
  return {
    request: r,
    ...(follows < 0 ? {} : { follows }),
    ...(pipeline === undefined ? {} : { pipeline }),
    state: stateName(state[r]!),
    arrival_s: finiteOrNull(arrival[r]!),
    finish_s: finiteOrNull(finish[r]!),
    ttft_s: finiteOrNull(latencies.ttft[r]!),
    ttfat_s: finiteOrNull(latencies.firstAnswer[r]!),
    tpot_s: finiteOrNull(latencies.tpot[r]!),
    e2el_s: finiteOrNull(latencies.e2el[r]!),
    joules: finiteOrNull(sum(measured.joules)),
    usd: finiteOrNull(sum(measured.usd)),
    visits: visits.map((v) => describeVisit(measured, v)),
  };
}

function describeVisit({ run }: MeasuredFleet, v: number) {
  const { program, results } = run;
  const { visits } = program;
  const client = program.clients[results.client[v]!];
  const llm = client?.kind === 'llm';
  return {
    visit: v,
    stage: program.stages[visits.stage[v]!],
    instance: client?.name ?? null,
    state: stateName(results.state[v]!),
    ready_s: finiteOrNull(results.ready[v]!),
    start_s: finiteOrNull(results.start[v]!),
    first_token_s: finiteOrNull(results.first[v]!),
    finish_s: finiteOrNull(results.finish[v]!),
    ...(llm
      ? { prompt_tokens: visits.prompt[v], output_tokens: visits.output[v], cached_tokens: results.cached[v] }
      : {}),
    ...(results.preemptions[v]! > 0 ? { preemptions: results.preemptions[v] } : {}),
  };
}
