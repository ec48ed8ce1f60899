// What each stage of a program generates, as numbers.
import type { StageRoles } from '../../plan/pipeline/lower-fleet.ts';

export const ROLE_NONE = 0;
export const ROLE_PREFILL = 1;
export const ROLE_DECODE = 2;
export const ROLE_THINK = 3;

/** ROLE_* per stage. */
export function roleTable(stages: number, roles: StageRoles): Uint8Array {
  const table = new Uint8Array(stages);
  for (const stage of roles.prefill) table[stage] = ROLE_PREFILL;
  for (const stage of roles.decode) table[stage] = ROLE_DECODE;
  for (const stage of roles.think) table[stage] = ROLE_THINK;
  return table;
}
