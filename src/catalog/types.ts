// What exists: hardware, models, engine profiles, efficiencies. SI units (bytes, FLOP/s, seconds, W); prices in USD per hour.

/** How a figure came to be, from the most to the least trustworthy. */
export type Basis = 'measured' | 'calibrated' | 'extrapolated' | 'datasheet';

/** Formats of weights, named as vLLM and the case files name them. */
export type WeightFormat = 'bf16' | 'fp16' | 'fp8' | 'fp8-block' | 'int8' | 'int4' | 'nvfp4' | 'mxfp4';
/** Formats of the KV cache. */
export type KvFormat = 'bf16' | 'fp16' | 'fp8' | 'int8';

/** One accelerator, CPU or chip: one socketed package as `hardware_ids.csv` counts it. File: catalog/hardware/<id>.json. */
export interface Hardware {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  readonly kind: 'gpu' | 'gpu+cpu' | 'asic' | 'tpu' | 'cpu';
  /** Architecture family, for borrowing efficiencies from relatives: "hopper", "blackwell", "cdna3", "tpu-v6", ... */
  readonly generation: string;
  readonly shards_per_device: number;
  /** Dense peaks in FLOP/s (OP/s for int8); absent where the hardware has no such rate. */
  readonly peak: { readonly bf16: number; readonly fp8?: number; readonly int8?: number; readonly fp4?: number };
  readonly memory_bytes: number;
  readonly memory_bandwidth: number;
  readonly memory_type: string;
  /** B/s one way per device inside a scale-up domain of `domain` devices. */
  readonly scale_up: { readonly bandwidth: number; readonly domain: number };
  readonly host_link_bandwidth: number;
  /** B/s one way per device to other servers; 0 where there is none. */
  readonly scale_out_bandwidth: number;
  readonly tdp_w: number | null;
  readonly usd_per_hour: number | null;
  readonly price_source: string;
  readonly source: string;
  readonly confidence: 'high' | 'medium' | 'low';
}

/** Sparse attention's light indexer: `heads` small queries score every past token against one cached key of `head_dim`. */
export interface Indexer {
  readonly heads: number;
  readonly head_dim: number;
  /** Weights of its projections, elements. */
  readonly parameters: number;
}

/** The attention of one layer. `none` is a layer without a mixer (Nemotron-H MLP layers). */
export type Attention =
  | {
      readonly kind: 'full' | 'sliding';
      readonly heads: number;
      readonly kv_heads: number;
      readonly head_dim: number;
      /** Tokens kept by a sliding layer; absent for full attention. */
      readonly window?: number;
      readonly qk_norm?: boolean;
      /** An output gate beside q (Qwen3-Next/3.5): doubles the q projection. */
      readonly gated?: boolean;
      /** Weights of the projections, elements, where they are not q, k, v and o of the sizes above (low rank, shared K/V). */
      readonly projections?: number;
      /** Cached elements per entry where they are not 2 kv_heads head_dim (narrow V, or K and V in one vector). */
      readonly kv_elements?: number;
      /** Tokens per cached entry (DeepSeek-V4's compressed attention); absent = 1. */
      readonly compression?: number;
      /** Sparse attention: decode reads at most this many entries, beside the indexer. */
      readonly sparse_top_k?: number;
      readonly indexer?: Indexer;
    }
  | {
      readonly kind: 'mla';
      readonly heads: number;
      /** Rank of the q down-projection; null = q is projected directly. */
      readonly q_lora_rank: number | null;
      readonly kv_lora_rank: number;
      readonly qk_rope_dim: number;
      readonly qk_nope_dim: number;
      readonly v_head_dim: number;
      /** Sparse attention (DSA): decode reads at most this many tokens, beside a light indexer. */
      readonly sparse_top_k?: number;
      /** Absent where the layer shares the indexer's choice of an earlier one (GLM-5.2). */
      readonly indexer?: Indexer;
    }
  | {
      /** Linear attention or state space: a fixed state per sequence, no growth with context. */
      readonly kind: 'linear';
      /** Weights of the layer's mixer (projections), elements. */
      readonly parameters: number;
      /** State per sequence: `state_elements` elements of `state_bytes` bytes each (2 or 4). */
      readonly state_elements: number;
      readonly state_bytes: number;
      /** FLOPs per token beside the projections. */
      readonly flops_per_token: number;
    }
  | { readonly kind: 'none' };

