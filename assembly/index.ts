// The export list: everything TypeScript may call.
import { LAYOUT_VERSION } from './layout/version';

export function layoutVersion(): i32 {
  return LAYOUT_VERSION;
}
