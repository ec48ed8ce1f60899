// Turns the input columns of a case into what is to be replayed, or into words about what is wrong or not known.
import { show } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { toNumber } from '../workload/rows.ts';
import { type CaseInput, type CaseRow, ENGINES, MODES, type Trouble } from './case.ts';

/** Columns that are equal for all rows of a run, all of them needed. */
export const GROUP_COLUMNS = [
  ...['engine', 'engine_version', 'measured_on', 'model', 'hardware', 'mode', 'devices', 'replicas'],
  ...['tp', 'pp', 'dp', 'ep', 'tp_shards', 'prefill_workers', 'prefill_tp', 'prefill_dp', 'prefill_ep'],
  ...['decode_workers', 'decode_tp', 'decode_dp', 'decode_ep', 'weight_dtype', 'attn_weight_dtype', 'kv_dtype'],
  ...['spec_decode', 'input_len', 'output_len', 'length_spread', 'lengths_file', 'input_scale', 'output_scale'],
  ...['load_kind', 'load_value', 'num_requests', 'window', 'max_num_seqs', 'max_batched_tokens', 'prefill_policy'],
  ...['batch_wait_iters', 'batch_wait_ratio', 'recv_interval', 'kv_capacity_tokens', 'kv_link_gb_s'],
] as const;
type GroupColumn = (typeof GROUP_COLUMNS)[number];

const WEIGHT_FORMATS = ['bf16', 'fp16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'] as const;
const KV_FORMATS = ['bf16', 'fp16', 'fp8', 'int8'] as const;
const LOADS: Readonly<Record<string, readonly string[]>> = {
  'static-batch': ['batch'],
  'closed-loop': ['concurrency'],
  'open-loop': ['rate', 'trace'],
  offline: ['all-at-once'],
  'mlperf-offline': ['all-at-once'],
  'mlperf-server': ['rate'],
  'mlperf-interactive': ['rate'],
  'disagg-closed-loop': ['concurrency'],
  'kv-transfer': ['concurrency'],
};
const MOST_REQUESTS = 2 ** 26;

/** Cells of one row, with what was found wrong: unknown words make a run unsupported, wrong figures make it an error. */
class Cells {
  readonly unknown: string[] = [];
  readonly wrong: string[] = [];
  private readonly row: CaseRow;

  constructor(row: CaseRow) {
    this.row = row;
  }

  text(column: GroupColumn): string {
    return this.row.cell(column);
  }

  word<Word extends string>(column: GroupColumn, words: readonly Word[]): Word {
    const cell = this.row.cell(column);
    if ((words as readonly string[]).includes(cell)) return cell as Word;
    const near = nearest(cell, words, 1)[0];
    if (cell === '') this.wrong.push(`${column}: nothing given, expected one of ${words.join(', ')}`);
    else this.unknown.push(`${column} ${show(cell)} is not known${near ? `, nearest: ${near}` : ''}`);
    return words[0];
  }

  /** A word, or `blank` where the cell is. */
  wordOr<Word extends string, Blank>(column: GroupColumn, words: readonly Word[], blank: Blank): Word | Blank {
    return this.row.cell(column) === '' ? blank : this.word(column, words);
  }

  /** A number above 0 (a whole one if `whole`), or null when the cell is blank. */
  number(column: GroupColumn, whole: boolean): number | null {
    const cell = this.row.cell(column);
    if (cell === '') return null;
    const value = toNumber(cell);
    const good = Number.isFinite(value) && value > 0 && (!whole || Number.isSafeInteger(value));
    if (!good) this.wrong.push(`${column}: expected a positive ${whole ? 'whole ' : ''}number, received ${show(cell)}`);
    return good ? value : null;
  }

  needed(column: GroupColumn, whole: boolean): number {
    const value = this.number(column, whole);
    if (value === null && this.row.cell(column) === '') this.wrong.push(`${column}: nothing given`);
    return value ?? 1;
  }
}

/** The input of a run. Of `measured_on` only the year is read. */
export function readInput(row: CaseRow): { input: CaseInput | null; trouble: Trouble | null } {
  const cells = new Cells(row);
  const input = readCells(cells);
  // whether columns fit each other can only be said of known words
  if (cells.unknown.length === 0) checkTogether(input, cells);
  if (cells.wrong.length > 0) return fail('error', cells.wrong);
  if (cells.unknown.length > 0) return fail('unsupported', cells.unknown);
  return { input, trouble: null };
}

function fail(status: 'error' | 'unsupported', words: readonly string[]) {
  return { input: null, trouble: { status, words: words.join('; ') } };
}

