// A fleet and the work it is given, as numbers: what pipelines are lowered to and what the engine kernel runs.
//
// A request is a walk through stages; each stage is one *visit* to one client. All visits of a request are laid out before the
// run (branches, rounds and cascades are drawn by seed when the pipeline is lowered), with edges from each visit to those that
// need its result. A visit becomes ready when all its predecessors have ended and what they send has arrived; then it is routed
// to a client of its group. Same-time order, over all clients: retire (in order of instance) → deliver (in visit order) → arrive
// (in root order) → form (in order of instance).
import { FLAG_HOLD, FLAG_LOCAL, FLAG_PREFIX, FLAG_RESIDENT } from '../../assembly/layout/enums.ts';
import type {
  DealingName,
  LoadMetric,
  PackingName,
  RoutingPolicy,
  ScalingName,
  Term,
} from '../check/scheduler-lists.ts';
import type { WritePolicy } from '../spec/fleet/words.ts';
import type { Turns } from '../workload/types.ts';
import type { EngineSetup } from './setup.ts';

/** A tier of a KV store: blocks of `hashBlock` tokens kept by LRU. */
export interface FleetTier {
  readonly name: string;
  /** Blocks it holds. */
  readonly blocks: number;
  /** s per look-up that finds something here. */
  readonly latency: number;
  /** Link that what it sends goes over, shared max–min fairly with everything else on it; -1 = none (latency only). */
  readonly link: number;
  /** When blocks come into it; write_through if absent. */
  readonly policy?: WritePolicy;
  /** Hash blocks that lie here when the run begins, each once and no more than it holds, the least recent first; none if absent. */
  readonly held?: readonly number[];
}

/** Tokens of context that fetches by hit rates asked for, and what of it they found, by tier. */
export interface DrawnTiers {
  readonly asked: number;
  readonly found: ReadonlyMap<string, number>;
}

/** Step surfaces (assembly/layout/surface.ts) of what a step takes of a device. */
export interface ChannelParts {
  readonly compute: Float64Array;
  readonly bandwidth: Float64Array;
}

/** One scheduler: the limits of an engine, and where it stands. */
export interface FleetClient extends Omit<EngineSetup, 'replicas' | 'routing'> {
  readonly name: string;
  /**
   * llm: an engine (also encoders, rerankers, reward models: visits with output 1; and batched schedulers such as retrieval:
   * prompt 1, output 1 on a surface whose G(n) is the time of n queries). cores: `maxNumSeqs` independent servers, first come
   * first served, each visit takes its `seconds` (tokenise, detokenise, tools; a network of fixed delay with many cores).
   * store: a KV store (kv-fetch visits): looks the visit's hash blocks up in its tiers.
   */
  readonly kind: 'llm' | 'cores' | 'store';
  readonly packing: PackingName;
  /**
   * Attention data parallel: it is the `at`-th (from 0) of `of` clients in a row that are alike and whose steps begin together and last as
   * long as the fullest of them: an instance, which deals its visits to them. Absent = alone.
   */
  readonly rank?: { readonly at: number; readonly of: number; readonly dealing: DealingName };
  /** Where it serves tenants: the weight of each, by number from 0. */
  readonly tenants?: readonly number[];
  /** Local group that it belongs to, from 1; 0 = none (VISIT_LOCAL). */
  readonly localGroup: number;
  /** Where it stands: an index into the paths. */
  readonly location: number;
  /**
   * A device that clients share, with compute and bandwidth of capacity 1 each (an accelerator under two models, a processor with
   * its memory), -1 = none, and the most of either that this client's steps want while they run. Active steps get max–min fair
   * shares by the larger of theirs; one that wants d and gets s runs at rate s/d.
   */
  readonly channel: number;
  readonly demand: number;
  /**
   * Surfaces: seconds of the device's compute, and of its bandwidth, that a step takes; over those that it lasts they are what it
   * wants of each. Absent = `demand` of both.
   */
  readonly parts?: ChannelParts;
  /** Tiers of a store, nearest first. */
  readonly tiers: readonly FleetTier[];
}

/** Clients that can serve the same visits. Ties go to the first member after the last chosen one, cyclically. */
export interface FleetGroup {
  readonly name: string;
  /** Client indices. */
  readonly members: readonly number[];
  /**
   * true: a member with ranks is the first of an instance. The group chooses an instance, by the load of all its ranks, and that deals
   * the visit to one of them. Absent = members are chosen one by one.
   */
  readonly instances?: boolean;
  /**
   * load: least by `metric`. heavy-light: visits whose own metric (input, output, input for kv, input + output for left; 0 for
   * requests) is at most `threshold` go to the first `light` members, the others to the rest, there least by `metric`.
   * prefix-affinity: most cached leading blocks, then least by `metric`. nearest: least seconds of the path from where the
   * visit's last predecessor ran (latency + bytes over the narrowest link), then least by `metric`. scored: least sum of the weighted
   * `terms`, then least by `metric`. adapter-affinity: where its adapter runs, else where one more may beside those that run and
   * wait, else where it waits, then least by `metric`.
   */
  readonly routing: RoutingPolicy;
  readonly metric: LoadMetric;
  readonly threshold: number;
  readonly light: number;
  /** Of a scored choice, whose members are clients one by one; added in this order. */
  readonly terms?: readonly Term[];
  /** s, how old the terms may be that are read in metrics; 0 or absent = they are read at every choice. */
  readonly refresh?: number;
}

