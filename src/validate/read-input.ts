// Turns the input columns of a case into what is to be replayed, or into words about what is wrong or not known.
import { show } from '../check/issue.ts';
import type { CaseRow, Trouble } from './case.ts';
import { type CaseInput, Cells, type GroupColumn, readCells } from './case-columns.ts';

const LOADS: Readonly<Record<CaseInput['mode'], readonly string[]>> = {
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

/** The input of a run. Of `measured_on` only the year is read. */
export function readInput(row: CaseRow): { input: CaseInput | null; trouble: Trouble | null } {
  const cells = new Cells(row.cell);
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
