// A pool of threads that does nothing twice: pieces of work that are finished, by this run before it was ended or on another machine, are
// read from where they are kept, and what is new is kept there. What a piece comes to depends on its order alone, so nobody can tell.
import type { Pool } from './pool.ts';
import type { Order, Report, SettledRow } from './protocol.ts';
import type { FinishedWork } from './work-file.ts';

/** Where finished work is kept. */
export interface WorkStore extends FinishedWork {
  put(key: string, piece: number, value: unknown): void;
}

/** What makes two orders one, but for the pieces of them that are asked for. */
function keyOf(order: Order): string {
  const { skip: _, cuts: __, rows, ...rest } = { skip: null, cuts: null, rows: null, ...order };
  return JSON.stringify(typeof rows === 'number' ? { ...rest, rows } : rest);
}

export function rememberWork(pool: Pool, store: WorkStore): Pool {
  return {
    close: () => pool.close(),
    work(order, onReport) {
      const key = keyOf(order);
      if (order.kind === 'seek') return pool.work(order, onReport); // each is asked once
      if (order.kind === 'settle') return settle(pool, store, key, order, onReport);
      return lookAt(pool, store, key, order, onReport);
    },
  };
}

type Hear = (report: Report) => void;

async function lookAt(pool: Pool, store: WorkStore, key: string, order: BlockOrder, onReport: Hear): Promise<void> {
  const skip = new Uint8Array(new SharedArrayBuffer(order.blocks));
  let left = 0;
  for (let block = 0; block < order.blocks; block++) {
    if (store.has(key, block)) {
      skip[block] = 1;
      onReport(store.get(key, block) as Report);
    } else left++;
  }
  if (left === 0) return;
  await pool.work({ ...order, skip }, (report) => {
    if (report.kind === 'screened' || report.kind === 'weighed') store.put(key, report.block, report);
    onReport(report);
  });
}

type BlockOrder = Extract<Order, { kind: 'screen' | 'weigh' }>;
type SettleOrder = Extract<Order, { kind: 'settle' }>;

async function settle(pool: Pool, store: WorkStore, key: string, order: SettleOrder, onReport: Hear): Promise<void> {
  const places: number[] = [];
  order.rows.forEach((row, i) => {
    if (!store.has(key, row)) places.push(i);
    else onReport({ kind: 'settled', index: i, rows: [store.get(key, row) as SettledRow] });
  });
  if (places.length === 0) return;
  const rows = Float64Array.from(places, (place) => order.rows[place]!);
  await pool.work({ ...order, rows, cuts: cutAlike(order.cuts, places) }, (report) => {
    if (report.kind !== 'settled') return onReport(report);
    report.rows.forEach((one, i) => {
      const place = places[report.index + i]!;
      store.put(key, order.rows[place]!, one);
      onReport({ kind: 'settled', index: place, rows: [one] });
    });
  });
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
