// A small catalog for tests of the spec room: a few names and two engine profiles with different defaults.
import type { EngineProfile } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { type ReadOptions, readSpec } from '../../src/spec/read.ts';
import type { Spec } from '../../src/spec/types.ts';

function profile(id: string, changes: Partial<EngineProfile> = {}): EngineProfile {
  return {
    id,
    name: id,
    batching: 'chunked',
    admission: 'prompt',
    max_num_seqs: 256,
    max_num_batched_tokens: 8192,
    block_size: 16,
    gpu_memory_utilization: 0.9,
    reserve_bytes: 0,
    host: { step_s: 0, sequence_s: 0, layer_s: 0, norm: 1 },
    prefill_floor: { layer_s: 0, tokens: 0 },
    source: 'invented for tests',
    ...changes,
  };
}

export const VLLM = profile('vllm-0.11');
export const TRT = profile('trtllm-1.0', {
  batching: 'mixed',
  admission: 'full-length',
  max_num_seqs: 2048,
  block_size: 32,
  gpu_memory_utilization: 0.85,
});
const PROFILES = [VLLM, TRT];

export const KNOWN: ReadOptions['known'] = {
  hardware: ['h100-sxm-80gb', 'a100-sxm-80gb', 'l4', 'mi300x'],
  models: ['llama-3.1-70b', 'llama-3.1-8b'],
  engines: PROFILES.map(({ id }) => id),
  workloads: ['azure-conv-2023', 'azure-code-2023'],
  profile: (id) => PROFILES.find((known) => known.id === id),
};

export function read(text: string, options: Partial<ReadOptions> = {}): Spec {
  return readSpec(text, { file: 'folder/spec.yaml', known: KNOWN, ...options });
}

/** The mistakes of a text; none where it is fine. */
export function issuesOf(text: string, options: Partial<ReadOptions> = {}): readonly Issue[] {
  try {
    read(text, options);
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
}

/** "12 engine.max_num_seqs": where the mistakes are. */
export function placesOf(text: string, options: Partial<ReadOptions> = {}): string[] {
  return issuesOf(text, options).map(({ line, path }) => `${line} ${path}`);
}
