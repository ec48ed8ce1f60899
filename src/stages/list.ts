// The stages a pipeline is made of. A new one is a file in built-in/ and its line here; nothing else knows them by name.
import { decode } from './built-in/decode.ts';
import { detokenize } from './built-in/detokenize.ts';
import { embed } from './built-in/embed.ts';
import { kvFetch } from './built-in/kv-fetch.ts';
import { parallel } from './built-in/parallel.ts';
import { prefill } from './built-in/prefill.ts';
import { reason } from './built-in/reason.ts';
import { repeat } from './built-in/repeat.ts';
import { rerank } from './built-in/rerank.ts';
import { retrieve } from './built-in/retrieve.ts';
import { reward } from './built-in/reward.ts';
import { routeToModel } from './built-in/route-to-model.ts';
import { safety } from './built-in/safety.ts';
import { tokenize } from './built-in/tokenize.ts';
import { tool } from './built-in/tool.ts';
import { wordLookup } from './built-in/word-lookup.ts';
import type { Listed, Nested, ParametersOf, Stage } from './stage.ts';

/** In the order in which they are offered. */
const STAGES_IN_ORDER = [
  tokenize,
  embed,
  retrieve,
  rerank,
  kvFetch,
  prefill,
  decode,
  reason,
  reward,
  safety,
  wordLookup,
  tool,
  detokenize,
  routeToModel,
  repeat,
  parallel,
] as const satisfies readonly Stage[];

type Known = (typeof STAGES_IN_ORDER)[number];

export type StageType = Known['type'];
/** A stage of a spec, by its type. */
export type StageOf<T extends StageType> = Listed & { readonly type: T } & ParametersOf<Extract<Known, { type: T }>>;

export const STAGES: readonly Stage[] = STAGES_IN_ORDER;
export const STAGE_TYPES: readonly StageType[] = STAGES_IN_ORDER.map(({ type }) => type);

const BY_TYPE: ReadonlyMap<string, Stage> = new Map(STAGES.map((stage) => [stage.type, stage]));

/** Whether a stage is of this type, whose parameters it has then. */
export function isStage<T extends StageType>(stage: Listed | undefined, type: T): stage is StageOf<T> {
  return stage?.type === type;
}

/** What a stage of a list is. */
export function stageOf(type: string): Stage {
  const stage = BY_TYPE.get(type);
  if (!stage) throw new Error(`no stage ${type}`); // the schema refuses it
  return stage;
}

export function opensGeneration({ type }: Pick<Listed, 'type'>): boolean {
  const stage = stageOf(type);
  return 'opens' in stage && stage.opens === true;
}

/** Stages that may stand right before one that goes on from their KV cache; null where it does not. */
export function continuesOf({ type }: Pick<Listed, 'type'>): readonly string[] | null {
  const stage = stageOf(type);
  return 'continues' in stage ? stage.continues : null;
}

/** Lists of stages inside a stage. */
export function nestedLists(stage: Listed): readonly Nested[] {
  return stageOf(stage.type).lists?.(stage) ?? [];
}

/** A list of stages and everything nested in it. */
export function allStages(stages: Nested): readonly Listed[] {
  return stages.flatMap((stage) => [stage, ...nestedLists(stage).flatMap(allStages)]);
}

/** Pools that serve a stage; [] where it only arranges others. */
export function poolsServing(stage: Listed): readonly string[] {
  return 'on' in stage ? (stage.on as readonly string[]) : [];
}

/** Every pool that a stage uses. */
export function poolsOf(stage: Listed): readonly string[] {
  return [...poolsServing(stage), ...(stageOf(stage.type).alsoOn?.(stage) ?? [])];
}
