// Instances over time as lines: how busy, how full, how long the queue, in equal parts of the run.
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { finiteOrNull } from '../flat.ts';
import { type LineFormat, writeLine } from '../step-lines.ts';

const COLUMNS = ['instance', 'from_s', 'to_s', 'busy_share', 'in_service', 'waiting', 'kv_use'] as const;
/** Where instances start and stop. */
const SCALED = [...COLUMNS, 'on_share'] as const;

/**
 * One line per instance and part of the run: the share of the part it was busy, visits in service (running sequences of an engine) and
 * waiting on average, and the peak share of its KV blocks in use (empty where there are none, or the iterations were not kept); where
 * instances start and stop, the share of the part that it was on (starting and draining included).
 */
export function* timelineLines(
  { run, timeline }: Pick<MeasuredFleet, 'run' | 'timeline'>,
  format: LineFormat,
): Generator<string> {
  const { from, to, parts, clients } = timeline;
  const columns = run.program.scalers ? SCALED : COLUMNS;
  if (format === 'csv') yield `${columns.join(',')}\n`;
  for (const [c, curve] of clients.entries()) {
    const { name } = run.program.clients[c]!;
    for (let part = 0; part < parts; part++) {
      const edge = (k: number): number => from + ((to - from) * k) / parts;
      const kv = curve.kv === null ? null : finiteOrNull(curve.kv[part]!);
      const cells = [
        name,
        edge(part),
        edge(part + 1),
        curve.busy[part]!,
        curve.running[part]!,
        curve.waiting[part]!,
        kv,
      ];
      yield writeLine(format, columns, run.program.scalers ? [...cells, curve.on?.[part] ?? 1] : cells);
    }
  }
}
