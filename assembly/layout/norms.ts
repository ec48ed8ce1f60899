// What the figures of a term of a scored choice are measured by among those that may be chosen: the closed list, with its kernel ids
// and its words (NORM_RANGE is `range`).
export const NORM_RAW = 0;
export const NORM_MOST = 1;
export const NORM_RANGE = 2;

export function normWords(id: number): string {
  if (id === NORM_RAW) return 'as it is';
  if (id === NORM_MOST) return 'as a share of the most that any of them has';
  if (id === NORM_RANGE) return 'from 0 for the least of them to 1 for the most; 0 where they are alike';
  return '';
}
