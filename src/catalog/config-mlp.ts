// The MLP of each layer of a config.json: dense or a mixture of experts, and which layers are which.
import { show } from '../check/issue.ts';
import { type Frame, sharesFrom } from './config-attention.ts';
import type { Fields, Names } from './config-fields.ts';
import type { Mlp } from './types.ts';

/** One layer's part, and its weights outside the matrices (biases, the router's correction, a shared expert's gate). */
export interface MlpPart {
  readonly mlp: Mlp;
  readonly other: number;
}

const WIDTH_NAMES = ['intermediate_size', 'ffn_hidden_size', 'ffn_dim', 'n_inner', 'd_ff'] as const;
const EXPERT_NAMES = [
  'n_routed_experts',
  'num_routed_experts',
  'num_local_experts',
  'num_experts',
  'moe_num_experts',
] as const;
const SHARED_NAMES = ['n_shared_experts', 'num_shared_experts', 'moe_num_shared_experts', 'num_shared_expert'] as const;
const EXPERT_WIDTHS = ['moe_intermediate_size', 'expert_ffn_hidden_size'] as const;
const TOP_K_NAMES = [
  'num_experts_per_tok',
  'num_experts_per_token',
  'experts_per_token',
  'top_k_experts',
  'moe_topk',
  'moe_k',
  'moe_top_k',
] as const;

const SHARED_WIDTHS = [
  'shared_expert_intermediate_size',
  'moe_shared_expert_intermediate_size',
  'share_expert_dim',
  'shared_intermediate_size',
] as const;

/** Whether the file describes experts at all (Gemma 4 states their number and switches them off). */
export function hasExperts(fields: Fields): boolean {
  // where their number is known, what else is said of them is understood, whether or not a layer has them
  if (fields.has(...EXPERT_NAMES)) fields.has(...TOP_K_NAMES, ...EXPERT_WIDTHS, ...SHARED_NAMES, ...SHARED_WIDTHS);
  return fields.countOr(0, ...EXPERT_NAMES) > 1 && fields.flag('enable_moe_block', true);
}

export function readMlps(frame: Frame): MlpPart[] {
  const { fields, layers } = frame;
  const sparse = hasExperts(fields) ? sparseLayers(fields, layers) : Array<boolean>(layers).fill(false);
  // Gemma 4 E2B: twice as wide where the layer has no keys and values of its own
  const wide = fields.flag('use_double_wide_mlp') ? sharesFrom(frame) : layers;
  return sparse.map((isSparse, i) => (isSparse ? readMixture(frame) : readDense(frame, i >= wide ? 2 : 1)));
}

/** Which layers are mixtures: a list where there is one, else the first-dense and every-nth rules of the model's code. */
function sparseLayers(fields: Fields, layers: number): boolean[] {
  const index = Array.from({ length: layers }, (_, i) => i);
  const types = fields.perLayer('mlp_layer_types', layers);
  if (types) return index.map((i) => types[i] === 'sparse');
  if (Array.isArray(fields.value('moe_layer_freq'))) {
    const list = fields.perLayer('moe_layer_freq', layers) ?? [];
    return index.map((i) => list[i] === 1);
  }
  const named = readNamedLayers(fields);
  if (named) return index.map((i) => named.has(i));
  const listed = fields.value('mlp_only_layers');
  const only = new Set(Array.isArray(listed) ? listed : []);
  const first = fields.countOr(0, 'first_k_dense_replace', 'moe_layer_start_index');
  const every = fields.sizeOr(1, 'interleave_moe_layer_step', 'moe_layer_interval', 'moe_layer_freq');
  const step = fields.sizeOr(1, 'decoder_sparse_step');
  // DeepSeek counts from layer 0, Llama 4 and Qwen from 1 (both take the last layer of each period).
  const offset = fields.has('interleave_moe_layer_step', 'moe_layer_interval') ? 1 : 0;
  return index.map((i) => i >= first && !only.has(i) && (i + offset) % every === 0 && (i + 1) % step === 0);
}

