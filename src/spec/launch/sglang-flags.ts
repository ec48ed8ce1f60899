// The flags of SGLang: launch_server, `sglang serve`, and the ServerArgs that its log prints.
//
// Source: python/sglang/srt/server_args.py of 0.5.8 and release notes; versions are those of the first release with the flag.
import { type FlagRow, lost, sets, silent, silentSwitches } from './flag.ts';
import { COUNT, COUNT_OR_AUTO, MANY, SHARE, SIGNED, SWITCH, WORD, words } from './value.ts';
import { DTYPE } from './vllm-flags.ts';

export const SGLANG_KV = words(
  { fp8: ['fp8_e4m3', 'fp8_e5m2'], bf16: ['bf16', 'bfloat16'] },
  { plain: ['auto', 'none'], lost: { fp4_e2m1: 'no 4-bit KV cache' } },
);

const SGLANG_QUANTIZATION = words(
  {
    fp8: ['fp8', 'w8a8_fp8', 'fbgemm_fp8'],
    int8: ['w8a8_int8', 'blockwise_int8'],
    int4: ['awq', 'awq_marlin', 'gptq', 'gptq_marlin', 'moe_wna16', 'bitsandbytes', 'w4afp8'],
    nvfp4: ['modelopt_fp4', 'petit_nvfp4'],
    mxfp4: ['mxfp4'],
  },
  { plain: ['none', 'compressed-tensors', 'modelopt', 'modelopt_fp8', 'quark', 'gguf', 'marlin', 'auto-round'] },
);

const METHODS = words({
  eagle: ['eagle'],
  mtp: ['nextn'],
  eagle3: ['eagle3'],
  draft_model: ['standalone'],
  ngram: ['ngram'],
});
/** SGLang writes them in capitals. */
const ALGORITHM = {
  ...METHODS,
  write: (value: unknown) => (METHODS.write(value) as string | undefined)?.toUpperCase(),
};

const SPLIT: readonly FlagRow[] = [
  sets('--tp-size --tensor-parallel-size --tp', 'tp_size', COUNT),
  sets('--pp-size --pipeline-parallel-size --pp', 'pipeline_parallel_size', COUNT),
  sets('--dp-size --data-parallel-size --dp', 'dp_size', COUNT),
  sets('--enable-dp-attention', 'enable_dp_attention', SWITCH),
  sets('--ep-size --expert-parallel-size --ep', 'expert_parallel_size', COUNT, { since: '0.4' }),
  sets('--enable-ep-moe', 'all_experts_apart', SWITCH, { until: '0.5.1' }),
  sets('--enable-deepep-moe', 'all_experts_apart', SWITCH, { until: '0.5.1' }),
  sets('--moe-a2a-backend', 'moe_a2a_backend', WORD, { since: '0.5' }),
  lost('--moe-dense-tp-size', 'dense layers are split as attention is', { as: SIGNED }),
  lost('--enable-eplb', 'experts are as skewed as the profile says, without rebalancing', { as: SWITCH }),
  lost('--ep-num-redundant-experts', 'no copies of experts', { usual: [0], as: SIGNED }),
  lost('--init-expert-location', 'experts are spread evenly', { usual: ['trivial'] }),
  lost('--ep-dispatch-algorithm', 'experts are spread evenly', { usual: ['static'] }),
  lost('--enable-two-batch-overlap --enable-single-batch-overlap', 'no two batches that overlap', { as: SWITCH }),
];

