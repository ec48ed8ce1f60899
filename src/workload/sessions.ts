// Conversations: turns that follow each other, each prompt holding the questions and answers before it.
import type { SessionSpec } from '../spec/fleet/types.ts';
import { meanLength, openLatencies, openLengths, STREAM_THINKING, STREAM_TURNS } from './draws.ts';
import { openStream } from './streams.ts';
import type { Turns } from './types.ts';

/** Turns of sessions: the first ones in order of arrival, then all that follow another. */
export interface SessionTurns {
  /** s: of a first turn when it arrives, of any other 0 (whenever the one before is answered). */
  readonly arrival: Float64Array;
  readonly session: Int32Array;
  readonly turn: Int32Array; // 0 = the first
  readonly turns: Turns | null;
}

/** The rate at which sessions start when their turns come at `rate` requests/s in the long run. */
export function sessionRate(spec: SessionSpec, rate: number): number {
  return rate / meanLength(spec.turns);
}

interface Row {
  /** When it would arrive if answers took no time. */
  readonly at: number;
  readonly session: number;
  readonly turn: number;
  /** s from the answer of the turn before; 0 of the first. */
  readonly delay: number;
}

/**
 * Sessions that start at `starts` (s, non-decreasing), one after the other until their turns are `count`; of the last one only as
 * many turns as are left. Every turn arrives a think time after the answer to the one before, so nobody knows when before the run.
 */
export function layOutTurns(spec: SessionSpec, starts: Float64Array, count: number, seed: number): SessionTurns {
  const nextTurns = openLengths(spec.turns, openStream(seed, STREAM_TURNS));
  const nextGap = openLatencies(spec.thinkTime, openStream(seed, STREAM_THINKING));
  const first: Row[] = [];
  const later: Row[] = [];
  for (let session = 0; first.length + later.length < count; session++) {
    const turns = Math.min(nextTurns(), count - first.length - later.length);
    let at = starts[session]!;
    first.push({ at, session, turn: 0, delay: 0 });
    for (let turn = 1; turn < turns; turn++) {
      const delay = nextGap();
      at += delay;
      later.push({ at, session, turn, delay });
    }
  }
  later.sort((a, b) => a.at - b.at || a.session - b.session || a.turn - b.turn);
  const rows = [...first, ...later];
  return {
    arrival: Float64Array.from(rows, ({ at, turn }) => (turn === 0 ? at : 0)),
    session: Int32Array.from(rows, ({ session }) => session),
    turn: Int32Array.from(rows, ({ turn }) => turn),
    turns: later.length > 0 ? follow(rows, first.length) : null,
  };
}

/** Every turn behind the first `roots` follows the latest row of its session. */
function follow(rows: readonly Row[], roots: number): Turns {
  const latest = new Int32Array(roots);
  const after = Int32Array.from(rows, ({ session, turn }, i) => {
    const before = turn === 0 ? -1 : latest[session]!;
    latest[session] = i;
    return before;
  });
  return { roots, after, delay: Float64Array.from(rows, ({ delay }) => delay) };
}
