// Simulated fleets as points: what an hour costs against how long requests take, and against how fast the answer flows.
import type { FleetKeptRow, FleetSummary, FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { achieved } from '../../metrics/limits.ts';
import type { LatencyMetric } from '../../spec/types.ts';
import { METRIC_WORDS } from '../describe.ts';
import { formatMs, formatShort, formatUsd } from '../format.ts';
import { type Point, plotScatter, type Scatter } from '../points.ts';
import { describeChoices, percentileOf } from './words.ts';

/** USD per hour against the end-to-end latency (both: less is better). */
export function costLatencyScatter(result: FleetSweepResult): Scatter {
  return scatterOf(result, 'e2el', 'Cost against the whole way of a request');
}

/** USD per hour against the time to the first token (both: less is better). */
export function costTtftScatter(result: FleetSweepResult): Scatter {
  return scatterOf(result, 'ttft', 'Cost against waiting');
}

function scatterOf(result: FleetSweepResult, metric: LatencyMetric, title: string): Scatter {
  const percentile = percentileOf(result.slo, metric);
  const limit = result.slo.find((slo) => slo.metric === metric)?.limit;
  const figure = (summary: FleetSummary) => achieved(summary, { metric, percentile }) * 1000;
  const points = result.kept.map((row) => pointOf(row, result, figure(row.result)));
  return plotScatter(
    points,
    { x: -1, y: -1 },
    {
      title,
      xWords: `${METRIC_WORDS[metric]} ${percentile}, ms`,
      yWords: 'USD per hour',
      xLimit: limit === undefined ? null : limit * 1000,
      frontCurve: 'step-after',
    },
  );
}

function pointOf(row: FleetKeptRow, { slo }: FleetSweepResult, x: number): Point {
  const { result } = row;
  const tail = (metric: LatencyMetric) => {
    const percentile = percentileOf(slo, metric);
    return `${METRIC_WORDS[metric]} ${percentile} ${formatMs(achieved(result, { metric, percentile }))} ms`;
  };
  const title = [
    ...describeChoices(row).split('; '),
    `${tail('ttft')}, ${tail('tpot')}, ${tail('e2el')}`,
    `$${formatUsd(result.usd_per_hour)}/h, $${formatShort(result.usd_per_million_tokens)} per million output tokens`,
    `${result.slo_met ? 'meets' : 'misses'} the limits, ${result.verdict}`,
  ].join('\n');
  return { x, y: result.usd_per_hour, kind: result.slo_met ? 'met' : 'missed', row: row.row, title };
}
