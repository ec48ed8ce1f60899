// Mixers with a fixed state per sequence: gated delta nets, lightning attention, Mamba-2.
import type { AttentionPart, Frame } from './config-attention.ts';
import type { Fields } from './config-fields.ts';

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
  const heads = fields.size('mamba_num_heads');
  const inner = heads * fields.size('mamba_head_dim');
  const stateSize = fields.size('ssm_state_size');
  const channels = inner + 2 * fields.size('n_groups') * stateSize;
  const kernel = fields.size('conv_kernel');
  const state_bytes = readStateBytes(fields);
  const attention = {
    kind: 'linear',
    parameters: hidden * (inner + channels + heads) + inner * hidden + channels * kernel,
    state_elements: inner * stateSize + tailElements(channels, kernel, state_bytes),
    state_bytes,
    flops_per_token: 5 * inner * stateSize + 2 * kernel * channels,
  } as const;
  return { attention, other: channels + 3 * heads + inner };
}
