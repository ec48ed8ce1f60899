// What the figures of a fleet run rest on, and how far they may be off by it.
import type { Basis, ErrorBand, ErrorBands } from '../../catalog/types.ts';
import type { VisitResults } from '../../plan/fleet.ts';
import type { LoweredFleet } from '../../plan/pipeline/lower-fleet.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { fleetBand, weakestBasis } from '../error-band.ts';

export interface FleetTrust {
  /** The least trustworthy basis among the clients that visits came to. */
  readonly basis: Basis;
  readonly band: ErrorBand;
}

/**
 * TTFT rests on every client but those that only decode, TPOT on those that make tokens, throughput and power on all. Where prefill
 * and decode run apart, the band of such runs counts too. Null where no client that was used has prices of ours (a `step_time` of the
 * spec is the user's own). Only serving was measured end to end: what retrieval, stores and cores add is not in the band.
 */
export function trustFleet(
  spec: Pick<FleetSpec, 'pools'>,
  { program, clients, roles }: Pick<LoweredFleet, 'program' | 'clients' | 'roles'>,
  results: Pick<VisitResults, 'client'>,
  bands: ErrorBands,
): FleetTrust | null {
  const own = new Set(spec.pools.flatMap((pool) => (isOwn(pool) ? [pool.name] : [])));
  const [before, making] = [new Set<number>(), new Set<number>()];
  const later = new Set([...roles.decode, ...roles.think]);
  const tokens = new Set([...roles.prefill, ...later]);
  for (let v = 0; v < program.visits.count; v++) {
    const client = results.client[v];
    if (client < 0) continue;
    const stage = program.visits.stage[v];
    if (!later.has(stage)) before.add(client);
    if (tokens.has(stage)) making.add(client);
  }
  const basisOf = (set: Iterable<number>) =>
    weakestBasis(
      [...set].flatMap((c) => {
        const { basis, pool } = clients[c];
        return basis === '' || own.has(pool) ? [] : [basis as Basis];
      }),
    );
  const any = basisOf(new Set([...before, ...making]));
  if (any === null) return null;
  const apart = spec.pools.some((pool) => pool.kind === 'llm' && pool.role === 'prefill');
  const first = basisOf(before) ?? any;
  return { basis: any, band: fleetBand(bands, { first, later: basisOf(making) ?? any, any }, apart) };
}

function isOwn(pool: FleetSpec['pools'][number]): boolean {
  return pool.kind === 'llm' && pool.configuration.step_time !== null;
}
