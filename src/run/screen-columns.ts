// The columns of one block of screened rows, and the tables of what their limits come to: which curve, which KV capacity.

import * as S from '../../assembly/layout/screen.ts';
import { CURVE_SIZE } from '../../assembly/layout/screen.ts';
import { SURFACE_SIZE } from '../../assembly/layout/surface.ts';
import { BATCHING, reservesFinal } from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import type { ArrivalSpec, Configuration } from '../spec/types.ts';

/** Distinct curves and KV classes of the rows of a group. */
export interface InnerTables {
  /** 1 where the reader refuses the row: another one stands in its place. */
  readonly refused: Uint8Array;
  readonly configurations: readonly Configuration[];
  /** Token budget (before pp) and batching of each curve. */
  readonly curves: readonly { readonly batching: number; readonly budget: number }[];
  readonly curveOf: Int32Array;
  /** A row of each class: rows of one class have the same KV blocks and keep the same tokens per sequence. */
  readonly classes: readonly number[];
  readonly classOf: Int32Array;
  /** A row of each deployment (replicas, rate): rows of one cost the same and have the same to do. */
  readonly deals: readonly number[];
  readonly dealOf: Int32Array;
}

export function listInner(rows: readonly (Configuration | null)[]): InnerTables {
  const instead = rows.find((row) => row !== null)!;
  const refused = Uint8Array.from(rows, (row) => (row === null ? 1 : 0));
  const configurations = rows.map((row) => row ?? instead);
  const curves = new Map<string, number>();
  const classes = new Map<string, number>();
  const curveList: { batching: number; budget: number }[] = [];
  const classList: number[] = [];
  const curveOf = new Int32Array(configurations.length);
  const classOf = new Int32Array(configurations.length);
  const deals = new Map<string, number>();
  const dealList: number[] = [];
  const dealOf = Int32Array.from(configurations, ({ replicas, request_rate }, i) => {
    const deal = `${replicas}/${request_rate}`;
    if (!deals.has(deal)) deals.set(deal, dealList.push(i) - 1);
    return deals.get(deal)!;
  });
  configurations.forEach((c, i) => {
    const curve = `${c.batching}/${c.max_num_batched_tokens}`;
    if (!curves.has(curve)) {
      curves.set(curve, curveList.length);
      curveList.push({ batching: BATCHING.id[c.batching], budget: c.max_num_batched_tokens });
    }
    curveOf[i] = curves.get(curve)!;
    const full = reservesFinal(c);
    const room = `${full}/${c.gpu_memory_utilization}/${c.block_size}/${c.num_gpu_blocks}/${c.max_num_seqs}/${c.max_num_batched_tokens}/${c.preemption_mode}/${c.swap_space}/${c.num_cpu_blocks}/${c.num_scheduler_steps > 1 ? c.batching : 1}`;
    if (!classes.has(room)) {
      classes.set(room, classList.length);
      classList.push(i);
    }
    classOf[i] = classes.get(room)!;
  });
  return { refused, configurations, curves: curveList, curveOf, classes: classList, classOf, deals: dealList, dealOf };
}

export interface ScreenColumns {
  readonly cells: Float64Array;
  readonly words: Int32Array;
  readonly surface: Float64Array;
  readonly curves: Float64Array;
  readonly room: Float64Array;
  readonly rate: Float64Array;
  readonly replicas: Float64Array;
  readonly inFlight: Float64Array;
  readonly maxSeqs: Float64Array;
  readonly classOf: Int32Array;
  readonly curveOf: Int32Array;
  readonly status: Int32Array;
  readonly batch: Float64Array;
  readonly ttft: Float64Array;
  readonly tpot: Float64Array;
  readonly ttftTail: Float64Array;
  readonly tpotTail: Float64Array;
  readonly load: Float64Array;
  readonly served: Float64Array;
  readonly watts: Float64Array;
}

