// A part of a run that is counted by itself: between the first instant with so many sequences running and the end of some request.
import type { RunWindow } from '../metrics/fleet/client-view.ts';
import type { EngineCounters, EngineOptions, EngineRun } from './engine.ts';

export type { RunWindow } from '../metrics/fleet/client-view.ts';

/** From the first instant with `running` sequences on all clients to the end of the request that is the `finished`-th to end. */
export interface Marks {
  readonly running: number;
  readonly finished: number;
}

/** What has been counted by an instant. */
export interface Counts {
  readonly clock: number; // s
  readonly counters: readonly EngineCounters[];
  readonly gaps: EngineRun['itl'];
}

export interface WindowWatch {
  /** What the engine is to be asked for. */
  marks(take: (clock: number) => Counts): NonNullable<EngineOptions['marks']>;
  /** The window, undefined where it never opened. `take`: at the end of the run, where the last completion may lie. */
  close(take: () => Counts): RunWindow | undefined;
}

export function openWindow({ running, finished }: Marks): WindowWatch {
  const seen: Counts[] = [];
  return {
    marks: (take) => ({ running, finished, onMark: (clock) => void seen.push(take(clock)) }),
    close(take) {
      // the last completion is the end of the run: the kernel is done there and does not stop for it
      if (seen.length === 1) seen.push(take());
      return seen.length === 2 && seen[1].clock > seen[0].clock ? subtract(seen[0], seen[1]) : undefined;
    },
  };
}

/** What was counted between two instants. Peaks cannot be taken apart: they are those of the run so far. */
function subtract(from: Counts, to: Counts): RunWindow {
  const counters = to.counters.map((b, c): EngineCounters => {
    const a = from.counters[c];
    return {
      ...b,
      steps: b.steps - a.steps,
      busySeconds: b.busySeconds - a.busySeconds,
      runningSeconds: b.runningSeconds - a.runningSeconds,
      newTokens: b.newTokens - a.newTokens,
      pairs: b.pairs - a.pairs,
      contextTokens: b.contextTokens - a.contextTokens,
      preemptions: b.preemptions - a.preemptions,
    };
  });
  const weights = to.gaps.weights.map((weight, i) => weight - from.gaps.weights[i]);
  return { from: from.clock, to: to.clock, counters, itl: { edges: to.gaps.edges, weights } };
}
