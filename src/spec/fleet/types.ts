// A pipeline spec as types: a fleet of pools, how they are connected, the pipelines that requests walk, and who arrives.

import type { Ownership } from '../../catalog/price-sheets.ts';
import type { LatencySpec, LengthSpec } from '../../check/drawn.ts';
import type { LoadMetric, PackingName, RoutingPolicy, Term } from '../../check/scheduler-lists.ts';
import type { PoolKind } from '../../stages/pipeline-stages.ts';
import type { Hnsw } from '../../stages/retrieve-hnsw.ts';
import type { IvfPq } from '../../stages/retrieve-ivf-pq.ts';
import type { Listed } from '../../stages/stage.ts';
import type { Budget } from '../budget.ts';
import type { FromLog } from '../fill-from-log.ts';
import type { PowerSpec } from '../power.ts';
import type { Configuration, Slo, WorkloadSpec } from '../types.ts';
import type { Autoscale } from './autoscale.ts';
import type { ClientSpec, Impatience } from './client.ts';
import type { Failures } from './failures.ts';
import type { AdapterTraffic, LoraSpec } from './lora.ts';
import type { DomainKind, ROLES, TRANSFERS, WritePolicy } from './words.ts';

/** How visits are spread over the clients of a pool. */
export interface RoutingSpec {
  readonly policy: RoutingPolicy;
  readonly metric: LoadMetric;
  /** Heavy-light: visits up to this much are light; null = the median of the workload's. */
  readonly threshold: number | null;
  /** Heavy-light: clients for the light ones; null = half of them. */
  readonly light: number | null;
  /** Scored: what is weighed, in the order of the list, and s that what is read of instances may be old. */
  readonly terms: readonly Term[];
  readonly refresh: number;
}

interface PoolCommon {
  readonly name: string;
  /** Instances. */
  readonly count: number;
  /** Domain of the topology whose instances the clients are spread over; null = the outermost one. */
  readonly location: string | null;
  readonly routing: RoutingSpec;
  /** A resource shared with clients of other pools, client i with client i, and the share of it that a step wants. */
  readonly shares: { readonly channel: string; readonly demand: number | null } | null;
}

/** Engines of one model: LLMs, encoders, rerankers, reward models. */
export interface LlmPool extends PoolCommon {
  readonly kind: 'llm';
  readonly role: (typeof ROLES)[number];
  /** Model, hardware, split and engine of one client. */
  readonly configuration: Configuration;
  /** Limits that the spec leaves to the profile, which may have others on another device. */
  readonly followed: readonly ('max_num_seqs' | 'max_num_batched_tokens')[];
  readonly packing: PackingName;
  /** How a prefill client hands its KV cache on. */
  readonly transfer: (typeof TRANSFERS)[number];
  /** null: as its engine has it. */
  readonly prefixCaching: boolean | null;
  /** Store that the KV of every finished visit is written to. */
  readonly writeBack: string | null;
  /** Who starts and stops its instances, of which there are `count` at most; absent = all are on all the time. */
  readonly autoscale?: Autoscale;
  /** When its instances fail; absent = they do not. */
  readonly failures?: Failures;
  /** The LoRA adapters that it serves; absent = none: requests for any are those for its model. */
  readonly lora?: LoraSpec;
  /** Bytes of KV per token where no model tells (step_time); 0 = none. */
  readonly kvBytesPerToken: number;
  /** What a start-up log says of it; absent where the spec names none. */
  readonly fromLog?: FromLog;
}

/** Vector search on processors: queries run in batches. */
export interface RetrievalPool extends PoolCommon {
  readonly kind: 'retrieval';
  readonly hardware: string;
  readonly cores: number;
  /** B/s that all cores together get; 0 = the usual share of the hardware's memory bandwidth. */
  readonly dramBandwidth: number;
  readonly index: { readonly kind: 'ivf-pq'; readonly of: IvfPq } | { readonly kind: 'hnsw'; readonly of: Hnsw };
  readonly maxBatch: number;
}

export interface StorePool extends PoolCommon {
  readonly kind: 'kv-store';
  /** Tiers, nearest first. */
  readonly tiers: readonly string[];
  /** Whether every local group has stores of its own. */
  readonly scope: 'fleet' | 'group';
}

/** Independent servers, first come first served: tokenisers, tools, fixed delays. */
export interface CoresPool extends PoolCommon {
  readonly kind: 'cores';
  readonly cores: number;
  readonly hardware: string | null;
}

export type PoolSpec = LlmPool | RetrievalPool | StorePool | CoresPool;

