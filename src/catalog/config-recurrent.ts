// Mixers with a fixed state per sequence: gated delta nets, lightning attention, Mamba-2.

import { isRecord } from '../check/python-json.ts';
import type { AttentionPart, Frame } from './config-attention.ts';
import { Fields } from './config-fields.ts';

/** Bytes per element of the recurrent state; the short convolution's tail is kept in 16 bits beside it. */
function readStateBytes(fields: Fields): 2 | 4 {
  return fields.text('mamba_ssm_cache_dtype', 'mamba_ssm_dtype') === 'float32' ? 4 : 2;
}

/** Elements of `stateBytes` that the 16-bit tail of a convolution over `channels` takes. */
function tailElements(channels: number, kernel: number, stateBytes: 2 | 4): number {
  return Math.ceil((channels * (kernel - 1) * 2) / stateBytes);
}

/** Gated delta net (arXiv 2412.06464): per value head a key x value state: decay, read, correct, write, query. */
export function readDeltaNet({ fields, hidden }: Frame): AttentionPart {
  const keyDim = fields.size('linear_key_head_dim');
  const valueDim = fields.size('linear_value_head_dim');
  const heads = fields.size('linear_num_value_heads');
  const keys = fields.size('linear_num_key_heads') * keyDim;
  const values = heads * valueDim;
  const kernel = fields.size('linear_conv_kernel_dim');
  const channels = 2 * keys + values;
  const state_bytes = readStateBytes(fields);
  const projections = hidden * (2 * keys + 2 * values) + hidden * 2 * heads + values * hidden;
  const attention = {
    kind: 'linear',
    parameters: projections + channels * kernel,
    state_elements: heads * keyDim * valueDim + tailElements(channels, kernel, state_bytes),
    state_bytes,
    flops_per_token: 7 * heads * keyDim * valueDim + 2 * kernel * channels,
  } as const;
  return { attention, other: 2 * heads + valueDim };
}

/** Kimi Delta Attention (arXiv 2510.26692): a delta net that decays by channel, with low-rank gates. The state is kept in 32 bits. */
export function readKimiDelta({ fields, hidden }: Frame): AttentionPart {
  const nested = fields.value('linear_attn_config');
  const own = isRecord(nested) ? new Fields(nested, fields.file, 'linear_attn_config.') : fields;
  const heads = own.size('num_heads', 'linear_num_heads');
  const width = own.size('head_dim', 'linear_head_dim');
  const kernel = own.size('short_conv_kernel_size', 'linear_conv_kernel_dim');
  if (own !== fields) fields.issues.push(...own.issues);
  const [inner, channels] = [heads * width, 3 * heads * width];
  const gates = 2 * (hidden + inner) * width + hidden * heads;
  const state = heads * width * width;
  const attention = {
    kind: 'linear',
    parameters: hidden * channels + inner * hidden + gates + channels * kernel,
    state_elements: state + tailElements(channels, kernel, 4),
    state_bytes: 4,
    flops_per_token: 7 * state + 2 * kernel * channels,
  } as const;
  return { attention, other: inner + heads + width };
}

/** Lightning attention (MiniMax-01, arXiv 2501.08313): q, k, v, an output gate, and a head x head state in 32 bits. */
export function readLightning({ fields, hidden }: Frame): AttentionPart {
  const heads = fields.size('num_attention_heads');
  const width = fields.sizeOr(Math.floor(hidden / heads), 'head_dim');
  const state = heads * width * width;
  const parameters = 5 * hidden * heads * width;
  const attention = { kind: 'linear', parameters, state_elements: state, state_bytes: 4, flops_per_token: 5 * state };
  return { attention: attention as AttentionPart['attention'], other: heads * width };
}

/** Mamba-2 (arXiv 2405.21060): in-projection to gate, x, B, C and dt; a head x state matrix per head: decay, write, read. */
export function readMamba2({ fields, hidden }: Frame): AttentionPart {
  const heads = fields.size('mamba_num_heads', 'mamba_n_heads');
  const inner = heads * fields.size('mamba_head_dim', 'mamba_d_head');
  const stateSize = fields.size('ssm_state_size', 'mamba_d_state');
  const channels = inner + 2 * fields.size('n_groups', 'mamba_n_groups') * stateSize;
  const kernel = fields.size('conv_kernel', 'mamba_d_conv');
  const state_bytes = readStateBytes(fields);
  const attention = {
    kind: 'linear',
    parameters: hidden * (inner + channels + heads) + inner * hidden + channels * kernel,
    state_elements: inner * stateSize + tailElements(channels, kernel, state_bytes),
    state_bytes,
    flops_per_token: 5 * inner * stateSize + 2 * kernel * channels,
  } as const;
  const normed = fields.flag('mamba_rms_norm', true) ? inner : 0;
  return { attention, other: channels + 3 * heads + normed };
}
