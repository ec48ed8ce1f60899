// Whether an engine reads what all running requests have in common once a step (cascade attention), and by which numbers it decides.
//
// Source: vLLM V1, vllm/v1/worker/gpu_model_runner.py (_compute_cascade_attn_prefix_len) and vllm/v1/attention/backends/flash_attn.py
// (use_cascade_attention), from memory.
import type { Attention, Hardware, Model } from '../catalog/types.ts';
import type { Configuration } from '../spec/types.ts';
import { localHeads, localKvHeads } from '../stages/split.ts';
import type { Deployment } from './deployment.ts';
import type { CascadeSetup } from './setup.ts';

/** Fewest tokens and sequences for which vLLM weighs it at all. */
const LEAST = { tokens: 256, sequences: 8 } as const;

/** Generations on which vLLM's own choice is FlashAttention, whose backend alone does it; FlashAttention 3 also reads an 8-bit cache. */
const FLASH_ATTENTION: Readonly<Record<string, { readonly reads8Bit: boolean }>> = {
  ampere: { reads8Bit: false },
  ada: { reads8Bit: false },
  hopper: { reads8Bit: true },
};

/** Absent where the engine, its backend, the model's layers or the split rule it out, or the device's multiprocessors are not known. */
export function cascadeOf(
  { rules, num_scheduler_steps: steps }: Pick<Configuration, 'rules' | 'num_scheduler_steps'>,
  deployment: Deployment | null,
): { readonly cascade?: CascadeSetup } {
  if (deployment === null) return {};
  const { model, hardware, profile, key, split, formats } = deployment;
  const isOff = rules?.disable_cascade_attn ?? profile.cascade_attention !== true;
  const isPlain = !key.speculation && !key.steps && steps === 1 && rules?.padded_len === undefined;
  const layers = plainLayers(model);
  const processors = processorsOf(hardware, formats.kv);
  if (isOff || !isPlain || split.dp > 1 || split.pp > 1 || !layers || processors === undefined) return {};
  const heads = { queryHeads: localHeads(layers.heads, split), kvHeads: localKvHeads(layers.kv_heads, split) };
  return { cascade: { ...heads, multiprocessors: processors, ...LEAST } };
}

/** The first attention of a model all of whose attention reads every token of its context as it is. */
function plainLayers({ kind, groups }: Model): Extract<Attention, { kind: 'full' }> | null {
  const all = groups.map(({ attention }) => attention);
  const [first] = all;
  if (kind === 'encoder' || first?.kind !== 'full') return null;
  return all.every((one) => one.kind === 'full' && !one.window && !one.sparse_top_k && !one.compression) ? first : null;
}

function processorsOf({ vendor, generation, multiprocessors }: Hardware, kv: string): number | undefined {
  const backend = vendor === 'NVIDIA' ? FLASH_ATTENTION[generation] : undefined;
  return backend && (backend.reads8Bit || is16Bit(kv)) ? multiprocessors : undefined;
}

const is16Bit = (format: string): boolean => format === 'bf16' || format === 'fp16';
