// A model's folder as it was downloaded: config.json with NVIDIA's hf_quant_config.json beside it, or Mistral's params.json.
import { isRecord, type Json } from '../check/python-json.ts';
import { readTextFile, statOf } from '../check/text-file.ts';
import { basename, dirname, join, resolve } from '../host/host.ts';
import { parseJson } from './check-entry.ts';

/** A model's file at this path, or the one of the names in this folder. */
export function findConfig(word: string): string | null {
  const path = resolve(word);
  const found = statOf(path);
  if (!found?.isDirectory()) return found ? path : null;
  return ['config.json', 'params.json'].map((name) => join(path, name)).find((file) => statOf(file)) ?? null;
}

/** "…/my-model/config.json" is my-model, "…/my-model.json" too. */
export function configId(path: string): string {
  const name = basename(path).replace(/\.json$/i, '');
  return name === 'config' || name === 'params' ? basename(resolve(path, '..')) : name;
}

/** Names of params.json → names of config.json. */
const PARAMS: Readonly<Record<string, string>> = {
  dim: 'hidden_size',
  n_layers: 'num_hidden_layers',
  n_heads: 'num_attention_heads',
  n_kv_heads: 'num_key_value_heads',
  hidden_dim: 'intermediate_size',
  max_seq_len: 'max_position_embeddings',
  tied_embeddings: 'tie_word_embeddings',
};
const MOE_PARAMS: Readonly<Record<string, string>> = {
  num_experts: 'num_local_experts',
  expert_hidden_dim: 'moe_intermediate_size',
  num_shared_experts: 'n_shared_experts',
};

/** What stands beside a config.json, put where a config.json has it; anything else as it is. */
export function completeConfig(data: unknown, file: string): unknown {
  if (!isRecord(data)) return data;
  if ('dim' in data && 'n_layers' in data) return fromParams(data);
  if (data.quantization_config !== undefined) return data;
  const beside = join(dirname(file), 'hf_quant_config.json');
  if (basename(file) !== 'config.json' || !statOf(beside)) return data;
  const text = readTextFile(beside, { path: 'model', expected: 'a readable hf_quant_config.json' });
  const exported = parseJson(text, beside);
  const quantization = isRecord(exported) ? exported.quantization : null;
  return isRecord(quantization)
    ? { ...data, quantization_config: { quant_method: 'modelopt', ...quantization } }
    : data;
}

const rename = (data: Json, names: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [names[name] ?? name, value]));

/** Mistral's own format, of the same numbers under other names. */
function fromParams(data: Json): Json {
  const { moe, vision_encoder, quantization, ...plain } = data;
  const weights = isRecord(quantization) ? String(quantization.qformat_weight) : '';
  return {
    model_type: 'mistral',
    torch_dtype: 'bfloat16',
    ...rename(plain, PARAMS),
    ...(isRecord(moe) ? rename(moe, MOE_PARAMS) : {}),
    ...(isRecord(vision_encoder) ? { vision_config: { model_type: 'pixtral', ...vision_encoder } } : {}),
    ...(weights.startsWith('fp8') ? { quantization_config: { quant_method: 'fp8' } } : {}),
  };
}
