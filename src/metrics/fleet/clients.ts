// One row per client: how busy it was, how large its batches and its queue were, what it drew and cost.

import { copiesOf } from './copies.ts';
import { type Intervals, peakOverlap, sumLengths, uniteIntervals } from './curves.ts';
import { paidSeconds } from './instances.ts';
import type { ClientBill } from './prices.ts';
import type { ClientCounters, ClientResult, FleetRun, Span } from './types.ts';

/** `counted`, `clipped`, `bills`: of the span that is measured; peaks, visits and caches are those of the whole run. */
export function measureClients(
  run: FleetRun,
  counted: readonly ClientCounters[],
  intervals: readonly Intervals[],
  clipped: readonly Intervals[],
  bills: readonly ClientBill[],
  span: Span,
): ClientResult[] {
  const duration = span.to - span.from;
  const paid = paidSeconds(run, span);
  const cached = sumByClient(run, run.results.cached);
  const prompts = sumByClient(run, run.program.visits.prompt);
  return run.program.clients.map((client, c): ClientResult => {
    const { ready, start, finish } = intervals[c]!;
    const part = clipped[c]!;
    const [counters, own] = [run.counters[c], counted[c]];
    const over = (amount: number): number => (duration > 0 ? amount / duration : Number.NaN);
    return {
      name: client.name,
      kind: client.kind,
      visits: ready.length,
      // one that was never on was not busy
      utilisation: paid[c]! > 0 ? busySeconds(client, own!, part) / paid[c]! : over(0),
      mean_batch:
        client.kind === 'llm' ? own!.runningSeconds / own!.busySeconds : over(sumLengths(part.start, part.finish)),
      peak_batch: client.kind === 'llm' ? counters!.peakSequences : peakOverlap(start, finish),
      mean_queue: over(sumLengths(part.ready, part.start)),
      peak_queue: peakOverlap(ready, start),
      peak_kv_use:
        client.kind === 'llm' && client.numGpuBlocks > 0 ? counters!.peakBlocks / client.numGpuBlocks : Number.NaN,
      cached_share: client.kind === 'llm' && prompts[c]! > 0 ? cached[c]! / prompts[c]! : Number.NaN,
      preemptions: counters!.preemptions,
      ...copiesOf([client], [counters!]),
      steps: own!.steps,
      devices: bills[c]!.devices,
      energy_j: bills[c]!.joules,
      power_w: over(bills[c]!.joules),
      usd_per_hour: bills[c]!.usdPerHour,
    };
  });
}

/** Engines count their own; of the cores the share taken counts, of a store the time with a look-up under way. */
export function busySeconds(
  client: FleetRun['program']['clients'][number],
  counters: ClientCounters,
  { start, finish }: Intervals,
): number {
  if (client.kind === 'llm') return counters.busySeconds;
  if (client.kind === 'cores') return sumLengths(start, finish) / client.maxNumSeqs;
  const united = uniteIntervals(start, finish);
  return sumLengths(united.start, united.finish);
}

function sumByClient(run: FleetRun, column: Int32Array): Float64Array {
  const sums = new Float64Array(run.program.clients.length);
  const { client, start } = run.results;
  for (let v = 0; v < column.length; v++) {
    if (client[v]! >= 0 && !Number.isNaN(start[v])) sums[client[v]!]! += column[v]!;
  }
  return sums;
}
