// The command that starts a configuration on real machines, in the words of its engine, and what the command cannot say.
import type { Configuration } from '../spec/types.ts';
import { draftsOfSglang, draftsOfTrtllm, draftsOfVllm, type Flag, type Labels, nameOf } from './launch-drafts.ts';

export interface Launch {
  /** null where the profile belongs to no engine with a launch command. */
  readonly command: string | null;
  /** What must be done beside the command, or what the engine has no flag for. */
  readonly notes: readonly string[];
}

/** `labels` may name the checkpoint to serve for a model id; without one the id itself stands in the command. */
export function buildLaunch(configuration: Configuration, labels?: Labels): Launch {
  if (configuration.step_time !== null)
    return { command: null, notes: ['a step_time of its own has no engine to launch'] };
  const engine = /^(vllm|sglang|trtllm|tensorrt-llm)/.exec(configuration.profile)?.[1];
  const model = quoteWord(nameOf(configuration.model, labels));
  const notes = noteReplicas(configuration);
  if (engine === 'vllm')
    return { command: join(`vllm serve ${model}`, flagsOfVllm(configuration, labels, notes)), notes };
  if (engine === 'sglang') {
    const start = `python -m sglang.launch_server --model-path ${model}`;
    return { command: join(start, flagsOfSglang(configuration, labels, notes)), notes };
  }
  if (engine !== undefined)
    return { command: join(`trtllm-serve ${model}`, flagsOfTrtllm(configuration, labels, notes)), notes };
  return { command: null, notes: [`no launch command is known for the profile ${configuration.profile}`] };
}

/** Quoted for a POSIX shell where it must be. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function join(start: string, flags: readonly Flag[]): string {
  const lines = flags.map(([name, value]) => (value === undefined ? name : `${name} ${quoteWord(String(value))}`));
  return [start, ...lines].join(' \\\n  ');
}

function noteReplicas({ replicas, routing }: Configuration): string[] {
  return replicas > 1 ? [`start ${replicas} of these behind a balancer (${routing})`] : [];
}

/** Formats that a server makes of 16-bit weights while loading; the others need a checkpoint in that format. */
function noteFormat(configuration: Configuration, online: readonly string[], notes: string[]): boolean {
  const { quantization } = configuration;
  if (quantization === 'auto' || quantization === 'bf16' || quantization === 'fp16') return false;
  if (online.includes(quantization)) return true;
  notes.push(`serve a checkpoint whose weights are ${quantization}`);
  return false;
}

function noteBatching({ batching }: Configuration, known: readonly string[], notes: string[]): void {
  if (!known.includes(batching)) notes.push(`the engine has no flag for ${batching} batching`);
}

/** vLLM before V1 has flags for it from 0.4 on; V1, SGLang and TensorRT-LLM always recompute. */
function flagsOfPreemption(configuration: Configuration, notes: string[]): Flag[] {
  const { preemption_mode, swap_space, num_cpu_blocks, profile } = configuration;
  if (preemption_mode !== 'swap') return [];
  if (!/^vllm-0\.[4-7](\D|$)/.test(profile)) {
    notes.push('the engine has no flag for preemption by swapping: it recomputes');
    return [];
  }
  const flags: Flag[] = [['--preemption-mode', 'swap']];
  // GiB per device
  if (num_cpu_blocks > 0) notes.push(`choose --swap-space so that it holds ${num_cpu_blocks} blocks`);
  else flags.push(['--swap-space', Number((swap_space / 2 ** 30).toPrecision(6))]);
  return flags;
}

/** vLLM 0.6 and 0.7 only. */
function flagsOfRounds({ num_scheduler_steps: steps, profile }: Configuration, notes: string[]): Flag[] {
  if (steps === 1) return [];
  if (/^vllm-0\.[67](\D|$)/.test(profile)) return [['--num-scheduler-steps', steps]];
  notes.push(`the engine has no flag for ${steps} decode iterations between two looks of the scheduler`);
  return [];
}

function noteWatermark({ watermark }: Configuration, notes: string[], builtIn: string): void {
  if (watermark > 0) notes.push(`the engine has no flag for a watermark of ${watermark}${builtIn}`);
}

