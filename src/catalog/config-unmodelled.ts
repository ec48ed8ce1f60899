// What a config.json describes and this catalog cannot: in words, so that nobody takes a number for more than it is.

import { isRecord, type Json } from '../check/python-json.ts';
import { familyOf } from './config-families.ts';
import type { Fields } from './config-fields.ts';

/** Field -> what it stands for, where its presence (not null, false or 0) changes costs that the catalog has no words for. */
const BY_FIELD: Readonly<Record<string, string>> = {
  hidden_size_per_layer_input: 'per-layer input embeddings',
  num_kv_shared_layers: 'layers that share the KV cache of earlier ones: counted as if each had its own',
  zero_expert_num: 'zero-computation experts',
  altup_num_inputs: 'alternating updates (AltUp)',
  cross_attention_layers: 'cross-attention layers',
  attn_type_list: 'lightning attention in blocks during prefill: priced as a recurrence',
};

const TOWERS = {
  vision_config: 'vision tower: neither its weights nor its work',
  audio_config: 'audio tower: neither its weights nor its work',
  talker_config: 'speech generation (talker)',
} as const;

export function listUnmodelled(fields: Fields, outer: Json): string[] {
  const words: string[] = [];
  const type = fields.text('model_type');
  if (type === '') words.push('no model_type in the file: read as a llama-like decoder from its fields');
  else if (!familyOf(type).known) {
    words.push(`model_type ${type} is not known: read as a llama-like decoder from its fields`);
  }
  for (const [name, meaning] of Object.entries(TOWERS)) if (isRecord(outer[name])) words.push(meaning);
  const architecture = Array.isArray(outer.architectures) ? String(outer.architectures[0]) : '';
  if (!Object.keys(TOWERS).some((name) => isRecord(outer[name])) && architecture.endsWith('ForConditionalGeneration'))
    words.push(TOWERS.vision_config);
  for (const [name, meaning] of Object.entries(BY_FIELD)) {
    const value = fields.data[name];
    if (value !== undefined && value !== null && value !== 0 && value !== false) words.push(meaning);
  }
  return [...words, ...listAttention(fields)];
}

function listAttention(fields: Fields): string[] {
  const words: string[] = [];
  const types = fields.data.layer_types;
  const chunked = Array.isArray(types) && types.includes('chunked_attention');
  if (chunked || (fields.has('attention_chunk_size') && !fields.has('hybrid_layer_pattern'))) {
    words.push('chunked attention: priced as a sliding window of the chunk length, at most twice what a chunk reads');
  }
  if (fields.has('compress_ratios')) {
    words.push(
      'compressed attention: the window of uncompressed tokens beside the compressed entries is neither stored nor read',
      'hyper-connections: their weights are counted, the traffic of the extra residual streams is not',
    );
  }
  return words;
}
