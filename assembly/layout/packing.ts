// Who waits at the head of a queue: the closed list, with its kernel ids and its words (PACKING_FCFS is `fcfs`).
export const PACKING_FCFS = 0;
export const PACKING_LEAST_WORK_LEFT = 1;
export const PACKING_PRIORITY = 2;
export const PACKING_FAIR = 3;

export function packingWords(id: number): string {
  if (id === PACKING_FCFS) return 'first come, first served';
  if (id === PACKING_LEAST_WORK_LEFT) return 'whoever has the fewest tokens left to process';
  if (id === PACKING_PRIORITY)
    return 'the smallest priority, then whoever came first; the last of that order is preempted first';
  if (id === PACKING_FAIR) return 'whose tenant has been served least, by weighted tokens; then whoever came first';
  return '';
}

/** Whether the queue is a heap by a key, and not a list in order of joining: it then takes columns of its own. */
export function queuesByKey(id: number): boolean {
  return id === PACKING_LEAST_WORK_LEFT || id === PACKING_PRIORITY || id === PACKING_FAIR;
}

/** Whether tenants are served by what each has had. */
export function servesTenants(id: number): boolean {
  return id === PACKING_FAIR;
}

/** Whether requests have a rank of their own, by which they are served and preempted. */
export function ranksRequests(id: number): boolean {
  return id === PACKING_PRIORITY;
}
