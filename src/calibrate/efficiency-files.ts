// Fits as catalog files, one per timed device; written whole or not at all.
import { join } from 'node:path';
import type { CollectiveFit, Efficiency, OpFit } from '../catalog/types.ts';
import { groupBy } from '../check/group-by.ts';
import type { PlacedFile } from '../check/whole-file.ts';
import type { Attribution } from './attribution.ts';
import { round } from './fit.ts';
import type { Fits, LinkResult, OpResult } from './fit-device.ts';
import type { Layout } from './measurement.ts';
import { mendBlockScaled, mendExperts, mendTables } from './rules.ts';

/** The efficiency files of all fits, in order of theirs; `notes` gains what was replaced and why. */
export function buildFiles(fits: Fits, attribution: (layout: Layout) => Attribution, notes: string[]): Efficiency[] {
  const timed = groupBy<OpResult | LinkResult>([...fits.ops, ...fits.links], (result) => result.device);
  return [...timed].map(([device, results]): Efficiency => {
    const ops = results.flatMap((result) => ('family' in result ? [opFit(result)] : []));
    const collectives = results.flatMap((result) => ('op' in result ? [collectiveFit(result)] : []));
    const tables = results.flatMap((result) => ('family' in result && result.table ? [result.table] : []));
    const used = [...new Set(results.map((result) => result.layout))].map(attribution);
    return {
      hardware: device,
      ops: mendExperts(device, mendBlockScaled(device, ops, notes), notes),
      collectives,
      ...(tables.length > 0 ? { tables: mendTables(device, ops, tables) } : {}),
      source: `fits to the traces of ${used.map((one) => one.source).join('; ')}`,
      licence: [...new Set(used.map((one) => one.licence))].join('; '),
    };
  });
}

export function byHardware(files: readonly Efficiency[]): Efficiency[] {
  return [...files].sort((a, b) => (a.hardware < b.hardware ? -1 : 1));
}

/** Layouts that time a relative of the device, or need a correction: their fits are not called calibrated. */
const INDIRECT: ReadonlySet<Layout> = new Set(['llmcompass']);

function opFit({ family, format, layout, price, errors }: OpResult): OpFit {
  return {
    family,
    format,
    ...price,
    basis: INDIRECT.has(layout) ? 'extrapolated' : 'calibrated',
    error_in: round(errors.in_median, 2),
    error_out: round(errors.out_median, 2),
    error_out_p90: round(errors.out_p90, 2),
    rows: errors.rows,
  };
}

function collectiveFit({ op, devices, price, errors, library, table }: LinkResult): CollectiveFit {
  const [error_in, error_out] = [round(errors.in_median, 2), round(errors.out_median, 2)];
  const fitted = { ...price, basis: 'calibrated', error_in, error_out, rows: errors.rows } as const;
  return { op, devices, ...(library ? { library } : {}), ...fitted, ...(table ? { table } : {}) };
}

/** JSON with one fit per line: small, and readable in a diff. */
export function printEfficiency(file: Efficiency): string {
  const list = (rows: readonly object[]) =>
    rows.length === 0 ? '[]' : `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  const text = (value: string) => JSON.stringify(value);
  return `{
  "hardware": ${text(file.hardware)},
  "ops": ${list(file.ops)},
  "collectives": ${list(file.collectives)},${file.tables ? `\n  "tables": ${list(file.tables)},` : ''}
  "source": ${text(file.source)},
  "licence": ${text(file.licence)}
}
`;
}

/** The files of these devices in a catalog's folder. */
export function placeFiles(folder: string, files: readonly Efficiency[]): PlacedFile[] {
  return files.map((file) => ({ path: join(folder, `${file.hardware}.json`), content: printEfficiency(file) }));
}
