// What a step takes of a device's compute and of its bandwidth, as surfaces: the same ops, each by one part of its roofline alone.
import * as surface from '../../assembly/layout/surface.ts';
import type { PricedCompute } from './bind-ops.ts';
import type { ChannelParts } from './fleet.ts';
import { fillGrids, type Lowering, scaleColumn, shapeOf, writeTables } from './lower.ts';
import { addCompute, STEP, SUMS } from './lower-columns.ts';
import { addDraft } from './lower-draft.ts';
import { type PricedOps, priceList } from './priced-ops.ts';
import type { SurfaceKey } from './surface-key.ts';

/**
 * Seconds at the rates that ops reach (FLOPs over calibrated FLOP/s, bytes over calibrated B/s), so that what engines take together is
 * below the device's own peaks all the more. Launches, exchanges and the host take neither.
 */
export function lowerParts(key: SurfaceKey, lowering: Lowering): ChannelParts {
  return { compute: lowerPart(key, lowering, 'compute'), bandwidth: lowerPart(key, lowering, 'memory') };
}

type Part = 'compute' | 'memory';

function lowerPart(key: SurfaceKey, lowering: Lowering, part: Part): Float64Array {
  const table = new Float64Array(surface.SURFACE_SIZE);
  const shape = shapeOf(key, lowering);
  const partOf = ({ compute, slowdown }: PricedOps): PricedOps => ({
    slowdown,
    compute: compute.map((op) => onlyPart(op, part)),
    exchange: [],
  });
  const { compute, slowdown } = partOf(priceList(shape.ops, key.hardware, lowering.book, key.profile));
  fillGrids(lowering, shape, slowdown);
  for (const name of SUMS) lowering.columns[name].view.fill(0);
  for (const op of compute) addCompute(lowering, op, shape, STEP);
  if (shape.draft) addDraft(lowering, key, shape, shape.draft, partOf);
  const scale = key.profile.kernel_scale ?? 1;
  for (const name of SUMS) scaleColumn(lowering.columns[name].view, scale);
  table[surface.SURFACE_HOST_NORM] = 1;
  table[surface.SURFACE_WINDOW] = shape.window;
  table.set(shape.knots, surface.SURFACE_KNOTS_AT);
  writeTables(table, lowering.columns, shape.perDecode, 0);
  return table;
}

/** An op as if its launch and the other part took no time; where its time was measured, by its fit. */
function onlyPart(priced: PricedCompute, part: Part): PricedCompute {
  const { line, memoryZ } = priced;
  const own =
    part === 'compute' ? { ...line, memory0: 0, memoryX: 0, memoryY: 0 } : { ...line, computeX: 0, computeY: 0 };
  return {
    ...priced,
    line: { ...own, t0: 0 },
    memoryZ: part === 'compute' ? 0 : memoryZ,
    curve: null,
    plane: null,
    factors: null,
  };
}
