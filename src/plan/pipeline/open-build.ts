// What stages are laid out with: the names of the program's stages, random numbers, tiers, and what a prompt alone would take.
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { MAX_LENGTH_TOKENS } from '../../spec/limits.ts';
import type { WorkloadSpec } from '../../spec/types.ts';
import type { Build, Draws } from '../../stages/laying.ts';
import { opensGeneration } from '../../stages/list.ts';
import { openLatencies, openLengths, STREAM_STAGES } from '../../workload/draws.ts';
import type { HashChains } from '../../workload/hash-chains.ts';
import { nextUniform, openStream } from '../../workload/streams.ts';
import type { DrawnTiers, FleetClient } from '../fleet.ts';
import { readSurface } from '../read-surface.ts';
import type { BoundPool } from './bind-pools.ts';
import type { VisitWriter } from './columns.ts';
import type { Groups } from './groups.ts';
import { compileList } from './lay-list.ts';
import type { StageRoles } from './lower-fleet.ts';

/** What a fleet says before its requests are laid out. */
interface Ground {
  readonly spec: FleetSpec;
  readonly pools: ReadonlyMap<string, BoundPool>;
  readonly writer: VisitWriter;
  readonly groups: Groups;
  readonly chains: HashChains | null;
  readonly apart: boolean;
  /** Adds the client that joins branches and returns its group. */
  addJoint(): number;
}

/** `stages` and `roles` grow while stages are laid out. */
export interface OpenBuild extends Build {
  readonly stages: readonly string[];
  readonly roles: StageRoles;
  readonly drawn: DrawnTiers;
}

export function openBuild({ spec, pools, addJoint, ...shared }: Ground): OpenBuild {
  const stages: string[] = [];
  const roles = { prefill: [] as number[], decode: [] as number[], think: [] as number[] };
  const drawn = { asked: 0, found: new Map<string, number>() };
  let joint: { readonly group: number; readonly stage: number } | null = null;
  const build: OpenBuild = {
    ...shared,
    pools,
    stages,
    roles,
    drawn,
    stage(name, role) {
      // stages of nested lists may be called alike: each is counted by itself
      let own = name;
      for (let i = 2; stages.includes(own); i++) own = `${name}-${i}`;
      stages.push(own);
      if (role) roles[role].push(stages.length - 1);
      return stages.length - 1;
    },
    asked: (answer) => askedOf(spec.workload.max_tokens, answer),
    joint() {
      joint ??= { group: addJoint(), stage: build.stage('join') };
      return joint;
    },
    draws: ({ ordinal }) => openDraws(spec.workload.seed, ordinal),
    tier: (name) => tierOf(spec, name),
    noteFetch(tokens, found) {
      drawn.asked += tokens;
      for (const [name, own] of found) drawn.found.set(name, (drawn.found.get(name) ?? 0) + own);
    },
    prefillSeconds([name], tokens) {
      const pool = pools.get(name!);
      if (!pool) throw new Error(`no pool ${name}`); // the reader refuses it
      return prefillSeconds(pool.client, tokens);
    },
    list: (list, label, behind) => compileList(build, list, label, behind),
    opens: opensGeneration,
  };
  return build;
}

/** What clients ask for who get an answer of so many tokens: that, where nothing is said. */
function askedOf(most: WorkloadSpec['max_tokens'], answer: number): number {
  if (most === undefined) return answer;
  return Math.max(answer, 'tokens' in most ? most.tokens : Math.min(MAX_LENGTH_TOKENS, Math.ceil(answer * most.ratio)));
}

/** The random numbers of a stage: a stream of its own. */
function openDraws(seed: number, ordinal: number): Draws {
  const stream = openStream(seed, STREAM_STAGES + ordinal);
  return {
    uniform: () => nextUniform(stream),
    lengths: (spec) => openLengths(spec, stream),
    latencies: (spec) => openLatencies(spec, stream),
  };
}

function tierOf({ tiers, links }: FleetSpec, name: string): { readonly latency: number; readonly bandwidth: number } {
  const tier = tiers[name]!;
  const link = tier.link === null ? null : links[tier.link];
  const bandwidth = link ? link.bandwidth * link.efficiency : (tier.bandwidth ?? Number.POSITIVE_INFINITY);
  return { latency: tier.latency + (link?.latency ?? 0), bandwidth };
}

/** A whole prompt alone in a step of this client. */
export function prefillSeconds({ price }: Pick<FleetClient, 'price'>, tokens: number): number {
  if (price instanceof Float64Array)
    return readSurface(price, { prefill: [{ tokens, past: 0, completes: true }], decode: [] });
  const pairs = (tokens * (tokens + 1)) / 2;
  return price.fixed_s + price.per_new_token_s * tokens + price.per_prefill_pair_s * pairs + price.per_sequence_s;
}