/** The MLP of one layer: dense, routed experts, or none (a layer that is only a mixer). */
export type Mlp =
  | {
      readonly kind: 'dense';
      readonly intermediate: number /** gate and up: 3 matrices, else 2 */;
      readonly gated: boolean;
    }
  | {
      readonly kind: 'moe';
      readonly experts: number;
      readonly top_k: number;
      readonly intermediate: number;
      /** Total intermediate width of the always-on shared experts; 0 = none. */
      readonly shared_intermediate: number;
      readonly gated: boolean;
      /** Width the routed experts work in, where it is not the hidden size: one projection down and one up (Nemotron 3). */
      readonly latent?: number;
    }
  | { readonly kind: 'none' };

/** `count` consecutive-or-not layers that are alike (order does not matter to cost). */
export interface LayerGroup {
  readonly count: number;
  readonly attention: Attention;
  readonly mlp: Mlp;
  /** Weights of one layer beside the matrices above: norms, biases, sinks; always 16-bit. Absent = 0. */
  readonly other_parameters?: number;
}

/** A model's architecture, normalised. File: catalog/models/<id>.json, or read from a Hugging Face config.json. */
export interface Model {
  readonly id: string;
  readonly name: string;
  readonly kind: 'llm' | 'encoder';
  readonly groups: readonly LayerGroup[];
  readonly hidden: number;
  readonly vocab: number;
  readonly tied_embeddings: boolean;
  readonly max_positions: number;
  readonly mtp_layers: number;
  /** Weight format of the published checkpoint. */
  readonly native_format: WeightFormat;
  /** Format of the attention projections in it, where it differs (gpt-oss). */
  readonly native_attention_format?: WeightFormat;
  /** Rows of learned position and token-type tables (BERT, GPT-2): looked up, never multiplied. */
  readonly position_rows?: number;
  /** Weights outside layers and embeddings: final norm, pooler. Absent = 0. */
  readonly other_parameters?: number;
  /** Published parameter counts in units of one parameter, where known; computed ones are checked against them. */
  readonly parameters: { readonly total: number; readonly active: number };
  /** What the reader of config.json could not model, in words; empty when everything is modelled. */
  readonly unmodelled: readonly string[];
  readonly source: string;
}

/** Defaults and host costs of one engine version. File: catalog/engines/<id>.json. */
export interface EngineProfile {
  readonly id: string; // "vllm-0.11"
  readonly name: string;
  readonly batching: 'static' | 'continuous' | 'chunked' | 'mixed';
  readonly admission: 'prompt' | 'full-length';
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  /** Its server answers 400 where a prompt is longer than this limit and is not cut into chunks; absent = it takes any. */
  readonly refuses_prompts_over?: 'max_num_batched_tokens';
  /**
   * Smaller limits that it takes on devices with less memory than `below_bytes`, or whose name has one of the words (vLLM V1: 70 GiB,
   * A100). Absent = the same on every device.
   */
  readonly small_devices?: {
    readonly below_bytes: number;
    readonly or_named: readonly string[];
    readonly max_num_seqs: number;
    readonly max_num_batched_tokens: number;
  };
  readonly block_size: number;
  readonly gpu_memory_utilization: number;
  /** Bytes per device outside weights and KV: CUDA context, graphs, NCCL buffers. */
  readonly reserve_bytes: number;
  /** What gpu_memory_utilization is a share of: all memory (vLLM, SGLang), or what weights leave free (TensorRT-LLM). Absent = total. */
  readonly kv_share_of?: 'total' | 'free';
  /** Whether sliding-window layers keep their window only, or every token (vLLM before 0.11). Absent = window. */
  readonly window_kv?: 'window' | 'all';
  /** Whether quantised activations have scales fixed in the checkpoint, so that no kernel looks for them (TensorRT-LLM fp8). Absent = false. */
  readonly static_scales?: boolean;
  /**
   * Whose kernels it runs where they differ from those of the traces (vLLM's): exchanges by the `library` of collective fits, and
   * decode attention that reads an 8-bit cache at the rate of a 16-bit one. Absent = those of the traces.
   */
  readonly kernels?: 'trtllm';
  /** Factors on time on devices of vendors that nobody had tuned this version for. Absent = none. */
  readonly untuned?: readonly {
    readonly vendor: string;
    /** Matrix products where they compute; attention; experts; latency of exchanges. */
    readonly gemm_compute: number;
    readonly attention: number;
    readonly moe: number;
    readonly hops: number;
  }[];
  /** All-reduces of at least this many bytes bring every device's whole message to all others. Absent = none do. */
  readonly gathers_from_bytes?: number;
  /**
   * Host time: s per step, per sequence in the step, per layer, per layer and device of a tensor-parallel group; norm 1 adds to device
   * time, 2 overlaps (root of squares).
   */
  readonly host: {
    readonly step_s: number;
    readonly sequence_s: number;
    readonly layer_s: number;
    readonly layer_device_s?: number;
    /** Per layer of a step that carries prompts, whose attention runs outside captured graphs. Absent = 0. */
    readonly prompt_layer_s?: number;
    readonly norm: 1 | 2;
  };
  /** Factor on the time of all kernels and exchanges, as runs of one deployment showed it (mist calibrate RESULTS). Absent = 1. */
  readonly kernel_scale?: number;
  /** Floor of steps with prompt tokens above `tokens` new tokens: seconds per layer, joined by root of squares. */
  readonly prefill_floor: { readonly layer_s: number; readonly tokens: number };
  /**
   * Time between a client and the engine that its client counts into the first token: s per request and per prompt token (HTTP,
   * tokenizer). Only replays of measured runs add it (mist validate). Absent = none.
   */
  readonly client?: { readonly request_s: number; readonly prompt_token_s: number };
  readonly source: string;
}