export interface LinkSpec {
  /** B/s one way. */
  readonly bandwidth: number;
  readonly latency: number; // s
  /** Share of the bandwidth that a transfer gets at best. */
  readonly efficiency: number;
}

/** `count` places alike, each joining its members (clients, or the domains within it). */
export interface DomainSpec {
  readonly name: string;
  readonly kind: DomainKind;
  readonly count: number;
  readonly within: string | null;
  /** Link of every member to the domain, one each way. */
  readonly port: LinkSpec;
  /** Name of a link that everything inside crosses and shares; null = the inside does not block. */
  readonly bus: string | null;
}

export interface TierSpec {
  /** Bytes of one store. */
  readonly capacity: number;
  readonly latency: number; // s per look-up
  /** B/s, or the name of a link. */
  readonly bandwidth: number | null;
  readonly link: string | null;
  /** Whether each store has the bandwidth to itself, or all stores of a pool share it. */
  readonly scope: 'store' | 'fleet';
  /** When blocks come into it. */
  readonly policy: WritePolicy;
  /** Share of the shared texts that prompts begin with that lies here when the run begins, the most asked for first. */
  readonly warm: number;
}

/** A stage of a list; what else it has is its own (stages/list.ts). */
export type StageSpec = Listed;

export interface PipelineSpec {
  readonly name: string;
  /** Relative to the other pipelines' weights. */
  readonly weight: number;
  /** Where engines pack by priority, the smallest is served first and preempted last. */
  readonly priority: number;
  /** Where engines serve tenants, one of which it is: what it is due, relative to the others. */
  readonly fairWeight: number;
  /** What it is for each request, as an expression of SCORE_NAMES; absent where all have `priority`. */
  readonly score?: string;
  /** How its clients wait, where that is not as the client section says. */
  readonly client: Impatience;
  /** Lengths of its own, instead of the workload's. */
  readonly lengths: WorkloadSpec['lengths'];
  readonly stages: readonly StageSpec[];
}

/** Conversations: each turn's prompt holds the questions and answers before it. */
export interface SessionSpec {
  readonly turns: LengthSpec;
  /** From the end of an answer to the arrival of the next turn. */
  readonly thinkTime: LatencySpec;
}

/** Prompts begin with one of `count` texts (system prompts, documents); text k is chosen with weight (k+1)^-zipf. */
export interface PrefixSpec {
  readonly count: number;
  readonly tokens: LengthSpec;
  readonly zipf: number;
}

export interface FleetSpec {
  readonly name: string;
  readonly pools: readonly PoolSpec[];
  readonly links: Readonly<Record<string, LinkSpec>>;
  readonly domains: readonly DomainSpec[];
  readonly tiers: Readonly<Record<string, TierSpec>>;
  /** 1 = global: any prefill client to any decode client; more = fixed groups that pools are split into. */
  readonly localGroups: number;
  readonly pipelines: readonly PipelineSpec[];
  readonly workload: WorkloadSpec;
  readonly sessions: SessionSpec | null;
  readonly prefixes: PrefixSpec | null;
  /** LoRA adapters that requests ask for; absent = all ask for the base model. */
  readonly adapters?: AdapterTraffic;
  /** Tokens of a hash block; 0 = the trace's, else 256. */
  readonly hashBlock: number;
  /** What its client sees and counts; absent = all that the engines did. */
  readonly client?: ClientSpec;
  readonly slo: readonly Slo[];
  /** What it may take at most; absent = as much as it takes. */
  readonly budget?: Budget;
  readonly prices: Readonly<Record<string, number>>;
  /** The sheet of prices of all others: a kind of the catalog, or the path of a list; the catalog's default if absent. */
  readonly priceSheet?: string;
  readonly ownership?: Ownership;
  readonly watts: Readonly<Record<string, number>>;
  readonly power: PowerSpec;
  readonly text: string;
  readonly file: string;
}

/** Schedulers of one instance of a pool: an engine with attention data parallel has one for every rank. */
export function ranksIn(pool: PoolSpec): number {
  return pool.kind === 'llm' ? pool.configuration.data_parallel_size : 1;
}

/** Clients of a pool: the ranks of all its instances. */
export function clientsIn(pool: PoolSpec): number {
  return pool.count * ranksIn(pool);
}

export function poolsOfKind<K extends PoolKind>(spec: Pick<FleetSpec, 'pools'>, kind: K) {
  return spec.pools.filter((pool): pool is Extract<PoolSpec, { kind: K }> => pool.kind === kind);
}
