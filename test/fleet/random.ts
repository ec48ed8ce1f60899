// Small random fleets and pipelines: clients of every kind, tight memory, contended links and channels, instants that coincide.
import fc from 'fast-check';
import { SURFACE_AP_FIXED, SURFACE_G, SURFACE_KNOTS_AT } from '../../assembly/layout/surface.ts';
import {
  ADMISSION,
  BATCHING,
  DEALING,
  PACKING,
  queuesByKey,
  type RoutingPolicy,
  ranksRequests,
  servesTenants,
} from '../../src/check/scheduler-lists.ts';
import type { FleetClient, FleetGroup, FleetLink, FleetProgram, FleetTier } from '../../src/plan/fleet.ts';
import { WRITE_POLICIES } from '../../src/spec/fleet/words.ts';
import { drawPages, drawSpeculation, drawSurface, drawWord, mostPages } from '../engine/random.ts';
import { assembleProgram, clientOf, groupOf, type RequestRow } from './cases.ts';
import { ADAPTERS, drawAdapters } from './draw-adapters.ts';
import { drawGroup } from './draw-groups.ts';
import { drawImpatience, type Impatience, leaveAndTry, limitAt } from './draw-impatience.ts';
import { drawLinks, drawPaths, LINKS, LOCATIONS } from './draw-links.ts';
import { ANY, ROUND, type Scale } from './draw-scale.ts';
import { type DrawnScaling, drawScaling, scaleProgram } from './draw-scalers.ts';
import { drawTenants, TENANTS } from './draw-tenants.ts';
import { cascadeBy, drawWalk, LOCAL_GROUPS, type Walk, walkRows } from './shapes.ts';

const CHANNELS = 2;
export const HASH_IDS = 48;

