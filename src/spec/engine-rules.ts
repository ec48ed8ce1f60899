// Rules and facts of an engine that few specs state: how often its scheduler looks up, what it waits for, what was seen to run.

import { z } from 'zod';
import type { WeightFormat } from '../catalog/types.ts';
import { show } from '../check/issue.ts';
import { type PackingName, queuesByKey, ranksRequests, servesTenants } from '../check/scheduler-lists.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import { count, PART, readShare, section, share, word } from './leaf.ts';
import { MAX_COUNT, MAX_LENGTH_TOKENS } from './limits.ts';
import { WEIGHT_FORMATS } from './words.ts';

/** Batch waiting: prompts are held back until their step is worth it. */
export interface BatchWait {
  /** Most steps that a prompt is held back. */
  readonly iters: number;
  /** Share of the token budget from which on a step is not held back. */
  readonly max_tokens_ratio: number;
}

/** Attention data parallel: prompts are held back until every rank has one. */
export interface EvenPrompts {
  /** Most steps that they are held back for ranks without one. */
  readonly timeout_iters: number;
  /** Steps that they are held back from then on. */
  readonly batching_wait_iters: number;
}

/** Absent = as every engine does. */
export interface EngineRules {
  readonly recv_interval?: number;
  readonly max_queued_requests?: number;
  readonly batch_wait?: BatchWait;
  readonly attention_dp_config?: EvenPrompts;
  readonly disable_cascade_attn?: boolean;
  readonly attention_quantization?: WeightFormat;
  readonly sampling?: 'greedy' | 'top-p';
  readonly shards_per_device?: number;
  readonly padded_len?: number;
  readonly known_to_run?: boolean;
}

const WAIT = '{iters, max_tokens_ratio}';
const EVEN = '{timeout_iters, batching_wait_iters}';
const EVEN_DEFAULTS: EvenPrompts = { timeout_iters: 50, batching_wait_iters: 10 };
const FORMATS = WEIGHT_FORMATS.filter((format): format is WeightFormat => format !== 'auto');
const SAMPLINGS = ['greedy', 'top-p'] as const;

/** Keys of an engine, for the schemas of whatever has one. */
export const rulesShape = {
  recv_interval: count(1, MAX_COUNT)
    .optional()
    .describe(
      'Decode steps between two looks at arrivals of a scheduler that is busy decoding (SGLang: scheduler_recv_interval); 1 if left out.',
    ),
  max_queued_requests: count(1, MAX_COUNT)
    .optional()
    .describe(
      'Most requests that wait in one instance, or rank of one: whatever comes while as many do is turned away at once (SGLang: --max-queued-requests, HTTP 503); no limit if left out.',
    ),
  batch_wait: section(
    {
      iters: count(1, MAX_COUNT).describe('Most steps that a prompt is held back (batch_wait_timeout_iters).'),
      max_tokens_ratio: share(PART, true).describe(
        'Share of max_num_batched_tokens from which on a step goes at once (batch_wait_max_tokens_ratio).',
      ),
    },
    WAIT,
  )
    .optional()
    .describe(
      'While sequences decode, prompts wait until their step is large enough (TensorRT-LLM); none if left out.',
    ),
  attention_dp_config: section(
    {
      timeout_iters: count(1, MAX_COUNT)
        .optional()
        .describe(
          `Most steps that prompts are held back for ranks without one; ${EVEN_DEFAULTS.timeout_iters} if left out.`,
        ),
      batching_wait_iters: count(0, MAX_COUNT)
        .optional()
        .describe(
          `Steps that they are held back once every rank has one; ${EVEN_DEFAULTS.batching_wait_iters} if left out.`,
        ),
    },
    EVEN,
  )
    .optional()
    .describe(
      'With data_parallel_size: while all ranks decode, prompts that wait are held back until every rank has one (TensorRT-LLM: enable_balance); none if left out.',
    ),
  disable_cascade_attn: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      "Whether every request reads its own context where all that run have a text in common, instead of once for all of them (vLLM's cascade attention); the profile's if left out.",
    ),
  attention_quantization: word(FORMATS)
    .optional()
    .describe("Format of the attention projections; the checkpoint's, else that of the other weights, if left out."),
  sampling: word(SAMPLINGS)
    .optional()
    .describe('How tokens are chosen; top-p sorts the vocabulary of every sequence in every step. greedy if left out.'),
  shards_per_device: count(1, 64)
    .optional()
    .describe('Shards that the engine makes of one device, where it holds several cores; all of them if left out.'),
  padded_len: count(1, MAX_LENGTH_TOKENS)
    .optional()
    .describe(
      'Programs compiled for one shape read a cache of so many tokens in every decode; what is there if left out.',
    ),
  known_to_run: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      'This deployment was seen running: splits and formats that nobody would propose are taken, memory is used up to 97 % where the usual share leaves no room, and prompts may pass the positions of the model. false if left out.',
    ),
};

