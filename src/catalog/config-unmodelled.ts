// What a config.json describes and this catalog cannot: in words, so that nobody takes a number for more than it is.

import { isRecord, type Json } from '../check/python-json.ts';
import { familyOf } from './config-families.ts';
import type { Fields } from './config-fields.ts';

/** Field -> what it stands for, where its presence (not null, false or 0) changes costs that the catalog has no words for. */
const BY_FIELD: Readonly<Record<string, string>> = {
  zero_expert_num: 'experts that compute nothing: every token has the number of real ones that is expected',
  altup_num_inputs: 'alternating updates (AltUp): their weights are counted, the traffic of the further streams is not',
  cross_attention_layers: 'cross-attention: what an image leaves, a fixed number of tokens, is neither stored nor read',
  sparse_attention_config: 'block-sparse attention: priced as full attention',
};

/** model_type -> what its layers do at the same time. */
const BY_TYPE: Readonly<Record<string, string>> = {
  longcat_flash: 'experts beside an attention and an MLP (shortcut): priced one after the other',
  falcon_h1: 'attention and state space side by side in a layer: priced one after the other',
};

/** `tower`: weights of the vision tower, null where the file does not tell. */
export function listUnmodelled(fields: Fields, outer: Json, tower: number | null): string[] {
  const words: string[] = [];
  const type = fields.text('model_type');
  if (type === '') words.push('no model_type in the file: read as a llama-like decoder from its fields');
  else if (!familyOf(type).known) {
    words.push(`model_type ${type} is not known: read as a llama-like decoder from its fields`);
  }
  words.push(...listTowers(outer, tower));
  for (const [name, meaning] of Object.entries(BY_FIELD)) {
    const value = fields.value(name);
    if (value !== undefined && value !== null && value !== 0 && value !== false) words.push(meaning);
  }
  const together = Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined;
  if (together) words.push(together);
  return [...words, ...listAttention(fields)];
}

function listTowers(outer: Json, tower: number | null): string[] {
  const inside = isRecord(outer.thinker_config) ? outer.thinker_config : {};
  const has = (name: string) => isRecord(outer[name]) || isRecord(inside[name]);
  const names = Array.isArray(outer.architectures) ? String(outer.architectures[0]) : '';
  const guessed = !has('vision_config') && !has('audio_config') && names.endsWith('ForConditionalGeneration');
  const words: string[] = [];
  if (tower !== null && tower > 0) words.push('vision tower: its weights are counted, its work is not');
  else if (has('vision_config') || guessed) words.push('vision tower: neither its weights nor its work');
  if (has('audio_config')) words.push('audio tower: neither its weights nor its work');
  if (isRecord(outer.talker_config)) words.push('speech generation (talker)');
  return words;
}

function listAttention(fields: Fields): string[] {
  const words: string[] = [];
  const types = fields.value('layer_types');
  const chunked = Array.isArray(types) && types.includes('chunked_attention');
  if (chunked || (fields.has('attention_chunk_size') && !fields.has('hybrid_layer_pattern'))) {
    words.push('chunked attention: priced as a sliding window of the chunk length, at most twice what a chunk reads');
  }
  const lightning = fields.value('attn_type_list');
  if (Array.isArray(lightning) && lightning.includes(0))
    words.push('lightning attention in blocks during prefill: priced as a recurrence');
  if (fields.has('compress_ratios')) {
    words.push(
      'compressed attention: the window of uncompressed tokens beside the compressed entries is neither stored nor read',
      'hyper-connections: their weights are counted, the traffic of the extra residual streams is not',
    );
  }
  return words;
}
