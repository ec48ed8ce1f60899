// Why the worst groups of the public cases are off, as far as it is known: inferred from the replays, measured by nobody.
interface Reason {
  /** Beginnings of mode, metric, engine, model and hardware; '' is any. */
  readonly where: readonly string[];
  readonly words: string;
}

const REASONS: readonly Reason[] = [
  {
    where: ['closed-loop', 'ttft_ms', 'sglang', 'llama-3.1-8b', ''],
    words:
      'equal requests stay in lockstep here, so that each wave queues behind its own prompts; machines drift apart',
  },
  {
    where: ['disagg', 'ttft_ms', 'trtllm', '', ''],
    words:
      'prefill workers near saturation: the queue multiplies an error of their step; expert tables with ep 8 are twice as slow as with ep 1, the runs are not',
  },
  {
    where: ['disagg', 'ttft_ms', 'sglang', '', ''],
    words:
      'seconds of waiting while prefill workers have room: router, bootstrap and hand-over queues that are not modelled',
  },
  {
    where: ['disagg', 'tpot_ms', '', '', ''],
    words: 'sequences spread over attention groups as the balancer likes; the slowest group sets the step',
  },
  {
    where: ['', '', 'vllm', 'mixtral-8x7b', 'mi250'],
    words: 'no expert timings on this device; its expert kernels of 2024 were untuned',
  },
  {
    where: ['static-batch', 'ttft_ms', 'transformers-neuronx', '', ''],
    words: 'no timings on this device; prompts are padded to compiled sizes',
  },
  { where: ['static-batch', 'tpot_ms', 'transformers-neuronx', '', ''], words: 'no timings on this device' },
  {
    where: ['', 'power_w', '', '', ''],
    words: 'energy is a line in tokens: the sort of the logits and the LM head of large batches are not in it',
  },
  {
    where: ['closed-loop', 'ttft_ms', '', 'gpt-oss-120b', ''],
    words: 'expert kernels of long prompts: timings are those of one engine version',
  },
  {
    where: ['closed-loop', 'ttft_ms', 'sglang', 'deepseek-r1', ''],
    words: 'MLA prefill has no timings, only an assumed efficiency',
  },
  {
    where: ['closed-loop', 'ttft_ms', 'vllm', 'llama-3.3-70b', 'h100'],
    words: 'linear work and all-reduces of prefill add up here; the engine overlaps or fuses some of them',
  },
];

/** '' where nobody has found one. */
export function reasonFor(key: readonly string[]): string {
  return REASONS.find(({ where }) => where.every((word, i) => key[i].startsWith(word)))?.words ?? '';
}
