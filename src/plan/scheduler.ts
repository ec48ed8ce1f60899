// Settings of a scheduler that cannot be together: what one deployment is told, and why a row of a sweep falls.
import { ROUND_BATCHINGS } from '../check/scheduler-lists.ts';
import type { Configuration } from '../spec/types.ts';
import type { Deployment, Refusal } from './deployment.ts';
import { swapRefusal } from './swap.ts';

/** Why a row's scheduler cannot be, or null. `blockBytes`: of a KV block on one device. */
export function schedulerRefusal(
  configuration: Configuration,
  deployment: Pick<Deployment, 'hardware' | 'key'> | null,
  blockBytes: number,
): Refusal | null {
  const { num_scheduler_steps: steps, batching } = configuration;
  if (steps > 1 && !ROUND_BATCHINGS.includes(batching)) {
    const words = `num_scheduler_steps ${steps}, but under ${batching} batching decodes share their steps with prompts`;
    return { reason: 'rounds-with-prompts', words };
  }
  // inner rows of a sweep share what their deployment drafts
  const drafts = deployment ? (deployment.key.speculation?.drafts ?? 0) : configuration.num_speculative_tokens;
  if (steps > 1 && drafts > 0) {
    const words = `num_scheduler_steps ${steps}, but drafts are verified step by step`;
    return { reason: 'rounds-with-drafts', words };
  }
  return swapRefusal(configuration, deployment, blockBytes);
}
