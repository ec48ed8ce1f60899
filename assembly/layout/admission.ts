// KV blocks that a sequence needs to start: the closed list, with its kernel ids and its words (ADMISSION_FULL_LENGTH is `full-length`).
export const ADMISSION_PROMPT = 0;
export const ADMISSION_FULL_LENGTH = 1;
export const ADMISSION_FULL_PROMPT = 2;

export function admissionWords(id: number): string {
  if (id === ADMISSION_PROMPT)
    return 'blocks for the prompt; when decodes run out of blocks the newest sequence is preempted';
  if (id === ADMISSION_FULL_LENGTH) return 'blocks of the final length at once; never preempts';
  if (id === ADMISSION_FULL_PROMPT)
    return 'as prompt, but no chunk of a prompt starts before blocks for all of it are free';
  return '';
}

/** Whether nothing that was admitted ever lacks a block. */
export function neverPreempts(id: number): boolean {
  return id === ADMISSION_FULL_LENGTH;
}
