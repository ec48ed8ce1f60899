// The flags of vLLM: `vllm serve`, the older api_server, and what its logs call "non-default args".
//
// Sources: vllm/engine/arg_utils.py of 0.6.6 and 0.22, release notes between; versions are those of the first release with the flag.
import { type FlagRow, lost, sets, silent, silentLists, silentSwitches } from './flag.ts';
import { COUNT, COUNT_OR_AUTO, FREE_SHARE, GIB, MANY, OBJECT, SHARE, SIGNED, SWITCH, WORD, words } from './value.ts';

/** The first version that is V1 by default: flags of V0 have no effect from there on, whether they are refused or not. */
export const V1 = '0.8';
/** The first version whose prompts start only where they fit whole. */
export const GATED = '0.19';
/** The first version that serves adapters: as remembered, not looked up. */
export const LORA = '0.3';

export const VLLM_KV = words(
  {
    fp8: ['fp8', 'fp8_e4m3', 'fp8_e5m2', 'fp8_inc', 'fp8_ds_mla'],
    bf16: ['bfloat16', 'bf16'],
    fp16: ['float16', 'fp16', 'half'],
  },
  { plain: ['auto', 'none'], lost: { nvfp4: 'no 4-bit KV cache', fp4_e2m1: 'no 4-bit KV cache' } },
);

/** Versions of profiles without cascade attention that had it on if nobody said: from the first of them to the first that asks for it. */
export const CASCADING = ['0.13', '0.17'] as const;

/** What vLLM makes of 16-bit weights, and checkpoints' own formats by the method that reads them. */
export const VLLM_QUANTIZATION = words(
  {
    fp8: ['fp8', 'fbgemm_fp8', 'ptpc_fp8'],
    int8: ['experts_int8', 'w8a8_int8'],
    int4: ['awq', 'awq_marlin', 'gptq', 'gptq_marlin', 'moe_wna16', 'bitsandbytes'],
    nvfp4: ['modelopt_fp4', 'nvfp4', 'petit_nvfp4'],
    mxfp4: ['mxfp4', 'gpt_oss_mxfp4'],
  },
  { plain: ['none', 'compressed-tensors', 'modelopt', 'quark', 'gguf', 'torchao', 'fp_quant', 'auto-round', 'inc'] },
);

export const DTYPE = words(
  { bf16: ['bfloat16'], fp16: ['float16', 'half'] },
  { plain: ['auto'], lost: { float32: 'no 32-bit weights', float: 'no 32-bit weights' } },
);

const SPLIT: readonly FlagRow[] = [
  sets('--tensor-parallel-size -tp', 'tensor_parallel_size', COUNT),
  sets('--pipeline-parallel-size -pp', 'pipeline_parallel_size', COUNT),
  sets('--data-parallel-size -dp', 'data_parallel_size', COUNT, { since: '0.8' }),
  sets('--enable-expert-parallel -ep', 'enable_expert_parallel', SWITCH, { since: '0.7' }),
  lost('--decode-context-parallel-size -dcp', 'no context parallelism', { since: '0.11', usual: [1], as: COUNT }),
  lost('--prefill-context-parallel-size -pcp', 'no context parallelism', { since: '0.11', usual: [1], as: COUNT }),
  lost('--enable-eplb', 'experts are as skewed as the profile says, without rebalancing', { as: SWITCH }),
  lost('--eplb-config', 'experts are as skewed as the profile says, without rebalancing', { as: OBJECT }),
  lost('--num-redundant-experts --eplb-window-size --eplb-step-interval', 'no rebalancing of experts', {
    usual: [0, 1000, 3000],
    as: SIGNED,
  }),
  lost('--expert-placement-strategy', 'experts are spread evenly', { usual: ['linear'] }),
  lost('--enable-dbo', 'no two batches that overlap', { since: '0.11', as: SWITCH }),
  lost('--dbo-decode-token-threshold --dbo-prefill-token-threshold --ubatch-size', 'no two batches that overlap', {
    usual: [32, 512, 0],
    as: SIGNED,
  }),
];