/** Kinds of work that have an efficiency of their own. */
export type OpFamily = 'gemm' | 'attention-prefill' | 'attention-decode' | 'moe' | 'elementwise';
/** Exchanges between devices. */
export type CollectiveOp = 'all-reduce' | 'all-gather' | 'reduce-scatter' | 'all-to-all' | 'send-recv';

/** t = t0 + ((C/(eta_compute*peak))^p + (M/(eta_memory*bandwidth))^p)^(1/p). p = 'inf' is the classic roofline maximum. */
export interface OpFit {
  readonly family: OpFamily;
  /** Arithmetic: which peak C is held against. For attention: the KV format. */
  readonly format: WeightFormat;
  readonly t0_s: number;
  readonly eta_compute: number;
  readonly eta_memory: number;
  readonly p: 1 | 2 | 4 | 8 | 'inf';
  readonly basis: Basis;
  /**
   * Bytes of memory traffic per activation element of a quantised GEMM that the fit charges (M counts m*k of them at this width):
   * dynamic quantisation reads and writes activations several times. Absent = the width the matrix unit reads.
   */
  readonly activation_bytes?: number;
  /** Median |relative error| in and out of sample (shapes held out), its 90th percentile, rows used; absent for datasheet rows. */
  readonly error_in?: number;
  readonly error_out?: number;
  readonly error_out_p90?: number;
  readonly rows?: number;
}

/**
 * t = (t0^p + (bytes/rate)^p)^(1/p) by message bytes: what each device reduces, all that it ends up with (all-gather), all that
 * it starts with (reduce-scatter, all-to-all), what is sent (send-recv).
 */
export interface CollectiveFit {
  readonly op: CollectiveOp;
  readonly devices: number;
  readonly t0_s: number;
  /** Algorithm bandwidth for large messages: message bytes per second. */
  readonly rate: number;
  readonly p: 1 | 2 | 4 | 8 | 'inf';
  readonly basis: Basis;
  /** The engine whose own kernels these are; absent = the fastest of vLLM's captured ones and the newest general library. */
  readonly library?: 'trtllm';
  /** Measured over fitted time, in thousandths, at rising message sizes; linear between them, constant beyond. */
  readonly table?: { readonly bytes: readonly number[]; readonly permille: readonly number[] };
  readonly error_in?: number;
  readonly error_out?: number;
  readonly rows?: number;
}

/**
 * What the measurements say beyond a fit: measured over fitted time on a grid, cleaned and averaged. The price of an op is the fit
 * times the grid at its knots and linear in time between them (plan/op-table.ts). Axes by family:
 *   gemm               rows m; outputs n; inputs k
 *   attention-decode   sequences times KV heads; context; query heads per KV head; head size
 *   attention-prefill  new tokens of a chunk; query heads; head size (of the time beyond t0)
 *   moe                tokens of the instance, for each layer of `layers`
 */
