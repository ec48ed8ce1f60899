// All fits of one folder of traces: which series is used for what, and how well each fit does.
import type { CollectiveFit, CollectiveOp, OpFamily, OpTable, WeightFormat } from '../catalog/types.ts';
import { groupBy } from '../check/group-by.ts';
import type { Issue } from '../check/issue.ts';
import { peakOf } from '../plan/arithmetic.ts';
import { ACTIVATION_BYTES } from '../stages/formats.ts';
import { cleanRows, lowerToBlockScaled } from './clean.ts';
import {
  type Errors,
  type FitRow,
  fitLink,
  fitOp,
  LARGEST_ETA,
  type LinkPrice,
  type OpPrice,
  percentile,
  priceRow,
  relativeErrors,
} from './fit.ts';
import { bestLinks } from './libraries.ts';
import { type Device, LAYOUTS, type Layout, type OpSeries, type Traces } from './measurement.ts';
import { linkTable, tableOf } from './tables.ts';

export interface OpResult {
  readonly device: string;
  readonly family: OpFamily;
  readonly format: WeightFormat;
  readonly layout: Layout;
  readonly price: OpPrice;
  readonly errors: Errors;
  /** What the rows say beyond the price, where that predicts held-out shapes better; null elsewhere. */
  readonly table: OpTable | null;
  /** The same price against other timings of the same thing, where there are any. */
  readonly elsewhere: readonly { readonly layout: Layout; readonly rows: number; readonly median: number }[];
}

export interface LinkResult {
  readonly device: string;
  readonly op: CollectiveOp;
  readonly devices: number;
  readonly layout: Layout;
  readonly library?: CollectiveFit['library'];
  readonly libraries: string;
  readonly price: LinkPrice;
  readonly table: CollectiveFit['table'];
  readonly errors: Errors;
}

export interface Fits {
  readonly ops: OpResult[];
  readonly links: LinkResult[];
  readonly notes: string[];
}

/** Kinds of work whose bytes come from memory in a real step, whatever a benchmark that repeats one shape finds in a cache. */
const COLD: ReadonlySet<OpFamily> = new Set(['gemm', 'attention-decode', 'mla-decode', 'moe']);

/** A fit that misses held-out shapes by more than this in the median says less than a relative's. */
const WORST_MEDIAN = 0.35;

/** Fits everything that `traces` times; what cannot be fitted is an issue. */
export function fitAll(traces: Traces, devices: ReadonlyMap<string, Device>, issues: Issue[]): Fits {
  const fits: Fits = { ops: [], links: [], notes: [...traces.notes] };
  if (traces.ops.length + traces.links.length === 0) {
    issues.push({ path: 'traces', expected: 'at least one readable trace', received: 'none' });
  }
  const groups = groupBy(lowerToBlockScaled(traces.ops, fits.notes), (s) => `${s.device} ${s.family} ${s.format}`);
  for (const series of groups.values()) {
    const result = fitGroup(series, devices.get(series[0].device)!, fits.notes, issues);
    if (result) fits.ops.push(result);
  }
  for (const group of bestLinks(traces.links)) {
    const name = `${group.device} ${group.op} x${group.devices}`;
    const fit = fitLink(name, group.rows);
    if ('path' in fit) issues.push(fit);
    else fits.links.push({ ...group, price: fit.price, table: linkTable(group.rows, fit.price), errors: fit.errors });
  }
  return fits;
}

function fitGroup(series: OpSeries[], device: Device, notes: string[], issues: Issue[]): OpResult | null {
  const ranked = [...series].sort((a, b) => LAYOUTS.indexOf(a.layout) - LAYOUTS.indexOf(b.layout));
  const [first, ...others] = ranked;
  const name = `${first!.device} ${first!.family} ${first!.format}`;
  const { rows, aside } = readyRows(first!, device);
  if (aside > 0)
    notes.push(`${name}: ${aside} rows beat the roofline by more than ${LARGEST_ETA}x (caches), set aside`);
  const fit = fitOp(name, rows);
  if ('path' in fit) {
    issues.push(fit);
    return null;
  }
  if (fit.errors.out_median > WORST_MEDIAN) {
    const error = `${Math.round(100 * fit.errors.out_median)} %`;
    notes.push(`${name}: the best fit misses held-out shapes by ${error} in the median, not used`);
    return null;
  }
  const elsewhere = others.map((other) => {
    const check = readyRows(other, device).rows;
    const errors = relativeErrors(check, (row) => priceRow(fit.price, row));
    return { layout: other.layout, rows: check.length, median: percentile(errors, 0.5) };
  });
  const { family, format, layout } = first!;
  const table = tableOf(family, format, rows, fit.price, fit.errors.out_median);
  return { device: device.id, family, format, layout, price: fit.price, errors: fit.errors, table, elsewhere };
}

/** Cleaned rows as times at peak, without those that no memory could have served. */
function readyRows(series: OpSeries, device: Device): { rows: FitRow[]; aside: number } {
  const peak = peakOf(device, series.format);
  const all = cleanRows(series.rows).map((row) => ({
    shape: row.shape,
    compute: row.flops / peak,
    memory: row.bytes / device.memory_bandwidth,
    ...(row.activations
      ? { activation: { perByte: row.activations / device.memory_bandwidth, bytes: ACTIVATION_BYTES[series.format] } }
      : {}),
    ...(row.cell ? { cell: row.cell } : {}),
    seconds: row.seconds,
  }));
  const cold = COLD.has(series.family);
  const rows = all.filter((row) => row.seconds * LARGEST_ETA >= Math.max(row.compute, cold ? row.memory : 0));
  return { rows, aside: all.length - rows.length };
}