function drawLlm(scale: Scale, longest: number): fc.Arbitrary<FleetClient> {
  return fc
    .record({
      batching: drawWord(BATCHING),
      admission: drawWord(ADMISSION, 2),
      packing: drawWord(PACKING, 1),
      maxNumSeqs: fc.integer({ min: 1, max: 8 }),
      maxNumBatchedTokens: fc.integer({ min: 1, max: 48 }),
      blockSize: fc.constantFrom(1, 1, 3, 4, 16),
      slack: fc.constantFrom(0.7, 1, 1, 1.2, 1.5, 2, 20),
      maxModelLen: fc.constantFrom(0, 0, 0, 0, Math.ceil(longest * 0.8)),
      maxPrompt: fc.constantFrom(0, 0, 0, 0, Math.ceil(longest * 0.6)),
      schedulerSteps: fc.constantFrom(1, 1, 2, 3, 8),
      receiveEvery: fc.constantFrom(1, 1, 1, 2, 5),
      wait: fc.oneof(
        { arbitrary: fc.constant(null), weight: 3 },
        fc.record({ steps: fc.integer({ min: 1, max: 5 }), tokens: fc.integer({ min: 2, max: 40 }) }),
      ),
      swap: fc.oneof(
        { arbitrary: fc.constant(null), weight: 2 },
        fc.record({ share: fc.constantFrom(0.05, 0.5, 4), secondsPerBlock: scale.copying }),
      ),
      price: scale.price,
      localGroup: fc.nat(LOCAL_GROUPS),
      location: fc.nat(LOCATIONS - 1),
      channel: fc.oneof({ arbitrary: fc.constant(-1), weight: 2 }, fc.nat(CHANNELS - 1)),
      demand: fc.constantFrom(0, 0.25, 0.5, 0.6, 0.75, 1),
      parts: fc.oneof(
        { arbitrary: fc.constant(null), weight: 2 },
        fc.record({ compute: drawPart(), bandwidth: drawPart() }),
      ),
      prefixCaching: fc.boolean(),
      watermark: fc.constantFrom(0, 0, 0, 0.1, 0.5, 0.9),
      speculation: drawSpeculation(),
      pages: drawPages(),
      adapters: fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, drawAdapters(scale.seconds)),
      tenants: drawTenants(),
    })
    .map(({ speculation: drafting, schedulerSteps: rounds, swap: copying, adapters: loras, tenants, ...drawn }) => {
      const { slack, receiveEvery, wait, parts, pages: hybrid, ...rest } = drawn;
      // what tenants have had is counted token by token, and their queues are no adapters'
      const fair = servesTenants(rest.packing);
      const [speculation, schedulerSteps] = fair ? [null, 1] : [drafting, rounds];
      const [swap, adapters] = fair ? [null, null] : [copying, loras];
      // what is shared is found by blocks that hold all layers
      const pages = rest.prefixCaching ? null : hybrid;
      const numGpuBlocks = Math.max(1, Math.floor(mostPages(pages, longest, rest.blockSize) * slack));
      // a decode that never finds its tokens would wait for ever
      const alone = ranksRequests(rest.packing);
      const maxNumBatchedTokens = Math.max(rest.maxNumBatchedTokens, 1 + (speculation?.drafts ?? 0));
      const host = swap && {
        hostBlocks: Math.max(1, Math.floor(numGpuBlocks * swap.share)),
        secondsPerBlock: swap.secondsPerBlock,
      };
      // who is preempted among drafts is not known
      const drafts = alone ? {} : speculation === null ? { schedulerSteps } : { speculation };
      return clientOf({
        ...rest,
        ...(pages === null ? {} : { pages }),
        ...drafts,
        // only of steps of one token a decode
        ...(speculation === null && schedulerSteps === 1 ? cascadeBy(rest.maxNumBatchedTokens) : {}),
        ...(adapters ? { adapters } : {}),
        ...(fair ? { tenants } : {}),
        ...(queuesByKey(rest.packing) || adapters ? {} : { receiveEvery }),
        ...(parts && rest.channel >= 0 ? { parts } : {}),
        // what lies in host memory is no prompt: the two rules exclude each other
        ...(adapters
          ? {}
          : !queuesByKey(rest.packing) && wait !== null
            ? { batchWait: wait }
            : host
              ? { swap: host }
              : {}),
        kind: 'llm',
        maxNumBatchedTokens,
        numGpuBlocks,
      } as Partial<FleetClient>);
    });
}

/** An engine, or the ranks of one with attention data parallel: alike, on no channel, and without rounds of decodes. */
function drawRanks(scale: Scale, longest: number): fc.Arbitrary<FleetClient[]> {
  const ranks = fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.integer({ min: 2, max: 4 }));
  const balance = fc.oneof(
    { arbitrary: fc.constant(null), weight: 2 },
    fc.record({ steps: fc.integer({ min: 1, max: 5 }), batching: fc.nat(3) }),
  );
  return fc.tuple(drawLlm(scale, longest), ranks, drawWord(DEALING), balance).map(([client, of, dealing, even]) => {
    if (of === 1) return [client];
    const { schedulerSteps: _, parts: __, cascade: ___, adapters: ____, tenants, ...own } = client;
    // ranks share no queue: each would serve its tenants as if there were no others
    const rest = tenants ? { ...own, packing: PACKING.names[0]! } : own;
    return Array.from({ length: of }, (_, at) => ({
      ...rest,
      ...(even ? { evenPrompts: even } : {}),
      channel: -1,
      rank: { at, of, dealing },
    }));
  });
}

/** What steps take of one resource of a device: nothing, little, or more than they last. */
function drawPart(): fc.Arbitrary<Float64Array> {
  return fc
    .record({ surface: drawSurface(), scale: fc.constantFrom(0, 0.1, 0.5, 1, 4) })
    .map(({ surface, scale }) =>
      surface.map((value, at) =>
        at >= SURFACE_G || at === SURFACE_AP_FIXED ? value * scale : at >= SURFACE_KNOTS_AT ? value : 0,
      ),
    );
}