/** The clients of the instance that one begins: its ranks, or itself. */
export function instanceFrom(clients: readonly FleetClient[], first: number): number[] {
  return Array.from({ length: clients[first]?.rank?.of ?? 1 }, (_, rank) => first + rank);
}

/** Instances that start and stop while a program runs, and the rule that decides how many are on. */
export interface FleetScaler {
  readonly name: string;
  /** The first client of every instance. The first `least` are on from the beginning and always; the others are off at first. */
  readonly members: readonly number[];
  readonly least: number;
  /** What is measured of the instances that are on; `target` is what one of them is to have. */
  readonly policy: ScalingName;
  readonly target: number;
  /** Share of the target that the mean may be off it without a change. */
  readonly tolerance: number;
  /** s between two looks, the first after one. */
  readonly interval: number;
  /** s from the order of an instance until it is on. */
  readonly start: number;
  /** More are started where the wishes of so many latest looks all say so, as many as the least of them wants; and stopped likewise. */
  readonly outLooks: number;
  readonly inLooks: number;
  /** Most instances that one look starts, and stops. */
  readonly mostOut: number;
  readonly mostIn: number;
}

/**
 * A failure of an instance that is on, at `time` s: no visits come to it any more, requests that have a part there fail, and it is on again
 * `lasts` s later, or when its step under way and what it sends is over if that is later. One that is not on does not fail.
 */
export interface FleetOutage {
  readonly time: number;
  /** The first client of the instance. */
  readonly client: number;
  readonly lasts: number;
}

/** A link; flows over it share its bandwidth (B/s, efficiency included) max–min fairly. */
export interface FleetLink {
  readonly name: string;
  readonly bandwidth: number;
  readonly latency: number; // s
}

/** Prompt KV is in the cache when the visit is admitted: it decodes at once (prompt = context + 1, output = tokens to decode). */
export const VISIT_RESIDENT = FLAG_RESIDENT;
/** Keeps its blocks after it ended until its `holders` let go: transfers that deliver it, branches that share it. */
export const VISIT_HOLD = FLAG_HOLD;
/** Its hash blocks are looked up where its client caches prefixes, and can be found there by others. */
export const VISIT_PREFIX = FLAG_PREFIX;
/**
 * Stays in the local group in which `sameAs` was served: of the groups of clients from `group` on, it goes to the one as many
 * places further as the local group of that client says (0: the client has none, and neither has the choice).
 */
export const VISIT_LOCAL = FLAG_LOCAL;

/** The visits of all requests, struct of arrays. Visits of one request are consecutive, requests in order of arrival. */
export interface VisitTable {
  readonly count: number;
  readonly request: Int32Array;
  /** Index of the stage in the program's `stages`. */
  readonly stage: Int32Array;
  readonly group: Int32Array;
  readonly prompt: Int32Array; // tokens, >= 1
  readonly output: Int32Array; // tokens, >= 1
  /**
   * Output tokens that its client asked for at most, no fewer than `output`: what engines know of its length when it arrives. Absent = `output`.
   */
  readonly asked?: Int32Array;
  /** Service of one core, s (cores clients only). */
  readonly seconds: Float64Array;
  readonly flags: Int32Array;
  /** Where clients rank requests, the smallest is served first and preempted last. Absent = 0 for all. */
  readonly priority?: Int32Array;
  /** The LoRA adapter that it asks for, from 1; 0 = the base model. Absent = 0 for all. */
  readonly adapter?: Int32Array;
  /** Whose request it is of, where clients serve tenants. Absent = 0 for all. */
  readonly tenant?: Int32Array;
  /**
   * Visit whose client this one must use (branches share the prompt's KV where it lies), or whose local group (VISIT_LOCAL);
   * -1 = any. It is routed before.
   */
  readonly sameAs: Int32Array;
  /** Tokens of the prompt whose KV another visit holds for this one (with sameAs): neither computed nor stored again. */
  readonly shared: Int32Array;
  /** Visit whose blocks this one lets go when it ends (a branch), -1 = none. */
  readonly lets: Int32Array;
  /** How many must let go of a VISIT_HOLD visit: delivered edges with bytes, and branches that end. */
  readonly holders: Int32Array;
  /** Predecessors that must end first; 0 for roots. */
  readonly pending: Int32Array;
  /** Edges out of visit v are edgeAt[v] .. edgeAt[v + 1] - 1. */
  readonly edgeAt: Int32Array;
  readonly edgeTo: Int32Array;
  /** Bytes sent along the edge; 0 = the result is simply there. */
  readonly edgeBytes: Float64Array;
  /** Layers of a KV transfer that goes layer by layer while the last step of its visit computes them; 0 or 1 = sent whole when the visit has ended. */
  readonly edgeLayers: Int32Array;
  /** Visit (of the same request) whose prompt's leading blocks this kv-fetch visit provides, -1 = none. */
  readonly fetches: Int32Array;
  /**
   * Prompt tokens whose KV is there without a look-up (a fetch of expected time), as if a store visit had fetched them before the
   * run: R9's fetched tokens start at this. Absent = 0 for all.
   */
  readonly fetched?: Int32Array;
  /** 1 = what it generates is a try: the answer of a later model of a cascade takes its place. Absent = 0 for all. */
  readonly replaced?: Int32Array;
  /** Store client into which this visit's hash blocks are written when it ends, -1 = none. */
  readonly writes: Int32Array;
  /** Hash blocks of the visit's prompt: hashIds[hashAt[v] .. hashAt[v + 1] - 1], dense ids from 0. */
  readonly hashAt: Int32Array;
  readonly hashIds: Int32Array;
}

