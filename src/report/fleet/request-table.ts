// One CSV line per request of a pipeline run: what a spreadsheet opens. The visits are in the JSON lines (requests.ts).
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { orderByArrival } from '../../metrics/fleet/walk.ts';
import { VISIT_RESIDENT } from '../../plan/fleet.ts';
import { quoteCell } from '../csv.ts';
import { finiteOrNull } from '../flat.ts';
import { stateName } from './requests.ts';

const COLUMNS = [
  ...['request', 'pipeline', 'instance', 'state', 'arrival_s', 'first_token_s', 'finish_s'],
  ...['prompt_tokens', 'output_tokens', 'cached_tokens', 'preemptions'],
  ...['ttft_s', 'ttfat_s', 'tpot_s', 'e2el_s', 'visits', 'joules', 'usd'],
] as const;
/** Lines per piece: a file of millions of lines is never one string. */
const PIECE = 8192;
/** Lines of all requests in order of arrival, in pieces; times in s, a cell is empty where its event never happened. */
export function* fleetRequestTable(measured: MeasuredFleet): Generator<string> {
  let piece = `${COLUMNS.join(',')}\n`;
  for (const [i, r] of orderByArrival(measured.arrival).entries()) {
    piece += `${describe(measured, r).map(cell).join(',')}\n`;
    if (i % PIECE === PIECE - 1) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

function describe(measured: MeasuredFleet, r: number) {
  const { run, latencies, state, arrival, finish, joules, usd, firstToken } = measured;
  const { first } = run.program.requests;
  const own = <T extends Float64Array | Int32Array>(column: T): T => column.subarray(first[r], first[r + 1]) as T;
  const sum = (column: Float64Array | Int32Array): number => {
    let total = 0;
    for (const value of own(column)) total += value;
    return total;
  };
  const { prompt, output, preemptions, cached } = tokensOf(measured, r);
  return [
    ...[r, run.pipelines?.names[run.pipelines.of[r]!] ?? '', instanceOf(measured, r), stateName(state[r]!)],
    ...[arrival[r]!, firstToken[r]!, finish[r]!, prompt, output, cached, preemptions],
    ...[latencies.ttft[r]!, latencies.firstAnswer[r]!, latencies.tpot[r]!, latencies.e2el[r]!],
    ...[first[r + 1]! - first[r]!, sum(joules), sum(usd)],
  ];
}

/** Tokens of the visits on engines, shared prompts once; a decode that goes on from a prefill brings no prompt of its own. */
export function tokensOf({ run }: MeasuredFleet, r: number) {
  const { program, results } = run;
  const { visits, requests, clients } = program;
  const sums = { prompt: 0, output: 0, cached: 0, preemptions: 0 };
  for (let v = requests.first[r]!; v < requests.first[r + 1]!; v++) {
    if (clients[results.client[v]!]?.kind !== 'llm') continue;
    const resident = (visits.flags[v]! & VISIT_RESIDENT) !== 0;
    sums.prompt += resident ? 0 : visits.prompt[v]! - visits.shared[v]!;
    sums.output += visits.output[v]!;
    sums.cached += results.cached[v]!;
    sums.preemptions += results.preemptions[v]!;
  }
  return sums;
}

/** The engine that the request came to first; '' where it came to none. */
function instanceOf({ run }: MeasuredFleet, r: number): string {
  const { program, results } = run;
  for (let v = program.requests.first[r]!; v < program.requests.first[r + 1]!; v++) {
    const client = program.clients[results.client[v]!];
    if (client?.kind === 'llm') return client.name;
  }
  return '';
}

function cell(value: number | string): string {
  return quoteCell(typeof value === 'number' ? finiteOrNull(value) : value);
}
