// A part of a run that is counted by itself: between the first instant with so many sequences running and the end of some request.
import type { RunWindow } from '../metrics/fleet/client-view.ts';
import type { EngineCounters, Gaps } from './engine.ts';
import type { EngineOptions } from './run-record.ts';

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
  readonly gaps: Gaps;
}

export interface WindowWatch {
  /** What the engine is to be asked for. */
  marks(take: (clock: number) => Counts): NonNullable<EngineOptions['marks']>;
  /** The window, undefined where it never opened. `take`: at the end of the run, where the last completion may lie. */
  close(take: () => Counts): RunWindow | undefined;
}

export function openWindow({ running, finished }: Marks): WindowWatch {
  let opened: Counts | undefined;
  let closed: Counts | undefined;
  let isOver = false;
  return {
    marks: (take) => ({
      running,
      finished,
      onMark(clock, isFinished) {
        if (isFinished) closed = take(clock);
        else if (!isOver) opened = take(clock);
        isOver ||= isFinished;
      },
    }),
    close(take) {
      // the last completion is the end of the run: the kernel is done there and does not stop for it
      const end = closed ?? take();
      return opened && end.clock > opened.clock ? subtract(opened, end) : undefined;
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
