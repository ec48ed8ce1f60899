// Models whose layers are not one mixer and one MLP each: halves alone, two of each, both mixers at once, every layer its own.
import { show } from '../check/issue.ts';
import { isRecord } from '../check/python-json.ts';
import { type AttentionPart, type Frame, readAttentions, readGrouped } from './config-attention.ts';
import type { Fields } from './config-fields.ts';
import { type MlpPart, readDense, readMixture, readMlps } from './config-mlp.ts';
import { readMamba2 } from './config-recurrent.ts';

/** A mixer and an MLP, either of which may be missing; the weights of its norms. */
export interface Layer {
  readonly attention: AttentionPart;
  readonly mlp: MlpPart;
  readonly norms: number;
}

const NO_MIXER: AttentionPart = { attention: { kind: 'none' }, other: 0 };
const NO_MLP: MlpPart = { mlp: { kind: 'none' }, other: 0 };

/** All layers of a model. */
export function readLayers(frame: Frame, letters: readonly string[] | null): Layer[] {
  const { fields } = frame;
  if (letters) return readHybrid(frame, letters);
  if (fields.text('model_type') === 'longcat_flash') return readShortcut(frame);
  if (fields.text('model_type') === 'falcon_h1') return readParallel(frame);
  if (fields.has('block_configs')) return readSearched(frame);
  const mlps = readMlps(frame);
  // Gemma 4 norms the experts' way in and out beside the dense MLP's.
  const extra = (mlp: MlpPart) => (mlp.mlp.kind === 'moe' && fields.has('enable_moe_block') ? 2 : 0);
  const inputs = readLayerInputs(frame);
  return readAttentions(frame).map((attention, i) => {
    const mlp = mlps[i]!; // both have one entry a layer
    return { attention, mlp, norms: (frame.family.norms + extra(mlp)) * frame.hidden + inputs };
  });
}

/** Gemma 3n and 4: a layer's own input of the token passes a gate and a projection; 3n adds LAuReL and AltUp. */
function readLayerInputs({ fields, hidden }: Frame): number {
  const width = fields.countOr(0, 'hidden_size_per_layer_input');
  const rank = fields.countOr(0, 'laurel_rank');
  const streams = fields.countOr(0, 'altup_num_inputs');
  const inputs = width > 0 ? 2 * hidden * width + hidden : 0;
  const laurel = rank > 0 ? 2 * hidden * rank + hidden : 0;
  return inputs + laurel + streams * (hidden + streams + streams ** 2);
}

const BLOCK_NAMES: Readonly<Record<string, string>> = { mamba: 'M', moe: 'E', attention: '*', mlp: '-' };

/** Nemotron-H: one letter per layer, M = Mamba-2, * = attention, - = MLP, E = experts; or the same in words. */
export function readLetters(fields: Fields): string[] | null {
  const words = fields.value('layers_block_type');
  if (Array.isArray(words)) {
    const odd = [...new Set(words.map(String))].filter((word) => !Object.hasOwn(BLOCK_NAMES, word));
    const expected = `layers of ${Object.keys(BLOCK_NAMES).join(', ')}`;
    if (odd.length > 0) fields.blame('layers_block_type', expected, odd.join(', '));
    return words.map((word) => BLOCK_NAMES[String(word)] ?? '-');
  }
  if (!fields.has('hybrid_override_pattern')) return null;
  const pattern = [...fields.text('hybrid_override_pattern')];
  const odd = pattern.find((letter) => !'ME*-'.includes(letter));
  if (odd) fields.blame('hybrid_override_pattern', 'letters M, *, - and E', show(odd));
  return pattern;
}

/** Layers that are a mixer or an MLP, never both. */
function readHybrid(frame: Frame, letters: readonly string[]): Layer[] {
  const norms = frame.hidden;
  const kinds = new Map<string, Layer>();
  const read = (letter: string): Layer => {
    if (letter === 'M') return { attention: readMamba2(frame), mlp: NO_MLP, norms };
    if (letter === '*') return { attention: readAttentions({ ...frame, layers: 1 })[0]!, mlp: NO_MLP, norms };
    return { attention: NO_MIXER, mlp: letter === 'E' ? readMixture(frame) : readDense(frame), norms };
  };
  return letters.map((letter) => {
    const layer = kinds.get(letter) ?? read(letter);
    kinds.set(letter, layer);
    return layer;
  });
}

/** LongCat-Flash: two attentions with a dense MLP each, and experts beside the second pair. */
function readShortcut(frame: Frame): Layer[] {
  const norms = 2 * frame.hidden;
  const half = { mlp: readDense(frame), norms };
  const experts = { attention: NO_MIXER, mlp: readMixture(frame), norms: 0 };
  return readAttentions(frame).flatMap((attention) => [{ attention, ...half }, { attention, ...half }, experts]);
}

/** Falcon-H1: attention and Mamba-2 read the same normed input in every layer. */
function readParallel(frame: Frame): Layer[] {
  const mlp = readDense(frame);
  const scan = { attention: readMamba2(frame), mlp: NO_MLP, norms: 0 };
  return readAttentions(frame).flatMap((attention) => [{ attention, mlp, norms: 2 * frame.hidden }, scan]);
}

/** Layers of a search (Nemotron-NAS): some without attention, each with its own width and KV heads. */
function readSearched(frame: Frame): Layer[] {
  const { fields, layers } = frame;
  const list = fields.perLayer('block_configs', layers) ?? [];
  return list.slice(0, layers).map((block) => readBlock(frame, block));
}

function readBlock(frame: Frame, block: unknown): Layer {
  const { fields, hidden } = frame;
  const [attention, ffn] = isRecord(block) ? [block.attention, block.ffn] : [null, null];
  if (!isRecord(attention) || !isRecord(ffn)) {
    fields.blame('block_configs', 'a list of {attention, ffn}', show(block));
    return { attention: NO_MIXER, mlp: NO_MLP, norms: 0 };
  }
  const odd = [attention.replace_with_linear, attention.sparsify, attention.window_length, attention.num_sink_tokens];
  if ([...odd, ffn.replace_with_linear, ffn.sparsify].some(Boolean))
    fields.blame('block_configs', 'layers of plain attention and MLPs, or without', 'linear, sparse or sliding ones');
  return {
    attention: attention.no_op === true ? NO_MIXER : readGroupsOf(frame, attention.n_heads_in_group),
    mlp: ffn.no_op === true ? NO_MLP : { mlp: readWidth(frame, Number(ffn.ffn_mult)), other: 0 },
    norms: (attention.no_op === true ? 0 : hidden) + (ffn.no_op === true ? 0 : hidden),
  };
}

function readGroupsOf(frame: Frame, group: unknown): AttentionPart {
  const { fields } = frame;
  const heads = fields.size('num_attention_heads');
  const kvHeads = heads / Number(group);
  if (!Number.isSafeInteger(kvHeads))
    fields.blame('block_configs', 'n_heads_in_group that divides the heads', show(group));
  const { attention, other } = readGrouped(frame, { kind: 'full', window: 0 });
  return { attention: { ...attention, kv_heads: kvHeads } as AttentionPart['attention'], other };
}

/** The rule of the model's code: two thirds of the factor times the hidden size, up to the next 256. */
function readWidth({ fields, hidden }: Frame, factor: number): MlpPart['mlp'] {
  if (!(factor > 0)) fields.blame('block_configs', 'ffn_mult above 0', show(factor));
  const width = Math.floor((2 * factor * hidden) / 3);
  return { kind: 'dense', intermediate: factor > 0 ? 256 * Math.ceil(width / 256) : 1, gated: true };
}
