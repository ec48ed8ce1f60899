// What must hold of kernel timings that somebody brings: their unit, and equal shapes that take about equally long.

import { groupBy } from '../check/group-by.ts';
import type { Issue } from '../check/issue.ts';
import { peakOf } from '../plan/arithmetic.ts';
import type { Device, OpRow, OpSeries } from './measurement.ts';
import { medianOf } from './steps/check-steps.ts';

/** Shares of the time at peak rates that large kernels take: below it is faster than any, above it slower than any. */
const FASTEST = 0.3;
const SLOWEST = 60;
/** Equal shapes may differ by this factor; the fastest counts. */
const REPEATED = 3;
/** Share of shapes that may differ more. */
const MOST_REPEATED = 0.05;
const TOLD = 4;

/** Tells what is wrong; what is odd but can be used goes into `notes`. */
export function checkKernels(series: OpSeries, device: Device, file: string, issues: Issue[], notes: string[]): void {
  const name = `${series.device} ${series.family} ${series.format}`;
  const unit = unitOf(series, device);
  if (unit !== null) {
    const received = `the largest in ${Number(unit.toPrecision(2))} of the time that peak rates allow`;
    const hint = 'latency_us, latency_ms or latency_s?';
    issues.push({ path: name, expected: 'times of a kernel on this device', received, file, hint });
  }
  const shapes = [...groupBy(series.rows, (row) => `${row.fixed}|${row.axes.join('x')}`).values()];
  const odd = shapes.filter((rows) => spreadOf(rows) > REPEATED);
  if (odd.length === 0) return;
  const words = odd.slice(0, TOLD).map((rows) => {
    const times = rows.map(({ seconds }) => Number((seconds * 1e6).toPrecision(4)));
    return `${rows[0].fixed} ${rows[0].axes.join('x')}: ${Math.min(...times)} and ${Math.max(...times)} us`.trim();
  });
  const received = `${odd.length} of ${shapes.length} timed more than ${REPEATED}x apart: ${words.join('; ')}`;
  if (odd.length > MOST_REPEATED * shapes.length)
    issues.push({ path: name, expected: 'equal shapes that take about equally long', received, file });
  else notes.push(`${name}: the fastest counts of ${received}`);
}

function spreadOf(rows: readonly OpRow[]): number {
  const times = rows.map(({ seconds }) => seconds);
  return Math.max(...times) / Math.min(...times);
}

/** Time over time at peak rates, in the median of the largest quarter, where it cannot be; null where it can. */
function unitOf({ format, rows }: OpSeries, device: Device): number | null {
  const peak = peakOf(device, format);
  const ideal = (row: OpRow) => Math.max(row.flops / peak, row.bytes / device.memory_bandwidth);
  const large = [...rows].sort((a, b) => ideal(b) - ideal(a)).slice(0, Math.ceil(rows.length / 4));
  if (large.length === 0) return null;
  const ratio = medianOf(large.map((row) => row.seconds / ideal(row)));
  return ratio < FASTEST || ratio > SLOWEST ? ratio : null;
}
