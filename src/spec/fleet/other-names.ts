// What people call a key: words of benchmark clients and of talk, and the flags of engines, which their own tables know.
import type { FlagRow } from '../launch/flag.ts';
import { SGLANG_FLAGS } from '../launch/sglang-flags.ts';
import { TRTLLM_FLAGS } from '../launch/trtllm-flags.ts';
import { VLLM_FLAGS } from '../launch/vllm-flags.ts';

/** Words of benchmark clients and of talk, by the key that says it here; flags of engines come from their tables. */
const SPOKEN: Readonly<Record<string, string>> = {
  hardware: 'gpu gpus gpu_type accelerator accelerators device device_type chip',
  replicas: 'num_replicas instances num_instances count',
  count: 'num_replicas instances num_instances replicas',
  tensor_parallel_size: 'tp',
  pipeline_parallel_size: 'pp',
  data_parallel_size: 'dp',
  expert_parallel_size: 'ep',
  request_rate: 'qps rps rate requests_per_second',
  num_requests: 'num_prompts request_count n',
  requests: 'trace trace_file dataset dataset_path',
  input_len: 'isl input_tokens input_length prompt_tokens prompt_len random_input_len synthetic_input_tokens_mean',
  output_len: 'osl output_tokens output_length completion_tokens random_output_len',
  max_num_seqs: 'batch_size max_concurrency',
  quantization: 'weight_format precision',
  kv_cache_dtype: 'kv_dtype kv_format',
  max_model_len: 'max_seq_len max_context_length',
};

/** Keys of a spec that somebody may mean by a word. */
export function otherNames(key: string): Set<string> {
  const asked = key.toLowerCase().replaceAll('-', '_');
  const spoken = Object.keys(SPOKEN).filter((name) => SPOKEN[name]?.split(' ').includes(asked));
  const flags: readonly FlagRow[] = [...VLLM_FLAGS, ...SGLANG_FLAGS, ...TRTLLM_FLAGS];
  const set = flags.filter(({ names }) => names.some((name) => name.replace(/^-+/, '').replaceAll('-', '_') === asked));
  return new Set([...spoken, ...set.flatMap(({ sets }) => (sets === undefined || sets === asked ? [] : [sets]))]);
}
