// mist calibrate on kernel traces: fits efficiencies, says how good each fit is, and writes catalog files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDevices } from '../calibrate/devices.ts';
import { buildFiles, writeFiles } from '../calibrate/efficiency-files.ts';
import { type Fits, fitAll } from '../calibrate/fit-device.ts';
import { readTraces } from '../calibrate/traces.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { drawTable } from '../report/table.ts';
import type { CalibrateFlags } from './calibrate.ts';
import type { Output } from './flags.ts';

const SHIPPED_HARDWARE = fileURLToPath(new URL('../catalog/hardware', import.meta.url));

/** Throws a UserError with every mistake in the traces. */
export function calibrateKernels(folder: string, flags: CalibrateFlags, out: Output): void {
  const catalog = flags['--out'];
  const devices = readDevices(SHIPPED_HARDWARE);
  const own = catalog ? join(catalog, 'hardware') : '';
  if (own && existsSync(own)) for (const [id, device] of readDevices(own)) devices.set(id, device);
  const traces = readTraces(folder, new Set(devices.keys()));
  const issues: Issue[] = [];
  const fits = fitAll(traces, devices, issues);
  if (issues.length > 0) throw new UserError(issues);
  const notes = [...fits.notes];
  const files = buildFiles(fits, devices, traces.attribution, flags['--vendors'] ?? false, notes);
  if (catalog) writeFiles(join(catalog, 'efficiency'), files);
  if (flags['--json']) {
    out.stdout(`${JSON.stringify({ ops: fits.ops, collectives: fits.links, notes, files }, null, 2)}\n`);
    return;
  }
  out.stdout(`${describe(fits)}\n`);
  for (const note of notes) out.stderr(`${note}\n`);
  const target = catalog ? join(catalog, 'efficiency') : '';
  out.stdout(
    catalog ? `${files.length} files written to ${target}\n` : 'Nothing written: --out CATALOG_FOLDER writes.\n',
  );
}

const percent = (share: number): string => (100 * share).toFixed(1);
const microseconds = (seconds: number): string => (seconds * 1e6).toFixed(2);
const left = (heading: string) => ({ heading, align: 'left' as const });
const right = (heading: string) => ({ heading, align: 'right' as const });

/** Errors are |predicted/measured - 1| in %, median and 90th percentile, in the fitted half and in the half held out. */
function describe({ ops, links }: Fits): string {
  const errors = ['in p50 %', 'in p90 %', 'out p50 %', 'out p90 %'].map(right);
  const cells = (e: Fits['ops'][number]['errors']) => [e.in_median, e.in_p90, e.out_median, e.out_p90].map(percent);
  const head = [left('device'), left('work'), left('format'), left('traces'), right('rows'), right('t0 us')];
  const work = drawTable(
    [...head, right('eta compute'), right('eta memory'), right('p'), ...errors, left('other traces, p50 %')],
    ops.map(({ device, family, format, layout, price, errors: e, elsewhere }) => [
      ...[device, family, format, layout, String(e.rows), microseconds(price.t0_s)],
      ...[String(price.eta_compute), String(price.eta_memory), String(price.p)],
      ...cells(e),
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
  return [...work, '', ...messages].join('\n');
}
