// Number formats of a checkpoint, from torch_dtype and quantization_config.
import { isRecord, type Json } from '../check/python-json.ts';
import type { Fields } from './config-fields.ts';
import type { WeightFormat } from './types.ts';

export interface NativeFormats {
  readonly weights: WeightFormat;
  /** Null where the attention projections have the same format. */
  readonly attention: WeightFormat | null;
  /** Why no format stands for the checkpoint; '' where one does. */
  readonly unclear: string;
  /** What had to be assumed, in words. */
  readonly assumed: readonly string[];
}

const DTYPES: Readonly<Record<string, WeightFormat>> = { bfloat16: 'bf16', float16: 'fp16', half: 'fp16' };

/** `outer` is the whole file: multimodal wrappers keep the quantisation there. */
export function readFormats(fields: Fields, outer: Json, layers: number): NativeFormats {
  const dtype = fields.text('torch_dtype', 'dtype') || String(outer.torch_dtype ?? outer.dtype ?? '');
  const plain = DTYPES[dtype.replace('torch.', '')] ?? 'bf16';
  const own = { weights: plain, attention: null, unclear: '', assumed: [] };
  const quantization = fields.data.quantization_config ?? outer.quantization_config;
  if (isRecord(quantization)) return readQuantized(quantization, own, layers);
  if (dtype === '') return { ...own, assumed: ['no torch_dtype in the file: weights taken as bf16'] };
  if (DTYPES[dtype.replace('torch.', '')]) return own;
  return { ...own, assumed: [`weights published as ${dtype}: taken as bf16`] };
}

function readQuantized(config: Json, own: NativeFormats, layers: number): NativeFormats {
  const plain = own.weights;
  const kv = config.kv_cache_quant_algo;
  const assumed =
    typeof kv === 'string' ? [`scales for a KV cache in ${kv}: kv_cache_dtype says whether it is used`] : [];
  if (String(config.quant_algo).toUpperCase() === 'MIXED_PRECISION') return { ...readMixed(config, own), assumed };
  const weights = readQuantization(config);
  if (weights) return { weights, attention: leavesAttention(config, layers) ? plain : null, unclear: '', assumed };
  const method = String(config.quant_method ?? config.quant_algo ?? 'without quant_method');
  return { ...own, unclear: `its quantization_config ${method} names no format that is known`, assumed };
}

/** ModelOpt's list of modules: attention and MLPs may differ; where modules of one kind differ, no format stands for them. */
function readMixed(config: Json, own: NativeFormats): NativeFormats {
  const listed = isRecord(config.quantized_layers) ? Object.entries(config.quantized_layers) : [];
  const formatsOf = (attention: boolean) => {
    const some = listed.filter(([name]) => ATTENTION.test(name) === attention && !/lm_head/.test(name));
    const algorithm = (module: unknown) => String(isRecord(module) ? module.quant_algo : module).toUpperCase();
    return [...new Set(some.map(([, module]) => byAlgorithm(algorithm(module))))];
  };
  const [attention, others] = [formatsOf(true), formatsOf(false)];
  const [weights] = others;
  if (others.length === 1 && weights && attention.length <= 1 && attention[0] !== null)
    return { ...own, weights, attention: attention.length === 0 ? own.weights : attention[0]! };
  const names = [...new Set([...others, ...attention])].map((format) => format ?? 'an unknown format');
  return { ...own, unclear: `its modules differ in format (${names.join(', ') || 'none is listed'})` };
}

/** DeepSeek-V4: routed experts in 4 bits, the rest as the checkpoint says. */
export function withExpertFormat(fields: Fields, formats: NativeFormats): NativeFormats {
  if (fields.text('expert_dtype') !== 'fp4') return formats;
  const assumed = [...formats.assumed, 'shared experts counted in the 4 bits of the routed ones'];
  return { ...formats, weights: 'mxfp4', attention: formats.attention ?? formats.weights, assumed };
}

function readQuantization(config: Json): WeightFormat | null {
  const algorithm = String(config.quant_algo ?? '').toUpperCase();
  // NVIDIA's exports leave the method out
  const method = String(config.quant_method ?? (algorithm === '' ? '' : 'modelopt')).toLowerCase();
  if (method === 'mxfp4') return 'mxfp4';
  if (method === 'fp8' || method === 'fbgemm_fp8') return config.weight_block_size ? 'fp8-block' : 'fp8';
  if (/^(gptq|awq)/.test(method) || method === 'auto-round') return byBits(Number(config.bits ?? config.w_bit), 'int');
  if (method === 'bitsandbytes') return config.load_in_8bit === true ? 'int8' : 'int4';
  if (method.startsWith('modelopt')) return byAlgorithm(algorithm);
  if (method === 'quark') return byQuark(config);
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
  if (algorithm.startsWith('FP8')) return /PB|BLOCK/.test(algorithm) ? 'fp8-block' : 'fp8';
  if (algorithm.includes('INT4') || algorithm.startsWith('W4A')) return 'int4';
  return algorithm.includes('INT8') || /^W8A(8|16)/.test(algorithm) ? 'int8' : null;
}

/** AMD Quark's weights, of all layers alike. */
function byQuark(config: Json): WeightFormat | null {
  const all = isRecord(config.global_quant_config) ? config.global_quant_config.weight : null;
  const dtype = isRecord(all) ? String(all.dtype) : '';
  if (dtype === 'fp4') return 'mxfp4';
  if (dtype.startsWith('fp8')) return 'fp8';
  return dtype === 'int8' || dtype === 'int4' ? dtype : null;
}

/** compressed-tensors: the weights of its groups, where they are alike. */
function byGroups(config: Json): WeightFormat | null {
  const groups = isRecord(config.config_groups) ? Object.values(config.config_groups) : [];
  const formats = new Set(groups.map((group) => byGroup(isRecord(group) ? group.weights : null)));
  return formats.size === 1 ? [...formats][0]! : null;
}

function byGroup(weights: unknown): WeightFormat | null {
  if (!isRecord(weights)) return null;
  const format = byBits(Number(weights.num_bits), String(weights.type));
  if (format === 'fp8' && weights.strategy === 'block') return 'fp8-block';
  return format === 'nvfp4' && Number(weights.group_size) === 32 ? 'mxfp4' : format;
}

const ATTENTION = /self_attn|attention|\battn\b/;

/** Whether the checkpoint leaves the attention projections in 16 bits: a pattern over all layers, or single ones of at least half. */
function leavesAttention(config: Json, layers: number): boolean {
  const lists = [config.ignore, config.modules_to_not_convert, config.exclude_modules, config.ignored_layers];
  const names = lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  const attention = names.filter((name) => ATTENTION.test(name) && !/vision|visual/.test(name));
  const single = new Set(attention.flatMap((name) => /layers\.(\d+)\./.exec(name)?.[1] ?? []));
  return 2 * single.size >= layers || attention.some((name) => !/layers\.\d+\./.test(name));
}
