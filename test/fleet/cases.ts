// Small fleets and pipelines, written as short as a hand-worked case needs them.
import {
  type FleetClient,
  type FleetGroup,
  type FleetLink,
  type FleetProgram,
  VISIT_HOLD,
  type VisitTable,
} from '../../src/plan/fleet.ts';
import type { Turns } from '../../src/workload/types.ts';
import { ONE_SECOND } from '../reference/cases.ts';

/** One visit of a request; `to`, `sameAs`, `lets` and `fetches` are positions within the request. */
export interface VisitRow {
  readonly group: number;
  readonly prompt?: number;
  readonly output?: number;
  /** Output tokens that its client asked for beyond those. */
  readonly askedMore?: number;
  readonly seconds?: number;
  readonly flags?: number;
  readonly sameAs?: number;
  readonly shared?: number;
  readonly lets?: number;
  readonly fetches?: number;
  /** Prompt tokens that are there without a look-up. */
  readonly fetched?: number;
  /** Store client that its hash blocks are written to. */
  readonly writes?: number;
  readonly hashes?: readonly number[];
  /** Edges: [target, bytes, layers]. */
  readonly to?: readonly (readonly [target: number, bytes?: number, layers?: number])[];
  /** Holders beyond the edges with bytes and the visits that let go. */
  readonly moreHolders?: number;
}

export interface RequestRow {
  readonly at: number;
  readonly visits: readonly VisitRow[];
  /** The smallest is served first where clients rank requests. */
  readonly priority?: number;
  /** The LoRA adapter that its visits ask for. */
  readonly adapter?: number;
  /** Whose request it is. */
  readonly tenant?: number;
  /** Position of the visit whose end finishes it; the last one unless said. */
  readonly last?: number;
  /** Position of the request that it follows, so many seconds after the end of that and not before `at`. */
  readonly after?: number;
  readonly delay?: number; // s
  /** It is another try of that, sent where that was turned away or left. */
  readonly again?: boolean;
  /** s that its client waits for the answer. */
  readonly patience?: number;
}

export interface FleetCase {
  readonly clients: readonly Partial<FleetClient>[];
  /** One group per client unless said. */
  readonly groups?: readonly (Partial<FleetGroup> & { members: readonly number[] })[];
  readonly links?: readonly (readonly [bandwidth: number, latency: number])[];
  /** Links between two places, as [from, to, ...links]; both ways. */
  readonly paths?: readonly (readonly [from: number, to: number, ...links: number[]])[];
  readonly requests: readonly RequestRow[];
  readonly concurrency?: number;
  readonly hashBlock?: number;
  readonly storeBytesPerToken?: number;
}

/** A roomy llm client of blocks of one token whose steps take one second. */
export function clientOf(changes: Partial<FleetClient>, index = 0): FleetClient {
  return {
    name: `client ${index}`,
    kind: 'llm',
    batching: 'chunked',
    admission: 'prompt',
    packing: 'fcfs',
    maxNumSeqs: 8,
    maxNumBatchedTokens: 100,
    numGpuBlocks: 1000,
    blockSize: 1,
    maxModelLen: 0,
    price: ONE_SECOND,
    localGroup: 0,
    location: 0,
    channel: -1,
    demand: 0,
    tiers: [],
    ...changes,
  };
}

export function groupOf(changes: Partial<FleetGroup> & { members: readonly number[] }): FleetGroup {
  return { name: 'group', routing: 'round-robin', metric: 'requests', threshold: 0, light: 0, ...changes };
}

/** A program whose paths are given in full; visits and requests are tabulated. */
export interface Assembly {
  readonly clients: readonly FleetClient[];
  readonly groups: readonly FleetGroup[];
  readonly links: readonly FleetLink[];
  readonly locations: number;
  readonly paths: readonly (readonly number[])[];
  readonly channels: number;
  readonly requests: readonly RequestRow[];
  readonly concurrency: number;
  readonly hashBlock: number;
  readonly hashCount: number;
  readonly storeBytesPerToken: number;
}

export function programOf(fleet: FleetCase): FleetProgram {
  const clients = fleet.clients.map(clientOf);
  const locations = Math.max(...clients.map((client) => client.location)) + 1;
  const paths: number[][] = Array.from({ length: locations * locations }, () => []);
  for (const [from, to, ...crossed] of fleet.paths ?? []) {
    paths[from * locations + to] = crossed;
    paths[to * locations + from] = crossed;
  }
  const hashes = fleet.requests.flatMap((request) => request.visits.flatMap((row) => row.hashes ?? []));
  return assembleProgram({
    clients,
    groups: (fleet.groups ?? clients.map((_, index) => ({ members: [index] }))).map(groupOf),
    links: (fleet.links ?? []).map(([bandwidth, latency], i) => ({ name: `link ${i}`, bandwidth, latency })),
    locations,
    paths,
    channels: Math.max(-1, ...clients.map((client) => client.channel)) + 1,
    requests: fleet.requests,
    concurrency: fleet.concurrency ?? 0,
    hashBlock: fleet.hashBlock ?? 0,
    hashCount: Math.max(-1, ...hashes) + 1,
    storeBytesPerToken: fleet.storeBytesPerToken ?? 0,
  });
}