/** Bytes of the columns of `rows` rows with `curves` curves and `classes` classes. */
export function screenBytes(rows: number, curves: number, classes: number): number {
  return rows * (13 * 8) + (curves * CURVE_SIZE + classes + SURFACE_SIZE + S.SCREEN_CELLS) * 8 + 24 * 320;
}

/** Reserves the columns and writes their addresses into the record. */
export function placeScreen(arena: Arena, rows: number, curves: number, classes: number): ScreenColumns {
  const cells = arena.f64(S.SCREEN_CELLS);
  cells.fill(0);
  cells[S.SCREEN_ADVANCE] = 1;
  const words = new Int32Array(cells.buffer, cells.byteOffset, S.SCREEN_CELLS * 2);
  const columns: ScreenColumns = {
    cells,
    words,
    surface: arena.f64(SURFACE_SIZE),
    curves: arena.f64(curves * CURVE_SIZE),
    room: arena.f64(classes),
    rate: arena.f64(rows),
    replicas: arena.f64(rows),
    inFlight: arena.f64(rows),
    maxSeqs: arena.f64(rows),
    classOf: arena.i32(rows),
    curveOf: arena.i32(rows),
    status: arena.i32(rows),
    batch: arena.f64(rows),
    ttft: arena.f64(rows),
    tpot: arena.f64(rows),
    ttftTail: arena.f64(rows),
    tpotTail: arena.f64(rows),
    load: arena.f64(rows),
    served: arena.f64(rows),
    watts: arena.f64(rows),
  };
  const put = (cell: number, column: { byteOffset: number }) => {
    words[cell * 2] = column.byteOffset;
  };
  words[S.SCREEN_ROWS * 2] = rows;
  words[S.SCREEN_RANKS * 2] = 1;
  put(S.SCREEN_SURFACE, columns.surface);
  put(S.SCREEN_CURVES, columns.curves);
  put(S.SCREEN_ROOM, columns.room);
  put(S.SCREEN_RATE, columns.rate);
  put(S.SCREEN_REPLICAS, columns.replicas);
  put(S.SCREEN_IN_FLIGHT, columns.inFlight);
  put(S.SCREEN_MAX_SEQS, columns.maxSeqs);
  put(S.SCREEN_CLASS, columns.classOf);
  put(S.SCREEN_CURVE, columns.curveOf);
  put(S.SCREEN_STATUS, columns.status);
  put(S.SCREEN_BATCH, columns.batch);
  put(S.SCREEN_TTFT, columns.ttft);
  put(S.SCREEN_TPOT, columns.tpot);
  put(S.SCREEN_TTFT_TAIL, columns.ttftTail);
  put(S.SCREEN_TPOT_TAIL, columns.tpotTail);
  put(S.SCREEN_LOAD, columns.load);
  put(S.SCREEN_SERVED, columns.served);
  put(S.SCREEN_WATTS, columns.watts);
  return columns;
}

/** Requests in flight that an arrival process holds by itself; 0 where a rate decides. */
export function inFlightOf(arrivals: ArrivalSpec, requests: number): number {
  if (arrivals.process === 'closed-loop') return Math.min(arrivals.max_concurrency, requests);
  return arrivals.process === 'all-at-once' ? requests : 0;
}

/** Writes what every group shares: rates, limits, and replicas: schedulers, `dp` of them in an instance. */
export function fillInner(columns: ScreenColumns, inner: InnerTables, inFlight: number, dp: number): void {
  inner.configurations.forEach((configuration, i) => {
    columns.rate[i] = inFlight > 0 ? 0 : configuration.request_rate;
    columns.replicas[i] = configuration.replicas * dp;
    columns.inFlight[i] = inFlight;
    columns.maxSeqs[i] = configuration.max_num_seqs;
  });
  columns.words[S.SCREEN_RANKS * 2] = dp;
  columns.classOf.set(inner.classOf);
  columns.curveOf.set(inner.curveOf);
}
