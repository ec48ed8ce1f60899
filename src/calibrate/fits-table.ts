// The fits as a person reads them: one line a fit, with its errors.
import { drawTable, left, right } from '../report/table.ts';
import type { Fits } from './fit-device.ts';

const percent = (share: number): string => (100 * share).toFixed(1);
const microseconds = (seconds: number): string => (seconds * 1e6).toFixed(2);

/** Errors are |predicted/measured - 1| in %, median and 90th percentile, in the fitted half and in the half held out. */
export function fitsTable({ ops, links }: Fits, before: ReadonlyMap<string, number> | null): string {
  const errors = right(['in p50 %', 'in p90 %', 'out p50 %', 'out p90 %']);
  const cells = (e: Fits['ops'][number]['errors']) => [e.in_median, e.in_p90, e.out_median, e.out_p90].map(percent);
  const prices = right(['rows', 't0 us', 'eta compute', 'eta memory', 'p']);
  const old = right(before ? ['catalog p50 %'] : []);
  const work = drawTable(
    [...left(['device', 'work', 'format', 'traces']), ...prices, ...errors, ...old, ...left(['other traces, p50 %'])],
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
      ...left(['device', 'exchange']),
      ...[...right(['devices', 'rows', 't0 us', 'GB/s', 'p']), ...errors],
      ...left(['libraries']),
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
