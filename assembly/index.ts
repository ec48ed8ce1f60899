// The export list: everything TypeScript may call.
import { LAYOUT_VERSION } from './layout/version';

export { screenCurve } from './closed-form/curve';
export { screenRows } from './closed-form/screen';
export { engineBytes, engineReset } from './engine/reset';
export { engineRun } from './engine/run';
export { collectiveTime, priceCollective } from './cost/collective';
export { priceLines, priceOps } from './cost/roofline';
export { selectRank } from './reduce/percentile';

export function layoutVersion(): i32 {
  return LAYOUT_VERSION;
}
