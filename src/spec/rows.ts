// Row i of N: a sweep's configurations in mixed radix, the last axis fastest. Computed when asked for, never stored.
import { defaultsKey } from './profile.ts';
import type { Axis, Configuration, Spec } from './types.ts';

/** How many configurations a spec spans: the product of its axes, 1 without any. */
export function countRows(spec: Pick<Spec, 'axes'>): number {
  return spec.axes.reduce((rows, axis) => rows * axis.values.length, 1);
}

/** Rows from one value of each axis to its next: value j of axis a is at row sum(j[a] * strides[a]). */
export function strides(axes: readonly Axis[]): number[] {
  const rows = new Array<number>(axes.length);
  let stride = 1;
  for (let a = axes.length - 1; a >= 0; a--) {
    rows[a] = stride;
    stride *= axes[a].values.length;
  }
  return rows;
}

/** Which value of each axis row `row` has. */
export function digitsAt(axes: readonly Axis[], row: number): number[] {
  const digits = new Array<number>(axes.length);
  let rest = row;
  for (let a = axes.length - 1; a >= 0; a--) {
    const radix = axes[a].values.length;
    digits[a] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return digits;
}

/** The configuration of row `row`, 0 <= row < countRows(spec). Blank engine fields follow the row's own profile and device. */
export function rowAt(spec: Pick<Spec, 'axes' | 'base' | 'profileDefaults'>, row: number): Configuration {
  if (!Number.isInteger(row) || row < 0 || row >= countRows(spec))
    throw new RangeError(`row ${row} is not in the sweep`);
  const digits = digitsAt(spec.axes, row);
  const bound: Record<string, unknown> = { ...spec.base };
  spec.axes.forEach((axis, a) => {
    bound[axis.field] = axis.values[digits[a]];
  });
  const defaults = spec.profileDefaults;
  const key = defaultsKey(defaults, String(bound.profile), String(bound.hardware));
  return Object.assign(bound, key === null ? {} : defaults?.[key]) as unknown as Configuration;
}