function drawCores(): fc.Arbitrary<FleetClient> {
  return fc
    .record({ maxNumSeqs: fc.integer({ min: 1, max: 3 }), location: fc.nat(LOCATIONS - 1) })
    .map((drawn) => clientOf({ ...drawn, kind: 'cores' }));
}

function drawStore(scale: Scale): fc.Arbitrary<FleetClient> {
  const tier = fc.record({
    name: fc.constant('tier'),
    blocks: fc.integer({ min: 1, max: 10 }),
    latency: scale.seconds(1),
    link: fc.integer({ min: -1, max: LINKS - 1 }),
    policy: fc.constantFrom('write_through', ...WRITE_POLICIES),
    held: fc.uniqueArray(fc.nat(HASH_IDS - 1), { maxLength: 10 }),
  });
  return fc
    .record({ tiers: fc.array(tier, { minLength: 1, maxLength: 3 }), location: fc.nat(LOCATIONS - 1) })
    .map((drawn) => clientOf({ ...drawn, kind: 'store' }));
}

/** What cores can be chosen by: they have no cache, and nobody looks for the nearest. */
const CORE_ROUTINGS = ['round-robin', 'load'] as const satisfies readonly RoutingPolicy[];

/** Clients of a row: all, then those of each local group, or all where a local group has none. */
function rowMembers(llms: readonly FleetClient[]): number[][] {
  const all = llms.map((_, index) => index);
  const parts = Array.from({ length: LOCAL_GROUPS }, (_, part) =>
    all.filter((index) => llms[index]!.localGroup === part + 1),
  );
  return [all, ...parts.map((part) => (part.length > 0 ? part : all))];
}

export interface DrawnRequest {
  readonly gap: number;
  readonly walk: Walk;
  readonly after: number | null;
  readonly delay: number;
  readonly dated: boolean;
  readonly priority: number;
  readonly adapter: number;
  readonly tenant: number;
}

export interface Drawn {
  readonly llms: readonly FleetClient[];
  readonly cores: readonly FleetClient[];
  readonly store: FleetClient;
  readonly groups: readonly FleetGroup[];
  readonly row: readonly FleetGroup[];
  readonly coreRouting: RoutingPolicy;
  readonly links: readonly FleetLink[];
  readonly paths: readonly number[][];
  readonly walks: readonly DrawnRequest[];
  readonly concurrency: number;
  readonly hashBlock: number;
  readonly storeBytesPerToken: number;
  readonly scaling: DrawnScaling | null;
}

/** Longest prompt and output of any visit of a walk (shapes.ts), as KV tokens. */
const LONGEST = 64;

/** Any fleet and any work the design knows. */
export function drawProgram(most = 14): fc.Arbitrary<FleetProgram> {
  return drawParts(most).map((drawn) => assemble(drawn));
}

/** The same, where engines turn away, clients leave and try again. */
export function drawImpatient(most = 14): fc.Arbitrary<FleetProgram> {
  return fc.boolean().chain((round) => {
    const scale = round ? ROUND : ANY;
    return fc
      .tuple(drawWith(scale, most), drawImpatience(scale.seconds))
      .map(([drawn, impatience]) => assemble(drawn, impatience));
  });
}

/** Any fleet, and requests that are not yet walks through it. */
export function drawParts(most: number): fc.Arbitrary<Drawn> {
  return fc.boolean().chain((round) => drawWith(round ? ROUND : ANY, most));
}

