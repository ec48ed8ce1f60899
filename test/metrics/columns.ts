// Request columns for the metrics tests: written by hand, or served by a small queue with known capacity.
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import type { RequestResults } from '../../src/plan/setup.ts';

export interface Columns {
  readonly requests: { count: number; prompt: Int32Array; output: Int32Array; concurrency: number };
  readonly results: RequestResults;
}

/** Rows of [arrival, first, finish, output]; all finished, prompts of 100 tokens. */
export function fromRows(rows: readonly (readonly [number, number, number, number])[]): Columns {
  const count = rows.length;
  return {
    requests: {
      count,
      prompt: new Int32Array(count).fill(100),
      output: Int32Array.from(rows, (row) => row[3]),
      concurrency: 0,
    },
    results: {
      state: new Int32Array(count).fill(STATE_FINISHED),
      arrival: Float64Array.from(rows, (row) => row[0]),
      first: Float64Array.from(rows, (row) => row[1]),
      finish: Float64Array.from(rows, (row) => row[2]),
      preemptions: new Int32Array(count),
      replica: new Int32Array(count),
    },
  };
}

/** A seeded generator of numbers in [0, 1) (the "mulberry" recurrence: enough for tests). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * First come first served by `slots` slots, each busy `prefill` + (output-1)*pace per request; outputs exponential around
 * `output`. It keeps up with slots / (prefill + (output-1)*pace) requests per second.
 */
export function serve(
  arrivals: readonly number[],
  slots: number,
  prefill: number,
  pace: number,
  output: number,
  seed = 1,
) {
  const random = seeded(seed);
  const free = new Array<number>(slots).fill(0);
  return fromRows(
    arrivals.map((arrival) => {
      const tokens = 1 + Math.round(-Math.log(1 - random()) * (output - 1));
      const slot = free.indexOf(Math.min(...free));
      const first = Math.max(arrival, free[slot]) + prefill;
      const finish = first + (tokens - 1) * pace;
      free[slot] = finish;
      return [arrival, first, finish, tokens] as const;
    }),
  );
}

export function poisson(count: number, rate: number, seed = 7): number[] {
  const random = seeded(seed);
  let clock = 0;
  return Array.from({ length: count }, () => {
    clock += -Math.log(1 - random()) / rate;
    return clock;
  });
}
