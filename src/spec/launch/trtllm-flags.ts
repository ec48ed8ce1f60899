// The flags of TensorRT-LLM: trtllm-serve, the keys of its options file, and what trtllm-build took before there was a server.
//
// A key of the file is its path; where both name one thing, the file decides (trtllm-serve's own rule).
// Sources: commands/serve.py and llmapi/llm_args.py of 1.2, the recipes of 0.18 to 1.0 for the older keys.
import { type FlagRow, lost, sets, silent, silentSwitches } from './flag.ts';
import { COUNT, COUNT_OR_AUTO, MANY, OBJECT, RATIO, SHARE, SIGNED, SWITCH, WORD, words } from './value.ts';

/** First version with trtllm-serve: before, engines were built. */
export const SERVES = '0.17';

const KV = words(
  { fp8: ['fp8'], bf16: ['bf16', 'bfloat16'], fp16: ['fp16', 'float16'] },
  { plain: ['auto', 'none'], lost: { nvfp4: 'no 4-bit KV cache' } },
);

const POLICY = words(
  { 'full-length': ['guaranteed_no_evict'], prompt: ['max_utilization'] },
  { lost: { static_batch: 'no static batches in a server' } },
);
/** Written in capitals. */
const CAPACITY = { ...POLICY, write: (value: unknown) => (POLICY.write(value) as string | undefined)?.toUpperCase() };

const METHODS = words(
  {
    draft_model: ['drafttarget', 'draft_target'],
    mtp: ['mtp'],
    eagle: ['eagle'],
    eagle3: ['eagle3'],
    ngram: ['ngram'],
  },
  { lost: { medusa: 'no Medusa heads', lookahead: 'no lookahead decoding' } },
);
const SPELT = { draft_model: 'DraftTarget', mtp: 'MTP', eagle: 'Eagle', eagle3: 'Eagle3', ngram: 'NGram' } as const;
const DECODING = { ...METHODS, write: (value: unknown) => SPELT[value as keyof typeof SPELT] as string | undefined };

const SPLIT: readonly FlagRow[] = [
  sets('--tp_size --tensor_parallel_size tensor_parallel_size', 'tp_size', COUNT),
  sets('--pp_size --pipeline_parallel_size pipeline_parallel_size', 'pipeline_parallel_size', COUNT),
  sets('--ep_size --moe_expert_parallel_size moe_expert_parallel_size', 'expert_parallel_size', COUNT, {
    since: SERVES,
  }),
  sets('enable_attention_dp', 'enable_attention_dp', SWITCH, { since: SERVES }),
  lost('--cp_size --context_parallel_size context_parallel_size', 'no context parallelism', { usual: [1], as: SIGNED }),
  lost('--cluster_size --moe_cluster_parallel_size moe_cluster_parallel_size', 'no clusters of experts', {
    as: SIGNED,
  }),
  sets('attention_dp_config.enable_balance', 'balances', SWITCH, { since: '1.0' }),
  sets('attention_dp_config.timeout_iters', 'timeout_iters', COUNT, { since: '1.0' }),
  sets('attention_dp_config.batching_wait_iters', 'batching_wait_iters', SIGNED, { since: '1.0' }),
  lost('moe_config.load_balancer', 'no rebalancing of experts'),
  ...silent('--gpus_per_node'),
];

const SCHEDULER: readonly FlagRow[] = [
  sets('--max_batch_size max_batch_size', 'max_num_seqs', COUNT),
  sets('--max_num_tokens max_num_tokens', 'max_num_batched_tokens', COUNT),
  sets('--max_seq_len max_seq_len', 'max_model_len', COUNT_OR_AUTO),
  sets('enable_chunked_prefill --enable_chunked_prefill', 'enable_chunked_prefill', SWITCH, { since: SERVES }),
  sets('scheduler_config.capacity_scheduler_policy', 'admission', CAPACITY, { since: SERVES }),
  sets('batch_wait_timeout_iters', 'batch_wait_iters', SIGNED, { since: '1.0' }),
  sets('batch_wait_max_tokens_ratio', 'batch_wait_ratio', RATIO, { since: '1.0' }),
  lost('batch_wait_timeout_ms', 'batches wait for steps, not for milliseconds', { usual: [0] }),
  lost('scheduler_config.context_chunking_policy', 'prompts are cut in the order of the queue', {
    usual: ['FIRST_COME_FIRST_SERVED', 'null'],
  }),
  lost('scheduler_config.dynamic_batch_config', 'limits are not tuned while the server runs', { as: OBJECT }),
  sets('disable_overlap_scheduler', 'overlap_off', SWITCH, { since: SERVES }),
  lost('pytorch_backend_config.enable_overlap_scheduler', 'host time is that of the profile, which overlaps', {
    usual: [true],
    until: '1.0',
    as: SWITCH,
  }),
  lost('stream_interval', 'every token goes to the client at once', { usual: [1], as: SIGNED }),
  lost('--max_beam_width max_beam_width', 'no beams', { usual: [1], as: SIGNED }),
  lost('--max_input_len max_input_len', 'prompts may be as long as a sequence', { as: SIGNED }),
];

