// One CSV line per request of a pipeline run: what a spreadsheet opens. The visits are in the JSON lines (requests.ts).
import { STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../../assembly/layout/enums.ts';
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';

const COLUMNS = [
  'request',
  'pipeline',
  'state',
  'arrival_s',
  'finish_s',
  'ttft_s',
  'ttfat_s',
  'tpot_s',
  'e2el_s',
  'visits',
  'joules',
  'usd',
] as const;
/** Lines per piece: a file of millions of lines is never one string. */
const PIECE = 8192;
const STATES: Readonly<Record<number, string>> = {
  [STATE_FINISHED]: 'finished',
  [STATE_REJECTED_KV]: 'rejected-kv',
  [STATE_REJECTED_LENGTH]: 'rejected-length',
};

/** Lines of all requests in order of arrival, in pieces; times in s, a cell is empty where its event never happened. */
export function* fleetRequestTable(measured: MeasuredFleet): Generator<string> {
  let piece = `${COLUMNS.join(',')}\n`;
  for (let r = 0; r < measured.state.length; r++) {
    piece += `${describe(measured, r).map(cell).join(',')}\n`;
    if (r % PIECE === PIECE - 1) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

function describe({ run, latencies, state, arrival, finish, joules, usd }: MeasuredFleet, r: number) {
  const { first } = run.program.requests;
  const sum = (column: Float64Array): number =>
    column.subarray(first[r], first[r + 1]).reduce((total, value) => total + value, 0);
  return [
    r,
    run.pipelines?.names[run.pipelines.of[r]] ?? '',
    STATES[state[r]] ?? 'unfinished',
    arrival[r],
    finish[r],
    latencies.ttft[r],
    latencies.firstAnswer[r],
    latencies.tpot[r],
    latencies.e2el[r],
    first[r + 1] - first[r],
    sum(joules),
    sum(usd),
  ];
}

function cell(value: number | string): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