/** Llama 4's `moe_layers` and Step's "3,4,5": layer numbers. */
function readNamedLayers(fields: Fields): Set<number> | null {
  const [list, text] = [fields.value('moe_layers'), fields.value('moe_layers_enum')];
  if (Array.isArray(list) && list.length > 0) return new Set(list.map(Number));
  if (typeof text !== 'string') return null;
  const numbers = text.split(',').map(Number);
  if (numbers.some((number) => !Number.isInteger(number))) {
    fields.blame('moe_layers_enum', 'layer numbers separated by commas', show(text));
  }
  return new Set(numbers);
}

/** Granite 4 hybrids without experts have what others share. */
function dense(fields: Fields): Names {
  const only = fields.text('model_type') === 'granitemoehybrid' && !hasExperts(fields);
  return only ? ['shared_intermediate_size'] : WIDTH_NAMES;
}

/** A squared ReLU (Nemotron) and xIELU (Apertus) have no gate, whatever the family. */
function isGated({ fields, family }: Frame): boolean {
  return family.gated && !['relu2', 'xielu'].includes(fields.text('mlp_hidden_act', 'hidden_act'));
}

export function readDense(frame: Frame, times = 1): MlpPart {
  const { fields, family, hidden } = frame;
  const expansion = fields.countOr(0, 'expansion_ratio') || family.widthFactor; // MPT
  const own = fields.find('intermediate_size_mlp', 'dense_intermediate_size'); // Llama 4, MiniMax-M3
  const names: Names = own ? [own.name] : dense(fields);
  const width = expansion === null ? fields.size(...names) : fields.sizeOr(expansion * hidden, ...names);
  const intermediate = times * width;
  const gated = isGated(frame);
  const biased = family.mlpBias || fields.flag('mlp_bias');
  const other = biased ? (gated ? 2 : 1) * intermediate + hidden : 0;
  return { mlp: { kind: 'dense', intermediate, gated }, other };
}

export function readMixture(frame: Frame): MlpPart {
  const { fields, hidden } = frame;
  const experts = fields.size(...EXPERT_NAMES);
  const top_k = chosenOf(fields, experts);
  if (top_k > experts) fields.blame(TOP_K_NAMES[0], `at most the ${experts} experts`, String(top_k));
  const intermediate = fields.size(...EXPERT_WIDTHS, ...WIDTH_NAMES);
  const latent = fields.countOr(0, 'moe_latent_size');
  const mlp: Mlp = {
    kind: 'moe',
    experts,
    top_k,
    intermediate,
    shared_intermediate: readSharedWidth(fields, intermediate),
    gated: isGated(frame),
    ...(latent > 0 ? { latent } : {}),
  };
  return { mlp, other: countSmall(fields, mlp, hidden) };
}

/** Experts of one token. LongCat-Flash also chooses among experts that do nothing: the share of real ones is expected. */
function chosenOf(fields: Fields, experts: number): number {
  const chosen = fields.size(...TOP_K_NAMES);
  const idle = fields.countOr(0, 'zero_expert_num');
  return Math.max(1, Math.round((chosen * experts) / (experts + idle)));
}

/** Total width of what is always on beside the routed experts. */
function readSharedWidth(fields: Fields, intermediate: number): number {
  const width = fields.find(...SHARED_WIDTHS);
  if (width) return fields.countOr(0, width.name);
  if (fields.has('enable_moe_block')) return fields.size('intermediate_size'); // Gemma 4: the dense MLP runs beside
  if (fields.has('interleave_moe_layer_step')) return intermediate; // Llama 4: one shared expert
  return intermediate * fields.countOr(0, ...SHARED_NAMES);
}

function countSmall(fields: Fields, mlp: Mlp & { kind: 'moe' }, hidden: number): number {
  const type = fields.text('model_type');
  // Only the biases of the experts that work on a token are counted, so that the active count is right (total: -0.03 %).
  if (type === 'gpt_oss') return mlp.experts + mlp.top_k * (2 * mlp.intermediate + hidden);
  const corrected =
    fields.text('topk_method') === 'noaux_tc' ||
    ['minimax_m2', 'nemotron_h', 'gemma4_text', 'deepseek_v2', 'glm4_moe'].includes(type);
  const gate = fields.has('shared_expert_intermediate_size') && mlp.shared_intermediate > 0 ? hidden : 0;
  const idle = fields.countOr(0, 'zero_expert_num'); // the router knows them
  return (corrected ? mlp.experts : 0) + gate + idle * hidden;
}
