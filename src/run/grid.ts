// A screened sweep as a grid: groups of rows that share one step surface (outer axes), and the limits that vary inside one (inner axes).
import { SURFACE_FIELDS } from '../plan/deployment.ts';
import type { Question } from '../spec/question.ts';
import { configurationOf, type OnePool, type ShapeAxis } from '../spec/shape.ts';
import type { AxisField, Configuration } from '../spec/types.ts';

export interface Grid {
  readonly rows: number;
  readonly groups: number;
  /** Rows of each group. */
  readonly size: number;
  /** Row number of entry `inner` of group `group`. */
  row(group: number, inner: number): number;
}

/** Splits the axes of a shape; row numbers stay those of the question. */
export function openGrid({ axes }: OnePool): Grid {
  const isOuter = (axis: ShapeAxis) => (SURFACE_FIELDS as readonly AxisField[]).includes(axis.field);
  const outer = listOffsets(axes, isOuter);
  const inner = listOffsets(axes, (axis) => !isOuter(axis));
  return {
    rows: outer.length * inner.length,
    groups: outer.length,
    size: inner.length,
    row: (group, entry) => outer[group]! + inner[entry]!,
  };
}

/** Row offsets of every combination of the chosen axes, the last axis fastest. */
function listOffsets(axes: readonly ShapeAxis[], chosen: (axis: ShapeAxis) => boolean): Float64Array {
  let offsets = Float64Array.of(0);
  axes.forEach((axis, a) => {
    if (!chosen(axis)) return;
    const stride = axes.slice(a + 1).reduce((rows, { size }) => rows * size, 1);
    const next = new Float64Array(offsets.length * axis.size);
    offsets.forEach((offset, i) => {
      for (let v = 0; v < axis.size; v++) next[i * axis.size + v] = offset + v * stride;
    });
    offsets = next;
  });
  return offsets;
}

/** A row of the shape as a configuration. Throws UserError where the reader refuses the combination. */
export function openConfigurations(
  { at }: Pick<Question, 'at'>,
  { pool: name }: OnePool,
): (row: number) => Configuration {
  return (row) => {
    const { pools, workload } = at(row).spec;
    const pool = pools.find((one) => one.name === name);
    if (pool?.kind !== 'llm') throw new Error(`row ${row} has no engines ${name}`);
    return configurationOf(pool, workload.request_rate);
  };
}
