// What decides a step surface: model, hardware, formats, split and engine profile; and the parts that hardware does not touch.
import type { EngineProfile, Hardware, KvFormat, Model, StepFit, WeightFormat } from '../catalog/types.ts';
import { verifying } from '../stages/draft-head.ts';
import { type Formats, resolveFormats } from '../stages/formats.ts';
import { listOps, type Sampling } from '../stages/llm-ops.ts';
import type { Op } from '../stages/op.ts';
import type { Split } from '../stages/split.ts';
import { type Draft, type DraftKey, draftOf } from './draft.ts';
import { chooseKnots } from './grid-points.ts';

export interface SurfaceKey {
  readonly model: Model;
  readonly hardware: Hardware;
  readonly profile: EngineProfile;
  /** 'auto' = the checkpoint's. */
  readonly quantization: WeightFormat | 'auto';
  /** Format of the attention projections where it differs from the rest; absent = by the rule of stages/formats.ts. */
  readonly attentionQuantization?: WeightFormat;
  readonly kv: KvFormat | 'auto';
  /** Absent = greedy. */
  readonly sampling?: Sampling;
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
  /** What drafts; absent = one token a decode. */
  readonly speculation?: DraftKey;
  /** A regression on whole steps that takes the place of the cost model; absent = the cost model. */
  readonly steps?: StepFit;
}

export function splitOf(key: Omit<SurfaceKey, 'profile' | 'quantization' | 'kv'>): Split {
  return { tp: key.tp, pp: key.pp, dp: key.dp, ep: key.ep, shards: key.hardware.shards_per_device };
}

/** Everything about a surface that does not depend on rates: shared by all hardware with the same shards per device. */
export interface Shape {
  readonly split: Split;
  readonly formats: Formats;
  readonly ops: readonly Op[];
  /** The longest window or sparse top-k; 1 where every layer sees everything, so that a chunk has one window pair per token. */
  readonly window: number;
  readonly knots: readonly number[];
  /** New tokens of a decode: its own and its drafts. */
  readonly perDecode: number;
  /** What drafts, if anything but n-grams does. */
  readonly draft: Draft | null;
}

/** A text that is equal exactly for keys of one model with equal shapes. */
export function shapeName(key: SurfaceKey): string {
  const formats = `${key.quantization}/${key.attentionQuantization ?? ''}/${key.kv}/${key.sampling ?? ''}`;
  const drafts = key.speculation ? `|${draftName(key.speculation)}` : '';
  return `${key.tp}x${key.pp}x${key.dp}x${key.ep}x${key.hardware.shards_per_device}|${formats}${drafts}`;
}

function draftName({ method, drafts, model, quantization, tp }: DraftKey): string {
  return `${method}/${drafts}/${model?.id ?? ''}/${quantization}/${tp}`;
}

export function makeShape(key: SurfaceKey): Shape {
  const split = splitOf(key);
  const formats = resolveFormats(key.model, key);
  const perDecode = 1 + (key.speculation?.drafts ?? 0);
  const ops = listOps(key.model, split, formats, key.sampling).map((op) => verifying(op, perDecode));
  const draft = draftOf(key, split);
  const bends = new Set<number>();
  for (const op of [...ops, ...(draft?.ops ?? [])]) {
    if (op.kind === 'compute' && op.over === 'decode' && Number.isFinite(op.cap)) bends.add(op.cap);
  }
  const window = Math.max(1, ...bends);
  // a decode of context x reads x and its new tokens: the bend is so many before the cap
  const knots = chooseKnots(
    key.model.max_positions,
    [...bends].map((cap) => Math.max(1, cap - perDecode)),
  );
  return { split, formats, ops, window, knots, perDecode, draft };
}
