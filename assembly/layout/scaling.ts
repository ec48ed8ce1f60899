// What a scaler measures of the instances that are on: the closed list, with its kernel ids and its words (SCALING_QUEUE_LENGTH is `queue-length`).
export const SCALING_QUEUE_LENGTH = 0;
export const SCALING_REQUESTS = 1;
export const SCALING_KV_USE = 2;
export const SCALING_UTILIZATION = 3;

export function scalingWords(id: number): string {
  if (id === SCALING_QUEUE_LENGTH) return 'visits that wait in an instance';
  if (id === SCALING_REQUESTS) return 'visits that an instance has, waiting, running and on their way';
  if (id === SCALING_KV_USE) return 'share of the KV blocks of an instance that are in use';
  if (id === SCALING_UTILIZATION) return 'share of the last interval that an instance was busy';
  return '';
}

/** Whether it is a share of what an instance has: never more than 1. */
export function measuresShare(id: number): boolean {
  return id === SCALING_KV_USE || id === SCALING_UTILIZATION;
}

/** Whether what it measures changes while an engine only decodes: it is looked at step by step then. */
export function changesInside(id: number): boolean {
  return id === SCALING_KV_USE || id === SCALING_UTILIZATION;
}
