// Hash ids of visits as runs of ids in a row, and the segments that these cut all ids into (HASH_RUN_* of assembly/layout/fleet.ts).
import * as F from '../../assembly/layout/fleet.ts';
import type { VisitTable } from '../plan/fleet.ts';

export interface HashRuns {
  /** Where the runs of each visit begin, and one past the last. */
  readonly at: Int32Array;
  /** HASH_RUN_* records. */
  readonly records: Int32Array;
  readonly segments: number;
}

const RUNS = new WeakMap<VisitTable, HashRuns>();

/** Of a table, found once: rows of a sweep share it. Ids are below `hashCount`. */
export function hashRunsOf(visits: VisitTable, hashCount: number): HashRuns {
  let known = RUNS.get(visits);
  if (!known) {
    known = findRuns(visits, segmentsOf(visits, hashCount));
    RUNS.set(visits, known);
  }
  return known;
}

/** The segment of every id, from 0: one begins with every id that somebody names first, or behind another one than its neighbour. */
function segmentsOf({ count, hashAt, hashIds }: VisitTable, hashCount: number): Int32Array {
  const begins = new Int32Array(hashCount);
  for (let v = 0; v < count; v++) {
    for (let i = hashAt[v]!; i < hashAt[v + 1]!; i++) {
      if (i === hashAt[v] || hashIds[i] !== hashIds[i - 1]! + 1) begins[hashIds[i]!] = 1;
    }
  }
  let segment = -1;
  for (let id = 0; id < hashCount; id++) {
    segment += begins[id]!;
    begins[id] = segment;
  }
  return begins;
}

function findRuns({ count, hashAt, hashIds }: VisitTable, segments: Int32Array): HashRuns {
  const at = new Int32Array(count + 1);
  const begins = (i: number, v: number) =>
    i === hashAt[v] || segments[hashIds[i]!] !== segments[hashIds[i - 1]!] || hashIds[i] !== hashIds[i - 1]! + 1;
  for (let v = 0; v < count; v++) {
    at[v + 1] = at[v]!;
    for (let i = hashAt[v]!; i < hashAt[v + 1]!; i++) if (begins(i, v)) at[v + 1]!++;
  }
  const words = F.HASH_RUN_BYTES / 4;
  const records = new Int32Array(at[count]! * words);
  for (let v = 0, base = -words; v < count; v++) {
    for (let i = hashAt[v]!; i < hashAt[v + 1]!; i++) {
      if (begins(i, v)) {
        base += words;
        records[base + F.HASH_RUN_ID / 4] = hashIds[i]!;
        records[base + F.HASH_RUN_SEGMENT / 4] = segments[hashIds[i]!]!;
      }
      records[base + F.HASH_RUN_END / 4] = i + 1 - hashAt[v]!;
    }
  }
  return { at, records, segments: segments.length === 0 ? 0 : segments[segments.length - 1]! + 1 };
}
