// Which rows of a trace follow which: turns of a conversation, by the name of the one before or by that of the conversation.
import { show } from '../check/issue.ts';
import { type Fields, fieldOf, type LineFormat } from './line-formats.ts';
import { type RowCollector, toNumber } from './rows.ts';
import type { PrefixBlocks, Turns } from './types.ts';

/** Of every row the row that it follows, -1 = none, and how many seconds after the end of that it comes at the earliest. */
export type RowLinks = Omit<Turns, 'roots'>;

/** What AISimulate's traces say of the time between an answer and the next turn: milliseconds. */
const DELAY = 'delay';

/** Collects links row by row; mistakes go to `rows`. */
export class LinkCollector {
  private readonly format: LineFormat;
  private readonly after: number[] = [];
  private readonly delay: number[] = [];
  /** Latest row of each conversation, or the row of each turn by its name. */
  private readonly known = new Map<unknown, number>();
  private readonly missing: { row: number; line: number; before: unknown }[] = [];

  constructor(format: LineFormat) {
    this.format = format;
  }

  get count(): number {
    return this.after.length;
  }

  /** A row that follows the one with this index. */
  push(after: number, delay: number): void {
    this.after.push(after);
    this.delay.push(delay);
  }

  add(rows: RowCollector, line: number, fields: Fields): void {
    const { parent, session } = this.format;
    if (parent) this.addChild(rows, line, fieldOf(fields, parent.own), fieldOf(fields, parent.before));
    else this.addTurn(rows, line, session === undefined ? undefined : fieldOf(fields, session), fields);
  }

  private addTurn(rows: RowCollector, line: number, session: unknown, fields: Fields): void {
    const wait = fields[DELAY] === undefined ? 0 : toNumber(fields[DELAY]) / 1000;
    if (!(wait >= 0 && wait < Infinity)) {
      rows.report(line, DELAY, 'milliseconds, 0 or more', show(fields[DELAY]));
    }
    const before = session === undefined || session === null ? -1 : (this.known.get(session) ?? -1);
    this.known.set(session, this.count);
    this.push(before, before < 0 ? 0 : wait);
  }

  private addChild(rows: RowCollector, line: number, own: unknown, before: unknown): void {
    const { parent } = this.format;
    const row = this.count;
    if (own === undefined) rows.report(line, parent!.own, 'the name of this turn', 'nothing');
    else if (this.known.has(own)) rows.report(line, parent!.own, 'a name that no other line has', show(own));
    else this.known.set(own, row);
    const isRoot = before === undefined || before === null || toNumber(before) === -1;
    const found = isRoot ? -1 : (this.known.get(before) ?? row);
    if (!isRoot && found >= row) this.missing.push({ row, line, before });
    this.push(found < row ? found : -1, 0);
  }

  /** The links, or nothing where no row follows another; parents that were not above are named. */
  finish(rows: RowCollector): RowLinks | null {
    for (const { row, line, before } of this.missing) {
      rows.report(line, this.format.parent!.before, 'a turn on a line above, or -1', this.explain(row, before));
    }
    if (this.after.every((before) => before < 0)) return null;
    return { after: Int32Array.from(this.after), delay: Float64Array.from(this.delay) };
  }

  /** Why a parent is not above: it is nowhere, further down, or in the end this very turn. */
  private explain(row: number, before: unknown): string {
    const parents = new Map(this.missing.map((one) => [one.row, this.known.get(one.before)]));
    const seen = new Set<number>();
    let at = this.known.get(before);
    if (at === undefined) return `${show(before)}, which no line has`;
    while (at !== undefined && at >= 0 && at !== row && !seen.has(at)) {
      seen.add(at);
      at = parents.get(at) ?? this.after[at];
    }
    return at === row
      ? `${show(before)}, which goes back to this turn: a circle`
      : `${show(before)}, which comes later`;
  }
}

/** Rows in the order in which requests are numbered: those that follow none first; null where nothing follows. */
export function orderRows(links: RowLinks | null): { readonly rows: Int32Array; readonly turns: Turns } | null {
  if (links === null) return null;
  const all = Array.from(links.after.keys());
  const first = all.filter((row) => links.after[row]! < 0);
  const rows = Int32Array.from([...first, ...all.filter((row) => links.after[row]! >= 0)]);
  const place = new Int32Array(rows.length);
  for (const [request, row] of rows.entries()) place[row] = request;
  const turns = {
    roots: first.length,
    after: rows.map((row) => (links.after[row]! < 0 ? -1 : place[links.after[row]!]!)),
    delay: Float64Array.from(rows, (row) => links.delay[row]!),
  };
  return { rows, turns };
}

/** Blocks of the rows in this order. */
export function orderBlocks({ block_tokens, offset, ids }: PrefixBlocks, rows: Int32Array): PrefixBlocks {
  const lists = Array.from(rows, (row) => ids.subarray(offset[row]!, offset[row + 1]!));
  return packBlocks(lists, block_tokens);
}

export function packBlocks(lists: readonly ArrayLike<number>[], block_tokens: number): PrefixBlocks {
  const offset = new Int32Array(lists.length + 1);
  for (const [i, { length }] of lists.entries()) offset[i + 1] = offset[i]! + length;
  const ids = new Int32Array(offset.at(-1)!);
  for (const [i, own] of lists.entries()) ids.set(own, offset[i]);
  return { block_tokens, offset, ids };
}
