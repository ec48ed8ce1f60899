// What studies ask of a row beside its summary: how latencies are spread, where requests spend their time, and what other promises come to
// of the same run.
import type { Slo } from '../../spec/types.ts';
import { type Ends, keepsPromise } from '../limits.ts';
import { countGood } from '../requests.ts';
import { countMeasured, percentile, sortMeasured } from '../summary.ts';
import type { Summary, Verdict } from '../types.ts';
import { breakDown } from './stages.ts';
import type { FleetLatencies, FleetRun } from './types.ts';
import type { RequestColumns } from './walk.ts';

/** Other limits that are held against the same run, by name. */
export interface DetailAsk {
  readonly promises: readonly { readonly name: string; readonly slo: readonly Slo[] }[];
}

/** Latencies of which quantiles are kept: those that each request has one of. */
export const SPREAD = ['ttft', 'tpot', 'e2el'] as const;
/** 0..100. */
export const QUANTILES = [...Array.from({ length: 20 }, (_, i) => i * 5), 99, 100] as const;

export interface RowDetail {
  /** s, one at each of QUANTILES; NaN where nothing was measured. */
  readonly quantiles: Readonly<Record<(typeof SPREAD)[number], Float64Array>>;
  /** Mean seconds of a finished request along the path that decides when it ends: all of them add up to its mean latency. */
  readonly stages: readonly {
    readonly name: string;
    readonly queue: number;
    readonly service: number;
    readonly transfer: number;
  }[];
  /** Share of the context that fetches asked for which each tier gave, over the whole run. */
  readonly tiers: readonly { readonly name: string; readonly share: number }[];
  readonly promises: readonly { readonly name: string; readonly met: boolean; readonly good: number }[];
}

type Judged = Ends & Readonly<Record<Slo['metric'], Summary>> & { readonly verdict: Verdict };

/** `requests`, `latencies`: of those that are measured, the others as if they had not been. `lost`: those of them without an answer. `good` is a share; NaN where no limit is on what each request has. */
export function detailOf(
  ask: DetailAsk,
  run: FleetRun,
  requests: RequestColumns,
  latencies: FleetLatencies & { readonly lost: number },
  predecessors: Int32Array,
  judged: Judged,
): RowDetail {
  const spread = (values: Float64Array): Float64Array => {
    const sorted = sortMeasured(values);
    return Float64Array.from(QUANTILES, (q) => percentile(sorted, q));
  };
  const [mean] = breakDown(run, requests, latencies.e2el, predecessors);
  const measured = countMeasured(latencies.e2el) + latencies.lost;
  return {
    quantiles: { ttft: spread(latencies.ttft), tpot: spread(latencies.tpot), e2el: spread(latencies.e2el) },
    stages: run.program.stages.map((name, s) => ({ name, ...mean!.parts[s]! })),
    tiers: tierShares(run),
    promises: ask.promises.map(({ name, slo }) => {
      const good = countGood(latencies, slo);
      const met = keepsPromise(slo, judged, judged, judged.verdict);
      return { name, met, good: good < 0 ? Number.NaN : good / measured };
    }),
  };
}

/** Of stores that were looked up, and of fetches that were drawn; none where nothing was asked for. */
function tierShares({ program, results, counters, drawn }: FleetRun): RowDetail['tiers'] {
  const found = new Map<string, number>(drawn?.found);
  let asked = drawn?.asked ?? 0;
  for (const [c, { tiers }] of program.clients.entries()) {
    for (const [k, { name }] of tiers.entries())
      found.set(name, (found.get(name) ?? 0) + (counters[c]!.found?.[k] ?? 0) * program.hashBlock);
  }
  for (const [v, at] of results.client.entries()) {
    if (program.clients[at]?.kind === 'store' && !Number.isNaN(results.start[v]!)) asked += program.visits.prompt[v]!;
  }
  return asked > 0 ? [...found].map(([name, tokens]) => ({ name, share: tokens / asked })) : [];
}