const SCHEDULER: readonly FlagRow[] = [
  sets('--max-num-seqs', 'max_num_seqs', COUNT),
  sets('--max-num-batched-tokens', 'max_num_batched_tokens', COUNT_OR_AUTO),
  sets('--max-model-len', 'max_model_len', COUNT_OR_AUTO),
  sets('--enable-chunked-prefill', 'enable_chunked_prefill', SWITCH, { since: '0.4' }),
  sets('--watermark', 'watermark', FREE_SHARE, { since: '0.23' }),
  sets('--preemption-mode', 'preemption_mode', words({ swap: ['swap'] }, { plain: ['recompute', 'none'] }), {
    since: '0.4',
    until: V1,
  }),
  sets('--num-scheduler-steps', 'num_scheduler_steps', COUNT, { since: '0.6', until: V1 }),
  sets('--scheduler-reserve-full-isl', 'reserves_prompt', SWITCH, { since: GATED }),
  sets('--scheduling-policy', 'packing', words({ priority: ['priority'] }, { plain: ['fcfs'] }), { since: '0.6.3' }),
  lost('--long-prefill-token-threshold', 'a chunk is as long as the budget allows', { usual: [0], as: SIGNED }),
  lost('--max-num-partial-prefills --max-long-partial-prefills', 'prompts are cut in the order of the queue', {
    usual: [1],
    as: SIGNED,
  }),
  lost('--async-scheduling', 'how far the scheduler runs ahead is in the host time of the profile', {
    since: '0.10',
    as: SWITCH,
  }),
  lost('--prefill-schedule-interval', 'prompts may start at every step', { as: SIGNED, usual: [1] }),
  lost('--scheduler-delay-factor', 'prompts are not held back', { until: '0.11', usual: [0] }),
  lost('--max-num-queued-reqs', 'a queue has no limit', { as: SIGNED }),
  lost('--disable-chunked-mm-input', 'no images', { as: SWITCH }),
];

const MEMORY: readonly FlagRow[] = [
  sets('--gpu-memory-utilization', 'gpu_memory_utilization', SHARE),
  sets('--block-size', 'block_size', COUNT),
  sets('--num-gpu-blocks-override', 'num_gpu_blocks', COUNT),
  sets('--kv-cache-dtype', 'kv_cache_dtype', VLLM_KV),
  sets('--enable-prefix-caching', 'enable_prefix_caching', SWITCH, { since: '0.4' }),
  sets('--swap-space', 'swap_space', GIB), // V1 takes it and does nothing with it
  lost('--kv-cache-memory-bytes', 'KV memory in bytes: state num_gpu_blocks, or give the start-up log', {
    since: '0.11',
  }),
  lost('--cpu-offload-gb', 'no weights in host memory', { usual: [0] }),
  lost('--kv-offloading-size --kv-offloading-backend', 'state the tier of host memory as a kv-store', {
    since: '0.12',
    usual: ['native'],
  }),
  lost('--disable-hybrid-kv-cache-manager', 'windows and states have pages of their own', { as: SWITCH }),
  lost('--mamba-cache-mode --mamba-block-size --mamba-cache-dtype --mamba-ssm-cache-dtype', 'states are as usual', {
    usual: ['auto', 'none', 'align'],
  }),
];

const WEIGHTS: readonly FlagRow[] = [
  sets('--quantization -q', 'quantization', VLLM_QUANTIZATION),
  sets('--dtype', 'dtype', DTYPE),
  lost('--hf-overrides --rope-scaling', "the model's config is taken as it is", { as: OBJECT }),
  sets('--enable-lora', 'lora', SWITCH, { since: LORA }),
  sets('--max-loras', 'max_loras', COUNT, { since: LORA }),
  sets('--max-cpu-loras', 'max_cpu_loras', COUNT, { since: LORA }),
  sets('--max-lora-rank', 'max_lora_rank', COUNT, { since: LORA }),
];

const KERNELS: readonly FlagRow[] = [
  lost('--enforce-eager', 'steps are launched as captured graphs', { as: SWITCH }),
  lost('--max-cudagraph-capture-size', 'every decode step is a captured graph', { since: '0.12', as: SIGNED }),
  lost('--cudagraph-capture-sizes', 'every decode step is a captured graph', { since: '0.12', as: MANY }),
  lost('--cuda-graph-sizes', 'every decode step is a captured graph', { since: '0.8.5', until: '0.12', as: MANY }),
  lost('--max-seq-len-to-capture', 'every decode step is a captured graph', { until: '0.11', usual: [8192] }),
  lost('--compilation-config -cc -O', 'kernels are those that were measured', { as: WORD }),
  lost('--optimization-level --performance-mode', 'kernels are those that were measured', { usual: ['balanced', 2] }),
  lost(
    '--attention-backend --moe-backend --linear-backend --gdn-prefill-backend',
    'kernels are those that were measured',
    {
      usual: ['auto'],
    },
  ),
  sets('--disable-cascade-attn', 'disable_cascade_attn', SWITCH, { since: V1 }),
  lost('--all2all-backend', 'exchanges are those that were measured', { since: '0.11.1' }),
];

