// Which kind of mixer each layer of a config.json has: full or sliding attention, linear attention, a state space (Mamba-2).

import { isRecord } from '../check/python-json.ts';
import type { Family } from './config-families.ts';
import type { Fields } from './config-fields.ts';

export interface LayerKind {
  readonly kind: 'full' | 'sliding' | 'linear' | 'mamba';
  /** Tokens kept by a sliding layer; 0 elsewhere. */
  readonly window: number;
}

const FULL: LayerKind = { kind: 'full', window: 0 };
const LINEAR: LayerKind = { kind: 'linear', window: 0 };
const MAMBA: LayerKind = { kind: 'mamba', window: 0 };

/** Names in `layer_types`, as Hugging Face transformers spells them. Chunks are windows that jump (config-unmodelled.ts). */
const NAMES: Readonly<Record<string, LayerKind['kind']>> = {
  full_attention: 'full',
  attention: 'full',
  sliding_attention: 'sliding',
  chunked_attention: 'sliding',
  linear_attention: 'linear',
  deepseek_sparse_attention: 'full',
  mamba: 'mamba',
};

/** One entry per layer. */
export function readLayerKinds(fields: Fields, family: Family, layers: number, positions: number): LayerKind[] {
  const window = readWindow(fields, layers);
  const sliding: LayerKind = window > 0 && window < positions ? { kind: 'sliding', window } : FULL;
  const index = Array.from({ length: layers }, (_, i) => i);

  const hybrid = fields.perLayer('hybrid_layer_pattern', layers); // MiMo-V2: 1 = sliding
  if (hybrid) return index.map((i) => (hybrid[i] === 1 ? sliding : FULL));
  const types = fields.perLayer('layer_types', layers);
  if (types) return readNames(fields, types.slice(0, layers), sliding);
  const full = readFullLayers(fields);
  if (full) return index.map((i) => (full.has(i + 1) ? FULL : LINEAR));
  const lightning = fields.perLayer('attn_type_list', layers); // MiniMax-01 and M1: 0 = lightning attention
  if (lightning) return index.map((i) => (lightning[i] === 0 ? LINEAR : FULL));
  if (fields.has('linear_num_value_heads')) {
    const every = fields.sizeOr(4, 'full_attention_interval');
    return index.map((i) => ((i + 1) % every === 0 ? FULL : LINEAR));
  }
  if (sliding === FULL) return index.map(() => FULL);
  return index.map((i) => (slides(fields, family, i) ? sliding : FULL));
}

/** Tokens of the window, 0 where there is none: Qwen states one and switches it off. */
function readWindow(fields: Fields, layers: number): number {
  const types = fields.value('layer_types');
  const named = Array.isArray(types) && types.slice(0, layers).some((type) => NAMES[String(type)] === 'sliding');
  if (!named && fields.has('use_sliding_window') && !fields.flag('use_sliding_window')) return 0;
  return fields.countOr(0, 'sliding_window', 'attention_chunk_size', 'local_attention');
}

function readNames(fields: Fields, types: readonly unknown[], sliding: LayerKind): LayerKind[] {
  const odd = [...new Set(types)].filter((type) => !Object.hasOwn(NAMES, String(type)));
  if (odd.length > 0) fields.blame('layer_types', `layers of ${Object.keys(NAMES).join(', ')}`, odd.join(', '));
  const kinds = { full: FULL, sliding, linear: LINEAR, mamba: MAMBA };
  return types.map((type) => kinds[NAMES[String(type)] ?? 'full']);
}

/** Kimi Linear: the layers with full attention, counted from 1; null where the file has no such list. */
function readFullLayers(fields: Fields): Set<number> | null {
  const config = fields.value('linear_attn_config');
  const list = isRecord(config) ? config.full_attn_layers : null;
  return Array.isArray(list) ? new Set(list.map(Number)) : null;
}

/** The rule of the model's code, where the file has a window but no list. Layers count from 0. */
function slides(fields: Fields, family: Family, layer: number): boolean {
  const pattern = fields.find('sliding_window_pattern', '_sliding_window_pattern')?.value;
  if (typeof pattern === 'string') return pattern[layer % pattern.length] === 'L'; // EXAONE-4: LLLG
  if (typeof pattern === 'number' && pattern > 0) return (layer + 1) % pattern !== 0;
  if (fields.has('global_attn_every_n_layers')) return layer % fields.size('global_attn_every_n_layers') !== 0; // ModernBERT
  if (fields.has('attention_chunk_size')) return (layer + 1) % fields.sizeOr(4, 'no_rope_layer_interval') !== 0; // Llama 4
  if (fields.flag('use_sliding_window')) return layer >= fields.countOr(0, 'max_window_layers'); // Qwen2
  if (family.sliding === 'all') return true;
  if (family.sliding === 'none') return false;
  return 'fullEvery' in family.sliding ? (layer + 1) % family.sliding.fullEvery !== 0 : layer % 2 === 0;
}
