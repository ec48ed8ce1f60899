// The state of the reference fleet between instants: visits, clients, flows and events as plain objects.
import { STATE_PENDING } from '../../../assembly/layout/enums.ts';
import { splitsMembers } from '../../../src/check/scheduler-lists.ts';
import {
  type FleetClient,
  type FleetOutage,
  type FleetProgram,
  type InstanceChange,
  VISIT_HOLD,
  VISIT_LOCAL,
  VISIT_PREFIX,
  VISIT_RESIDENT,
  type VisitResults,
} from '../../../src/plan/fleet.ts';
import { type ClientCounters, openCounters } from './counters.ts';
import { Lru } from './lru.ts';
import { type Block, BlockPool } from './pool.ts';
import { type Instance, openFailing, openScalings, type Scaling } from './scale.ts';
import { openTenants, type Tenants } from './tenants.ts';

/** One stage of one request. While it is in an llm client it is prefilling while past < need, else decoding. */
export interface Visit {
  readonly index: number;
  readonly request: number;
  readonly group: number;
  readonly prompt: number;
  readonly output: number;
  /** Output tokens that its client asked for at most. */
  readonly asked: number;
  readonly seconds: number;
  /** The smallest is served first, where clients look at it. */
  readonly priority: number;
  /** The LoRA adapter that it asks for, 0 = none. */
  readonly adapter: number;
  /** Whose request it is of. */
  readonly tenant: number;
  readonly resident: boolean;
  readonly hold: boolean;
  readonly prefix: boolean;
  readonly local: boolean;
  readonly sameAs: number;
  readonly shared: number;
  readonly lets: number;
  readonly fetches: number;
  readonly writes: number;
  readonly hashes: readonly number[];
  readonly edges: Edge[];
  client: Client | null;
  pending: number;
  holders: number;
  /** Prompt tokens that a store sent for it. */
  fetched: number;
  /** Tiers of a store that still have to deliver (kv-fetch visits). */
  parts: number;
  past: number; // tokens in the KV cache
  need: number; // tokens to prefill: the prompt, or after a preemption prompt + generated
  generated: number; // output tokens so far
  /** KV blocks that it reads, in order of position, but for those at the front that another visit holds for it. */
  kv: Block[];
  /** Leading hash blocks that others can find since it computed them, or could before. */
  listed: number;
  /** Of what it gave up when it was preempted: the blocks of whole blocks of tokens without ids, and where the first stood. */
  left: { readonly from: number; readonly blocks: readonly Block[] };
  lastToken: number; // s
  preempted: boolean;
  swapped: boolean; // its KV lies in host memory while it waits
  /** Tokens that finished steps processed since it was last admitted. */
  processed: number;
  joined: number; // when it joined its queue, as a count
  leaves: boolean; // its client left while it ran, or its request failed
}

export interface Edge {
  readonly index: number;
  readonly from: Visit;
  readonly to: Visit;
  readonly bytes: number;
  readonly layers: number;
  departed: boolean;
}

/** Nothing was left behind. */
export const NOTHING: Visit['left'] = { from: 0, blocks: [] };

/** What a step does. Chunks are in the order they were scheduled. */
export interface FormedStep {
  readonly chunks: { readonly visit: Visit; readonly tokens: number }[];
  readonly decodes: Visit[];
  readonly preempted: Visit[];
  /** Of those preempted: copied to host memory; and those that came back. */
  readonly swappedOut: Visit[];
  readonly swappedIn: Visit[];
  readonly admitted: { readonly visit: Visit; readonly skip: number }[];
  /** Blocks that its decodes took on top of what they had: load sees them when the step has ended. */
  decodeBlocks: number;
}

/** A step under way: `left` seconds of work at full speed as of `updated`. */
export interface Step {
  readonly formed: FormedStep;
  readonly start: number;
  /** Shares of its channel's compute and bandwidth at full speed. */
  readonly wants: { readonly compute: number; readonly bandwidth: number };
  left: number;
  rate: number;
  updated: number;
  end: number;
}

