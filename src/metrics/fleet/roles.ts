// Which stages generate, from their names: the words a pipeline spec has for them.
import type { StageRoles } from '../../plan/pipeline/lower-fleet.ts';

const WORDS: Readonly<Record<string, keyof StageRoles>> = {
  prefill: 'prefill',
  generate: 'prefill',
  decode: 'decode',
  reason: 'think',
  think: 'think',
};

/** Roles by the last word of each name: "decode", "chat/decode", "math: reason". */
export function rolesByName(stages: readonly string[]): StageRoles {
  const roles = { prefill: [] as number[], decode: [] as number[], think: [] as number[] };
  for (const [stage, name] of stages.entries()) {
    const words = name.toLowerCase().match(/[a-z]+/g) ?? [];
    const role = WORDS[words[words.length - 1]];
    if (role !== undefined) roles[role].push(stage);
  }
  return roles;
}

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
