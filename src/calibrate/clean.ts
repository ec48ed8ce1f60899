// Makes measured times monotone: a shape never costs more than a larger one, since the larger kernel could be used padded.
import { groupBy } from '../check/group-by.ts';
import type { OpRow, OpSeries } from './measurement.ts';

/** One row per shape (the fastest of repeats), each time the minimum over all shapes at least as large in every axis. */
export function cleanRows(rows: readonly OpRow[]): OpRow[] {
  const kept = keepFastest(rows);
  const seconds = kept.map((row) => row.seconds);
  for (let axis = 0; axis < (kept[0]?.axes.length ?? 0); axis++) lowerAlong(kept, seconds, axis);
  return kept.map((row, i) => ({ ...row, seconds: seconds[i]! }));
}

function keepFastest(rows: readonly OpRow[]): OpRow[] {
  const best = new Map<string, OpRow>();
  for (const row of rows) {
    const key = `${row.fixed}|${row.axes.join(',')}`;
    const old = best.get(key);
    if (!old || row.seconds < old.seconds) best.set(key, row);
  }
  return [...best.values()];
}

/** Running minimum from the largest value of one axis down, among rows that agree in everything else. */
function lowerAlong(rows: readonly OpRow[], seconds: number[], axis: number): void {
  const others = ({ fixed, axes }: OpRow) => `${fixed}|${axes.filter((_, a) => a !== axis).join(',')}`;
  for (const line of groupBy(rows.keys(), (i) => others(rows[i]!)).values()) {
    line.sort((a, b) => rows[b]!.axes[axis]! - rows[a]!.axes[axis]!);
    for (let j = 1; j < line.length; j++) seconds[line[j]!] = Math.min(seconds[line[j]!]!, seconds[line[j - 1]!]!);
  }
}

/**
 * Experts in per-tensor fp8, none slower than the same layer with block scales: a kernel that does less cannot need more. vLLM runs
 * Mixtral's on Hopper with a launch configuration that nobody tuned, five times as slow as with block scales. `notes` gains how many.
 */
export function lowerToBlockScaled(series: readonly OpSeries[], notes: string[]): OpSeries[] {
  return series.map((plain) => {
    const twin = series.find(
      ({ device, family, format, layout }) =>
        device === plain.device && layout === plain.layout && family === 'moe' && format === 'fp8-block',
    );
    if (plain.family !== 'moe' || plain.format !== 'fp8' || !twin) return plain;
    const known = new Map(twin.rows.map((row) => [`${row.fixed}|${row.axes.join(',')}`, row.seconds]));
    const least = (row: OpRow) => Math.min(row.seconds, known.get(`${row.fixed}|${row.axes.join(',')}`) ?? row.seconds);
    const lowered = plain.rows.filter((row) => least(row) < row.seconds).length;
    if (lowered > 0)
      notes.push(`${plain.device} moe fp8: ${lowered} rows slower than with block scales, lowered to those`);
    return { ...plain, rows: plain.rows.map((row) => ({ ...row, seconds: least(row) })) };
  });
}
