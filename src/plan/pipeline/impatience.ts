// How long the client of every request waits for its answer, and how often it tries again.
import { CLIENT } from '../../spec/fleet/client.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import type { FleetProgram } from '../fleet.ts';

/** `of`: the pipeline of every request. Nothing where everybody waits for ever and nobody tries again. */
export function impatienceOf(
  { client = CLIENT, pipelines }: Pick<FleetSpec, 'client' | 'pipelines'>,
  of: Int32Array,
): Pick<FleetProgram['requests'], 'patience' | 'tries'> {
  const rules = pipelines.map(({ client: own }) => ({ ...client.impatience, ...own }));
  const column = (read: (rule: (typeof rules)[number]) => number) => Float64Array.from(of, (p) => read(rules[p]!));
  const leaves = rules.some(({ timeout }) => timeout !== undefined);
  const tries = rules.some(({ retries = 0 }) => retries > 0);
  return {
    ...(leaves ? { patience: column(({ timeout = Number.POSITIVE_INFINITY }) => timeout) } : {}),
    ...(tries
      ? {
          tries: {
            most: Int32Array.from(column(({ retries = 0 }) => retries)),
            backoff: column(({ backoff = 1 }) => backoff),
          },
        }
      : {}),
  };
}
