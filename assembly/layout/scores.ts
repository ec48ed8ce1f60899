// What a scored choice weighs of a member: the loads (layout/load.ts), whose ids come first, and this closed list beside them, whose
// kernel ids count from SCORES_FROM (SCORE_KV_SHARE is `kv-share`).
export const SCORE_QUEUE = 0;
export const SCORE_RUNNING = 1;
export const SCORE_KV_SHARE = 2;
export const SCORE_PREFIX = 3;
export const SCORE_UNCACHED = 4;
export const SCORE_PATH = 5;
export const SCORE_AGE = 6;

/** Kernel id of the first of them: those below are LOAD_*. */
export const SCORES_FROM = 16;

export function scoreWords(id: number): string {
  if (id === SCORE_QUEUE) return 'visits on their way or waiting';
  if (id === SCORE_RUNNING) return 'visits that run';
  if (id === SCORE_KV_SHARE) return 'share of its KV blocks that are in use';
  if (id === SCORE_PREFIX) return 'share of the hash blocks of the visit that lead in its KV blocks';
  if (id === SCORE_UNCACHED) return 'prompt tokens of the visit that do not';
  if (id === SCORE_PATH) return 'seconds from where the last stage ran';
  if (id === SCORE_AGE) return 'seconds since it was last chosen, or since the start';
  return '';
}

/** Whether it changes inside a leap, as changesInLeaps says of loads. */
export function scoreChangesInLeaps(id: number): boolean {
  return id === SCORE_KV_SHARE;
}

/** Whether it is of what the blocks of a member hold. */
export function scoreLooksAtBlocks(id: number): boolean {
  return id === SCORE_PREFIX || id === SCORE_UNCACHED;
}

/** Whether it stands in an instance's metrics: a router that reads these every so often knows it only as it was then. It counts what it sent itself. */
export function scoreIsRead(id: number): boolean {
  return id === SCORE_QUEUE || id === SCORE_RUNNING || id === SCORE_KV_SHARE;
}

/** Whether it is counted from when a member was last chosen. */
export function scoreRemembersChoice(id: number): boolean {
  return id === SCORE_AGE;
}
