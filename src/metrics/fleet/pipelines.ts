// One row per pipeline of a fleet: its requests, their latencies and goodput.
import { countGood } from '../requests.ts';
import { countMeasured, summarise } from '../summary.ts';
import { per } from './sums.ts';
import type { FleetLatencies, FleetRun, PipelineResult } from './types.ts';
import { countStates, type RequestColumns } from './walk.ts';

/** `latencies`, `duration`: of what is measured; NaN latencies do not count. `lostOf`: how many of some requests that are measured have an end without an answer. */
export function measurePipelines(
  run: FleetRun,
  requests: RequestColumns,
  latencies: FleetLatencies,
  duration: number,
  lostOf: (chosen: (request: number) => boolean) => number,
): PipelineResult[] {
  const { pipelines } = run;
  if (pipelines === undefined) return [];
  return pipelines.names.map((name, p) => {
    const only = (column: Float64Array): Float64Array => column.filter((_, r) => pipelines.of[r] === p);
    const own = { ttft: only(latencies.ttft), tpot: only(latencies.tpot), e2el: only(latencies.e2el) };
    const good = countGood(own, run.slo);
    const finished = countMeasured(own.e2el);
    return {
      name,
      requests: countStates(requests.state, (r) => pipelines.of[r] === p),
      ttft: summarise(own.ttft),
      first_answer: summarise(only(latencies.firstAnswer)),
      tpot: summarise(own.tpot),
      e2el: summarise(own.e2el),
      request_goodput: good < 0 ? Number.NaN : good / duration,
      good_fraction: good < 0 ? Number.NaN : per(good, finished + lostOf((r) => pipelines.of[r] === p)),
    };
  });
}