const DRAFTS: readonly FlagRow[] = [
  sets('--speculative-config', 'speculative_config', OBJECT, { since: '0.8' }),
  sets('--speculative-model', 'draft_model', WORD, { until: '0.8' }),
  sets('--num-speculative-tokens', 'num_speculative_tokens', COUNT, { until: '0.8' }),
  sets('--speculative-draft-tensor-parallel-size -spec-draft-tp', 'draft_tensor_parallel_size', COUNT, {
    until: '0.8',
  }),
  sets('--spec-method', 'draft_method', WORD, { since: '0.22' }),
  sets('--spec-model', 'draft_model', WORD, { since: '0.22' }),
  sets('--spec-tokens', 'num_speculative_tokens', COUNT, { since: '0.22' }),
  ...silent('--ngram-prompt-lookup-max --ngram-prompt-lookup-min'),
];

const APART: readonly FlagRow[] = [
  sets('--kv-transfer-config', 'kv_transfer_config', OBJECT, { since: '0.7' }),
  lost('--kv-events-config --ec-transfer-config', 'routers know what is cached without events', { as: OBJECT }),
  lost('--stream-interval', 'every token goes to the client at once', { usual: [1], as: SIGNED }),
  lost('--nnodes', 'nodes follow from the hardware and the split', { usual: [1], as: SIGNED }),
  ...silent('--data-parallel-size-local -dpl --data-parallel-rank -dpn --data-parallel-start-rank -dpr'),
  ...silent('--data-parallel-address -dpa --data-parallel-rpc-port -dpp --data-parallel-backend -dpb'),
  ...silentSwitches('--data-parallel-hybrid-lb --data-parallel-external-lb'),
  ...silent('--api-server-count -asc --node-rank --master-addr --master-port --distributed-executor-backend'),
];

/** What a server says and to whom, where it finds its files, and what it writes down. */
const SERVER: readonly FlagRow[] = [
  sets('--model', 'model', WORD),
  sets('--config', 'config', WORD),
  ...silent('--host --port --uds --api-key --root-path --uvicorn-log-level --log-level --log-config-file'),
  ...silent('--model-tag --tokenizer --tokenizer-mode --revision --code-revision --tokenizer-revision --hf-token'),
  ...silent(
    '--hf-config-path --download-dir --load-format --model-loader-extra-config --config-format --runner --task',
  ),
  ...silent('--convert --seed --chat-template --chat-template-content-format --response-role --tool-call-parser'),
  ...silent('--tool-parser-plugin --tool-server --reasoning-parser --guided-decoding-backend --generation-config'),
  ...silent(
    '--override-generation-config --structured-outputs-config --default-chat-template-kwargs --logits-processors',
  ),
  ...silent('--max-logprobs --logprobs-mode --max-log-len --limit-mm-per-prompt --mm-processor-kwargs'),
  ...silent('--mm-processor-cache-gb --mm-encoder-tp-mode --media-io-kwargs --prefix-caching-hash-algo --device'),
  ...silent('--lora-dtype --otlp-traces-endpoint --collect-detailed-traces'),
  ...silent('--ssl-keyfile --ssl-certfile --ssl-ca-certs --ssl-cert-reqs --num-lookahead-slots --worker-cls'),
  ...silent('--worker-extension-cls --additional-config --max-parallel-loading-workers --renderer-num-workers'),
  ...silent(
    '--pt-load-map-location --kv-cache-metrics-sample --profiler-config --tokenizer-pool-size --h11-max-header-count',
  ),
  ...silentLists(
    '--served-model-name --lora-modules --allowed-origins --allowed-methods --allowed-headers --middleware',
  ),
  ...silentSwitches('--trust-remote-code --enable-auto-tool-choice --enable-reasoning --disable-log-requests'),
  ...silentSwitches('--enable-log-requests --enable-log-outputs --disable-log-stats --disable-uvicorn-access-log'),
  ...silentSwitches('--headless --skip-tokenizer-init --disable-custom-all-reduce --ray-workers-use-nsight'),
  ...silentSwitches('--use-tqdm-on-load --enable-sleep-mode --disable-frontend-multiprocessing --allow-credentials'),
  ...silentSwitches('--enable-request-id-headers --enable-force-include-usage --enable-prompt-tokens-details'),
  ...silentSwitches(
    '--return-tokens-as-token-ids --enable-server-load-tracking --enable-ssl-refresh --use-v2-block-manager',
  ),
  ...silentSwitches(
    '--exclude-tools-when-tool-choice-none --enable-prompt-embeds --calculate-kv-scales --language-model-only',
  ),
  ...silentSwitches(
    '--multi-step-stream-outputs --disable-async-output-proc --disable-sliding-window --allow-deprecated-quantization',
  ),
  ...silentSwitches(
    '--log-error-stack --disable-fastapi-docs --enable-tokenizer-info-endpoint --skip-mm-profiling --show-hidden-metrics',
  ),
];

export const VLLM_FLAGS: readonly FlagRow[] = [
  ...[SPLIT, SCHEDULER, MEMORY, WEIGHTS, KERNELS, DRAFTS, APART, SERVER].flat(),
];
