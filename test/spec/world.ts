// A small catalog for tests of the spec room: a few names and two engine profiles with different defaults.
import type { EngineProfile, Link } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import type { FleetSpec, LlmPool } from '../../src/spec/fleet/types.ts';
import { type Question, readQuestion } from '../../src/spec/question.ts';
import type { ReadOptions } from '../../src/spec/read-options.ts';
import type { Configuration } from '../../src/spec/types.ts';

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

function link(id: string, bandwidth: number, domain?: number): Link {
  const shares = { exchange_share: 0.6, copy_share: 0.9, latency_s: 4e-6 };
  const known = { ...shares, source: 'invented for tests', confidence: 'low' } as const;
  return { id, name: id, bandwidth, ...(domain === undefined ? {} : { domain }), ...known };
}
const LINKS = [link('pcie5-x16', 63e9, 8), link('ib-ndr', 50e9)];

export const KNOWN: ReadOptions['known'] = {
  hardware: ['h100-sxm-80gb', 'a100-sxm-80gb', 'l4', 'mi300x'],
  models: ['llama-3.1-70b', 'llama-3.1-8b'],
  engines: PROFILES.map(({ id }) => id),
  workloads: ['azure-conv-2023', 'azure-code-2023'],
  links: LINKS.map(({ id }) => id),
  link: (id) => LINKS.find((known) => known.id === id),
  profile: (id) => PROFILES.find((known) => known.id === id),
};

/** Of requests that are alone each of these takes a tenth of a second. */
export const OPTIONS: ReadOptions = { file: 'folder/spec.yaml', known: KNOWN, unloaded: () => 0.1 };

/** A text as the question it asks. */
export function open(text: string, options: Partial<ReadOptions> = {}): Question {
  return readQuestion(text, { ...OPTIONS, ...options });
}

/** The fleet of the first row of a text. */
export function read(text: string, options: Partial<ReadOptions> = {}): FleetSpec {
  return open(text, options).first;
}

/** The only pool of engines of a fleet. */
export function poolOf({ pools }: FleetSpec): LlmPool {
  const [pool, ...others] = pools;
  if (pool?.kind !== 'llm' || others.length > 0) throw new Error('one pool of engines was meant');
  return pool;
}

export const engineOf = (spec: FleetSpec): Configuration => poolOf(spec).configuration;

/** What a text says of its only engine, in the first row. */
export const baseOf = (text: string, options: Partial<ReadOptions> = {}): Configuration =>
  engineOf(read(text, options));

/** The axes of a text: what they are called, and what they may be. */
export const axesOf = (text: string): [string, readonly string[]][] =>
  open(text).axes.map(({ name, labels }) => [name, labels]);

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
