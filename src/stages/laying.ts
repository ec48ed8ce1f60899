// Laying stages out as visits: what a request has gathered on its walk, where visits go, and what all stages share meanwhile.
import { type KvBytes, sequenceKvBytes } from '../catalog/parameters.ts';
import type { Model } from '../catalog/types.ts';
import type { LatencySpec, LengthSpec } from '../check/drawn.ts';
import type { PoolKind } from './pipeline-stages.ts';
import type { Listed, Nested } from './stage.ts';

/** Text of a token as it travels between clients: 4 bytes of UTF-8, English prose. */
const TEXT_BYTES_PER_TOKEN = 4;

/** The request that is being laid out. */
export interface Walker {
  readonly index: number;
  /** Local group of its store, where stores belong to groups. */
  readonly cell: number;
  /** What decides which store client holds its KV: its session, its shared text, or itself. */
  readonly key: number;
  readonly question: number;
  readonly answer: number;
  /** Tokens before the question: shared text and earlier turns. */
  readonly before: number;
}

/** What a stage finds: tokens gathered so far. Never changed, always replaced. */
export interface State {
  /** Tokens of a prompt made now. */
  readonly context: number;
  /** Tokens of the latest answer. */
  readonly generated: number;
  /** Tokens of each passage that retrieval has put into the context. */
  readonly passages: readonly number[];
  /** Leading tokens that later turns of the session begin with too. */
  readonly chained: number;
  /** Leading tokens whose KV an expected or sampled fetch has brought. */
  readonly cached: number;
  /** kv-fetch visit whose blocks the next prefill gets, -1 = none. */
  readonly fetch: number;
  /** Bytes of the question's vector, 0 = not embedded. */
  readonly vector: number;
  /** Generations whose tokens the user gets, unless the answer of a later model takes their place. */
  readonly answers: readonly Answer[];
}

/** The visits of one generation: from .. to - 1. */
export interface Answer {
  readonly from: number;
  readonly to: number;
}

/** A stage laid out: visits that whoever comes next waits for, and what it leaves. */
export interface Laid {
  readonly ends: readonly number[];
  readonly state: State;
}

/** Lays one stage out for one request, behind the visits that it waits for. */
export type Lay = (walker: Walker, before: readonly number[], state: State) => Laid;

/** Where a stage stands while it is compiled. */
export interface Place {
  /** What the names of stages of its list begin with. */
  readonly label: string;
  /** The stage and those behind it that continue what it opens. */
  readonly run: Nested;
  /** The stages after these. */
  readonly behind: Nested;
}

/** Writes the visits of all requests. */
export interface Visits {
  /** Visits of all requests so far. */
  readonly count: number;
  /** Adds a visit and returns its index; `seconds` for cores only. */
  add(stage: number, group: number, prompt: number, output: number, seconds?: number): number;
  addFlags(visit: number, flags: number): void;
  /** Its client asked for so many output tokens at most, no fewer than it gets. */
  ask(visit: number, tokens: number): void;
  /** Leading tokens of its prompt lie in the blocks that `anchor` holds until this visit, too, has ended. */
  shareWith(visit: number, anchor: number, tokens: number): void;
  /** What these visits generate is a try: the answer of a later model takes its place. */
  replace(answer: Answer): void;
  /** Is served in the local group of the client that `leader` had. */
  stayWith(visit: number, leader: number): void;
  /** Its blocks go to this store client when it ends. */
  setWrites(visit: number, store: number): void;
  /** So many leading tokens are there without being computed. */
  setFetched(visit: number, tokens: number): void;
  /** The kv-fetch visit provides leading blocks of this visit's prompt. */
  setFetches(fetch: number, visit: number): void;
  /** Hash blocks of the visit that was added last. */
  pushHashes(ids: readonly number[]): void;
  /** `to` waits for `from`, which sends it so many bytes; layers above 1: layer by layer, while its last step computes them. */
  link(from: number, to: number, bytes: number, layers?: number): void;
}

/** Who can serve a visit. */
export interface VisitGroups {
  /** Group of these pools: all their clients, or those of the local group that a request's store belongs to. */
  of(pools: readonly string[], cell: number): number;
  /** The same for a visit that takes the KV of another one over; `local`: within the local group of that one's client. */
  after(pools: readonly string[], cell: number): { readonly group: number; readonly local: boolean };
  /** The client of a kv-store that holds what belongs to `key`. */
  storeOf(pool: string, cell: number, key: number): number;
  ofClient(client: number): number;
}

