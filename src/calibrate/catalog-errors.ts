// How far the catalog, as it is before a calibration, is from new timings: its fits alone, without their tables.
import type { Hardware } from '../catalog/types.ts';
import { chooseRate, type FitSource, listSources } from '../plan/efficiency.ts';
import { joinTimes, percentile, relativeErrors } from './fit.ts';
import type { OpSeries } from './measurement.ts';

/** Median |relative error| of the catalog's price of these rows, and where that price comes from. */
export function catalogError({ family, format, rows }: OpSeries, hardware: Hardware, fits: FitSource) {
  const { t0, perFlop, perByte, p, from } = chooseRate(listSources(fits, hardware), hardware, family, format);
  const errors = relativeErrors(rows, (row) => t0 + joinTimes(row.flops * perFlop, row.bytes * perByte, p));
  return { median: percentile(errors, 0.5), from };
}
