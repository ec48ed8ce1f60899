// What "equal" means between the engine and the reference: bit for bit, or within 1e-9, and the words for a difference.
import { isDeepStrictEqual } from 'node:util';
import type { EngineSetup, RequestResults, StepRecord } from '../../src/plan/setup.ts';
import type { Requests } from '../../src/workload/types.ts';
import type { Counters, ReferenceRun } from '../reference/plain.ts';

export interface EngineOutcome {
  readonly results: RequestResults;
  readonly counters: { readonly [Name in keyof Counters]: Readonly<Counters[Name]> };
  readonly itl: { readonly edges: ArrayLike<number>; readonly weights: ArrayLike<number> };
}

const CLOSE = 1e-9;
const COLUMNS = ['state', 'replica', 'preemptions', 'arrival', 'first', 'finish'] as const;
/** Sums of rounded times differ in their last bits whatever the order; all other counters are whole numbers. */
const SECONDS = new Set(['busySeconds', 'runningSeconds', 'swapSeconds']);

export function isClose(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= CLOSE * Math.max(Math.abs(a), Math.abs(b));
}

/** Every request column and counter that differs, in words; `exactly` demands the same bits of the times. */
export function listDifferences(engine: EngineOutcome, reference: ReferenceRun, exactly: boolean): string[] {
  const differences: string[] = [];
  for (const column of COLUMNS) {
    const got = engine.results[column];
    const expected = reference.results[column];
    for (let i = 0; i < expected.length; i++) {
      const same = exactly ? Object.is(got[i], expected[i]) : isClose(got[i]!, expected[i]!);
      if (!same) differences.push(`${column}[${i}]: engine ${got[i]}, reference ${expected[i]}`);
    }
  }
  for (const name of Object.keys(reference.counters) as (keyof Counters)[]) {
    const got = engine.counters[name];
    const expected = reference.counters[name];
    const same = SECONDS.has(name) ? isClose(got as number, expected as number) : isDeepStrictEqual(got, expected);
    if (!same) {
      differences.push(`${name}: engine ${got}, reference ${expected}`);
    }
  }
  return [...differences, ...listGapDifferences(engine.itl, reference.gaps)];
}

/** The first step that differs, in words, or nothing. */
export function findStepDifference(engine: readonly StepRecord[], reference: readonly StepRecord[]): string[] {
  const count = Math.max(engine.length, reference.length);
  for (let i = 0; i < count; i++) {
    const got = JSON.stringify(engine[i]);
    const expected = JSON.stringify(reference[i]);
    if (got !== expected) return [`step ${i}: engine ${got}, reference ${expected}`];
  }
  return [];
}

/** Gaps by bin; one within 1e-9 of an edge may have fallen on either side of it. */
function listGapDifferences(itl: EngineOutcome['itl'], gaps: readonly number[]): string[] {
  const { edges, weights } = itl;
  const bins = weights.length;
  const least = new Float64Array(bins);
  const most = new Float64Array(bins);
  for (const gap of gaps) {
    const bin = findBin(edges, bins, gap);
    const low = findBin(edges, bins, gap * (1 - CLOSE));
    const high = findBin(edges, bins, gap * (1 + CLOSE));
    if (low === high) least[bin]! += 1;
    for (let near = low; near <= high; near++) most[near]! += 1;
  }
  const total = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
  const differences = total === gaps.length ? [] : [`gaps: engine ${total}, reference ${gaps.length}`];
  for (let bin = 0; bin < bins; bin++) {
    if (weights[bin]! < least[bin]! || weights[bin]! > most[bin]!) {
      differences.push(`gaps from ${edges[bin]} s: engine ${weights[bin]}, reference ${least[bin]} to ${most[bin]}`);
    }
  }
  return differences;
}

/** The last bin whose lower edge is at or below `gap`; shorter gaps belong to the first, longer ones to the last. */
function findBin(edges: ArrayLike<number>, bins: number, gap: number): number {
  let low = 0;
  let high = bins - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= gap) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A scenario short enough to paste into a report. */
export function describeScenario(requests: Requests, setup: EngineSetup): string {
  const rows = Array.from(requests.arrival, (at, i) => `[${at}, ${requests.prompt[i]}, ${requests.output[i]}]`);
  const price = setup.price instanceof Float64Array ? 'a surface' : setup.price;
  return `${JSON.stringify({ ...setup, price })}\nconcurrency ${requests.concurrency}, requests ${rows.join(' ')}`;
}
