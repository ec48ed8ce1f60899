// A lowered fleet at the prices of another catalog or session: the same visits on the same clients, whose steps take other times.
import type { FleetSpec } from '../../spec/fleet/types.ts';
import type { Lowering } from '../lower.ts';
import { bindPools } from './bind-pools.ts';
import { openBlame } from './blame.ts';
import { type FleetCatalog, factsOf, type LoweredFleet, sourceOf } from './lower-fleet.ts';
import { type FleetShare, openShare } from './share.ts';

/** Of a spec whose pools have the limits and blocks that they were lowered with: only what a step costs may differ. */
export function repriceFleet(
  spec: FleetSpec,
  lowered: LoweredFleet,
  catalog: FleetCatalog,
  session: { readonly lowering: Lowering },
  share: Pick<FleetShare, 'surfaces'> = openShare(),
): LoweredFleet {
  const { blame, settle } = openBlame(spec);
  const pools = bindPools(spec, sourceOf(spec, catalog), session.lowering, blame, { surfaces: share.surfaces });
  settle();
  const bound = lowered.clients.map(({ pool }) => pools.get(pool));
  const clients = lowered.program.clients.map((client, c) => {
    const { price, parts } = bound[c]?.client ?? client;
    return { ...client, price, ...(parts ? { parts } : {}) };
  });
  const facts = lowered.clients.map((client, c) => (bound[c] ? factsOf(bound[c]) : client));
  return { ...lowered, program: { ...lowered.program, clients }, clients: facts };
}
