// Limits that are a multiple of what a request takes that is alone: `p99_ttft: 3x unloaded`. What that is, a run tells (run/unloaded.ts).
import { UserError } from '../check/issue.ts';
import type { FleetSpec } from './fleet/types.ts';
import { timeLeaf } from './leaf.ts';
import type { Slo } from './types.ts';

const RELATIVE = /^(?=[\d.]*[1-9])(\d+(?:\.\d+)?|\.\d+)\s*x\s+unloaded$/;
const EXPECTED = 'a time above 0, such as 250ms, or a multiple such as 3x unloaded';

/** The same statistic of the row's requests, each of them alone, s; Infinity where it is not known. */
export type Unloaded = (spec: FleetSpec, slo: Slo) => number;

/** A time that says its unit, or a multiple. */
export const limitLeaf = timeLeaf(EXPECTED, RELATIVE);

/** The factor, null of any other text. */
export function timesUnloaded(written: unknown): number | null {
  const found = typeof written === 'string' ? RELATIVE.exec(written.trim())?.[1] : undefined;
  return found === undefined ? null : Number(found);
}

/** Whether any limit waits for a run. */
export const isRelative = ({ slo }: Pick<FleetSpec, 'slo'>): boolean => slo.some(({ times }) => times !== undefined);

/** The row with its limits in seconds. Throws UserError where there is nobody who can run it. */
export function settleLimits(spec: FleetSpec, unloaded: Unloaded | undefined): FleetSpec {
  if (!isRelative(spec)) return spec;
  const slo = spec.slo.map((one) => {
    if (one.times === undefined) return one;
    if (unloaded) return { ...one, limit: one.times * unloaded(spec, one) };
    const expected = 'limits in seconds: nothing here can be run to tell what a lone request takes';
    throw new UserError([{ path: 'slo', expected, received: `${one.times}x unloaded`, file: spec.file }]);
  });
  return { ...spec, slo };
}
