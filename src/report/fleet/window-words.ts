// The window that figures are of, and what its verdict rests on, in words.
import type { FleetResult, WindowFigures } from '../../metrics/fleet/types.ts';
import { isUndecided } from '../../metrics/limits.ts';
import type { Balance } from '../../metrics/verdict.ts';
import type { Slo } from '../../spec/types.ts';
import { fixed, line } from '../block.ts';
import { formatNumber, formatShare, formatShort } from '../format.ts';

const CHOSEN: Readonly<Record<WindowFigures['warmup'], string>> = {
  asked: 'as asked',
  settled: 'MSER-5',
  unsettled: 'never settled',
};

/** Which part of the run figures are of; nothing where that is all of it. */
export function windowRows({ window }: Pick<FleetResult, 'window'>): string[] {
  if (!window) return [];
  const { from, to, run_from, run_to, requests, run_requests } = window;
  return [
    line(
      'Measured, of the run (s):',
      `${fixed(from - run_from)} to ${fixed(to - run_from)} of ${fixed(run_to - run_from)}`,
    ),
    line('Requests that arrive then:', `${formatNumber(requests)} of ${formatNumber(run_requests)}`),
    line('Warm-up left out (s):', `${fixed(from - run_from)} (${CHOSEN[window.warmup]})`),
  ];
}

/** The same in a sentence. */
export function explainWindow({ window }: Pick<FleetResult, 'window'>): string {
  if (!window) return 'Measured: the whole run.';
  const { from, to, run_from, run_to, requests, run_requests } = window;
  const span = `${formatShort(from - run_from)} to ${formatShort(to - run_from)} s of the ${formatShort(run_to - run_from)} s`;
  return `Measured: ${span} of the run, in which ${formatNumber(requests)} of ${formatNumber(run_requests)} requests arrive (warm-up: ${CHOSEN[window.warmup]}).`;
}

/** The numbers behind the word, in a sentence. */
export function explainVerdict({ balance }: Pick<FleetResult, 'balance'>): string[] {
  const { in_flight_start: start, in_flight_end: end, offered, served, lost, to } = balance;
  const flow = `${formatNumber(start)} in flight + ${formatNumber(offered)} offered = ${formatNumber(served)} served + ${formatNumber(lost)} lost + ${formatNumber(end)} in flight`;
  if (!Number.isFinite(to) || offered === 0) return [`${flow}.`];
  const growth = `grew by ${signless(balance.growth)} ± ${formatShare(balance.growth_error)} of what was offered`;
  const waiting = `waiting by ${signless(balance.waiting_growth)} ± ${formatShare(balance.waiting_growth_error)}`;
  const queued = tellBytes(balance);
  return [`${flow}: ${growth}, ${waiting}${queued}; ${formatShort(balance.services)} service times long.`];
}

/** Of a fleet whose links and stores send. */
function tellBytes({ queued_bytes_growth: growth, queued_bytes_growth_error: error }: Balance): string {
  if (growth === undefined || error === undefined || !Number.isFinite(growth)) return '';
  return `, bytes to be sent by ${signless(growth)} ± ${formatShare(error)}`;
}

/** A share that rounds to nothing has no sign. */
const signless = (share: number): string => formatShare(share).replace(/^-(0(?:\.0*)? %)$/, '$1');

/** Whether limits are kept; of a run that is too short to tell whether they stay so, that. */
export function tellPromise(result: FleetResult, slo: readonly Slo[]): 'yes' | 'no' | 'too short to tell' {
  if (isUndecided(slo, result)) return 'too short to tell';
  return result.slo_met ? 'yes' : 'no';
}
