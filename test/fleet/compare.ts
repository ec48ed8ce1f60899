// What "equal" means between the fleet kernel and the reference, bit for bit, and the words for a difference and a program.
import { STATE_PENDING, STATE_UNFINISHED } from '../../assembly/layout/enums.ts';
import type { FleetProgram, VisitResults } from '../../src/plan/fleet.ts';
import { isClose } from '../engine/compare.ts';
import type { FleetReference } from '../reference/fleet/simulate.ts';
import type { ClientCounters } from '../reference/fleet/state.ts';

/** What a run of the kernel leaves. */
export interface FleetOutcome {
  readonly results: VisitResults;
  readonly clients: readonly Readonly<ClientCounters>[];
  readonly stop: string;
}

const COLUMNS = ['state', 'client', 'ready', 'start', 'first', 'finish', 'preemptions', 'cached'] as const;
const COUNTS = ['steps', 'newTokens', 'pairs', 'contextTokens', 'preemptions', 'peakBlocks'] as const;

/** Every visit column and every counter of an llm client that differs, in words. */
export function listDifferences(program: FleetProgram, got: FleetOutcome, expected: FleetReference): string[] {
  const stop = expected.deadlock === null ? 'done' : 'deadlock';
  const differences = got.stop === stop ? [] : [`stop: kernel ${got.stop}, reference ${stop} (${expected.deadlock})`];
  for (const column of COLUMNS) {
    for (let v = 0; v < program.visits.count; v++) {
      const [a, b] = [got.results[column][v]!, expected.results[column][v]!];
      const same = column === 'state' ? terminal(a) === terminal(b) : Object.is(a, b);
      if (!same) differences.push(`${column} of visit ${v}: kernel ${a}, reference ${b}`);
    }
  }
  program.clients.forEach(({ kind }, c) => {
    if (kind === 'llm') differences.push(...listCounterDifferences(c, got.clients[c]!, expected.clients[c]!));
  });
  return differences;
}

/** A visit that never had its turn is left over, whatever the run calls it. */
function terminal(state: number): number {
  return state === STATE_PENDING ? STATE_UNFINISHED : state;
}

function listCounterDifferences(client: number, got: Readonly<ClientCounters>, expected: ClientCounters): string[] {
  const different = COUNTS.filter((name) => got[name] !== expected[name]).map(
    (name) => `${name} of client ${client}: kernel ${got[name]}, reference ${expected[name]}`,
  );
  // sums of rounded times differ in their last bits
  if (isClose(got.busySeconds, expected.busySeconds)) return different;
  return [
    ...different,
    `busySeconds of client ${client}: kernel ${got.busySeconds}, reference ${expected.busySeconds}`,
  ];
}

/** A program short enough to paste into a report. */
export function describeProgram(program: FleetProgram): string {
  const plain = (_: string, value: unknown) => {
    if (value instanceof Float64Array && value.length > 1000) return 'a surface';
    return ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value;
  };
  const { clients, visits, ...rest } = program;
  const lines = Object.entries(visits).map(([name, column]) => `  ${name}: ${JSON.stringify(column, plain)}`);
  const fleet = clients.map((client) => `  ${JSON.stringify(client, plain)}`);
  return [...fleet, ...lines, `  ${JSON.stringify(rest, plain)}`].join('\n');
}
