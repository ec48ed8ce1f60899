// The columns that decide a run, each with how its cells are read: names, order and types of a case's input are this one table's.
import { KV_FORMATS, WEIGHT_FORMATS } from '../catalog/schema-words.ts';
import { show } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { toNumber } from '../workload/rows.ts';

const MODES = [
  ...(['static-batch', 'closed-loop', 'open-loop', 'offline'] as const),
  ...(['mlperf-offline', 'mlperf-server', 'mlperf-interactive'] as const),
  ...(['disagg-closed-loop', 'kv-transfer'] as const),
] as const;
export type Mode = (typeof MODES)[number];

const ENGINES = ['vllm', 'sglang', 'trtllm', 'deepspeed', 'transformers-neuronx', 'jetstream', 'other'] as const;

/** Cells of one row, with what was found wrong: unknown words make a run unsupported, wrong figures make it an error. */
export class Cells {
  readonly unknown: string[] = [];
  readonly wrong: string[] = [];
  readonly text: (column: string) => string;

  constructor(text: (column: string) => string) {
    this.text = text;
  }

  word<Word extends string>(column: string, words: readonly [Word, ...Word[]]): Word {
    const cell = this.text(column);
    if ((words as readonly string[]).includes(cell)) return cell as Word;
    const near = nearest(cell, words, 1)[0];
    if (cell === '') this.wrong.push(`${column}: nothing given, expected one of ${words.join(', ')}`);
    else this.unknown.push(`${column} ${show(cell)} is not known${near ? `, nearest: ${near}` : ''}`);
    return words[0];
  }

  /** A word, or `blank` where the cell is. */
  wordOr<Word extends string, Blank>(column: string, words: readonly [Word, ...Word[]], blank: Blank): Word | Blank {
    return this.text(column) === '' ? blank : this.word(column, words);
  }

  /** A number above 0 (a whole one if `whole`), or null when the cell is blank. */
  number(column: string, whole: boolean): number | null {
    const cell = this.text(column);
    if (cell === '') return null;
    const value = toNumber(cell);
    const good = Number.isFinite(value) && value > 0 && (!whole || Number.isSafeInteger(value));
    if (!good) this.wrong.push(`${column}: expected a positive ${whole ? 'whole ' : ''}number, received ${show(cell)}`);
    return good ? value : null;
  }

  needed(column: string, whole: boolean): number {
    const value = this.number(column, whole);
    if (value === null && this.text(column) === '') this.wrong.push(`${column}: nothing given`);
    return value ?? 1;
  }
}

type Reader<Value> = (cells: Cells, column: string) => Value;

const text: Reader<string> = (cells, column) => cells.text(column);
const textOrNull: Reader<string | null> = (cells, column) => cells.text(column) || null;
const neededCount: Reader<number> = (cells, column) => cells.needed(column, true);
const neededAmount: Reader<number> = (cells, column) => cells.needed(column, false);
const amount: Reader<number | null> = (cells, column) => cells.number(column, false);
const amountOrOne: Reader<number> = (cells, column) => cells.number(column, false) ?? 1;
const count: Reader<number | null> = (cells, column) => cells.number(column, true);
/** Degrees and copies that most runs do not have. */
const countOrOne: Reader<number> = (cells, column) => cells.number(column, true) ?? 1;

function oneOf<Word extends string>(words: readonly [Word, ...Word[]]): Reader<Word> {
  return (cells, column) => cells.word(column, words);
}

function oneOfOr<const Word extends string, Blank>(
  words: readonly [Word, ...Word[]],
  blank: Blank,
): Reader<Word | Blank> {
  return (cells, column) => cells.wordOr(column, words, blank);
}

/** Of the date, the year is all that a simulator may use. */
const year: Reader<number | null> = (cells, column) => {
  const date = cells.text(column);
  if (date === '') return null;
  const match = /^(\d{4})(-\d\d){0,2}$/.exec(date);
  if (!match) cells.wrong.push(`${column}: expected YYYY, YYYY-MM or YYYY-MM-DD, received ${show(date)}`);
  return match ? Number(match[1]) : null;
};

/** In the order in which mistakes are told. A blank cell is null: not applicable, or the engine's default. */
const COLUMNS = {
  engine: oneOf(ENGINES),
  engine_version: text,
  measured_on: year,
  model: text,
  hardware: text,
  mode: oneOf(MODES),
  devices: neededCount,
  replicas: countOrOne,
  tp: count,
  pp: countOrOne,
  dp: countOrOne,
  ep: countOrOne,
  tp_shards: count,
  prefill_workers: count,
  prefill_tp: count,
  prefill_dp: count,
  prefill_ep: count,
  decode_workers: count,
  decode_tp: count,
  decode_dp: count,
  decode_ep: count,
  weight_dtype: oneOf(WEIGHT_FORMATS),
  attn_weight_dtype: oneOfOr(WEIGHT_FORMATS, null),
  kv_dtype: oneOf(KV_FORMATS),
  spec_decode: oneOfOr(['none', 'mtp'], 'none'),
  input_len: neededAmount,
  output_len: neededAmount,
  length_spread: amount,
  lengths_file: textOrNull,
  input_scale: amountOrOne,
  output_scale: amountOrOne,
  load_kind: text,
  load_value: amount,
  num_requests: neededCount,
  window: oneOfOr(['all', 'steady'], 'all'),
  max_num_seqs: count,
  max_batched_tokens: count,
  prefill_policy: oneOfOr(['mixed', 'exclusive'], null),
  batch_wait_iters: count,
  batch_wait_ratio: amount,
  recv_interval: count,
  kv_capacity_tokens: count,
  kv_link_gb_s: amount,
} as const;

export type GroupColumn = keyof typeof COLUMNS;
type Read = { readonly [Column in GroupColumn]: ReturnType<(typeof COLUMNS)[Column]> };

/** Columns that are equal for all rows of a run, all of them needed. */
export const GROUP_COLUMNS = Object.keys(COLUMNS) as GroupColumn[];

/** What is to be replayed. */
export interface CaseInput extends Omit<Read, 'measured_on'> {
  readonly year: number | null;
}

export function readCells(cells: Cells): CaseInput {
  const read = Object.fromEntries(Object.entries(COLUMNS).map(([column, of]) => [column, of(cells, column)])) as Read;
  const { measured_on: year, ...rest } = read;
  return { ...rest, year };
}
