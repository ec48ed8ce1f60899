// mist calibrate on kernel timings: fits efficiencies, says how good each fit is, and writes catalog files.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Attribution, attributionOf } from '../calibrate/attribution.ts';
import { catalogError } from '../calibrate/catalog-errors.ts';
import { checkKernels } from '../calibrate/check-kernels.ts';
import { openCsv } from '../calibrate/csv.ts';
import { readDevices } from '../calibrate/devices.ts';
import { buildFiles, byHardware, placeFiles } from '../calibrate/efficiency-files.ts';
import { fitAll } from '../calibrate/fit-device.ts';
import { fitsTable } from '../calibrate/fits-table.ts';
import type { Device, Traces } from '../calibrate/measurement.ts';
import { mergeEfficiency } from '../calibrate/merge.ts';
import { openParquet } from '../calibrate/parquet.ts';
import { deviceOf, readKernels } from '../calibrate/read-kernels.ts';
import type { Catalog } from '../catalog/open.ts';
import { groupBy } from '../check/group-by.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { fitsOf } from '../plan/efficiency.ts';
import type { CalibrateFlags } from './calibrate.ts';
import { openOwn, writeCatalogFiles } from './catalog-files.ts';
import type { Output } from './flags.ts';

const SHIPPED_HARDWARE = fileURLToPath(new URL('../catalog/hardware', import.meta.url));

interface Timed {
  readonly traces: Traces;
  readonly attribution: Attribution;
}

/** What was not timed keeps the fits that the catalog has. Throws a UserError with every mistake in the files. */
export async function calibrateKernels(paths: readonly string[], flags: CalibrateFlags, out: Output): Promise<void> {
  const folder = flags['--out'];
  const devices = readDevices(SHIPPED_HARDWARE);
  const own = folder ? join(folder, 'hardware') : '';
  if (own && existsSync(own)) for (const [id, device] of readDevices(own)) devices.set(id, device);
  const { traces, attribution } = await readFiles(paths, devices, flags);
  const issues: Issue[] = [];
  const fits = fitAll(traces, devices, issues);
  if (issues.length > 0) throw new UserError(issues);
  const notes = [...fits.notes];
  const catalog = openOwn(folder);
  const fresh = byHardware(buildFiles(fits, () => attribution, notes));
  const files = fresh.map((file) => mergeEfficiency(catalog.efficiency(file.hardware), file));
  const before = errorsBefore(traces, catalog);
  if (folder) writeCatalogFiles(placeFiles(join(folder, 'efficiency'), files), paths);
  if (flags['--json']) {
    const known = { catalog_errors: Object.fromEntries(before) };
    out.stdout(`${JSON.stringify({ ops: fits.ops, collectives: fits.links, notes, ...known, files }, null, 2)}\n`);
    return;
  }
  out.stdout(`${fitsTable(fits, before)}\n`);
  for (const note of notes) out.stderr(`${note}\n`);
  const target = folder ? join(folder, 'efficiency') : '';
  out.stdout(
    folder ? `${files.length} files written to ${target}\n` : 'Nothing written: --out CATALOG_FOLDER writes.\n',
  );
}

/** Files of one device each: tables of AIConfigurator in Parquet or CSV, or profiles. */
async function readFiles(
  paths: readonly string[],
  devices: ReadonlyMap<string, Device>,
  flags: CalibrateFlags,
): Promise<Timed> {
  const issues: Issue[] = [];
  const traces: Traces = { ops: [], links: [], notes: [] };
  const known = new Set(devices.keys());
  for (const path of paths) {
    const sheet = isParquet(path) ? await openParquet(path, issues) : openCsv(path);
    const device = deviceOf(path, flags['--hardware'], known, issues);
    if (!sheet || device === null) continue;
    const read = readKernels(sheet, device, 'profile', issues);
    traces.links.push(...read.links);
    traces.notes.push(...read.notes);
    for (const series of read.ops) {
      checkKernels(series, devices.get(device)!, path, issues, traces.notes);
      traces.ops.push(series);
    }
  }
  if (issues.length > 0) throw new UserError(issues);
  const stated = attributionOf(paths[0]!);
  const attribution = {
    source: flags['--source'] ?? stated?.source ?? paths.map((path) => basename(path)).join(', '),
    licence: flags['--licence'] ?? stated?.licence ?? 'not stated',
  };
  return { traces: joinSeries(traces), attribution };
}

export const isParquet = (path: string): boolean => /\.parquet$/i.test(path);

/** Timings of one kind from several files are one series. */
function joinSeries({ ops, links, notes }: Traces): Traces {
  const groups = groupBy(ops, ({ device, family, format }) => `${device} ${family} ${format}`);
  const joined = [...groups.values()].map((group) => ({ ...group[0]!, rows: group.flatMap(({ rows }) => rows) }));
  return { ops: joined, links, notes };
}

/** By device, work and format: how far the catalog was off. */
function errorsBefore({ ops }: Traces, catalog: Catalog): ReadonlyMap<string, number> {
  const fits = fitsOf(catalog);
  return new Map(
    ops.map((series) => {
      const { device, family, format } = series;
      return [`${device} ${family} ${format}`, catalogError(series, catalog.hardware(device), fits).median];
    }),
  );
}
