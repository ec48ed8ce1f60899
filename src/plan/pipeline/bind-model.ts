// The model of a pool on its hardware, or what of it cannot be, said at its place in the spec.
import { UserError } from '../../check/issue.ts';
import type { LlmPool } from '../../spec/fleet/types.ts';
import { bindDeployment, type Deployment, isRefusal, type PlanSource } from '../deployment.ts';
import type { Blame } from './blame.ts';

/** null where the spec names no model; undefined where what it names cannot be, which is blamed. */
export function bindModel(pool: LlmPool, source: PlanSource, blame: Blame): Deployment | null | undefined {
  const { configuration } = pool;
  if (configuration.model === '' || configuration.hardware === '') return null;
  try {
    const found = bindDeployment(configuration, source);
    if (!isRefusal(found)) return found;
    const expected = 'a split that the model and the hardware allow';
    blame(['fleet', pool.name, splitField(found.reason)], expected, found.words);
  } catch (error) {
    // a model's file that cannot be read
    if (!(error instanceof UserError)) throw error;
    for (const { path, expected, received, file, line, hint } of error.issues) {
      const place = file === undefined ? hint : `${path} in ${file}${line === undefined ? '' : `:${line}`}`;
      blame(['fleet', pool.name, 'model'], expected, received, place);
    }
  }
  return undefined;
}

/** The field that a refusal of plan/legal.ts is about. */
function splitField(reason: string): string {
  if (reason.startsWith('pp')) return 'pipeline_parallel_size';
  if (reason.startsWith('ep')) return 'expert_parallel_size';
  if (reason.startsWith('dp')) return 'data_parallel_size';
  if (reason.startsWith('draft') || reason === 'no-mtp-head') return 'speculative_config';
  return reason === 'format-not-supported' ? 'quantization' : 'tensor_parallel_size';
}
