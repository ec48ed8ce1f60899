// What the figures of a fleet run rest on, and how far they may be off by it.
import type { Basis, ErrorBand, ErrorBands } from '../../catalog/types.ts';
import type { VisitResults } from '../../plan/fleet.ts';
import type { LoweredFleet } from '../../plan/pipeline/lower-fleet.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { fleetBand, type Rests, weakestBasis } from '../error-band.ts';
import { isApart, type Regime, regimeOf } from '../regime.ts';
import { isAtCapacity } from '../types.ts';
import type { ClientCounters } from './types.ts';

export interface FleetTrust {
  /** The least trustworthy basis among the clients that visits came to. */
  readonly basis: Basis;
  /** How the run was loaded. */
  readonly regime: Regime;
  /** Half the widths around its figures, in % of them; Infinity around latencies that are not determined: those of a run at capacity. */
  readonly band: ErrorBand;
}

/** What of a run is looked at. */
export interface Trusted {
  readonly results: Pick<VisitResults, 'client'>;
  readonly clients: readonly ClientCounters[];
}

/**
 * TTFT rests on every client but those that only decode, TPOT on those that make tokens, throughput and power on all; the band of
 * the run's regime counts too. At capacity no latency is determined. Null where no client that was used has prices of ours (a `step_time` of the
 * spec is the user's own). Only serving was measured end to end: what retrieval, stores and cores add is not in the band.
 */
export function trustFleet(
  spec: Pick<FleetSpec, 'pools'>,
  lowered: Pick<LoweredFleet, 'program' | 'clients' | 'roles'>,
  run: Trusted,
  bands: ErrorBands,
  judged: Parameters<typeof isAtCapacity>[0],
): FleetTrust | null {
  const rests = restsOf(spec, lowered, run);
  if (!rests) return null;
  const regime = regimeOf(lowered.program.clients, run.clients, isApart(spec));
  const band = fleetBand(bands, rests, regime);
  const open = { ttft_pct: Number.POSITIVE_INFINITY, tpot_pct: Number.POSITIVE_INFINITY };
  return { basis: rests.any, regime, band: isAtCapacity(judged) ? { ...band, ...open } : band };
}

/** What its figures rest on; null where no client that was used has prices of ours. */
export function restsOf(
  spec: Pick<FleetSpec, 'pools'>,
  { program, clients, roles }: Pick<LoweredFleet, 'program' | 'clients' | 'roles'>,
  { results }: Pick<Trusted, 'results'>,
): Rests | null {
  const own = new Set(spec.pools.flatMap((pool) => (isOwn(pool) ? [pool.name] : [])));
  const later = new Set([...roles.decode, ...roles.think]);
  const tokens = new Set([...roles.prefill, ...later]);
  const uses = usesOf(program, results, (stage) => (later.has(stage) ? 0 : BEFORE) | (tokens.has(stage) ? MAKING : 0));
  const basisOf = (use: number) =>
    weakestBasis(
      clients.flatMap(({ basis, pool }, c) =>
        (uses[c]! & use) === 0 || basis === '' || own.has(pool) ? [] : [basis as Basis],
      ),
    );
  const any = basisOf(BEFORE | MAKING);
  return any && { first: basisOf(BEFORE) ?? any, later: basisOf(MAKING) ?? any, any };
}

const BEFORE = 1;
const MAKING = 2;

/** By client, what the visits that came to it do: those of a stage all do the same. They are read until each client does all that there is. */
function usesOf(
  { stages, visits, clients }: LoweredFleet['program'],
  { client }: Pick<VisitResults, 'client'>,
  useOf: (stage: number) => number,
): Uint8Array {
  const uses = new Uint8Array(clients.length);
  const ofStage = Uint8Array.from(stages, (_, stage) => useOf(stage));
  const every = ofStage.reduce((all, use) => all | use, 0);
  for (let v = 0, left = clients.length; v < visits.count && left > 0; v++) {
    const c = client[v]!;
    if (c < 0 || uses[c] === every) continue;
    uses[c]! |= ofStage[visits.stage[v]!]!;
    if (uses[c] === every) left--;
  }
  return uses;
}

function isOwn(pool: FleetSpec['pools'][number]): boolean {
  return pool.kind === 'llm' && pool.configuration.step_time !== null;
}