function readCells(cells: Cells): CaseInput {
  const count = (column: GroupColumn) => cells.number(column, true);
  const spec = cells.text('spec_decode');
  return {
    engine: cells.word('engine', ENGINES),
    engine_version: cells.text('engine_version'),
    year: readYear(cells),
    model: cells.text('model'),
    hardware: cells.text('hardware'),
    devices: cells.needed('devices', true),
    replicas: count('replicas') ?? 1,
    tp: count('tp'),
    pp: count('pp') ?? 1,
    dp: count('dp') ?? 1,
    ep: count('ep') ?? 1,
    tp_shards: count('tp_shards'),
    prefill_workers: count('prefill_workers'),
    prefill_tp: count('prefill_tp'),
    prefill_dp: count('prefill_dp'),
    prefill_ep: count('prefill_ep'),
    decode_workers: count('decode_workers'),
    decode_tp: count('decode_tp'),
    decode_dp: count('decode_dp'),
    decode_ep: count('decode_ep'),
    weight_dtype: cells.word('weight_dtype', WEIGHT_FORMATS),
    attn_weight_dtype: cells.text('attn_weight_dtype') === '' ? null : cells.word('attn_weight_dtype', WEIGHT_FORMATS),
    kv_dtype: cells.word('kv_dtype', KV_FORMATS),
    spec_decode: spec === '' ? 'none' : cells.word('spec_decode', ['none', 'mtp']),
    mode: cells.word('mode', MODES),
    input_len: cells.needed('input_len', false),
    output_len: cells.needed('output_len', false),
    length_spread: cells.number('length_spread', false),
    lengths_file: cells.text('lengths_file') || null,
    input_scale: cells.number('input_scale', false) ?? 1,
    output_scale: cells.number('output_scale', false) ?? 1,
    load_kind: cells.text('load_kind'),
    load_value: cells.number('load_value', false),
    num_requests: cells.needed('num_requests', true),
    window: cells.wordOr('window', ['all', 'steady'], 'all'),
    max_num_seqs: count('max_num_seqs'),
    max_batched_tokens: count('max_batched_tokens'),
    prefill_policy: cells.wordOr('prefill_policy', ['mixed', 'exclusive'] as const, null),
    batch_wait_iters: count('batch_wait_iters'),
    batch_wait_ratio: cells.number('batch_wait_ratio', false),
    recv_interval: count('recv_interval'),
    kv_capacity_tokens: count('kv_capacity_tokens'),
    kv_link_gb_s: cells.number('kv_link_gb_s', false),
  };
}

function readYear(cells: Cells): number | null {
  const text = cells.text('measured_on');
  if (text === '') return null;
  const match = /^(\d{4})(-\d\d){0,2}$/.exec(text);
  if (!match) cells.wrong.push(`measured_on: expected YYYY, YYYY-MM or YYYY-MM-DD, received ${show(text)}`);
  return match ? Number(match[1]) : null;
}

/** Columns that must fit each other. */
function checkTogether(input: CaseInput, cells: Cells): void {
  const loads = LOADS[input.mode];
  const { load_kind: kind, load_value: load } = input;
  if (!loads.includes(kind))
    cells.wrong.push(`load_kind: ${input.mode} takes ${loads.join(' or ')}, received ${show(kind)}`);
  else if (kind !== 'all-at-once' && kind !== 'trace' && load === null) cells.wrong.push('load_value: nothing given');
  else if ((kind === 'batch' || kind === 'concurrency') && load !== null && !Number.isInteger(load)) {
    cells.wrong.push(`load_value: expected a whole number of requests, received ${load}`);
  }
  if ((input.length_spread === null) === (input.lengths_file === null)) {
    cells.wrong.push('length_spread, lengths_file: expected exactly one of them');
  }
  if (input.length_spread !== null && input.length_spread > 1)
    cells.wrong.push(`length_spread: expected at most 1, received ${input.length_spread}`);
  if (kind === 'trace' && input.lengths_file === null) cells.wrong.push('lengths_file: a trace needs one');
  if (input.num_requests > MOST_REQUESTS)
    cells.wrong.push(`num_requests: expected at most ${MOST_REQUESTS}, received ${input.num_requests}`);
  checkDevices(input, cells);
}

const AGGREGATED = ['tp', 'pp', 'dp', 'tp_shards'] as const;
const DISAGGREGATED = [
  ...(['prefill_workers', 'prefill_tp', 'prefill_dp', 'prefill_ep'] as const),
  ...(['decode_workers', 'decode_tp', 'decode_dp', 'decode_ep'] as const),
] as const;

/** Degrees that most runs do not have. */
const ONE_WHEN_BLANK: ReadonlySet<GroupColumn> = new Set(['tp_shards', 'pp', 'dp', 'ep']);

export function isDisaggregated(mode: CaseInput['mode']): boolean {
  return mode === 'disagg-closed-loop' || mode === 'kv-transfer';
}

function checkDevices(input: CaseInput, cells: Cells): void {
  const columns = isDisaggregated(input.mode) ? DISAGGREGATED : AGGREGATED;
  const blank = columns.filter((column) => cells.text(column) === '' && !ONE_WHEN_BLANK.has(column));
  if (blank.length > 0) cells.wrong.push(`${blank.join(', ')}: nothing given`);
  const n = (column: (typeof columns)[number]) => input[column] ?? 1;
  const expected = isDisaggregated(input.mode)
    ? n('prefill_workers') * n('prefill_tp') * n('prefill_dp') + n('decode_workers') * n('decode_tp') * n('decode_dp')
    : n('tp') * n('pp') * n('dp');
  if (blank.length === 0 && input.devices !== expected * input.replicas) {
    cells.wrong.push(`devices: ${expected * input.replicas} by the degrees of parallelism, received ${input.devices}`);
  }
  if (!isDisaggregated(input.mode) && n('tp_shards') % n('tp') !== 0 && input.tp_shards !== null) {
    cells.wrong.push(`tp_shards: expected a multiple of tp ${n('tp')}, received ${input.tp_shards}`);
  }
}
