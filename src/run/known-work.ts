// A pool of threads that does nothing twice: pieces of work that are finished, by this run before it was ended or on another machine, are
// read from where they are kept, and what is new is kept there. What a piece comes to depends on its order alone, so nobody can tell.
import type { Draw } from '../metrics/draws.ts';
import { NO_ROWS } from './legal.ts';
import { type Part, partOf } from './part.ts';
import type { Pool } from './pool.ts';
import type { Order, Report, SettledRow, SoughtRow } from './protocol.ts';
import type { FinishedWork, Piece } from './work-file.ts';

/** Where finished work is kept. */
export interface WorkStore extends FinishedWork {
  put(key: string, pieces: readonly Piece[]): void;
}

/** What makes two orders one, but for the pieces of them that are asked for. */
function keyOf(order: Order): string {
  const { skip: _, cuts: __, rows, ...rest } = { skip: null, cuts: null, rows: null, ...order };
  return JSON.stringify(typeof rows === 'number' ? { ...rest, rows } : rest);
}

/** `part`: only its blocks are looked at; of the others the reports are empty. */
export function rememberWork(pool: Pool, store: WorkStore, part: Part | null = null): Pool {
  return {
    close: () => pool.close(),
    work(order, onReport) {
      const key = keyOf(order);
      if (order.kind === 'seek') return seek(pool, store, key, order, onReport);
      if (order.kind === 'draw') return draw(pool, store, order, onReport);
      if (order.kind === 'settle') return settle(pool, store, key, order, onReport);
      return lookAt({ pool, store, part }, key, order, onReport);
    },
  };
}

type Hear = (report: Report) => void;
type BlockOrder = Extract<Order, { kind: 'screen' | 'weigh' }>;
type SettleOrder = Extract<Order, { kind: 'settle' }>;
type SeekOrder = Extract<Order, { kind: 'seek' }>;
type DrawOrder = Extract<Order, { kind: 'draw' }>;
type Looking = { readonly pool: Pool; readonly store: WorkStore; readonly part: Part | null };

async function lookAt({ pool, store, part }: Looking, key: string, order: BlockOrder, onReport: Hear): Promise<void> {
  const { blocks } = order;
  const isOwn = (block: number): boolean => part === null || partOf(block, blocks, part.of) === part.index;
  /** Nobody waits for blocks of other parts: their reports come with that of the one before them. */
  const passOver = (from: number): void => {
    for (let block = from; block < blocks && !isOwn(block); block++) onReport(emptyReport(order, block));
  };
  const skip = new Uint8Array(new SharedArrayBuffer(blocks));
  let left = 0;
  passOver(0);
  for (let block = 0; block < blocks; block++) {
    if (!isOwn(block)) skip[block] = 1;
    else if (store.has(key, block)) {
      skip[block] = 1;
      onReport(store.get(key, block) as Report);
      passOver(block + 1);
    } else left++;
  }
  if (left === 0) return;
  await pool.work({ ...order, skip }, (report) => {
    if (report.kind !== 'screened' && report.kind !== 'weighed') return onReport(report);
    store.put(key, [[report.block, report]]);
    onReport(report);
    passOver(report.block + 1);
  });
}

function emptyReport({ kind }: BlockOrder, block: number): Report {
  if (kind === 'screen') return { kind: 'screened', block, parts: [], bases: [] };
  const none = { margin: Number.POSITIVE_INFINITY, nearest: [], legal: NO_ROWS, reasons: new Map() };
  return { kind: 'weighed', block, ...none };
}

async function settle(pool: Pool, store: WorkStore, key: string, order: SettleOrder, onReport: Hear): Promise<void> {
  const { places, rows } = leftOf(
    store,
    () => key,
    order.rows,
    (index, row) => onReport({ kind: 'settled', index, rows: [row as SettledRow] }),
  );
  if (places.length === 0) return;
  await pool.work({ ...order, rows, cuts: cutAlike(order.cuts, places) }, (report) => {
    if (report.kind !== 'settled') return onReport(report);
    const placed = report.rows.map((one, i) => ({ one, place: places[report.index + i]! }));
    store.put(
      key,
      placed.map(({ one, place }) => [order.rows[place]!, one]),
    );
    for (const { one, place } of placed) onReport({ kind: 'settled', index: place, rows: [one] });
  });
}

async function seek(pool: Pool, store: WorkStore, key: string, order: SeekOrder, onReport: Hear): Promise<void> {
  const { places, rows } = leftOf(
    store,
    () => key,
    order.rows,
    (index, row) => onReport({ kind: 'sought', index, row: row as SoughtRow }),
  );
  if (places.length === 0) return;
  await pool.work({ ...order, rows }, (report) => {
    if (report.kind !== 'sought') return onReport(report);
    const index = places[report.index]!;
    store.put(key, [[order.rows[index]!, report.row]]);
    onReport({ ...report, index });
  });
}

async function draw(pool: Pool, store: WorkStore, order: DrawOrder, onReport: Hear): Promise<void> {
  const { objective, rows, seeds } = order;
  const keyAt = (place: number) => JSON.stringify({ kind: 'draw', objective, seed: seeds[place] });
  const left = leftOf(store, keyAt, rows, (index, known) => onReport({ kind: 'drawn', index, draw: known as Draw }));
  const { places } = left;
  if (places.length === 0) return;
  const own = { rows: left.rows, seeds: Float64Array.from(places, (place) => seeds[place]!) };
  await pool.work({ ...order, ...own }, (report) => {
    if (report.kind !== 'drawn') return onReport(report);
    const index = places[report.index]!;
    store.put(keyAt(index), [[rows[index]!, report.draw]]);
    onReport({ ...report, index });
  });
}

/** Rows that are to be done, and where they stand in the order; those that are known are told. */
function leftOf(
  store: WorkStore,
  keyAt: (index: number) => string,
  rows: Float64Array,
  tell: (index: number, known: unknown) => void,
) {
  const places: number[] = [];
  rows.forEach((row, index) => {
    const key = keyAt(index);
    if (store.has(key, row)) tell(index, store.get(key, row));
    else places.push(index);
  });
  return { places, rows: Float64Array.from(places, (place) => rows[place]!) };
}

/** Pieces of what is left, between the same rows as those of all. */
function cutAlike(cuts: Uint32Array, places: readonly number[]): Uint32Array {
  const left: number[] = [];
  let [piece, last] = [0, -1];
  for (const [i, place] of places.entries()) {
    while (piece + 1 < cuts.length && cuts[piece + 1]! <= place) piece++;
    if (piece !== last) left.push(i);
    last = piece;
  }
  return Uint32Array.from(left);
}
