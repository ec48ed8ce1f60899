// The passes of a draft as columns of a step surface: the first over every new token, the others over a token of each sequence.
import { GRID_TOKENS } from '../../assembly/layout/grid.ts';
import type { PricedCompute } from './bind-ops.ts';
import type { Draft } from './draft.ts';
import { hostOf } from './engine-host.ts';
import { addCompute, addExchange, type Columns, type Lowering, type Sinks, STEP } from './lower-columns.ts';
import { type PricedExchange, type PricedOps, priceList } from './priced-ops.ts';
import type { Shape, SurfaceKey } from './surface-key.ts';

/** The draft samples for sequences, not for all the tokens that the model samples for. */
const FIRST_PASS: Sinks = { ...STEP, head: 'drafted', headLight: 'draftedLight' };
const OTHER_PASSES: Sinks = {
  linear: 'drafted',
  experts: 'draftedExperts',
  light: 'draftedLight',
  head: 'drafted',
  headLight: 'draftedLight',
};

/**
 * k passes of the draft: the first over every new token of the step (that is how its own cache is filled, prompts included), the
 * others over one token of each sequence that decodes; every pass reads the cache and samples once a sequence. `partOf`: what of the
 * ops is counted.
 */
export function addDraft(
  lowering: Lowering,
  key: SurfaceKey,
  shape: Shape,
  draft: Draft,
  partOf: (ops: PricedOps) => PricedOps = (ops) => ops,
): PricedOps {
  const drafted = partOf(priceList(draft.ops, key.hardware, lowering.book, key.profile));
  const passes = shape.perDecode - 1;
  const inShape = { ...shape, split: draft.split };
  for (const priced of drafted.compute) {
    const once = priced.op.over !== 'samples' && priced.op.over !== 'decode';
    if (once) addCompute(lowering, priced, inShape, FIRST_PASS);
    const again = once ? passes - 1 : passes;
    if (again > 0 && priced.op.over !== 'prefill') addCompute(lowering, times(priced, again), inShape, OTHER_PASSES);
  }
  for (const priced of drafted.exchange) {
    const once = priced.op.over !== 'samples';
    if (once) addExchange(lowering, priced, FIRST_PASS);
    const again = once ? passes - 1 : passes;
    if (again > 0) addExchange(lowering, times(priced, again), OTHER_PASSES);
  }
  return drafted;
}

function times<Priced extends PricedCompute | PricedExchange>(priced: Priced, count: number): Priced {
  return { ...priced, op: { ...priced.op, count: priced.op.count * count } };
}

/** Seconds of the draft's passes on B decodes: launches of the host (all but the first pass, which goes with the step) and device. */
export function passesAt(columns: Columns, i: number, hostSeconds: number): number {
  const { drafted, draftedExperts, draftedLight } = columns;
  if (i === 0 || i >= GRID_TOKENS) return 0;
  return drafted.view[i]! + draftedExperts.view[i]! + draftedLight.view[i]! + hostSeconds;
}

/** Host seconds of one layer on `tp` devices. */
export function hostPerLayer({ profile, model }: SurfaceKey, tp: number): number {
  const host = hostOf(profile, model);
  return host.layer_s + tp * (host.layer_device_s ?? 0);
}

/** Host seconds of the draft's passes after its first. */
export function hostOfPasses(key: SurfaceKey, { draft, perDecode }: Shape): number {
  return draft === null ? 0 : (perDecode - 2) * draft.layers * hostPerLayer(key, draft.split.tp);
}
