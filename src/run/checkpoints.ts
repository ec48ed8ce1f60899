// What a run has counted by some of its instants: the difference of two of them is what happened in between.
import type { Checkpoint, WindowRule } from '../metrics/fleet/window.ts';
import type { EngineOptions, Marks } from './run-record.ts';

/** A window that is measured: the instants that a run must keep, and how it is found among them. */
export interface Measuring {
  readonly marks: Marks;
  readonly rule: WindowRule | 'steady';
}

export interface Checkpoints {
  /** What the engine is to be asked for. */
  readonly marks: NonNullable<EngineOptions['marks']>;
  /** All of them in order. `clock`: at the end of the run, where the last completion may lie. */
  close(clock: number): readonly Checkpoint[];
}

/** `take` reads what is counted by a clock. */
export function openCheckpoints(marks: Marks, take: (clock: number) => Checkpoint): Checkpoints {
  const taken: Checkpoint[] = [];
  let isOver = marks.finished === 0;
  return {
    marks: {
      ...marks,
      onMark(clock, mark) {
        if (mark !== 'running' || !isOver) taken.push(take(clock));
        isOver ||= mark === 'finished';
      },
    },
    close(clock) {
      // the last completion is the end of the run: the kernel is done there and does not stop for it
      if (!isOver && taken.length > 0) taken.push(take(clock));
      return taken;
    },
  };
}
