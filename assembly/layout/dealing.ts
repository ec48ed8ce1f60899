// How an engine deals visits to the ranks of an instance (attention data parallel): the closed list, with its kernel ids and its words.
// Ties go to the first rank after the last chosen one, cyclically.
export const DEALING_IN_TURN = 0;
export const DEALING_FEWEST = 1;
export const DEALING_SHORTEST_QUEUE = 2;

export function dealingWords(id: number): string {
  if (id === DEALING_IN_TURN) return 'one rank after another';
  if (id === DEALING_FEWEST) return 'the rank with the fewest outstanding visits';
  if (id === DEALING_SHORTEST_QUEUE)
    return 'the rank with the least sum of 4 for every visit that waits or is on its way and 1 for every one that runs';
  return '';
}

/** Whether it looks at what the ranks have to do. */
export function looksAtRanks(id: number): boolean {
  return id !== DEALING_IN_TURN;
}