const SCHEDULER: readonly FlagRow[] = [
  sets('--max-running-requests', 'max_num_seqs', COUNT),
  sets('--chunked-prefill-size', 'chunked_prefill_size', SIGNED),
  sets('--max-prefill-tokens', 'max_prefill_tokens', COUNT),
  sets('--context-length', 'max_model_len', COUNT_OR_AUTO),
  sets('--enable-mixed-chunk', 'enable_mixed_chunk', SWITCH),
  sets('--scheduler-recv-interval', 'recv_interval', COUNT, { since: '0.5' }),
  lost('--schedule-policy', 'the queue is in the order of arrival', { usual: ['fcfs'] }),
  lost('--schedule-conservativeness', 'blocks for the prompt are enough to start', { usual: [1, 0.3], as: WORD }),
  lost('--enable-priority-scheduling', 'no priorities', { as: SWITCH }),
  sets('--max-queued-requests', 'max_queued_requests', COUNT),
  lost('--prefill-max-requests', 'a step takes as many prompts as its budget', { as: SIGNED }),
  lost('--num-continuous-decode-steps', 'the scheduler looks after every decode', { usual: [1], as: SIGNED }),
  lost('--disable-overlap-schedule', 'host time is that of the profile, which overlaps', { as: SWITCH }),
  lost('--stream-interval', 'every token goes to the client at once', { usual: [1], as: SIGNED }),
  lost('--enable-prefill-delayer', 'prompts are not held back', { as: SWITCH }),
  ...silent('--prefill-delayer-max-delay-passes --prefill-delayer-token-usage-low-watermark --load-balance-method'),
];

const MEMORY: readonly FlagRow[] = [
  sets('--mem-fraction-static', 'gpu_memory_utilization', SHARE),
  sets('--page-size', 'block_size', COUNT),
  sets('--max-total-tokens', 'max_total_tokens', COUNT),
  sets('--kv-cache-dtype', 'kv_cache_dtype', SGLANG_KV),
  sets('--disable-radix-cache', 'disable_radix_cache', SWITCH),
  lost('--enable-hierarchical-cache', 'state the tier of host memory as a kv-store', { as: SWITCH }),
  ...silent('--hicache-ratio --hicache-size --hicache-write-policy --hicache-io-backend --hicache-mem-layout'),
  ...silent('--hicache-storage-backend --hicache-storage-prefetch-policy --radix-eviction-policy'),
  lost('--swa-full-tokens-ratio', 'windows have pages of the common pool', { usual: [0.8] }),
  lost('--disable-hybrid-swa-memory', 'windows have pages of the common pool', { as: SWITCH }),
  lost('--mamba-full-memory-ratio --max-mamba-cache-size', 'states have pages of the common pool', { usual: [0.9] }),
  lost('--mamba-ssm-dtype --mamba-scheduler-strategy', 'states are as usual', {
    usual: ['auto', 'float32', 'no_buffer'],
  }),
  lost('--cpu-offload-gb', 'no weights in host memory', { usual: [0] }),
];

const WEIGHTS: readonly FlagRow[] = [
  sets('--quantization', 'quantization', SGLANG_QUANTIZATION),
  sets('--dtype', 'dtype', DTYPE),
  lost('--json-model-override-args', "the model's config is taken as it is", { usual: ['{}'] }),
  lost('--torchao-config', 'weights are those of the checkpoint', { usual: [''] }),
  // names as remembered of 0.5
  sets('--enable-lora', 'lora', SWITCH),
  sets('--max-loras-per-batch', 'max_loras', COUNT),
  sets('--max-loaded-loras', 'max_cpu_loras', COUNT),
  sets('--max-lora-rank', 'max_lora_rank', COUNT),
  lost('--lora-paths', 'state lora and workload.adapters: what adapters cost, and who asks for them, no flag says', {
    as: MANY,
  }),
];

const KERNELS: readonly FlagRow[] = [
  lost('--disable-cuda-graph', 'steps are launched as captured graphs', { as: SWITCH }),
  lost('--cuda-graph-max-bs', 'every decode step is a captured graph', { as: SIGNED }),
  lost('--cuda-graph-bs', 'every decode step is a captured graph', { as: MANY }),
  lost('--disable-cuda-graph-padding --enable-torch-compile', 'kernels are those that were measured', { as: SWITCH }),
  lost('--enable-piecewise-cuda-graph', 'kernels are those that were measured', { until: '0.5.10', as: SWITCH }),
  lost('--disable-piecewise-cuda-graph --enforce-piecewise-cuda-graph', 'kernels are those that were measured', {
    since: '0.5.10',
    as: SWITCH,
  }),
  lost('--attention-backend', 'kernels are those that were measured'),
  lost('--prefill-attention-backend --decode-attention-backend', 'kernels are those that were measured'),
  lost('--moe-runner-backend --fp8-gemm-backend', 'kernels are those that were measured', { usual: ['auto'] }),
  lost('--deepep-mode', 'exchanges are those that were measured', { usual: ['auto'] }),
  lost('--enable-symm-mem --enable-flashinfer-allreduce-fusion', 'exchanges are those that were measured', {
    as: SWITCH,
  }),
  ...silent('--sampling-backend --grammar-backend --mm-attention-backend --torch-compile-max-bs'),
  ...silent('--triton-attention-num-kv-splits --tbo-token-distribution-threshold --eplb-algorithm'),
  ...silent('--eplb-rebalance-num-iterations --expert-distribution-recorder-buffer-size --deepep-config'),
];