export interface Client {
  readonly index: number;
  readonly setup: FleetClient;
  readonly hashBlock: number; // tokens
  /** In order of joining; a preempted visit of a first-come-first-served client stands at the front. */
  waiting: Visit[];
  running: Visit[]; // in order of admission
  /** Ended, but others still need their blocks. */
  held: Visit[];
  /** Of an instance that was off a new one. */
  pool: BlockPool;
  /** Visits that give their blocks up at the end of the step that is being retired; null between. */
  leaving: Visit[] | null;
  hostFree: number; // KV blocks of host memory
  /** Blocks copied out or in that no step has paid for yet. */
  moved: number;
  busy: Step | null;
  /** LoRA adapters: those that run, when the others were last used (s), and seconds of loading that no step has paid for yet. */
  /** Fair queues. */
  readonly tenants: Tenants;
  readonly adapters: { running: Set<number>; left: Map<number, number>; loading: number };
  /** Visits on cores and when they end. */
  cores: { readonly visit: Visit; readonly end: number }[];
  /** Routed to it and not ended. */
  readonly outstanding: Set<Visit>;
  joins: number;
  /** The newest of the waiting, which a scheduler that looks now and then has not seen; its decode steps since it looked. */
  hidden: number;
  sinceLook: number;
  /** Whether its last step held prompts. */
  lastHadPrompts: boolean;
  /** Steps that waiting prompts have been held back. */
  waited: number;
  /** Whether ranks that step together hold back the prompts that wait; of the first rank: steps so far for ranks without, and since all have one. */
  holds: boolean;
  uneven: number;
  even: number;
  /** Admission new-token-ratio: what is expected and decode steps since, tokens spoken for in this step, whether it was refused since. */
  ratio: { readonly base: number; readonly decayed: number };
  spoken: number;
  full: boolean;
  /** Its last step came out empty: it waits for blocks that are let go or for a visit that joins. */
  asleep: boolean;
  readonly tiers: readonly Lru[];
  readonly counters: ClientCounters;
}

/** What crosses links: the bytes of an edge, or what tier `tier` of a store sends for a kv-fetch visit. */
export interface Flow {
  readonly edge: Edge | null;
  readonly visit: Visit;
  readonly tier: number;
  readonly links: readonly number[];
  remaining: number; // bytes that are there; below 0 the first layer is still being computed
  pace: number; // B/s that come up while the source computes; 0 when all is there
  rate: number; // B/s
  updated: number; // s
  end: number; // s
}

/** An edge that departs or is delivered, a tier of a store that delivers, blocks that are written, a turn that arrives (deliver.ts). */
export interface FleetEvent {
  readonly time: number;
  readonly edge: Edge | null;
  readonly visit: Visit;
  readonly tier: number;
}

export interface World {
  readonly program: FleetProgram;
  readonly visits: readonly Visit[];
  readonly clients: readonly Client[];
  readonly results: VisitResults;
  readonly requestState: Int32Array;
  readonly arrival: Float64Array;
  /** Position of the last chosen member: one per group, two with heavy-light. */
  readonly lastChosen: [number, number][];
  /** By the first client of an instance: the rank that it last dealt a visit to. */
  readonly lastRank: Map<Client, number>;
  flows: Flow[];
  flowsChanged: boolean;
  events: FleetEvent[];
  /** Per channel: the steps that were active when its shares were last worked out. */
  active: Step[][];
  readonly gaps: number[];
  /** Who starts and stops instances, and what has become of these. */
  readonly scalings: readonly Scaling[];
  readonly changes: InstanceChange[];
  /** Instances that fail and that nobody starts or stops. */
  readonly failing: readonly Instance[];
  /** Failures that are to come, in order. */
  readonly outages: FleetOutage[];
  /** s, by visit that ends a request, when that failed. */
  readonly failedAt: Float64Array;
  /** Who waits at the router for an instance that is on. */
  held: FleetEvent[];
  wasted: number; // output tokens of visits whose client left
  next: number; // request to arrive next
  sent: number; // requests that follow no other whose arrival is known
  now: number;
}