export function assembleProgram({ requests: listed, concurrency, ...fleet }: Assembly): FleetProgram {
  const requests = [...listed.filter(({ after }) => after === undefined), ...listed.filter(isTurn)];
  const first = countFirst(requests);
  const last = requests.map((request, r) => first[r]! + (request.last ?? request.visits.length - 1));
  return {
    ...fleet,
    stages: ['stage'],
    visits: tabulateVisits(requests, first),
    requests: {
      count: requests.length,
      arrival: Float64Array.from(requests, (request) => request.at),
      first: Int32Array.from(first),
      last: Int32Array.from(last),
      concurrency,
      ...(listed.some(({ patience }) => patience !== undefined)
        ? { patience: Float64Array.from(requests, ({ patience = Number.POSITIVE_INFINITY }) => patience) }
        : {}),
      ...(listed.some(isTurn) ? { turns: tabulateTurns(requests, listed) } : {}),
    },
  };
}

const isTurn = ({ after }: RequestRow) => after !== undefined;

/** Turns of requests in their final order, which name each other by their place in the list. */
function tabulateTurns(requests: readonly RequestRow[], listed: readonly RequestRow[]): Turns {
  return {
    roots: requests.filter(({ after }) => after === undefined).length,
    after: Int32Array.from(requests, ({ after }) => (after === undefined ? -1 : requests.indexOf(listed[after]!))),
    delay: Float64Array.from(requests, ({ delay = 0 }) => delay),
    ...(requests.some(({ again }) => again)
      ? { again: Uint8Array.from(requests, ({ again = false }) => Number(again)) }
      : {}),
  };
}

function countFirst(requests: readonly RequestRow[]): number[] {
  const first = [0];
  for (const request of requests) first.push(first.at(-1)! + request.visits.length);
  return first;
}

function tabulateVisits(requests: readonly RequestRow[], first: readonly number[]): VisitTable {
  const rows = requests.flatMap((request, r) => request.visits.map((row) => ({ row, r, at: first[r]! })));
  const column = (of: (row: VisitRow, at: number) => number) => Int32Array.from(rows, ({ row, at }) => of(row, at));
  const within = (position: number | undefined, at: number) => (position === undefined ? -1 : at + position);
  const edges = rows.flatMap(({ row, at }) =>
    (row.to ?? []).map(([target, bytes = 0, layers = 0]) => [at + target, bytes, layers] as const),
  );
  const lets = column((row, at) => within(row.lets, at));
  const countIn = (column: ArrayLike<number>, v: number) => Array.from(column).filter((one) => one === v).length;
  const targets = edges.map(([target]) => target);
  return {
    count: rows.length,
    request: Int32Array.from(rows, ({ r }) => r),
    stage: new Int32Array(rows.length),
    group: column((row) => row.group),
    prompt: column((row) => row.prompt ?? 1),
    output: column((row) => row.output ?? 1),
    ...(rows.some(({ row }) => row.askedMore)
      ? { asked: column((row) => (row.output ?? 1) + (row.askedMore ?? 0)) }
      : {}),
    seconds: Float64Array.from(rows, ({ row }) => row.seconds ?? 0),
    flags: column((row) => row.flags ?? 0),
    priority: Int32Array.from(rows, ({ r }) => requests[r]!.priority ?? 0),
    ...(requests.some(({ adapter }) => adapter)
      ? { adapter: Int32Array.from(rows, ({ r }) => requests[r]!.adapter ?? 0) }
      : {}),
    ...(requests.some(({ tenant }) => tenant)
      ? { tenant: Int32Array.from(rows, ({ r }) => requests[r]!.tenant ?? 0) }
      : {}),
    sameAs: column((row, at) => within(row.sameAs, at)),
    shared: column((row) => row.shared ?? 0),
    lets,
    holders: Int32Array.from(
      rows,
      ({ row }, v) => countHolders(row) + (row.moreHolders ?? 0) + (holds(row) ? countIn(lets, v) : 0),
    ),
    pending: Int32Array.from(rows, (_, v) => countIn(targets, v)),
    edgeAt: Int32Array.from(accumulate(rows.map(({ row }) => row.to?.length ?? 0))),
    edgeTo: Int32Array.from(targets),
    edgeBytes: Float64Array.from(edges, ([, bytes]) => bytes),
    edgeLayers: Int32Array.from(edges, ([, , layers]) => layers),
    fetches: column((row, at) => within(row.fetches, at)),
    fetched: column((row) => row.fetched ?? 0),
    writes: column((row) => row.writes ?? -1),
    hashAt: Int32Array.from(accumulate(rows.map(({ row }) => row.hashes?.length ?? 0))),
    hashIds: Int32Array.from(rows.flatMap(({ row }) => row.hashes ?? [])),
  };
}

function holds(row: VisitRow): boolean {
  return ((row.flags ?? 0) & VISIT_HOLD) !== 0;
}

function countHolders(row: VisitRow): number {
  return holds(row) ? (row.to ?? []).filter(([, bytes = 0]) => bytes > 0).length : 0;
}

function accumulate(counts: readonly number[]): number[] {
  const sums = [0];
  for (const count of counts) sums.push(sums.at(-1)! + count);
  return sums;
}