export interface OpTable {
  readonly family: OpFamily;
  /** Formats that it holds for: fp8 tables stand for block-scaled fp8 where that was timed badly. */
  readonly formats: readonly WeightFormat[];
  /** Grid points of every axis, rising. */
  readonly axes: readonly (readonly number[])[];
  /** moe: [experts, choices, input width, width of an expert on one device, expert groups] of every timed layer. */
  readonly layers?: readonly (readonly number[])[];
  /** Thousandths; layers first, then the axes in their order, the last one fastest. */
  readonly permille: readonly number[];
  /** Median and 90th percentile of |relative error| on shapes that were held out, with fit and table made without them. */
  readonly error_out: number;
  readonly error_out_p90: number;
}

/** File: catalog/efficiency/<hardware id>.json; files named _<vendor>.json hold the vendor's medians. */
export interface Efficiency {
  readonly hardware: string;
  readonly ops: readonly OpFit[];
  readonly collectives: readonly CollectiveFit[];
  readonly tables?: readonly OpTable[];
  readonly source: string;
  readonly licence: string;
}

/** A joint prompt/output length distribution derived from a real trace. File: catalog/workloads/<id>.json. */
export interface LengthShape {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly licence: string;
  readonly rows: number;
  /** Means over the original trace. */
  readonly prompt_mean: number;
  readonly output_mean: number;
  /** Where the quantiles of every stratum lie, from 0 to 1, rising; equally spaced if absent. */
  readonly probabilities?: readonly number[];
  /**
   * Equal-probability strata by prompt length; inside a stratum the prompt is drawn by linear interpolation of
   * `prompt_quantiles` and the output of `output_quantiles`, independently: the joint dependence is kept by the strata.
   */
  readonly strata: readonly {
    readonly prompt_quantiles: readonly number[];
    readonly output_quantiles: readonly number[];
  }[];
  /** Rate over a day: [s, requests/s, cv of the gaps], in steps; the last point is where the day ends. */
  readonly curve?: readonly (readonly [number, number, number])[];
}

/** In nine of ten measured runs the figure lay within this many % of the predicted one, to either side. */
export interface ErrorBand {
  readonly ttft_pct: number;
  readonly tpot_pct: number;
  readonly throughput_pct: number;
  readonly power_pct: number;
}

/** Error bands by what step prices rest on, made by `mist validate --error-bands` (catalog/validation/error-bands.json). */
export interface ErrorBands {
  readonly id: string;
  readonly bands: Readonly<Record<Basis, ErrorBand>>;
  /** Where prefill and decode run apart: the queues between them are modelled roughly. The wider band counts. */
  readonly disaggregated: Pick<ErrorBand, 'ttft_pct' | 'tpot_pct'>;
  readonly source: string;
  readonly licence: string;
}

/**
 * A regression on whole steps of one deployment, fitted to step traces (paper.md section 2). With N new tokens (prompt chunks and one
 * per decode), S sequences (chunks and decodes), K tokens in the caches of the decodes, and Q pairs of a prompt token and a token
 * that it attends to (n past + n(n+1)/2 of every chunk):
 *   seconds = fixed_s + sum_j new_token_s[j] * (what of N lies between knots[j] and knots[j+1]) + sequence_s * S
 *           + context_token_s * K + (prompt_step_s if there is a chunk) + prefill_pair_s * Q
 * No coefficient is negative, so that more work never takes less time. File: catalog/steps/<id>.json.
 */
export interface StepFit {
  readonly id: string;
  /** Catalog ids. */
  readonly model: string;
  readonly hardware: string;
  readonly tensor_parallel_size: number;
  readonly pipeline_parallel_size: number;
  /** Format of the weights and engine profile that it was measured with; null = not known, so any. */
  readonly quantization: WeightFormat | null;
  readonly profile: string | null;
  /** New tokens at which the price of one more changes; the first is 0. */
  readonly knots: readonly number[];
  readonly new_token_s: readonly number[];
  readonly fixed_s: number;
  readonly sequence_s: number;
  readonly context_token_s: number;
  readonly prompt_step_s: number;
  readonly prefill_pair_s: number;
  /** Least and most of each quantity in the trace: beyond them the regression extrapolates. */
  readonly range: {
    readonly new_tokens: readonly [number, number];
    readonly sequences: readonly [number, number];
    readonly context_tokens: readonly [number, number];
  };
  readonly rows: number;
  /** Median |relative error| on the fitted half of the steps; median and 90th percentile on the half held out. */
  readonly error_in: number;
  readonly error_out: number;
  readonly error_out_p90: number;
  readonly source: string;
  readonly licence: string;
}
