// What every export is made of: the requests that are measured, one record each, in order of arrival.
import { STATE_FINISHED, STATE_UNFINISHED } from '../../../assembly/layout/enums.ts';
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { orderByArrival } from '../../metrics/fleet/walk.ts';
import type { FleetContext } from '../fleet/context.ts';
import { tokensOf } from '../fleet/request-table.ts';
import { stateName } from '../fleet/requests.ts';

/** A run that is written for another tool. */
export interface Exported {
  readonly measured: MeasuredFleet;
  readonly context: FleetContext;
}

/** A format: what it is to a person, and its text. One file each, and a line of the table (formats.ts). */
export interface ExportFormat {
  readonly words: string;
  write(run: Exported): Iterable<string>;
}

/** One request, s on the clock of the run; NaN where its event never happened. */
export interface RequestRecord {
  /** Its number in the run. */
  readonly request: number;
  readonly finished: boolean;
  /** '' where it finished. */
  readonly error: string;
  readonly arrival: number;
  readonly finish: number;
  readonly ttft: number;
  readonly tpot: number;
  readonly e2el: number;
  readonly prompt: number;
  readonly output: number;
  readonly cached: number;
  /** Conversation, -1 for none. */
  readonly session: number;
}

/** Requests of the measured window, as their client sees them. */
export function* recordsOf({ measured }: Exported): Generator<RequestRecord> {
  const { run, within, state, arrival, finish } = measured;
  const { turns } = run.program.requests;
  const session = turns ? sessionsOf(turns.after) : null;
  for (const r of orderByArrival(arrival)) {
    const finished = within.state[r] === STATE_FINISHED;
    // what is outside of the window counts as never sent; what failed in it, as failed
    if (!finished && (within.state[r] === STATE_UNFINISHED) !== (state[r] === STATE_UNFINISHED)) continue;
    const { ttft, tpot, e2el } = within.latencies;
    const { prompt, output, cached } = tokensOf(measured, r);
    yield {
      ...{ request: r, finished, error: finished ? '' : stateName(state[r]!) },
      ...{ arrival: arrival[r]!, finish: finished ? arrival[r]! + e2el[r]! : finish[r]! },
      ...{ ttft: ttft[r]!, tpot: tpot[r]!, e2el: e2el[r]!, prompt, output, cached, session: session?.[r] ?? -1 },
    };
  }
}

/** The first turn of the conversation that a request belongs to. */
function sessionsOf(after: Int32Array): Int32Array {
  const first = new Int32Array(after.length).fill(-1);
  for (let r = 0; r < after.length; r++) {
    let root = r;
    while (after[root]! >= 0) root = after[root]!;
    first[r] = root;
  }
  return first;
}

/** One figure of the requests that finished. */
export function columnOf(records: readonly RequestRecord[], of: (record: RequestRecord) => number): Float64Array {
  return Float64Array.from(
    records.filter(({ finished }) => finished),
    of,
  );
}

/** JSON as a person reads it; figures that nobody knows are null. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_, one) => (typeof one === 'number' && !Number.isFinite(one) ? null : one), 2)}\n`;
}
