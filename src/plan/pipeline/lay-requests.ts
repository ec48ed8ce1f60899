// The visits of all requests, laid out stage by stage; what they are made for may have other clients as long as its pools are alike.
import { openFormula } from '../../check/expression/formula.ts';
import { ExpressionError } from '../../check/expression/tokens.ts';
import { UserError } from '../../check/issue.ts';
import { SCORE_NAMES } from '../../spec/fleet/formulas.ts';
import { clientsIn, type FleetSpec, type PipelineSpec, type PoolSpec, ranksIn } from '../../spec/fleet/types.ts';
import { join, openState, type Walker } from '../../stages/laying.ts';
import { openHashChains } from '../../workload/hash-chains.ts';
import type { Walks } from '../../workload/walks.ts';
import type { DrawnTiers, FleetClient, FleetProgram, VisitTable } from '../fleet.ts';
import type { BoundPool } from './bind-pools.ts';
import { VisitWriter } from './columns.ts';
import { type GroupRecipe, openGroups, type PoolClients } from './groups.ts';
import { compileList } from './lay-list.ts';
import type { StageRoles } from './lower-fleet.ts';
import { openBuild } from './open-build.ts';

/** Everything about the visits of a run that does not name a client. */
export interface LaidRequests {
  readonly stages: readonly string[];
  readonly roles: StageRoles;
  readonly visits: VisitTable;
  readonly groups: readonly GroupRecipe[];
  /** Whether branches meet somewhere. */
  readonly joins: boolean;
  readonly hashCount: number;
  /** Hash ids of the shared texts that prompts begin with, that of most requests first. */
  readonly texts: readonly (readonly number[])[];
  readonly drawn: DrawnTiers;
  readonly requests: FleetProgram['requests'];
}

/** Branches meet at once, however many there are at one instant. */
const JOINT_CORES = 65536;

export function jointClient(location: number): FleetClient {
  return {
    name: 'join',
    kind: 'cores',
    batching: 'continuous',
    admission: 'prompt',
    packing: 'fcfs',
    maxNumSeqs: JOINT_CORES,
    maxNumBatchedTokens: 1,
    numGpuBlocks: 1,
    blockSize: 16,
    maxModelLen: 0,
    price: { fixed_s: 0, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 },
    localGroup: 0,
    location,
    channel: -1,
    demand: 0,
    tiers: [],
  };
}

export function layRequests(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  walks: Walks,
  apart: boolean,
  hashBlock: number,
): LaidRequests {
  const writer = new VisitWriter();
  const groups = openGroups(spec, clientsByPool(spec.pools), () => undefined); // blamed when they get their clients
  const own = spec.pools.reduce((sum, pool) => sum + clientsIn(pool), 0);
  const chains = hashBlock > 0 ? openHashChains(walks, hashBlock) : null;
  let joins = false;
  const addJoint = () => {
    joins = true;
    return groups.ofClient(own);
  };
  const build = openBuild({ spec, pools, writer, groups, chains, apart, addJoint });
  const several = spec.pipelines.length > 1;
  const pipelines = spec.pipelines.map(({ name, stages: list }) => compileList(build, list, several ? `${name}/` : ''));
  const priorities = spec.pipelines.map((pipeline) => priorityOf(pipeline, walks));
  const first = new Int32Array(walks.count + 1);
  const last = new Int32Array(walks.count);
  for (let r = 0; r < walks.count; r++) {
    writer.openRequest(r, priorities[walks.pipeline[r]!]!(r));
    first[r] = writer.count;
    const walker = walkerOf(spec, walks, r);
    const { ends } = pipelines[walks.pipeline[r]!]!(walker, [], openState(walker));
    // a request ends with one visit: branches at its end, or no stage at all, make one of no time
    last[r] = ends.length === 1 ? ends[0]! : join(build, ends);
  }
  first[walks.count] = writer.count;
  const laid = writer.done();
  const { adapter } = walks;
  const visits = {
    ...laid,
    ...(adapter ? { adapter: laid.request.map((r) => adapter[r]!) } : {}),
    ...(several ? { tenant: laid.request.map((r) => walks.pipeline[r]!) } : {}),
  };
  return {
    stages: build.stages,
    roles: build.roles,
    visits,
    groups: groups.recipes(),
    joins,
    hashCount: chains?.count ?? 0,
    texts: chains?.sharedTexts() ?? [],
    drawn: build.drawn,
    requests: requestsOf(walks, first, last),
  };
}

/** Kernels have it as a whole number. */
const MOST_PRIORITY = 2 ** 30;

/** The priority of each request of a pipeline. Throws UserError where its score divides by 0, or grows without end. */
function priorityOf({ name, priority, score }: PipelineSpec, walks: Walks): (request: number) => number {
  if (score === undefined) return () => priority;
  const formula = openFormula(score, SCORE_NAMES, 'number');
  const refuse = (received: string): never => {
    const expected = `a score of at most ${MOST_PRIORITY} for every request`;
    throw new UserError([{ path: `pipelines.${name}.priority.score`, expected, received }]);
  };
  return (r) => {
    const values = { input_len: promptOf(walks, r), output_len: walks.answer[r]! };
    try {
      const rank = Math.round(formula(values));
      return Math.abs(rank) <= MOST_PRIORITY
        ? rank
        : refuse(`${rank} of input_len ${values.input_len}, output_len ${values.output_len}`);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return refuse(`${error.received} of input_len ${values.input_len}, output_len ${values.output_len}`);
    }
  };
}

const promptOf = ({ prefixTokens, history, question }: Walks, r: number): number =>
  prefixTokens[r]! + history[r]! + question[r]!;

/** When requests come, and which of the visits are theirs. */
export function requestsOf(walks: Walks, first: Int32Array, last: Int32Array): FleetProgram['requests'] {
  const { count, arrival, concurrency, turns } = walks;
  return { count, arrival, first, last, concurrency, ...(turns ? { turns } : {}) };
}

export function clientsByPool(pools: readonly PoolSpec[]): Map<string, PoolClients> {
  const clients = new Map<string, PoolClients>();
  let first = 0;
  for (const pool of pools) {
    clients.set(pool.name, { first, count: pool.count, ranks: ranksIn(pool) });
    first += clientsIn(pool);
  }
  return clients;
}

function walkerOf(spec: FleetSpec, walks: Walks, r: number): Walker {
  const owner = walks.session[r]! >= 0 ? walks.session[r]! : r;
  return {
    index: r,
    cell: owner % spec.localGroups,
    key: walks.prefix[r]! >= 0 ? walks.prefix[r]! : owner,
    question: walks.question[r]!,
    answer: walks.answer[r]!,
    before: walks.prefixTokens[r]! + walks.history[r]!,
  };
}