const MEMORY: readonly FlagRow[] = [
  sets(
    '--kv_cache_free_gpu_memory_fraction --free_gpu_memory_fraction kv_cache_config.free_gpu_memory_fraction',
    'gpu_memory_utilization',
    SHARE,
    { since: SERVES },
  ),
  sets('kv_cache_config.max_tokens', 'max_total_tokens', COUNT, { since: SERVES }),
  sets('kv_cache_config.tokens_per_block', 'block_size', COUNT, { since: SERVES }),
  sets('kv_cache_config.dtype kv_cache_dtype pytorch_backend_config.kv_cache_dtype', 'kv_cache_dtype', KV, {
    since: SERVES,
  }),
  sets('kv_cache_config.enable_block_reuse', 'enable_prefix_caching', SWITCH, { since: SERVES }),
  lost('kv_cache_config.enable_partial_reuse kv_cache_config.copy_on_partial_reuse', 'blocks are used again whole', {
    usual: [true],
    as: SWITCH,
  }),
  lost('kv_cache_config.host_cache_size', 'state the tier of host memory as a kv-store', { usual: [0] }),
  lost('kv_cache_config.max_attention_window kv_cache_config.sink_token_length', "windows are the model's", {
    as: MANY,
  }),
  ...silent('kv_cache_config.event_buffer_max_size'),
];

/** Keys of Triton's config.pbtxt, beside an engine that trtllm-build made. */
const TRITON: readonly FlagRow[] = [
  sets('kv_cache_free_gpu_mem_fraction', 'gpu_memory_utilization', SHARE, { until: SERVES }),
  sets('enable_kv_cache_reuse', 'enable_prefix_caching', SWITCH, { until: SERVES }),
  sets('enable_chunked_context', 'enable_chunked_prefill', SWITCH, { until: SERVES }),
  sets('batch_scheduler_policy', 'admission', POLICY, { until: SERVES }),
  sets('max_tokens_in_paged_kv_cache', 'max_total_tokens', COUNT, { until: SERVES }),
];

const KERNELS: readonly FlagRow[] = [
  lost('cuda_graph_config.batch_sizes', 'every decode step is a captured graph', { as: MANY }),
  lost('cuda_graph_config.max_batch_size', 'every decode step is a captured graph', { as: SIGNED }),
  lost('cuda_graph_config.enable_padding', 'every decode step is a captured graph', { usual: [true], as: SWITCH }),
  lost('cuda_graph_config', 'steps are launched as captured graphs', { as: WORD }),
  lost('use_cuda_graph pytorch_backend_config.use_cuda_graph', 'steps are launched as captured graphs', {
    usual: [true],
    until: '1.0',
    as: SWITCH,
  }),
  lost('pytorch_backend_config.cuda_graph_padding_enabled', 'every decode step is a captured graph', {
    usual: [true],
    until: '1.0',
    as: SWITCH,
  }),
  lost('pytorch_backend_config.cuda_graph_max_batch_size', 'every decode step is a captured graph', {
    until: '1.0',
    as: SIGNED,
  }),
  lost('moe_config.backend moe_backend pytorch_backend_config.moe_backend', 'kernels are those that were measured'),
  lost('moe_config.max_num_tokens', 'experts see the tokens of a step at once', { as: SIGNED }),
  lost('attn_backend allreduce_strategy', 'kernels are those that were measured', { usual: ['TRTLLM', 'AUTO'] }),
  lost('torch_compile_config', 'kernels are those that were measured', { as: OBJECT }),
  lost('--backend', 'the PyTorch flow is what the profile describes', { usual: ['pytorch'], since: SERVES }),
];

const DRAFTS: readonly FlagRow[] = [
  sets('speculative_config.decoding_type', 'draft_method', DECODING, { since: SERVES }),
  sets('speculative_config.max_draft_len', 'draft_steps', COUNT, { since: SERVES }),
  sets('speculative_config.num_nextn_predict_layers', 'draft_layers', COUNT, { since: SERVES }),
  sets('speculative_config.speculative_model speculative_config.speculative_model_dir', 'draft_model', WORD, {
    since: SERVES,
  }),
  lost('speculative_config.eagle_choices', 'drafts are a chain, not a tree', { as: MANY }),
  ...silentSwitches('speculative_config.eagle3_one_model speculative_config.use_relaxed_acceptance_for_thinking'),
  ...silent(
    'speculative_config.max_matching_ngram_size speculative_config.relaxed_topk speculative_config.relaxed_delta',
  ),
];

const SERVER: readonly FlagRow[] = [
  sets('model --model', 'model', WORD),
  sets('--config --extra_llm_api_options', 'config', WORD, { since: SERVES }),
  sets('--server_role', 'role', words({ prefill: ['context'], decode: ['generation'] }), { since: '1.0' }),
  ...silent('--host --port --tokenizer --log_level --reasoning_parser --tool_parser --num_postprocess_workers'),
  ...silent(
    '--metadata_server_config_file --disagg_cluster_uri --custom_tokenizer --chat_template --served_model_name',
  ),
  ...silent('print_iter_log enable_iter_perf_stats postprocess_tokenizer_dir iter_stats_max_iterations'),
  ...silent(
    '--checkpoint_dir --output_dir --workers --gemm_plugin --use_paged_context_fmha --multiple_profiles --remove_input_padding --gpt_attention_plugin --kv_cache_type --max_prompt_embedding_table_size',
  ),
  sets('cache_transceiver_config.backend', 'transceiver', WORD, { since: SERVES }),
  ...silent('cache_transceiver_config.max_tokens_in_buffer'),
  ...silent('cache_transceiver_config.kv_transfer_timeout_ms pytorch_backend_config.print_iter_log'),
  ...silentSwitches('--trust_remote_code --fail_fast_on_attention_window_too_large enable_iter_req_stats'),
  ...silentSwitches('return_perf_metrics skip_tokenizer_init'),
];

export const TRTLLM_FLAGS: readonly FlagRow[] = [...[SPLIT, SCHEDULER, MEMORY, TRITON, KERNELS, DRAFTS, SERVER].flat()];
