// KV blocks that a sequence needs to start: the closed list, with its kernel ids and its words (ADMISSION_FULL_LENGTH is `full-length`).
export const ADMISSION_PROMPT = 0;
export const ADMISSION_FULL_LENGTH = 1;
export const ADMISSION_FULL_PROMPT = 2;
export const ADMISSION_NEW_TOKEN_RATIO = 3;

// Numbers of the last (SGLang: schedule_policy.py, environ.py): how far the share of what was asked for falls that is expected, and in how
// many decode steps; most tokens of an answer that are looked ahead; decode steps that a preemption makes room for
export const RATIO_FLOOR = 0.14; // times the share at first
export const DECAY_STEPS = 600;
export const EXPECTED_MOST = 4096;
export const RETRACT_STEPS = 20;

export function admissionWords(id: number): string {
  if (id === ADMISSION_PROMPT)
    return 'blocks for the prompt; when decodes run out of blocks the newest sequence is preempted';
  if (id === ADMISSION_FULL_LENGTH) return 'blocks of the final length at once; never preempts';
  if (id === ADMISSION_FULL_PROMPT)
    return 'as prompt, but no chunk of a prompt starts before blocks for all of it are free';
  if (id === ADMISSION_NEW_TOKEN_RATIO)
    return 'blocks for the prompt and for a share of what all are to answer, which falls while decodes find blocks; else those with the shortest answers are preempted (SGLang)';
  return '';
}

/** Whether nothing that was admitted ever lacks a block. */
export function neverPreempts(id: number): boolean {
  return id === ADMISSION_FULL_LENGTH;
}
