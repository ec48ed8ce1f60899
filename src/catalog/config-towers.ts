// Vision towers of multimodal models: how many weights they load, from their part of the config.json.
import { isRecord, type Json } from '../check/python-json.ts';
import { Fields } from './config-fields.ts';

/** Towers whose MLP has a gate. */
const GATED = /pixtral|qwen2_5_vl|gemma4/;

/**
 * Weights of the vision tower and of what joins it to a text model of width `hidden`; 0 where there is none, null where the file does not
 * say enough. Layers of four square projections and an MLP, a patch embedding, positions where images have one size, and the merger
 * (Qwen: m x m patches through two projections, once more for every layer whose features go in deeper) or a projector of two layers.
 */
export function countVisionTower(outer: Json, hidden: number): number | null {
  const config =
    outer.vision_config ?? (isRecord(outer.thinker_config) ? outer.thinker_config.vision_config : undefined);
  if (!isRecord(config)) return 0;
  const fields = new Fields(config, '');
  const sizes = [['hidden_size', 'embed_dim'], ['num_hidden_layers', 'depth'], ['intermediate_size']] as const;
  if (!sizes.every((names) => fields.has(...names)) || !fields.has('patch_size')) return null;
  const [width, depth, inner] = sizes.map(([name, ...others]) => fields.size(name, ...others)) as [
    number,
    number,
    number,
  ];
  const patch = fields.size('patch_size');
  const type = [fields.text('model_type'), outer.model_type].join(' ');
  const layer = 4 * width ** 2 + (GATED.test(type) ? 3 : 2) * width * inner;
  const layers = (depth + fields.countOr(0, 'num_global_layers')) * layer;
  const stem = 3 * fields.sizeOr(1, 'temporal_patch_size') * patch ** 2 * width;
  const positions = Math.floor(fields.countOr(0, 'image_size') / patch) ** 2 * width;
  const merged = width * fields.sizeOr(1, 'spatial_merge_size') ** 2;
  const out = fields.sizeOr(hidden, 'out_hidden_size');
  const deeper = Array.isArray(config.deepstack_visual_indexes) ? config.deepstack_visual_indexes.length : 0;
  const joined = fields.has('spatial_merge_size') ? (1 + deeper) * merged * (merged + out) : (width + hidden) * hidden;
  return fields.issues.length > 0 ? null : layers + stem + positions + joined;
}
