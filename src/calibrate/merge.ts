// Puts new fits beside those that a device has already: what was not timed anew stays as it was.
import type { Efficiency, OpTable } from '../catalog/types.ts';

/** The device's file with the new fits in place of those of the same kind; the new one as it is where there was none. */
export function mergeEfficiency(old: Efficiency | null, fresh: Efficiency): Efficiency {
  if (!old) return fresh;
  const op = ({ family, format }: { family: string; format: string }) => `${family} ${format}`;
  const exchange = (fit: Efficiency['collectives'][number]) => `${fit.op} ${fit.devices} ${fit.library ?? ''}`;
  const timed = new Set(fresh.ops.map(op));
  const sent = new Set(fresh.collectives.map(exchange));
  const kept = (old.tables ?? []).flatMap((table): OpTable[] => {
    const formats = table.formats.filter((format) => !timed.has(`${table.family} ${format}`));
    return formats.length > 0 ? [{ ...table, formats }] : [];
  });
  const tables = [...(fresh.tables ?? []), ...kept];
  const keeps = (list: readonly unknown[], more: readonly unknown[]) => list.length > more.length;
  const ops = [...fresh.ops, ...old.ops.filter((fit) => !timed.has(op(fit)))];
  const collectives = [...fresh.collectives, ...old.collectives.filter((fit) => !sent.has(exchange(fit)))];
  if (!keeps(ops, fresh.ops) && !keeps(collectives, fresh.collectives)) return fresh;
  const join = (a: string, b: string) => (a === b || a.endsWith(`; the rest: ${b}`) ? a : `${a}; the rest: ${b}`);
  return {
    ...old,
    ops,
    collectives,
    ...(tables.length > 0 ? { tables } : {}),
    source: join(fresh.source, old.source),
    licence: join(fresh.licence, old.licence),
  };
}
