// Conversations: turns that arrive one after the other, each prompt holding the questions and answers before it.
import type { SessionSpec } from '../spec/fleet/types.ts';
import { meanLength, openLatencies, openLengths, STREAM_THINKING, STREAM_TURNS } from './draws.ts';
import { openStream } from './streams.ts';

/** Turns in order of arrival. */
export interface Turns {
  readonly arrival: Float64Array; // s
  readonly session: Int32Array;
  readonly turn: Int32Array; // 0 = the first
}

/** The rate at which sessions start when their turns come at `rate` requests/s in the long run. */
export function sessionRate(spec: SessionSpec, rate: number): number {
  return rate / meanLength(spec.turns);
}

interface Row {
  readonly at: number;
  readonly session: number;
  readonly turn: number;
}

/**
 * The first `count` turns of sessions that start at `starts` (s, non-decreasing; as many as there are turns are always enough).
 * Every turn follows the one before it by a think time, counted from arrival to arrival: a late answer does not delay the next
 * question, as in the replay of a trace. Nobody is in a conversation at time 0, so the rate of turns rises at first.
 */
export function layOutTurns(spec: SessionSpec, starts: Float64Array, count: number, seed: number): Turns {
  const nextTurns = openLengths(spec.turns, openStream(seed, STREAM_TURNS));
  const nextGap = openLatencies(spec.thinkTime, openStream(seed, STREAM_THINKING));
  let rows: Row[] = [];
  let last = Infinity;
  for (const [session, start] of starts.entries()) {
    if (start > last) break;
    const turns = nextTurns();
    for (let turn = 0, at = start; turn < turns; turn++) {
      if (turn > 0) at += nextGap();
      rows.push({ at, session, turn });
    }
    if (rows.length < 2 * count) continue;
    // what comes after the last of the first `count` turns is left out: so are sessions that start after it
    rows = firstRows(rows, count);
    last = rows[count - 1]!.at;
  }
  const kept = firstRows(rows, count);
  return {
    arrival: Float64Array.from(kept, ({ at }) => at),
    session: Int32Array.from(kept, ({ session }) => session),
    turn: Int32Array.from(kept, ({ turn }) => turn),
  };
}

function firstRows(rows: Row[], count: number): Row[] {
  return rows.sort((a, b) => a.at - b.at || a.session - b.session || a.turn - b.turn).slice(0, count);
}