function drawWith(scale: Scale, most: number): fc.Arbitrary<Drawn> {
  return fc.array(drawRanks(scale, LONGEST), { minLength: 1, maxLength: 4, size: 'max' }).chain((engines) => {
    const llms = engines.flat();
    const indices = llms.map((_, index) => index);
    const group = drawGroup(indices, llms);
    return fc.record({
      llms: fc.constant(llms),
      cores: fc.array(drawCores(), { minLength: 1, maxLength: 2 }),
      store: drawStore(scale),
      groups: fc.array(group, { minLength: 3, maxLength: 3 }),
      row: fc.tuple(...rowMembers(llms).map((members) => drawGroup(members, llms))),
      coreRouting: fc.constantFrom(...CORE_ROUTINGS),
      links: drawLinks(scale.bandwidth, scale.seconds),
      paths: drawPaths(),
      walks: fc.array(
        fc.record({
          gap: fc.oneof(scale.seconds(1), scale.seconds(3)),
          walk: drawWalk(scale.seconds(2)),
          // one in three follows one of those before it, after a while and perhaps not before its own time
          after: fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, fc.nat(99)),
          delay: fc.oneof(fc.constant(0), scale.seconds(2)),
          dated: fc.boolean(),
          priority: fc.nat(2),
          adapter: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: ADAPTERS })),
          tenant: fc.nat(TENANTS - 1),
        }),
        {
          minLength: 1,
          maxLength: most,
          size: 'max',
        },
      ),
      concurrency: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, fc.integer({ min: 1, max: 6 })),
      hashBlock: fc.constantFrom(1, 2, 3, 4, 4, 6, 8, 16),
      storeBytesPerToken: fc.constantFrom(0.5, 1, 4),
      scaling: drawScaling(scale.seconds),
    });
  });
}

function assemble(drawn: Drawn, impatience: Impatience | null = null): FleetProgram {
  const store = drawn.llms.length + drawn.cores.length;
  return assembleWith(drawn, ({ walk }) => walkRows(walk, drawn.hashBlock, store), HASH_IDS, impatience);
}

/** A tier that begins with blocks that there are, as many as it holds. */
export const heldOf = (tier: FleetTier, ids: number): FleetTier => ({
  ...tier,
  held: (tier.held ?? []).filter((id) => id < ids).slice(0, tier.blocks),
});

/** The program of a drawn fleet: `rowOf` lays each request out, which may follow the one that was listed at place `after`. */
export function assembleWith(
  drawn: Drawn,
  rowOf: (request: DrawnRequest, after: number | undefined) => Pick<RequestRow, 'visits' | 'last'>,
  hashCount: number,
  impatience: Impatience | null = null,
): FleetProgram {
  const { llms, cores, store, links, paths, concurrency, hashBlock, storeBytesPerToken } = drawn;
  const tiled = llms.map((client, i) => ({
    ...client,
    ...(impatience ? limitAt(impatience, i) : {}),
    ...(hashBlock % client.blockSize > 0 && { prefixCaching: false }),
  }));
  const tiers = store.tiers.map((tier) => heldOf(tier, hashCount));
  const clients = [...tiled, ...cores, { ...store, tiers }].map((client, index) => ({
    ...client,
    name: `client ${index}`,
  }));
  const groups = [
    ...drawn.groups,
    groupOf({ members: cores.map((_, index) => llms.length + index), routing: drawn.coreRouting }),
    groupOf({ members: [clients.length - 1] }),
    ...drawn.row,
  ];
  let now = 0;
  const followed = new Set<number>();
  const requests = drawn.walks.map((request, i): RequestRow => {
    const { gap, after, delay, dated, priority, adapter, tenant } = request;
    now += gap;
    const before = after === null || i === 0 ? -1 : after % i;
    // conversations of a closed loop do not branch
    if (before < 0 || (concurrency > 0 && followed.has(before))) {
      return { at: concurrency > 0 ? 0 : now, priority, adapter, tenant, ...rowOf(request, undefined) };
    }
    followed.add(before);
    return {
      at: concurrency === 0 && dated ? now : 0,
      priority,
      adapter,
      tenant,
      ...rowOf(request, before),
      after: before,
      delay,
    };
  });
  if (impatience) requests.splice(0, requests.length, ...leaveAndTry(requests, impatience));
  const fleet = { clients, groups, links, locations: LOCATIONS, paths, channels: CHANNELS };
  const program = assembleProgram({ ...fleet, requests, concurrency, hashBlock, hashCount, storeBytesPerToken });
  return scaleProgram(program, drawn.scaling);
}
