// What the engines of a fleet did together: how busy, how full, how many steps.
import { paidSeconds } from './instances.ts';
import { per } from './sums.ts';
import type { FleetRun, Span } from './types.ts';

/** The engines of the fleet together. */
export function engineFigures(run: FleetRun, span: Span) {
  const { program, counters } = run;
  const paid = program.scalers ? paidSeconds(run, span) : null;
  const sum = { busy: 0, paid: 0, running: 0, steps: 0, engines: 0, peak: Number.NaN };
  for (const [c, client] of program.clients.entries()) {
    if (client.kind !== 'llm') continue;
    sum.engines++;
    sum.paid += paid?.[c] ?? 0;
    sum.busy += counters[c]!.busySeconds;
    sum.running += counters[c]!.runningSeconds;
    sum.steps += counters[c]!.steps;
    const use = client.numGpuBlocks > 0 ? counters[c]!.peakBlocks / client.numGpuBlocks : Number.NaN;
    if (use > sum.peak || Number.isNaN(sum.peak)) sum.peak = use;
  }
  return {
    utilisation: per(sum.busy, paid ? sum.paid : (span.to - span.from) * sum.engines),
    mean_batch: per(sum.running, sum.busy),
    peak_kv_use: sum.peak,
    steps: sum.steps,
  };
}
