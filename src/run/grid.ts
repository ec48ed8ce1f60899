// A sweep as a grid: groups of rows that share one step surface (outer axes), and the limits that vary inside one (inner axes).
import { SURFACE_FIELDS } from '../plan/deployment.ts';
import { countRows, rowAt, strides } from '../spec/rows.ts';
import type { Axis, AxisField, Configuration, Spec } from '../spec/types.ts';

export interface Grid {
  readonly rows: number;
  readonly groups: number;
  /** Rows of each group. */
  readonly size: number;
  /** Row number of entry `inner` of group `group`. */
  row(group: number, inner: number): number;
  /** The configuration of that row. */
  configuration(group: number, inner: number): Configuration;
}

/** Splits the axes of a spec; row numbers stay those of the spec. */
export function openGrid(spec: Spec): Grid {
  const steps = strides(spec.axes);
  const isOuter = (axis: Axis) => (SURFACE_FIELDS as readonly AxisField[]).includes(axis.field);
  const outer = listOffsets(spec.axes, steps, isOuter);
  const inner = listOffsets(spec.axes, steps, (axis) => !isOuter(axis));
  const row = (group: number, entry: number) => outer[group] + inner[entry];
  return {
    rows: countRows(spec),
    groups: outer.length,
    size: inner.length,
    row,
    configuration: (group, entry) => rowAt(spec, row(group, entry)),
  };
}

/** Row offsets of every combination of the chosen axes, the last axis fastest. */
function listOffsets(axes: readonly Axis[], steps: readonly number[], chosen: (axis: Axis) => boolean): Float64Array {
  let offsets = Float64Array.of(0);
  axes.forEach((axis, a) => {
    if (!chosen(axis)) return;
    const next = new Float64Array(offsets.length * axis.values.length);
    offsets.forEach((offset, i) => {
      for (let v = 0; v < axis.values.length; v++) next[i * axis.values.length + v] = offset + v * steps[a];
    });
    offsets = next;
  });
  return offsets;
}