/** A fleet, its links, and the work: everything the engine needs. */
export interface FleetProgram {
  readonly clients: readonly FleetClient[];
  readonly groups: readonly FleetGroup[];
  /** Who starts and stops instances; a client is that of one at most. Absent = all are on all the time. */
  readonly scalers?: readonly FleetScaler[];
  /** Instances that fail, in order of time. Absent = none does. */
  readonly outages?: readonly FleetOutage[];
  /** The first clients of all instances that may fail, whether they do or not; with `outages`. */
  readonly failing?: readonly number[];
  readonly links: readonly FleetLink[];
  readonly locations: number;
  /** Links between two locations: paths[from * locations + to]; [] = nothing is crossed. */
  readonly paths: readonly (readonly number[])[];
  readonly channels: number;
  readonly stages: readonly string[];
  readonly visits: VisitTable;
  readonly requests: {
    readonly count: number;
    /**
     * s, non-decreasing; first visit of each request is a root (pending 0) and becomes ready then. Of a request that follows
     * another: the earliest, in any order.
     */
    readonly arrival: Float64Array;
    /** First visit of request r; visits of r are first[r] .. first[r + 1] - 1. Only the first is a root. */
    readonly first: Int32Array;
    /**
     * Last visit: the request is finished when it ends. A request is rejected with its first rejected visit; from then on none of
     * its visits joins a client any more (they are cancelled), and what has joined goes on to its end.
     */
    readonly last: Int32Array;
    /**
     * Requests in flight of a closed loop, 0 = open. A finished or rejected request lets the next one arrive; with turns one that
     * nothing follows: then it is conversations that are in flight, each followed by one turn at most.
     */
    readonly concurrency: number;
    /**
     * Requests that follow others (turns of a conversation): each arrives `delay` seconds after the request that it follows has
     * ended, but not before its own `arrival`. What follows a rejected request is never sent. Absent where none follows another.
     */
    readonly turns?: Turns;
    /** s that the client of a request waits for its answer, Infinity = for ever; then it leaves. Absent where nobody does. */
    readonly patience?: Float64Array;
    /**
     * How often a request that was turned away by a full queue, whose client left or that failed is sent again at most, and s from that to the first
     * of these tries: twice as long to every one after it. Absent where nobody tries again.
     */
    readonly tries?: { readonly most: Int32Array; readonly backoff: Float64Array };
  };
  /** Tokens of a hash block; 0 without hashes. Ids are below `hashCount`. Blocks of clients that cache prefixes tile it. */
  readonly hashBlock: number;
  readonly hashCount: number;
  /** KV bytes per token that a store moves when it sends a block. */
  readonly storeBytesPerToken: number;
}

/** An instance, by its first client, came into a state (INSTANCE_*) at `time` s. */
export interface InstanceChange {
  readonly time: number;
  readonly client: number;
  readonly state: number;
}

/** What a run leaves, one entry per visit. Times in s, NaN where the event never happened. */
export interface VisitResults {
  readonly state: Int32Array; // STATE_*
  /** Became ready: predecessors ended and their data arrived. Queue time = start - ready. Of a rejected visit: when it was. */
  readonly ready: Float64Array;
  /** First admitted into a step (or onto a core). */
  readonly start: Float64Array;
  /** First token of an llm visit that prefills (NaN for VISIT_RESIDENT). */
  readonly first: Float64Array;
  readonly finish: Float64Array;
  readonly client: Int32Array; // -1 before routing
  readonly preemptions: Int32Array;
  /** Prompt tokens that came from a prefix cache or a store. */
  readonly cached: Int32Array;
}
