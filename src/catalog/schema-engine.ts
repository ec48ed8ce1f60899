// What a file of catalog/engines must look like: defaults and host costs of one engine version.
import { z } from 'zod';
import { ADMISSION, BATCHING, DEALING } from '../check/scheduler-lists.ts';
import { count, flag, fromZero, named, oneOf, positive, share, size } from './schema-words.ts';

const smallDevices = z.strictObject(
  {
    below_bytes: positive,
    or_named: z.array(named, { error: 'a list of words' }),
    max_num_seqs: size,
    max_num_batched_tokens: size,
  },
  { error: '{below_bytes, or_named, max_num_seqs, max_num_batched_tokens}' },
);

/** Factors on time, 1 and more. */
const factor = z.number().min(1);
const untuned = z.strictObject(
  {
    vendor: named,
    /** Matrix products where they compute; attention; experts; latency of exchanges. */
    gemm_compute: factor,
    attention: factor,
    moe: factor,
    hops: factor,
  },
  { error: '{vendor, gemm_compute, attention, moe, hops}' },
);

const host = z.strictObject(
  {
    step_s: fromZero,
    sequence_s: fromZero,
    layer_s: fromZero,
    layer_device_s: fromZero.optional(),
    /** Per layer of a step that carries prompts, whose attention runs outside captured graphs. Absent = 0. */
    prompt_layer_s: fromZero.optional(),
    norm: oneOf([1, 2]),
  },
  { error: 'host times: {step_s, sequence_s, layer_s, layer_device_s, prompt_layer_s, norm}' },
);

export const engineSchema = z.strictObject({
  /** "vllm-0.11". */
  id: named,
  name: named,
  batching: oneOf(BATCHING.names),
  admission: oneOf(ADMISSION.names),
  max_num_seqs: size,
  max_num_batched_tokens: size,
  /** Its server answers 400 where a prompt is longer than this limit and is not cut into chunks; absent = it takes any. */
  refuses_prompts_over: oneOf(['max_num_batched_tokens']).optional(),
  /**
   * Smaller limits that it takes on devices with less memory than `below_bytes`, or whose name has one of the words (vLLM V1: 70 GiB,
   * A100). Absent = the same on every device.
   */
  small_devices: smallDevices.optional(),
  block_size: size,
  /**
   * For which models it keeps KV blocks to be found by later prompts, if nobody says: `all`, or those whose every layer is `attention`
   * (vLLM before 0.28). Absent = none.
   */
  prefix_caching: oneOf(['attention', 'all']).optional(),
  /**
   * Whether KV blocks that all running requests read are read once a step for all of them, where its backend can and it pays (vLLM's cascade
   * attention). Absent = false.
   */
  cascade_attention: flag.optional(),
  gpu_memory_utilization: share,
  /** Bytes per device outside weights and KV: CUDA context, graphs, NCCL buffers. */
  reserve_bytes: fromZero,
  /** How it deals requests to the ranks of an instance with attention data parallel (SGLang: one after another). Absent = in-turn. */
  deals_to_ranks: oneOf(DEALING.names).optional(),
  /** Whether those ranks share its budget of tokens (SGLang: chunked_prefill_size over dp). Absent = each has all of it. */
  ranks_share_budget: flag.optional(),
  /** Bytes per device of communicators, where tensor-parallel groups have several devices. Absent = within reserve_bytes. */
  group_bytes: fromZero.optional(),
  /** Bytes that its sampler holds of every logit while the engine measures its own peak (plan/memory.ts). Absent = 10. */
  logit_bytes: positive.optional(),
  /**
   * What gpu_memory_utilization is a share of: all memory (vLLM), what all else leaves free (TensorRT-LLM), or memory for weights and
   * cache alone (SGLang's mem_fraction_static). Absent = total.
   */
  kv_share_of: oneOf(['total', 'free', 'weights-and-cache']).optional(),
  /** Whether sliding-window layers keep their window only, or every token (vLLM before 0.11). Absent = window. */
  window_kv: oneOf(['window', 'all']).optional(),
  /** Whether a block of a hybrid model is made as long as it takes for a page of attention to hold a layer's state (vLLM V1). Absent = false. */
  raises_block_size: flag.optional(),
  /** Whether quantised activations have scales fixed in the checkpoint, so that no kernel looks for them (TensorRT-LLM fp8). Absent = false. */
  static_scales: flag.optional(),
  /**
   * Whose kernels it runs where they differ from those of the traces (vLLM's): exchanges by the `library` of collective fits,
   * decode attention that reads an 8-bit cache at the rate of a 16-bit one, and block-scaled experts that compute in 8 bits where those
   * of the traces do not. Absent = those of the traces.
   */
  kernels: oneOf(['trtllm']).optional(),
  /** Factors on time on devices of vendors that nobody had tuned this version for. Absent = none. */
  untuned: z.array(untuned).optional(),
  /** All-reduces of at least this many bytes bring every device's whole message to all others. Absent = none do. */
  gathers_from_bytes: positive.optional(),
  /**
   * Host time: s per step, per sequence in the step, per layer, per layer and device of a tensor-parallel group; norm 1 adds to device
   * time, 2 overlaps (root of squares).
   */
  host,
  /**
   * The same where the host cannot prepare a step while the device runs the one before: of models with layers that keep a state in place
   * of a cache (SGLang's overlap scheduler is off for them up to 0.5.9). Absent = as for every model.
   */
  state_host: host.optional(),
  /**
   * Share by which matrix products and experts of 1,024 rows and more are slower in steps with prompts than in the traces, ramping from
   * 128 rows. Absent = what most engines showed (plan/datasheet.ts, DERATING).
   */
  prompt_slowdown: fromZero.optional(),
  /** Factor on the time of all kernels and exchanges, as runs of one deployment showed it (mist calibrate RESULTS). Absent = 1. */
  kernel_scale: positive.optional(),
  /** Floor of steps with prompt tokens above `tokens` new tokens: seconds per layer, joined by root of squares. */
  prefill_floor: z.strictObject({ layer_s: fromZero, tokens: count }, { error: '{layer_s, tokens}' }),
  /**
   * Time between a client and the engine that its client counts into the first token: s per request and per prompt token (HTTP,
   * tokenizer). Only replays of measured runs add it (mist validate). Absent = none.
   */
  client: z
    .strictObject({ request_s: fromZero, prompt_token_s: fromZero }, { error: '{request_s, prompt_token_s}' })
    .optional(),
  source: named,
});
