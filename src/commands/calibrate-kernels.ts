// mist calibrate on kernel traces: fits efficiencies, says how good each fit is, and writes catalog files.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { catalogError } from '../calibrate/catalog-errors.ts';
import { checkKernels } from '../calibrate/check-kernels.ts';
import { openCsv } from '../calibrate/csv.ts';
import { readDevices } from '../calibrate/devices.ts';
import { buildFiles, placeFiles } from '../calibrate/efficiency-files.ts';
import { type Fits, fitAll } from '../calibrate/fit-device.ts';
import { type Device, groupBy, LAYOUTS, type Traces } from '../calibrate/measurement.ts';
import { mergeEfficiency } from '../calibrate/merge.ts';
import { openParquet } from '../calibrate/parquet.ts';
import { deviceOf, readKernels } from '../calibrate/read-kernels.ts';
import { attributionOf, readTraces, type TraceFolder } from '../calibrate/traces.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { statOf } from '../check/text-file.ts';
import { fitsOf } from '../plan/efficiency.ts';
import { drawTable } from '../report/table.ts';
import type { CalibrateFlags } from './calibrate.ts';
import { writeCatalogFiles } from './catalog-files.ts';
import type { Output } from './flags.ts';

const SHIPPED_HARDWARE = fileURLToPath(new URL('../catalog/hardware', import.meta.url));

interface Timed {
  readonly traces: Traces;
  readonly attribution: TraceFolder['attribution'];
  /** Whether what was not timed keeps the fits that the catalog has. */
  readonly merged: boolean;
}

/** `paths`: one folder of traces, or files of timings. Throws a UserError with every mistake in them. */
export async function calibrateKernels(paths: readonly string[], flags: CalibrateFlags, out: Output): Promise<void> {
  const folder = flags['--out'];
  const devices = readDevices(SHIPPED_HARDWARE);
  const own = folder ? join(folder, 'hardware') : '';
  if (own && existsSync(own)) for (const [id, device] of readDevices(own)) devices.set(id, device);
  const isFolder = paths.length === 1 && (statOf(paths[0])?.isDirectory() ?? true);
  const { traces, attribution, merged } = isFolder
    ? readFolder(paths[0], new Set(devices.keys()))
    : await readFiles(paths, devices, flags);
  const issues: Issue[] = [];
  const fits = fitAll(traces, devices, issues);
  if (issues.length > 0) throw new UserError(issues);
  const notes = [...fits.notes];
  const fresh = buildFiles(fits, devices, attribution, flags['--vendors'] ?? false, notes);
  const catalog = merged ? openCatalog(folder !== undefined && existsSync(folder) ? { folder } : {}) : null;
  const files = catalog ? fresh.map((file) => mergeEfficiency(catalog.efficiency(file.hardware), file)) : fresh;
  const before = catalog ? errorsBefore(traces, catalog) : null;
  if (folder) writeCatalogFiles(placeFiles(join(folder, 'efficiency'), files), paths);
  if (flags['--json']) {
    const known = before ? { catalog_errors: Object.fromEntries(before) } : {};
    out.stdout(`${JSON.stringify({ ops: fits.ops, collectives: fits.links, notes, ...known, files }, null, 2)}\n`);
    return;
  }
  out.stdout(`${describe(fits, before)}\n`);
  for (const note of notes) out.stderr(`${note}\n`);
  const target = folder ? join(folder, 'efficiency') : '';
  out.stdout(
    folder ? `${files.length} files written to ${target}\n` : 'Nothing written: --out CATALOG_FOLDER writes.\n',
  );
}

function readFolder(folder: string, known: ReadonlySet<string>): Timed {
  const { attribution, ...traces } = readTraces(folder, known);
  return { traces, attribution, merged: false };
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
  const stated = attributionOf(paths[0]);
  const own = {
    source: flags['--source'] ?? stated?.source ?? paths.map((path) => basename(path)).join(', '),
    licence: flags['--licence'] ?? stated?.licence ?? 'not stated',
  };
  const attribution = Object.fromEntries(LAYOUTS.map((layout) => [layout, own])) as unknown as Timed['attribution'];
  return { traces: joinSeries(traces), attribution, merged: true };
}

export const isParquet = (path: string): boolean => /\.parquet$/i.test(path);

/** Timings of one kind from several files are one series. */
function joinSeries({ ops, links, notes }: Traces): Traces {
  const groups = groupBy(ops, ({ device, family, format }) => `${device} ${family} ${format}`);
  const joined = [...groups.values()].map((group) => ({ ...group[0], rows: group.flatMap(({ rows }) => rows) }));
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

const percent = (share: number): string => (100 * share).toFixed(1);
const microseconds = (seconds: number): string => (seconds * 1e6).toFixed(2);
const left = (heading: string) => ({ heading, align: 'left' as const });
const right = (heading: string) => ({ heading, align: 'right' as const });

/** Errors are |predicted/measured - 1| in %, median and 90th percentile, in the fitted half and in the half held out. */
function describe({ ops, links }: Fits, before: ReadonlyMap<string, number> | null): string {
  const errors = ['in p50 %', 'in p90 %', 'out p50 %', 'out p90 %'].map(right);
  const cells = (e: Fits['ops'][number]['errors']) => [e.in_median, e.in_p90, e.out_median, e.out_p90].map(percent);
  const head = [left('device'), left('work'), left('format'), left('traces'), right('rows'), right('t0 us')];
  const old = before ? [right('catalog p50 %')] : [];
  const work = drawTable(
    [...head, right('eta compute'), right('eta memory'), right('p'), ...errors, ...old, left('other traces, p50 %')],
    ops.map(({ device, family, format, layout, price, errors: e, elsewhere }) => [
      ...[device, family, format, layout, String(e.rows), microseconds(price.t0_s)],
      ...[String(price.eta_compute), String(price.eta_memory), String(price.p)],
      ...cells(e),
      ...(before ? [percent(before.get(`${device} ${family} ${format}`) ?? Number.NaN)] : []),
      elsewhere.map((other) => `${other.layout} ${percent(other.median)}`).join(', '),
    ]),
  );
  const messages = drawTable(
    [
      left('device'),
      left('exchange'),
      right('devices'),
      right('rows'),
      right('t0 us'),
      right('GB/s'),
      right('p'),
      ...errors,
      left('libraries'),
    ],
    links.map(({ device, op, devices, price, errors: e, libraries }) => [
      ...[device, op, String(devices), String(e.rows), microseconds(price.t0_s), (price.rate / 1e9).toFixed(1)],
      ...[String(price.p), ...cells(e), libraries],
    ]),
  );
  return [
    ...(ops.length > 0 ? work : []),
    ...(ops.length > 0 && links.length > 0 ? [''] : []),
    ...(links.length > 0 ? messages : []),
  ].join('\n');
}
