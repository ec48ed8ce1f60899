// What "equal" means between the fleet kernel and the reference, bit for bit, and the words for a difference and a program.
import { isDeepStrictEqual } from 'node:util';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import type { Gaps } from '../../src/run/engine.ts';
import type { FleetRun } from '../../src/run/fleet.ts';
import { isClose, listDifferences as listRunDifferences } from '../engine/compare.ts';
import type { ClientCounters } from '../reference/fleet/counters.ts';
import type { FleetReference } from '../reference/fleet/simulate.ts';

const COLUMNS = ['state', 'client', 'ready', 'start', 'first', 'finish', 'preemptions', 'cached'] as const;
const NO_COUNTERS = {
  steps: 0,
  busySeconds: 0,
  runningSeconds: 0,
  newTokens: 0,
  pairs: 0,
  contextTokens: 0,
  preemptions: 0,
  swapsOut: 0,
  swapsIn: 0,
  swapSeconds: 0,
  peakBlocks: 0,
  peakSequences: 0,
};
const COUNTS = [
  'steps',
  'newTokens',
  'pairs',
  'contextTokens',
  'preemptions',
  'swapsOut',
  'swapsIn',
  'adapterLoads',
  'adapterFetches',
  'adapterSeconds',
  'fairGap',
  'peakBlocks',
  'draftSteps',
  'accepted',
] as const;

/** Every visit column, request state, counter of an llm client and bin of gaps that differs, in words. */
export function listDifferences(program: FleetProgram, got: FleetRun, expected: FleetReference): string[] {
  const stop = expected.deadlock === null ? 'done' : 'deadlock';
  const differences: string[] =
    got.stop === stop ? [] : [`stop: kernel ${got.stop}, reference ${stop} (${expected.deadlock})`];
  for (const column of COLUMNS) differences.push(...listColumn(column, got.results[column], expected.results[column]));
  differences.push(...listColumn('state of request', got.requestState, expected.requestState));
  if (!isDeepStrictEqual(got.changes ?? [], expected.changes))
    differences.push(`instances: kernel ${JSON.stringify(got.changes)}, reference ${JSON.stringify(expected.changes)}`);
  if ((got.wasted ?? 0) !== expected.wasted)
    differences.push(`wasted: kernel ${got.wasted}, reference ${expected.wasted}`);
  program.clients.forEach(({ kind }, c) => {
    if (kind === 'store' && !isDeepStrictEqual(got.clients[c]!.found, expected.clients[c]!.found))
      differences.push(`found ${c}: kernel ${got.clients[c]!.found}, reference ${expected.clients[c]!.found}`);
    if (kind === 'llm') differences.push(...listCounterDifferences(c, got.clients[c]!, expected.clients[c]!));
  });
  return [...differences, ...listGapDifferences(got.itl, expected.gaps)];
}

function listColumn(name: string, got: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const different = Array.from(expected, (value, i) => [i, got[i], value] as const).filter(
    ([, a, b]) => !Object.is(a, b),
  );
  return different.map(([i, a, b]) => `${name} ${i}: kernel ${a}, reference ${b}`);
}

/** Gaps by bin, as single-stage runs are compared. */
function listGapDifferences(itl: Gaps, gaps: readonly number[]): string[] {
  const none = new Float64Array(0);
  const states = new Int32Array(0);
  const results = { state: states, replica: states, preemptions: states, arrival: none, first: none, finish: none };
  const counters = { ...NO_COUNTERS };
  return listRunDifferences({ results, counters, itl }, { results, counters, steps: [], gaps: [...gaps] }, true);
}

function listCounterDifferences(
  client: number,
  got: { readonly [Name in keyof ClientCounters]: Readonly<ClientCounters[Name]> },
  expected: ClientCounters,
): string[] {
  const different = COUNTS.filter((name) => !isDeepStrictEqual(got[name], expected[name])).map(
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
