// What to expect of hardware nobody timed: medians over a vendor's devices, cautious values where a vendor has no traces at all.

import { percentile, round } from '../../src/calibrate/fit.ts';
import type { Device } from '../../src/calibrate/measurement.ts';
import type { Efficiency, OpFit } from '../../src/catalog/types.ts';
import { groupBy } from '../../src/check/group-by.ts';
import { ELEMENTWISE, FACTS_SOURCE, MATMUL_FACTS } from './facts.ts';

/** Vendors of the catalog without traces get the cautious quartile of everyone's fits; so do CPUs, whoever made them. */
const CPU = '_cpu';
/** Families and formats that a cautious file holds: the rest are stood in for by these. */
const CAUTIOUS_FORMATS = new Set(['bf16', 'fp8']);

type Share = { readonly eta: number; readonly t0: number };
const MEDIAN: Share = { eta: 0.5, t0: 0.5 };
/** Three devices out of four do better. */
const CAUTIOUS: Share = { eta: 0.25, t0: 0.75 };

/** The files _<vendor>.json and those that rest on one published figure, from the fits of timed devices. */
export function relativesOf(fitted: readonly Efficiency[], devices: ReadonlyMap<string, Device>): Efficiency[] {
  const everyone = fitted.flatMap((file) => file.ops.filter((fit) => fit.basis === 'calibrated'));
  const files: Efficiency[] = [];
  const vendors = new Set([...devices.values()].filter((d) => d.kind !== 'cpu').map((d) => d.vendor));
  for (const vendor of [...vendors].sort()) {
    const own = fitted.filter((file) => devices.get(file.hardware)?.vendor === vendor);
    files.push(
      own.length > 0
        ? vendorFile(vendor, own, everyone)
        : cautiousFile(idOf(vendor), `no traces of ${vendor}`, everyone, !startsKernels(vendor, devices)),
    );
  }
  files.push(cautiousFile(CPU, 'no traces of CPUs', everyone));
  return [...files, ...factFiles(fitted, files, everyone, devices)];
}

/** Whether a vendor's devices are started kernel by kernel, as GPUs are. */
function startsKernels(vendor: string, devices: ReadonlyMap<string, Device>): boolean {
  return [...devices.values()].some((device) => device.vendor === vendor && /gpu/.test(device.kind));
}

/** What is left of a launch where a compiled program runs from its first op to its last without the host. */
const COMPILED_LAUNCH = 0.25;

/** The fits of devices that are started kernel by kernel, as a chip would do that runs one compiled program. */
function compiled(fits: readonly OpFit[]): OpFit[] {
  return fits.map((fit) => ({ ...fit, t0_s: round(COMPILED_LAUNCH * fit.t0_s) }));
}

const idOf = (vendor: string): string => `_${vendor.toLowerCase()}`;

function vendorFile(vendor: string, own: readonly Efficiency[], everyone: readonly OpFit[]): Efficiency {
  const fits = own.flatMap((file) => file.ops.filter((fit) => fit.family !== 'elementwise'));
  const timed = new Set(fits.map((fit) => fit.family));
  const untimed = cautiousOps(everyone).filter((fit) => !timed.has(fit.family));
  const ops = [...summarise(fits, MEDIAN, 'extrapolated'), ...untimed, ELEMENTWISE];
  const names = own.map((file) => file.hardware).join(', ');
  const licence = [...new Set(own.flatMap((file) => file.licence.split('; ')))].join('; ');
  const cautious = [...new Set(untimed.map((fit) => fit.family))].join(', ');
  const source =
    `medians over the fits of ${names}; elementwise: 0.8 of bandwidth and 2 us per kernel` +
    (cautious ? `; ${cautious}: no traces of ${vendor}, the cautious quartile of the fits of all timed devices` : '');
  return { hardware: idOf(vendor), ops, collectives: [], source, licence };
}

