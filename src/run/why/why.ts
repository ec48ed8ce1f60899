// Why a fleet comes to its figures: what its engines' time goes into, which limits had a say, where requests wait, and what would change them.
import type { Catalog } from '../../catalog/open.ts';
import { readVersion } from '../../check/version.ts';
import type { FleetResult } from '../../metrics/fleet/types.ts';
import { prepareFleet } from '../../plan/pipeline/lower-fleet.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { planMeasuring } from '../client-view.ts';
import type { Reach } from '../fleet-read.ts';
import { measureRun } from '../measure-fleet.ts';
import { openSession, type Session } from '../session.ts';
import { openSimulator } from '../simulate-row.ts';
import { advanceToEnd, longEnough, startRun } from '../whole-run.ts';
import { type EffectOptions, type Effects, findEffects } from './effects.ts';
import { layOpen, openStepLog, type Phase } from './phases.ts';

/** A limit of the engines of a pool, and the least of it under which the run would have been the same. */
export interface LimitUse {
  readonly pool: string;
  readonly limit: 'max_num_seqs' | 'max_num_batched_tokens' | 'KV blocks';
  readonly value: number;
  readonly needed: number;
  /** Whether anything ever waited for it. */
  readonly binding: boolean;
}

export interface Why {
  readonly name: string;
  readonly spec: FleetSpec;
  readonly result: FleetResult;
  readonly phases: readonly Phase[];
  /** Share of the time of a pool's engines in which they had nothing to do, by pool. */
  readonly idle: ReadonlyMap<string, number>;
  readonly limits: readonly LimitUse[];
  readonly effects: Effects;
  readonly share: number;
  readonly version: string;
}

/** `specs`: the fleet under each seed, its own first. Throws UserError where it cannot be. */
export async function findWhy(specs: readonly FleetSpec[], catalog: Catalog, options: EffectOptions): Promise<Why> {
  const session = openSession(catalog);
  const simulator = openSimulator(catalog, session);
  const spec = longEnough(specs[0]!, simulator);
  const own = await lookInto(spec, session);
  const effects = await findEffects(specs, catalog, simulator, options);
  return { name: spec.name, spec, ...own, effects, share: options.share, version: readVersion() };
}

async function lookInto(
  spec: FleetSpec,
  session: Session,
): Promise<Pick<Why, 'result' | 'phases' | 'idle' | 'limits'>> {
  const lowered = prepareFleet(spec, session.catalog, session);
  const poolOf = (client: number): string => lowered.clients[client]!.pool;
  const log = openStepLog();
  const fleet = startRun(lowered, {
    ...planMeasuring(spec, lowered, true),
    ...{ leap: 'none', reach: true, onSteps: (steps) => log.note(steps, poolOf) },
  });
  const run = await advanceToEnd(fleet);
  const { result } = measureRun(spec, lowered, run);
  const enginesOf = (pool: string): number => lowered.clients.filter((client) => client.pool === pool).length;
  const timeOf = (pool: string): number => enginesOf(pool) * run.clock;
  const phases = layOpen(spec, log, session, timeOf, meanPrompt(lowered.program.visits));
  const idle = new Map<string, number>();
  for (const { pool, share } of phases) idle.set(pool, (idle.get(pool) ?? 1) - share);
  return { result, phases, idle, limits: limitsUsed(spec, lowered, run.reach ?? []) };
}

function meanPrompt({ prompt, count }: { readonly prompt: Int32Array; readonly count: number }): number {
  let [sum, some] = [0, 0];
  for (let v = 0; v < count; v++) {
    if (prompt[v]! > 0) some++;
    sum += prompt[v]!;
  }
  return some > 0 ? sum / some : 1;
}

type Lowered = ReturnType<typeof prepareFleet>;

function limitsUsed({ pools }: FleetSpec, { clients, program }: Lowered, reach: readonly Reach[]): LimitUse[] {
  return pools.flatMap(({ name: pool, kind }) => {
    if (kind !== 'llm') return [];
    const own = clients.flatMap((client, c) => (client.pool === pool ? [c] : []));
    const engine = program.clients[own[0]!]!;
    const most = (of: (one: (typeof reach)[number]) => number): number => Math.max(...own.map((c) => of(reach[c]!)));
    const use = (limit: LimitUse['limit'], value: number, needed: number): LimitUse => ({
      ...{ pool, limit, value, needed: Math.min(needed, value), binding: needed > value },
    });
    return [
      use(
        'max_num_seqs',
        engine.maxNumSeqs,
        most(({ sequences }) => sequences),
      ),
      use(
        'max_num_batched_tokens',
        engine.maxNumBatchedTokens,
        most(({ budget }) => budget),
      ),
      use(
        'KV blocks',
        engine.numGpuBlocks,
        most(({ blocks }) => blocks),
      ),
    ];
  });
}