function flagsOfVllm(configuration: Configuration, labels: Labels, notes: string[]): Flag[] {
  const flags: Flag[] = [['--tensor-parallel-size', configuration.tensor_parallel_size]];
  const { pipeline_parallel_size: pp, data_parallel_size: dp, expert_parallel_size: ep } = configuration;
  if (pp > 1) flags.push(['--pipeline-parallel-size', pp]);
  if (dp > 1) flags.push(['--data-parallel-size', dp]);
  if (ep > 1) flags.push(['--enable-expert-parallel']);
  const group = configuration.tensor_parallel_size * dp;
  if (ep > 1 && ep !== group) notes.push(`vLLM spreads experts over all ${group} devices, not over ${ep}`);
  if (configuration.quantization === 'bf16') flags.push(['--dtype', 'bfloat16']);
  if (configuration.quantization === 'fp16') flags.push(['--dtype', 'float16']);
  if (noteFormat(configuration, ['fp8'], notes)) flags.push(['--quantization', 'fp8']);
  if (configuration.kv_cache_dtype === 'fp8') flags.push(['--kv-cache-dtype', 'fp8']);
  if (configuration.kv_cache_dtype === 'int8') notes.push('vLLM has no int8 KV cache');
  flags.push(['--max-num-seqs', configuration.max_num_seqs]);
  flags.push(['--max-num-batched-tokens', configuration.max_num_batched_tokens]);
  if (configuration.max_model_len > 0) flags.push(['--max-model-len', configuration.max_model_len]);
  flags.push(['--gpu-memory-utilization', configuration.gpu_memory_utilization]);
  flags.push(['--block-size', configuration.block_size]);
  if (configuration.num_gpu_blocks > 0) flags.push(['--num-gpu-blocks-override', configuration.num_gpu_blocks]);
  flags.push(...flagsOfPreemption(configuration, notes), ...flagsOfRounds(configuration, notes));
  if (configuration.batching === 'chunked') flags.push(['--enable-chunked-prefill']);
  if (configuration.batching === 'continuous') flags.push(['--no-enable-chunked-prefill']);
  flags.push(...draftsOfVllm(configuration, labels, notes));
  noteBatching(configuration, ['chunked', 'continuous'], notes);
  noteWatermark(configuration, notes, ': before V1 (0.8), vLLM has 0.01 built in');
  return flags;
}

function flagsOfSglang(configuration: Configuration, labels: Labels, notes: string[]): Flag[] {
  const { pipeline_parallel_size: pp, data_parallel_size: dp, expert_parallel_size: ep } = configuration;
  // SGLang counts all devices of a data-parallel attention group as tensor parallel.
  const flags: Flag[] = [['--tp-size', configuration.tensor_parallel_size * dp]];
  if (pp > 1) flags.push(['--pp-size', pp]);
  if (dp > 1) flags.push(['--dp-size', dp], ['--enable-dp-attention']);
  if (ep > 1) flags.push(['--ep-size', ep]);
  if (configuration.quantization === 'bf16') flags.push(['--dtype', 'bfloat16']);
  if (configuration.quantization === 'fp16') flags.push(['--dtype', 'float16']);
  if (noteFormat(configuration, ['fp8'], notes)) flags.push(['--quantization', 'fp8']);
  if (configuration.kv_cache_dtype === 'fp8') flags.push(['--kv-cache-dtype', 'fp8_e4m3']);
  if (configuration.kv_cache_dtype === 'int8') notes.push('SGLang has no int8 KV cache');
  // SGLang's limits are those of all ranks, which it divides by
  flags.push(['--max-running-requests', configuration.max_num_seqs * dp]);
  flags.push(['--chunked-prefill-size', configuration.max_num_batched_tokens * dp]);
  if (configuration.max_model_len > 0) flags.push(['--context-length', configuration.max_model_len]);
  flags.push(['--mem-fraction-static', configuration.gpu_memory_utilization]);
  flags.push(['--page-size', configuration.block_size]);
  if (configuration.num_gpu_blocks > 0) {
    flags.push(['--max-total-tokens', configuration.num_gpu_blocks * configuration.block_size]);
  }
  flags.push(...flagsOfPreemption(configuration, notes), ...flagsOfRounds(configuration, notes));
  if (configuration.batching === 'chunked') flags.push(['--enable-mixed-chunk']);
  flags.push(...draftsOfSglang(configuration, labels));
  noteBatching(configuration, ['chunked', 'continuous'], notes);
  noteWatermark(configuration, notes, '');
  return flags;
}

function flagsOfTrtllm(configuration: Configuration, labels: Labels, notes: string[]): Flag[] {
  const { pipeline_parallel_size: pp, data_parallel_size: dp, expert_parallel_size: ep } = configuration;
  const flags: Flag[] = [['--tp_size', configuration.tensor_parallel_size * dp]];
  if (pp > 1) flags.push(['--pp_size', pp]);
  if (ep > 1) flags.push(['--ep_size', ep]);
  flags.push(['--max_batch_size', configuration.max_num_seqs]);
  flags.push(['--max_num_tokens', configuration.max_num_batched_tokens]);
  if (configuration.max_model_len > 0) flags.push(['--max_seq_len', configuration.max_model_len]);
  flags.push(['--kv_cache_free_gpu_memory_fraction', configuration.gpu_memory_utilization]);
  noteFormat(configuration, [], notes);
  flags.push(...flagsOfPreemption(configuration, notes), ...flagsOfRounds(configuration, notes));
  const options: string[] = [];
  if (dp > 1) options.push('enable_attention_dp: true');
  if (configuration.batching === 'chunked') options.push('enable_chunked_prefill: true');
  if (configuration.kv_cache_dtype !== 'auto')
    options.push(`kv_cache_config: {dtype: ${configuration.kv_cache_dtype}}`);
  options.push(...draftsOfTrtllm(configuration, labels));
  if (options.length > 0) {
    flags.push(['--extra_llm_api_options', 'options.yaml']);
    notes.push(`options.yaml: ${options.join('; ')}`);
  }
  noteBatching(configuration, ['chunked', 'mixed'], notes);
  noteWatermark(configuration, notes, '');
  return flags;
}
