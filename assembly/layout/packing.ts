// Who waits at the head of a queue: the closed list, with its kernel ids and its words (PACKING_FCFS is `fcfs`).
export const PACKING_FCFS = 0;
export const PACKING_LEAST_WORK_LEFT = 1;

export function packingWords(id: number): string {
  if (id === PACKING_FCFS) return 'first come, first served';
  if (id === PACKING_LEAST_WORK_LEFT) return 'whoever has the fewest tokens left to process';
  return '';
}

/** Whether the queue is a heap by work, and not a list in order of joining: it then takes columns of its own. */
export function queuesByWork(id: number): boolean {
  return id === PACKING_LEAST_WORK_LEFT;
}
