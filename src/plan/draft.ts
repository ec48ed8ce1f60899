// What drafts for a deployment: its model, split, formats and ops; and why it cannot be.
import type { Model, WeightFormat } from '../catalog/types.ts';
import type { DraftMethod, SpeculativeConfig } from '../spec/speculative.ts';
import { type DraftShape, fusionOf, type HeadMethod, headOf } from '../stages/draft-head.ts';
import { resolveFormats } from '../stages/formats.ts';
import { listOps } from '../stages/llm-ops.ts';
import { layersOf, type Split } from '../stages/split.ts';
import { legalSplit } from './legal.ts';
import type { SurfaceKey } from './surface-key.ts';

/** The part of a surface's key that speculative decoding adds. */
export interface DraftKey {
  readonly method: DraftMethod;
  /** Tokens drafted for each decode, at least 1. */
  readonly drafts: number;
  /** draft_model: what drafts, its format and its devices. */
  readonly model: Model | null;
  readonly quantization: WeightFormat | 'auto';
  readonly tp: number;
}

/** A draft that is lowered and takes memory; null for n-grams, which are looked up on the host. */
export interface Draft extends DraftShape {
  readonly method: 'draft_model' | HeadMethod;
  readonly model: Model;
}

export interface DraftRefusal {
  readonly reason: 'draft-with-pipeline' | 'no-mtp-head' | 'draft-split';
  readonly words: string;
}

/** The key of a configuration's draft; `model` is the draft model where it has one. */
export function draftKeyOf(config: SpeculativeConfig, drafts: number, tp: number, model: Model | null): DraftKey {
  const { method, quantization, draft_tensor_parallel_size: own } = config;
  return { method, drafts, model, quantization, tp: own || tp };
}

/** Shapes, formats and ops of what drafts for a model that is split like `target`. */
export function draftOf(key: SurfaceKey, target: Split): Draft | null {
  const speculation = key.speculation;
  if (!speculation || speculation.method === 'ngram') return null;
  const { method, model: draftModel } = speculation;
  if (method === 'draft_model') {
    if (!draftModel) throw new Error('a draft model was not bound');
    const split: Split = { ...target, tp: speculation.tp, pp: 1, ep: 1 };
    const formats = resolveFormats(draftModel, { quantization: speculation.quantization, kv: key.kv });
    return {
      method,
      model: draftModel,
      split,
      formats,
      ops: listOps(draftModel, split, formats),
      layers: layersOf(draftModel),
    };
  }
  const model = headOf(key.model, method);
  const formats = resolveFormats(key.model, key);
  const ops = [...listOps(model, target, formats), fusionOf(key.model, method, target)];
  return { method, model, split: target, formats, ops, layers: 1 };
}

/** Why a deployment cannot draft so, or null. */
export function refuseDraft(key: SurfaceKey, target: Split): DraftRefusal | null {
  const { speculation, model, hardware, tp, pp } = key;
  if (!speculation) return null;
  if (pp > 1) {
    const words = `speculative decoding is modelled without pipeline parallel, and pp is ${pp}`;
    return { reason: 'draft-with-pipeline', words };
  }
  if (speculation.method === 'mtp' && model.mtp_layers === 0)
    return { reason: 'no-mtp-head', words: `${model.id} has no multi-token-prediction layer` };
  const draft = draftOf(key, target);
  if (draft?.method !== 'draft_model') return null;
  if (speculation.tp > tp)
    return { reason: 'draft-split', words: `draft model: tp ${speculation.tp} exceeds the model's ${tp}` };
  const illegal = legalSplit(draft.model, hardware, { ...draft.split, dp: 1 }, draft.formats);
  return illegal && { reason: 'draft-split', words: `draft model: ${illegal.words}` };
}

/**
 * Whether a hit in a prefix cache loses its last block: heads start from hidden states of the token before, which the cache does not
 * hold (vLLM: "drop the last matched block" for EAGLE and MTP).
 */
export function losesBlock(method: DraftMethod): boolean {
  return method === 'mtp' || method === 'eagle' || method === 'eagle3';
}
