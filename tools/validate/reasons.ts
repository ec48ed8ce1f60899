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
      'nobody knows how far machines keep equal requests in step; above 256 at once the front end of the engine is what clients wait for',
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
    words:
      'no expert timings on this device; how much slower its untuned kernels of 2024 were is one factor for all sizes',
  },
  {
    where: ['static-batch', 'ttft_ms', 'transformers-neuronx', '', ''],
    words: 'no timings on this device; prompts are padded to compiled sizes, and attention over long ones is not tiled',
  },
  { where: ['static-batch', 'tpot_ms', 'transformers-neuronx', '', ''], words: 'no timings on this device' },
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
    words:
      'prefill on four and eight devices: the same run on B200 is off the other way, so it is the build of the engine, not its exchanges',
  },
];

/** '' where nobody has found one. */
export function reasonFor(key: readonly string[]): string {
  return REASONS.find(({ where }) => where.every((word, i) => key[i].startsWith(word)))?.words ?? '';
}
