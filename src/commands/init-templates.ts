// What mist init writes: one spec per question that people come with, each small enough to be read before it is run.

/** What a template is filled with. */
export interface Asked {
  /** Catalog id, Hugging Face name, or the path of a config.json. */
  readonly model: string;
  /** In the template's own unit. */
  readonly load: number;
  /** Ids of the catalog, with commas between. */
  readonly hardware: string;
}

export interface Template {
  /** The question that it answers. */
  readonly words: string;
  /** What answers it. */
  readonly verb: 'sweep' | 'size';
  /** What its load counts. */
  readonly unit: 'requests per second' | 'requests in all';
  /** What stands where nobody says otherwise. */
  readonly usual: Asked;
  write(asked: Asked): string;
}

const USUAL = { model: 'llama-3.1-8b', load: 4, hardware: 'l40s, h100-sxm-80gb' } as const;
const PER_SECOND = 'requests per second' as const;

/** By name, in the order in which they are offered. */
export const TEMPLATES = {
  chat: {
    words: 'a chat: which deployment is the cheapest that answers in time?',
    verb: 'sweep',
    unit: PER_SECOND,
    usual: USUAL,
    write: ({ model, load, hardware }) => `# Which deployment serves a chat at this load? mist sweep tries all of them.
model: ${model}
workload:
  lengths: azure-conv-2023        # prompt and answer lengths of a real chat service; mist catalog --kind workloads lists more
  request_rate: ${load}                 # requests/s of the whole deployment
deployment:
  hardware: [${hardware}]
  replicas: {from: 1, to: 8}
  tensor_parallel_size: [1, 2, 4]
engine: {profile: vllm-0.11, quantization: [bf16, fp8]}
slo: {p99_ttft: 1s, p99_tpot: 50ms}     # the promise to the user
objective: usd_per_hour
`,
  },
  rag: {
    words: 'RAG: embed, search, rerank, then answer; how large is each part?',
    verb: 'sweep',
    unit: PER_SECOND,
    usual: { ...USUAL, hardware: 'h100-sxm-80gb, l40s' },
    write: ({
      model,
      load,
      hardware,
    }) => `# Retrieval before the answer: how many of each does it take? mist sweep tries all of them.
fleet:
  embedder: {kind: llm, model: bge-large-en-v1.5, hardware: l4}
  index:
    kind: retrieval
    hardware: epyc-9654
    cores: 96
    index: {kind: hnsw, vectors: 20_000_000, dimensions: 1024, ef_search: 128}
  reranker: {kind: llm, model: bge-reranker-v2-m3, hardware: l4, count: [1, 2, 4]}
  writers: {kind: llm, model: ${model}, hardware: {choices: [${hardware}]}, count: {from: 1, to: 6}}
pipelines:
  ask:
    stages:
      - {embed: embedder}
      - {retrieve: {on: index, passages: 20, passage_tokens: 250}}
      - {rerank: {on: reranker, keep: 6}}
      - {prefill: writers}
      - {decode: writers}
workload:
  lengths: {input_len: {lognormal: {mean: 60, std: 50, max: 500}}, output_len: {lognormal: {mean: 220, std: 150, max: 1000}}}
  request_rate: ${load}                 # questions/s
slo: {p99_ttft: 3s, p99_tpot: 100ms}
objective: usd_per_hour
`,
  },
  agents: {
    words: 'agents: long conversations with tools; does a prefix cache pay?',
    verb: 'sweep',
    unit: PER_SECOND,
    usual: USUAL,
    write: ({
      model,
      load,
      hardware,
    }) => `# Agents: every turn sends the whole conversation again, and the next one follows a tool call later.
model: ${model}
workload:
  lengths: {input_len: {lognormal: {mean: 400, std: 500, max: 8000}}, output_len: {lognormal: {mean: 150, std: 120, max: 1000}}}
  sessions: {turns: {uniform: [4, 12]}, think_time: {lognormal: {mean: 4s, std: 6s}}}
  shared_prefix: {tokens: 2000}   # the system prompt and the tools
  request_rate: ${load}                 # turns/s in the long run
deployment:
  hardware: [${hardware}]
  replicas: {from: 1, to: 8}
  routing: [prefix-affinity, least-loaded]
engine: {profile: vllm-0.11, enable_prefix_caching: [true, false]}
slo: {p99_ttft: 2s, p99_tpot: 60ms}
objective: usd_per_hour
`,
  },
  code: {
    words: 'code completion: long prompts, short answers, at once',
    verb: 'sweep',
    unit: PER_SECOND,
    usual: USUAL,
    write: ({ model, load, hardware }) => `# Code completion: long prompts and short answers, so prefill decides.
model: ${model}
workload:
  lengths: azure-code-2023        # of a real coding service
  request_rate: ${load}                 # requests/s
deployment:
  hardware: [${hardware}]
  replicas: {from: 1, to: 8}
  tensor_parallel_size: [1, 2, 4]
engine: {profile: vllm-0.11, quantization: [bf16, fp8], max_num_batched_tokens: [2048, 8192]}
slo: {p99_ttft: 500ms, p99_tpot: 40ms}
objective: usd_per_hour
`,
  },
  offline: {
    words: 'a batch overnight: where are tokens the cheapest?',
    verb: 'sweep',
    unit: 'requests in all',
    usual: { ...USUAL, load: 2000 },
    write: ({
      model,
      load,
      hardware,
    }) => `# A batch that nobody waits for: all requests are there at once, and tokens per dollar decide.
model: ${model}
workload:
  lengths: arxiv-summarization    # long prompts, short summaries
  arrivals: all-at-once
  num_requests: ${load}
deployment:
  hardware: [${hardware}]
  tensor_parallel_size: [1, 2, 4]
engine: {profile: vllm-0.11, quantization: [bf16, fp8], max_num_seqs: [64, 256, 1024]}
objective: usd_per_million_tokens
`,
  },
  disaggregate: {
    words: 'should prefill and decode run apart?',
    verb: 'sweep',
    unit: PER_SECOND,
    usual: { model: 'llama-3.1-70b', load: 8, hardware: 'h100-sxm-80gb' },
    write: ({
      model,
      load,
      hardware,
    }) => `# Should prefill and decode run on different machines? Both kinds of fleet, over the same requests.
fleet:
  choices:
    together:
      workers:
        kind: llm
        model: ${model}
        hardware: {choices: [${hardware}]}
        tensor_parallel_size: {choices: [2, 4]}
        count: {from: 1, to: 8}
        routing: least-loaded
        location: server
    apart:
      prefillers:
        kind: llm
        role: prefill
        model: ${model}
        hardware: {choices: [${hardware}]}
        tensor_parallel_size: {choices: [2, 4]}
        count: {from: 1, to: 4}
        routing: load-input
        transfer: layer-wise
        location: server
      decoders:
        kind: llm
        role: decode
        model: ${model}
        hardware: {choices: [${hardware}]}
        tensor_parallel_size: {choices: [2, 4]}
        count: {from: 1, to: 4}
        routing: load-left
        location: server
topology:
  rack: {kind: rack}
  server: {kind: nvlink, within: rack, count: 2}
pipelines:
  chat:
    stages: [{prefill: {}}, {decode: {}}]     # on whichever pool of the fleet can do it
workload:
  lengths: azure-conv-2023
  request_rate: ${load}                 # requests/s
  num_requests: 1500
slo: {p99_ttft: 1s, p99_tpot: 50ms}
objective: usd_per_hour
`,
  },
  gpus: {
    words: 'how many GPUs does a promise take?',
    verb: 'size',
    unit: PER_SECOND,
    usual: { ...USUAL, load: 10 },
    write: ({
      model,
      load,
      hardware,
    }) => `# How many devices does this promise take? mist size opens counts, splits and formats, and tries them.
model: ${model}
workload:
  lengths: azure-conv-2023
  request_rate: ${load}                 # users x requests per user and second
deployment: {hardware: [${hardware}]}
slo: {p99_ttft: 1s, p99_tpot: 50ms}     # the promise to the user
`,
  },
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof TEMPLATES;
export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as TemplateName[];
