// What a row chose, in few words: values in the order of the document, those of one pool together.

/** Keys whose value says enough by itself, and how the others are shortened. */
const PLAIN = [
  ...['hardware', 'model', 'routing', 'quantization', 'batching', 'profile', 'packing', 'transfer', 'kind'],
  ...['admission', 'step_source', 'preemption_mode'],
];
const SHORT: Readonly<Record<string, (value: string) => string>> = {
  count: (value) => `x${value}`,
  replicas: (value) => `x${value}`,
  tensor_parallel_size: (value) => `tp${value}`,
  pipeline_parallel_size: (value) => `pp${value}`,
  data_parallel_size: (value) => `dp${value}`,
  expert_parallel_size: (value) => `ep${value}`,
  kv_cache_dtype: (value) => `kv=${value}`,
  gpu_memory_utilization: (value) => `mem=${value}`,
  block_size: (value) => `block=${value}`,
  num_gpu_blocks: (value) => `blocks=${value}`,
  max_model_len: (value) => `len=${value}`,
  num_speculative_tokens: (value) => `drafts=${value}`,
  request_rate: (value) => `${value} req/s`,
};
/** Sections of the plain notation, whose one pool needs no name. */
const UNNAMED = ['fleet', 'pipelines', 'engine', 'deployment'];

/** Values of one's own names stand by those. */
const PARAMETERS = 'let';

/** "together; workers mi300x tp2 x4". */
export function describeAxes(choices: ReadonlyMap<string, string>): string {
  const groups = new Map<string, string[]>();
  for (const [axis, value] of choices) {
    const parts = axis.split('.');
    const key = parts.pop() ?? '';
    const owner = parts.filter((part, i) => !(i === 0 && UNNAMED.includes(part)) && part !== 'workload').join('.');
    // a choice of whole parts of the document says enough by its own name
    const whole = parts.length === 0 || (parts.length === 1 && parts[0] === 'fleet') || parts[0] === 'pipelines';
    const words = SHORT[key]?.(value) ?? (PLAIN.includes(key) || whole ? value : `${key} ${value}`);
    const short = owner === PARAMETERS ? `${key}=${value}` : words;
    groups.set(owner, [...(groups.get(owner) ?? []), short]);
  }
  const named = ([owner, values]: [string, string[]]) =>
    owner === '' || owner === PARAMETERS ? values : [owner, ...values];
  return [...groups].map((group) => named(group).join(' ')).join('; ');
}