const DRAFTS: readonly FlagRow[] = [
  sets('--speculative-algorithm --speculative-algo', 'draft_method', ALGORITHM),
  sets('--speculative-draft-model-path --speculative-draft-model', 'draft_model', WORD),
  sets('--speculative-num-steps', 'draft_steps', COUNT),
  sets('--speculative-eagle-topk', 'draft_topk', COUNT),
  sets('--speculative-num-draft-tokens', 'draft_tokens', COUNT),
  ...silent('--speculative-token-map --speculative-accept-threshold-single --speculative-accept-threshold-acc'),
  ...silent('--speculative-attention-mode --speculative-draft-attention-backend --speculative-draft-model-revision'),
];

const APART: readonly FlagRow[] = [
  sets(
    '--disaggregation-mode',
    'role',
    words({ prefill: ['prefill'], decode: ['decode'] }, { plain: ['null', 'none'] }),
  ),
  ...silent('--disaggregation-transfer-backend --disaggregation-bootstrap-port --disaggregation-ib-device'),
  ...silent('--disaggregation-decode-tp --disaggregation-decode-dp --disaggregation-prefill-pp'),
  lost('--num-reserved-decode-tokens', 'blocks for the prompt are enough to start', { usual: [512], as: SIGNED }),
  lost('--disaggregation-decode-enable-offload-kvcache', 'preempted sequences compute again', { as: SWITCH }),
  ...silent(
    '--nnodes --node-rank --dist-init-addr --nccl-init-addr --dist-timeout --nccl-port --base-gpu-id --gpu-id-step',
  ),
];

const SERVER: readonly FlagRow[] = [
  sets('--model-path --model', 'model', WORD),
  ...silent(
    '--host --port --tokenizer-path --tokenizer-mode --tokenizer-worker-num --load-format --model-loader-extra-config',
  ),
  ...silent('--served-model-name --revision --chat-template --completion-template --device --random-seed --log-level'),
  ...silent('--log-level-http --log-requests-level --decode-log-interval --watchdog-timeout --download-dir --api-key'),
  ...silent('--file-storage-path --reasoning-parser --tool-call-parser --tool-server --weight-version --model-impl'),
  ...silent('--quantization-param-path --constrained-json-whitespace-pattern --warmups --preferred-sampling-params'),
  ...silent('--sampling-defaults --lora-backend --collect-tokens-histogram'),
  ...silent('--crash-dump-folder --metrics-labels --gc-warning-threshold-secs --sleep-on-idle --soft-watchdog-timeout'),
  ...silentSwitches('--trust-remote-code --skip-tokenizer-init --skip-server-warmup --enable-metrics --log-requests'),
  ...silentSwitches('--enable-cache-report --enable-multimodal --disable-custom-all-reduce --enable-dp-lm-head'),
  ...silentSwitches('--enable-p2p-check --enable-memory-saver --enable-nan-detection --disable-fast-image-processor'),
  ...silentSwitches('--enable-deterministic-inference --allow-auto-truncate --show-time-cost --is-embedding'),
  ...silentSwitches(
    '--enable-nccl-nvls --enable-mscclpp --enable-custom-logit-processor --disable-outlines-disk-cache',
  ),
  ...silentSwitches(
    '--disable-shared-experts-fusion --delete-ckpt-after-loading --triton-attention-reduce-in-fp32 --enable-trace',
  ),
];

export const SGLANG_FLAGS: readonly FlagRow[] = [
  ...[SPLIT, SCHEDULER, MEMORY, WEIGHTS, KERNELS, DRAFTS, APART, SERVER].flat(),
];