function cautiousFile(id: string, why: string, everyone: readonly OpFit[], compiles = false): Efficiency {
  const cautious: OpFit[] = [...cautiousOps(everyone), { ...ELEMENTWISE, basis: 'datasheet' }];
  const ops = compiles ? compiled(cautious) : cautious;
  const launches = compiles ? `, ${COMPILED_LAUNCH} of their launches (one compiled program)` : '';
  const source = `${why}: the cautious quartile of the fits of all timed devices${launches}`;
  return { hardware: id, ops, collectives: [], source, licence: 'own derivation' };
}

function cautiousOps(everyone: readonly OpFit[]): OpFit[] {
  const fits = everyone.filter((fit) => CAUTIOUS_FORMATS.has(fit.format) && fit.family !== 'elementwise');
  return summarise(fits, CAUTIOUS, 'datasheet');
}

function medianOps(everyone: readonly OpFit[]): OpFit[] {
  const fits = everyone.filter((fit) => CAUTIOUS_FORMATS.has(fit.format) && fit.family !== 'elementwise');
  return [...summarise(fits, MEDIAN, 'datasheet'), { ...ELEMENTWISE, basis: 'datasheet' }];
}

/** Fits to fewer rows than this vote only where there is no better one. */
const LEAST_VOTE = 100;

/** One row per family and format: quantiles of the parameters, the commonest norm and width of activations. */
function summarise(fits: readonly OpFit[], share: Share, basis: OpFit['basis']): OpFit[] {
  return [...groupBy(fits, (fit) => `${fit.family} ${fit.format}`).values()].map((all) => {
    const broad = all.filter((fit) => (fit.rows ?? Number.POSITIVE_INFINITY) >= LEAST_VOTE);
    const group = broad.length > 0 ? broad : all;
    const at = (read: (fit: OpFit) => number, q: number) =>
      round(
        percentile(
          group.map(read).sort((a, b) => a - b),
          q,
        ),
      );
    const width = commonest(group.map((fit) => fit.activation_bytes));
    return {
      family: group[0].family,
      format: group[0].format,
      t0_s: at((fit) => fit.t0_s, share.t0),
      eta_compute: at((fit) => fit.eta_compute, share.eta),
      eta_memory: at((fit) => fit.eta_memory, share.eta),
      p: commonest(group.map((fit) => fit.p)),
      ...(width ? { activation_bytes: width } : {}),
      basis,
    };
  });
}

/** The value seen most often; the first of equals. */
function commonest<T>(values: readonly T[]): T {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/**
 * Devices that have a published best matrix product: its efficiency, with everything else as the vendor's GPUs do it. Other kinds of
 * devices are no kin of their vendor's GPUs: theirs is the median of everyone.
 */
function factFiles(
  fitted: readonly Efficiency[],
  vendors: readonly Efficiency[],
  everyone: readonly OpFit[],
  devices: ReadonlyMap<string, Device>,
): Efficiency[] {
  const files: Efficiency[] = [];
  for (const [id, facts] of groupBy(MATMUL_FACTS, (fact) => fact.device)) {
    const device = devices.get(id);
    if (!device) continue;
    const kin = device.kind === 'gpu' ? vendors.find((file) => file.hardware === idOf(device.vendor))?.ops : undefined;
    const base = kin ?? compiled(medianOps(everyone));
    const known = fitted.find((file) => file.hardware === id);
    const ops = facts.flatMap((fact): OpFit[] => {
      const fit = base.find((row) => row.family === 'gemm' && row.format === fact.format);
      const timed = known?.ops.some((row) => row.family === 'gemm' && row.format === fact.format);
      if (!fit || timed) return [];
      return [{ ...fit, eta_compute: round(fact.achieved / fact.peak), basis: 'extrapolated' }];
    });
    if (ops.length === 0) continue;
    if (!kin) ops.push(...base.filter((fit) => fit.family !== 'gemm'));
    files.push({
      hardware: id,
      ops: [...(known?.ops ?? []), ...ops],
      collectives: known?.collectives ?? [],
      ...(known?.tables ? { tables: known.tables } : {}),
      source: [
        ...(known ? [known.source] : []),
        `gemm ${facts.map((f) => f.format).join(', ')}: ${FACTS_SOURCE.source}`,
      ].join('; '),
      licence: [...(known ? [known.licence] : []), FACTS_SOURCE.licence].join('; '),
    });
  }
  return files;
}
