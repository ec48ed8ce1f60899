// The spec's own price of a step, in seconds: read alike for deployments and for pools.
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import { quantity, section } from './leaf.ts';
import { draftTerms } from './speculative.ts';
import type { StepTime } from './types.ts';

const seconds = quantity('time', 'a time of at least 0, such as 20us or 2e-5 (seconds)');
/** Every term of the section. */
export const stepTime = section(
  {
    fixed_s: seconds.optional().describe('Per step. Every term is 0 if left out; at least one must be above 0.'),
    per_new_token_s: seconds.optional().describe('Per prompt token of a chunk and per decode.'),
    per_prefill_pair_s: seconds.optional().describe('Per pair of a prompt token and a token it attends to.'),
    per_sequence_s: seconds.optional().describe('Per sequence in the step.'),
    per_context_token_s: seconds.optional().describe('Per token of context that a decode reads.'),
    per_swapped_block_s: seconds.optional().describe('Per KV block copied to host memory or back.'),
    per_draft_pass_s: seconds
      .optional()
      .describe('Per pass of the draft model: as often in a step that decodes as tokens are drafted.'),
    per_draft_token_s: seconds.optional().describe('Per drafted token.'),
  },
  '{fixed_s, per_new_token_s, per_prefill_pair_s, per_sequence_s, per_context_token_s, ...}',
);

/** A well-formed step_time (structure.ts); `refuse` hears of one in which nothing takes time. */
export function readStepTime(
  given: { readonly [Term in keyof StepTime]?: unknown },
  refuse: (expected: string, received: string) => void,
): StepTime {
  const seconds = (key: keyof StepTime) => measured((given[key] ?? 0) as string | number, 'time');
  const stepTime: StepTime = {
    fixed_s: seconds('fixed_s'),
    per_new_token_s: seconds('per_new_token_s'),
    per_prefill_pair_s: seconds('per_prefill_pair_s'),
    per_sequence_s: seconds('per_sequence_s'),
    per_context_token_s: seconds('per_context_token_s'),
    ...draftTerms(given),
    ...(given.per_swapped_block_s === undefined ? {} : { per_swapped_block_s: seconds('per_swapped_block_s') }),
  };
  const { per_swapped_block_s: _, ...always } = stepTime;
  if (Object.values(always).every((term) => term === 0)) {
    refuse('at least one term above 0: a step must take time', show(given));
  }
  return stepTime;
}