export function openWorld(program: FleetProgram): World {
  const visits = readVisits(program);
  const { count, concurrency, turns } = program.requests;
  const roots = turns?.roots ?? count;
  const clients = program.clients.map((setup, index) => openClient(setup, index, program.hashBlock));
  const world: World = {
    program,
    visits,
    clients,
    scalings: openScalings(program, clients),
    changes: [],
    failing: openFailing(program, clients),
    outages: [...(program.outages ?? [])],
    failedAt: new Float64Array(visits.length).fill(Number.NaN),
    held: [],
    results: openResults(visits.length),
    requestState: new Int32Array(count).fill(STATE_PENDING),
    arrival: concurrency > 0 ? new Float64Array(count).fill(Number.NaN) : program.requests.arrival.slice(),
    lastChosen: program.groups.map(({ members, routing, light }) =>
      splitsMembers(routing) ? [light - 1, members.length - light - 1] : [-1, -1],
    ),
    lastRank: new Map(),
    flows: [],
    flowsChanged: false,
    events: [],
    active: Array.from({ length: program.channels }, () => []),
    gaps: [],
    wasted: 0,
    next: 0,
    sent: concurrency > 0 ? Math.min(concurrency, roots) : roots,
    now: 0,
  };
  if (concurrency > 0) world.arrival.set(program.requests.arrival.subarray(0, world.sent));
  world.arrival.fill(Number.NaN, roots);
  return world;
}

function openClient(setup: FleetClient, index: number, hashBlock: number): Client {
  return {
    index,
    setup,
    hashBlock,
    waiting: [],
    running: [],
    held: [],
    pool: new BlockPool(setup.numGpuBlocks),
    leaving: null,
    hostFree: setup.swap?.hostBlocks ?? 0,
    moved: 0,
    busy: null,
    tenants: openTenants(setup),
    adapters: { running: new Set(), left: new Map(), loading: 0 },
    cores: [],
    outstanding: new Set(),
    joins: 0,
    hidden: 0,
    sinceLook: 0,
    lastHadPrompts: false,
    waited: 0,
    holds: false,
    uneven: 0,
    even: 0,
    ratio: { base: Number.NaN, decayed: 0 },
    spoken: 0,
    full: false,
    asleep: false,
    tiers: setup.tiers.map((tier) => new Lru(tier.blocks, tier.held)),
    counters: openCounters(setup),
  };
}

function openResults(count: number): VisitResults {
  const never = () => new Float64Array(count).fill(Number.NaN);
  return {
    state: new Int32Array(count).fill(STATE_PENDING),
    ready: never(),
    start: never(),
    first: never(),
    finish: never(),
    client: new Int32Array(count).fill(-1),
    preemptions: new Int32Array(count),
    cached: new Int32Array(count),
  };
}

function readVisits({ visits: table }: FleetProgram): Visit[] {
  const visits = Array.from({ length: table.count }, (_, index): Visit => {
    const flags = table.flags[index]!;
    return {
      index,
      request: table.request[index]!,
      group: table.group[index]!,
      prompt: table.prompt[index]!,
      output: table.output[index]!,
      asked: table.asked?.[index] ?? table.output[index]!,
      seconds: table.seconds[index]!,
      priority: table.priority?.[index] ?? 0,
      adapter: table.adapter?.[index] ?? 0,
      tenant: table.tenant?.[index] ?? 0,
      resident: (flags & VISIT_RESIDENT) !== 0,
      hold: (flags & VISIT_HOLD) !== 0,
      prefix: (flags & VISIT_PREFIX) !== 0,
      local: (flags & VISIT_LOCAL) !== 0,
      sameAs: table.sameAs[index]!,
      shared: table.shared[index]!,
      lets: table.lets[index]!,
      fetches: table.fetches[index]!,
      writes: table.writes[index]!,
      hashes: [...table.hashIds.subarray(table.hashAt[index]!, table.hashAt[index + 1]!)],
      edges: [],
      client: null,
      pending: table.pending[index]!,
      holders: table.holders[index]!,
      fetched: table.fetched?.[index] ?? 0,
      parts: 0,
      past: 0,
      need: table.prompt[index]!,
      generated: 0,
      kv: [],
      listed: 0,
      left: NOTHING,
      lastToken: Number.NaN,
      preempted: false,
      swapped: false,
      processed: 0,
      joined: 0,
      leaves: false,
    };
  });
  for (const visit of visits) {
    for (let index = table.edgeAt[visit.index]!; index < table.edgeAt[visit.index + 1]!; index++) {
      const [bytes, layers] = [table.edgeBytes[index]!, table.edgeLayers[index]!];
      visit.edges.push({ index, from: visit, to: visits[table.edgeTo[index]!]!, bytes, layers, departed: false });
    }
  }
  return visits;
}
