// Fits efficiencies to a folder of public traces, many devices at once: what src/catalog/efficiency is made of.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDevices } from '../../src/calibrate/devices.ts';
import { buildFiles, byHardware, placeFiles } from '../../src/calibrate/efficiency-files.ts';
import { fitAll } from '../../src/calibrate/fit-device.ts';
import { fitsTable } from '../../src/calibrate/fits-table.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { writeTogether } from '../../src/check/whole-file.ts';
import { type Output, onlyWord, readFlags } from '../../src/commands/flags.ts';
import { readTraces } from './read-traces.ts';
import { relativesOf } from './vendors.ts';

const FLAGS = { '--out': String, '--vendors': Boolean, '--json': Boolean, '--help': Boolean, '-h': '--help' } as const;

export const HELP = `npm run tools -- calibrate FOLDER [options]

  Fits efficiencies of many devices to a folder of kernel traces (aiconfigurator/, vidur/, profile/, ...), each device by its best.

  --out FOLDER       a catalog folder whose efficiency/ is written (src/catalog: the one that is shipped); files of the same
                     devices are replaced. Its hardware/ is known beside the shipped one
  --vendors          add what to expect of untimed hardware (medians by vendor)
  --json             for programs
`;

const SHIPPED_HARDWARE = fileURLToPath(new URL('../../src/catalog/hardware', import.meta.url));

/** Throws a UserError with every mistake in the traces; then nothing is written. */
export function fitFolder(argv: readonly string[], out: Output): void {
  const flags = readFlags('calibrate', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return;
  }
  const folder = flags['--out'];
  const devices = readDevices(SHIPPED_HARDWARE);
  const own = folder ? join(folder, 'hardware') : '';
  if (own && existsSync(own)) for (const [id, device] of readDevices(own)) devices.set(id, device);
  const traces = readTraces(onlyWord('calibrate', flags._, 'one folder of traces'), new Set(devices.keys()));
  const issues: Issue[] = [];
  const fits = fitAll(traces, devices, issues);
  if (issues.length > 0) throw new UserError(issues);
  const notes = [...fits.notes];
  const timed = buildFiles(fits, (layout) => traces.attribution[layout], notes);
  const relatives = flags['--vendors'] ? relativesOf(timed, devices) : [];
  const replaced = new Set(relatives.map((file) => file.hardware));
  const files = byHardware([...timed.filter((file) => !replaced.has(file.hardware)), ...relatives]);
  if (folder) writeTogether(placeFiles(join(folder, 'efficiency'), files), '--out');
  if (flags['--json']) {
    out.stdout(`${JSON.stringify({ ops: fits.ops, collectives: fits.links, notes, files }, null, 2)}\n`);
    return;
  }
  out.stdout(`${fitsTable(fits, null)}\n`);
  for (const note of notes) out.stderr(`${note}\n`);
  const target = folder ? join(folder, 'efficiency') : '';
  out.stdout(
    folder ? `${files.length} files written to ${target}\n` : 'Nothing written: --out CATALOG_FOLDER writes.\n',
  );
}