/** What layout wants to know of a pool. */
export interface LaidPool {
  readonly pool: {
    readonly kind: PoolKind;
    readonly transfer?: 'whole' | 'layer-wise';
    readonly writeBack?: string | null;
  };
  readonly client: { readonly prefixCaching?: boolean };
  readonly model: Model | null;
  readonly kv: KvBytes;
  readonly layers: number;
}

/** The random numbers of one stage. */
export interface Draws {
  uniform(): number;
  /** Draws whole tokens, or seconds; one uniform number each unless it is fixed. */
  lengths(spec: LengthSpec): () => number;
  latencies(spec: LatencySpec): () => number;
}

/** What all stages share while requests are laid out. */
export interface Build {
  readonly pools: ReadonlyMap<string, LaidPool>;
  readonly writer: Visits;
  readonly groups: VisitGroups;
  /** null where nothing in the fleet looks at hashes. */
  readonly chains: { idsOf(chain: { request: number; tokens: number; chained: number }): readonly number[] } | null;
  /** Whether anything lies between clients: without it nothing is sent. */
  readonly apart: boolean;
  /** Output tokens that a client asks for at most who gets `answer`. */
  asked(answer: number): number;
  /** Adds a stage, under this name if no other has it, and returns its index. */
  stage(name: string, role?: 'prefill' | 'decode' | 'think'): number;
  /** Where branches meet in no time. */
  joint(): { readonly group: number; readonly stage: number };
  draws(stage: Listed): Draws;
  /** Latency and bandwidth of a tier, its link's included. */
  tier(name: string): { readonly latency: number; readonly bandwidth: number };
  /** Counts context that a fetch without a simulated store asks for, and what of it lies in tiers by name: tokens. */
  noteFetch(tokens: number, found: readonly (readonly [tier: string, tokens: number])[]): void;
  /** Seconds of a whole prompt alone in a step of the first of these pools. */
  prefillSeconds(pools: readonly string[], tokens: number): number;
  /** Lays a list of stages out. */
  list(stages: Nested, label: string, behind: Nested): Lay;
  /** Whether a stage opens a generation. */
  opens(stage: Listed): boolean;
}

export function openState(walker: Walker): State {
  const context = walker.before + walker.question;
  return { context, generated: 0, passages: [], chained: context, cached: 0, fetch: -1, vector: 0, answers: [] };
}

/** Adds `tokens` that only this request has. */
export function addContext(state: State, tokens: number): State {
  return { ...state, context: state.context + tokens };
}

/** What is left by all changes together: sums of what each added. */
export function combineStates(base: State, changes: readonly { readonly from: State; readonly to: State }[]): State {
  let state = base;
  for (const { from, to } of changes) {
    state = {
      context: state.context + to.context - from.context,
      generated: Math.max(0, state.generated + to.generated - from.generated),
      passages: to.passages === from.passages ? state.passages : to.passages,
      chained: Math.min(to.chained, state.context + to.context - from.context),
      cached: state.cached + to.cached - from.cached,
      fetch: to.fetch === from.fetch ? state.fetch : to.fetch,
      vector: Math.max(state.vector, to.vector),
      answers: [
        ...state.answers.filter((answer) => to.answers.includes(answer) || !from.answers.includes(answer)),
        ...newAnswers(from, to),
      ],
    };
  }
  return state;
}

/** Generations that one state has and the other has not. */
export function newAnswers(from: State, to: State): readonly Answer[] {
  return to.answers.filter((answer) => !from.answers.includes(answer));
}

/** Links every visit that is waited for, each sending its share of the bytes. */
export function linkAll(build: Build, before: readonly number[], visit: number, bytes: number): void {
  const each = build.apart ? bytes / Math.max(1, before.length) : 0;
  for (const from of before) build.writer.link(from, visit, each);
}

export function textBytes(tokens: number): number {
  return TEXT_BYTES_PER_TOKEN * tokens;
}

/** The bound pool that stands for a list of them: the first. Pools of one stage run one model. */
export function firstPool(build: Build, [name = '']: readonly string[]): LaidPool {
  const pool = build.pools.get(name);
  if (!pool) throw new Error(`no pool ${name}`);
  return pool;
}

/** An encoder reads no more than it has positions for. */
export function clipPrompt({ model }: LaidPool, tokens: number): number {
  return model?.kind === 'encoder' ? Math.min(tokens, model.max_positions) : tokens;
}

export function kvBytes(pool: LaidPool, tokens: number): number {
  return sequenceKvBytes(pool.kv, tokens);
}

/** A visit that takes no time and waits for all of these. */
export function join(build: Build, ends: readonly number[]): number {
  const { stage, group } = build.joint();
  const visit = build.writer.add(stage, group, 1, 1);
  for (const from of ends) build.writer.link(from, visit, 0);
  return visit;
}
