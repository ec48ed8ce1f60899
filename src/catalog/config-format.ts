// Number formats of a checkpoint, from torch_dtype and quantization_config.
import { isRecord, type Json } from '../check/python-json.ts';
import type { Fields } from './config-fields.ts';
import type { WeightFormat } from './types.ts';

export interface NativeFormats {
  readonly weights: WeightFormat;
  /** Null where the attention projections have the same format. */
  readonly attention: WeightFormat | null;
  /** What had to be assumed, in words. */
  readonly assumed: readonly string[];
}

const DTYPES: Readonly<Record<string, WeightFormat>> = { bfloat16: 'bf16', float16: 'fp16', half: 'fp16' };

/** `outer` is the whole file: multimodal wrappers keep the quantisation there. */
export function readFormats(fields: Fields, outer: Json): NativeFormats {
  const dtype = fields.text('torch_dtype', 'dtype') || String(outer.torch_dtype ?? outer.dtype ?? '');
  const plain = DTYPES[dtype.replace('torch.', '')] ?? 'bf16';
  const assumed: string[] = [];
  const quantization = fields.data.quantization_config ?? outer.quantization_config;
  if (isRecord(quantization)) {
    const weights = readQuantization(quantization);
    if (weights) return { weights, attention: leavesAttention(quantization) ? plain : null, assumed };
    const method = String(quantization.quant_method ?? 'without quant_method');
    assumed.push(`quantization_config ${method}: format of the weights not recognised, taken as ${plain}`);
  } else if (dtype === '') assumed.push('no torch_dtype in the file: weights taken as bf16');
  else if (!DTYPES[dtype.replace('torch.', '')]) assumed.push(`weights published as ${dtype}: taken as bf16`);
  return { weights: plain, attention: null, assumed };
}

/** DeepSeek-V4: routed experts in 4 bits, the rest as the checkpoint says. */
export function withExpertFormat(fields: Fields, formats: NativeFormats): NativeFormats {
  if (fields.text('expert_dtype') !== 'fp4') return formats;
  const assumed = [...formats.assumed, 'shared experts counted in the 4 bits of the routed ones'];
  return { weights: 'mxfp4', attention: formats.attention ?? formats.weights, assumed };
}

function readQuantization(config: Json): WeightFormat | null {
  const method = String(config.quant_method ?? '').toLowerCase();
  if (method === 'mxfp4') return 'mxfp4';
  if (method === 'fp8' || method === 'fbgemm_fp8') return config.weight_block_size ? 'fp8-block' : 'fp8';
  if (method === 'gptq' || method === 'awq' || method === 'auto-round') return byBits(Number(config.bits), 'int');
  if (method === 'bitsandbytes') return config.load_in_8bit === true ? 'int8' : 'int4';
  if (method === 'modelopt') return byAlgorithm(String(config.quant_algo ?? '').toUpperCase());
  if (method === 'compressed-tensors') return byGroups(config);
  return null;
}

function byBits(bits: number, type: string): WeightFormat | null {
  if (type === 'float') return bits === 8 ? 'fp8' : bits === 4 ? 'nvfp4' : null;
  return bits === 8 ? 'int8' : bits === 4 ? 'int4' : null;
}

/** NVIDIA ModelOpt's names. */
function byAlgorithm(algorithm: string): WeightFormat | null {
  if (algorithm.includes('NVFP4')) return 'nvfp4';
  if (algorithm.includes('MXFP4')) return 'mxfp4';
  if (algorithm.startsWith('FP8')) return algorithm.includes('PB') ? 'fp8-block' : 'fp8';
  if (algorithm.includes('INT4') || algorithm.startsWith('W4A')) return 'int4';
  return algorithm.includes('INT8') || algorithm.startsWith('W8A8') ? 'int8' : null;
}

/** compressed-tensors: the first group's weights. */
function byGroups(config: Json): WeightFormat | null {
  const groups = config.config_groups;
  const first = isRecord(groups) ? Object.values(groups)[0] : null;
  const weights = isRecord(first) ? first.weights : null;
  if (!isRecord(weights)) return null;
  const format = byBits(Number(weights.num_bits), String(weights.type));
  if (format === 'fp8' && weights.strategy === 'block') return 'fp8-block';
  return format === 'nvfp4' && Number(weights.group_size) === 32 ? 'mxfp4' : format;
}

/** Whether the checkpoint leaves all attention projections in 16 bits: a pattern over all layers, or many single ones. */
function leavesAttention(config: Json): boolean {
  const lists = [config.ignore, config.modules_to_not_convert, config.exclude_modules, config.ignored_layers];
  const names = lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  const attention = names.filter((name) => /self_attn|attention|\battn\b/.test(name) && !/vision|visual/.test(name));
  return attention.some((name) => name.startsWith('re:') || name.includes('*') || !/\d/.test(name));
}
