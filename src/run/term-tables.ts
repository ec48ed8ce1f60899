// What choices compare, in kernel memory: the terms of scored ones, with a figure of each for every client.
import * as F from '../../assembly/layout/fleet.ts';
import {
  isRead,
  LOAD,
  loadsCompared,
  looksAtRanks,
  NORM,
  OUTSTANDING,
  remembersChoice,
  TERM,
} from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetGroup, FleetProgram } from '../plan/fleet.ts';
import { wordsOf } from './cells.ts';

/** Bytes of what placeTerms places, padding included. */
export function termBytes({ terms = [] }: FleetGroup, clients: number): number {
  return terms.length * F.TERM_CELLS * 8 + (terms.length + 2) * (clients * 8 + 256);
}

interface PoolRecord {
  readonly cells: Float64Array;
  readonly words: Int32Array;
  readonly base: number;
}

/** Terms of a scored choice, and a figure of each for every client. */
export function placeTerms(
  arena: Arena,
  { terms = [], refresh = 0 }: FleetGroup,
  clients: number,
  pool: PoolRecord,
): void {
  const put = (cell: number, value: number) => {
    pool.words[(pool.base + cell) * 2] = value;
  };
  const column = () => arena.f64(clients).fill(0).byteOffset;
  const cells = arena.f64(terms.length * F.TERM_CELLS);
  const words = wordsOf(cells);
  terms.forEach(({ term, weight, norm }, t) => {
    const base = t * F.TERM_CELLS;
    words[(base + F.TERM_ID) * 2] = TERM.id[term];
    words[(base + F.TERM_NORM) * 2] = NORM.id[norm];
    cells[base + F.TERM_WEIGHT] = weight;
    words[(base + F.TERM_IS_READ) * 2] = isRead(term) ? 1 : 0;
    words[(base + F.TERM_VALUES) * 2] = column();
  });
  put(F.POOL_TERMS, cells.byteOffset);
  put(F.POOL_TERM_COUNT, terms.length);
  put(F.POOL_COSTS, terms.length > 0 ? column() : 0);
  put(F.POOL_CHOSEN, terms.some(({ term }) => remembersChoice(term)) ? column() : 0);
  pool.cells[pool.base + F.POOL_REFRESH] = refresh;
  pool.cells[pool.base + F.POOL_READ] = Number.NEGATIVE_INFINITY;
}

/** A bit for every load that somebody compares; where a group has one member nothing is compared. */
export function comparedBits({ groups, clients, scalers, outages }: FleetProgram): number {
  const compared = groups.filter(({ members }) => members.length > 1).flatMap(loadsCompared);
  const outstanding =
    clients.some(({ rank }) => rank && looksAtRanks(rank.dealing)) || scalers !== undefined || outages !== undefined;
  return [...compared, ...(outstanding ? [OUTSTANDING] : [])].reduce((all, metric) => all | (1 << LOAD.id[metric]), 0);
}