type Input = Readonly<Record<string, unknown>>;

/** The rules of an engine, undefined where nothing departs from what every engine does. */
export function readRules(input: Input): EngineRules | undefined {
  const rules: { -readonly [K in keyof EngineRules]: EngineRules[K] } = {};
  const number = (value: unknown) => measured(value as string | number, 'number');
  if (input.recv_interval !== undefined && number(input.recv_interval) > 1)
    rules.recv_interval = number(input.recv_interval);
  if (input.max_queued_requests !== undefined) rules.max_queued_requests = number(input.max_queued_requests);
  const wait = input.batch_wait as Input | undefined;
  if (wait?.iters !== undefined && wait.max_tokens_ratio !== undefined)
    rules.batch_wait = {
      iters: number(wait.iters),
      max_tokens_ratio: readShare(wait.max_tokens_ratio as string | number),
    };
  const even = input.attention_dp_config as Input | undefined;
  if (even !== undefined)
    rules.attention_dp_config = {
      timeout_iters: number(even.timeout_iters ?? EVEN_DEFAULTS.timeout_iters),
      batching_wait_iters: number(even.batching_wait_iters ?? EVEN_DEFAULTS.batching_wait_iters),
    };
  if (input.disable_cascade_attn !== undefined) rules.disable_cascade_attn = input.disable_cascade_attn as boolean;
  if (input.attention_quantization !== undefined)
    rules.attention_quantization = input.attention_quantization as WeightFormat;
  if (input.sampling === 'top-p') rules.sampling = 'top-p';
  if (input.shards_per_device !== undefined) rules.shards_per_device = number(input.shards_per_device);
  if (input.padded_len !== undefined) rules.padded_len = number(input.padded_len);
  if (input.known_to_run === true) rules.known_to_run = true;
  return Object.keys(rules).length > 0 ? rules : undefined;
}

/** What of the rules cannot go with the rest of the engine. */
export function checkRules(
  input: Input,
  path: Path,
  add: (mistake: { readonly path: Path; readonly expected: string; readonly received: string }) => void,
): void {
  const refuse = (key: string, expected: string) => add({ path: [...path, key], expected, received: show(input[key]) });
  const wait = input.batch_wait as Input | undefined;
  if (input.packing !== undefined && queuesByKey(input.packing as PackingName)) {
    if (input.recv_interval !== undefined)
      refuse('recv_interval', 'no recv_interval: only a queue by arrival has a newest end');
    if (wait !== undefined) refuse('batch_wait', 'no batch_wait: it counts prompts of a queue by arrival');
  }
  if (input.packing !== undefined && ranksRequests(input.packing as PackingName)) {
    const why = 'whom it preempts among sequences that advance by several tokens is not known';
    if (input.speculative_config !== undefined)
      refuse('speculative_config', `no speculative_config beside packing: ${input.packing}: ${why}`);
    if (Number(input.num_scheduler_steps ?? 1) > 1)
      refuse('num_scheduler_steps', `1 beside packing: ${input.packing}: ${why}`);
  }
  if (input.packing !== undefined && servesTenants(input.packing as PackingName)) checkFair(input, refuse);
  if (input.attention_dp_config !== undefined && input.data_parallel_size === undefined)
    refuse('attention_dp_config', 'no attention_dp_config without data_parallel_size');
  if (wait !== undefined && input.preemption_mode === 'swap')
    refuse('batch_wait', 'no batch_wait beside preemption_mode: swap, whose sequences are no prompts');
}

/** What tenants have had is counted token by token, in the queue of one engine. */
function checkFair(input: Input, refuse: (key: string, expected: string) => void): void {
  const beside = `beside packing: ${input.packing}`;
  const one = 'which counts what a tenant has had token by token';
  if (input.speculative_config !== undefined) refuse('speculative_config', `none ${beside}, ${one}`);
  if (Number(input.num_scheduler_steps ?? 1) > 1) refuse('num_scheduler_steps', `1 ${beside}, ${one}`);
  if (input.preemption_mode === 'swap') refuse('preemption_mode', `recompute ${beside}`);
  if (input.lora !== undefined) refuse('lora', `none ${beside}: its queues are those of tenants`);
  if (Number(input.data_parallel_size ?? 1) > 1)
    refuse('data_parallel_size', `1 ${beside}: ranks have no queue in common`);
}
