// A row that was run, as it goes from thread to thread and into files: what a search asks of every row lies open, the figures are packed and
// are only opened where somebody looks at them. Most rows of a proof are never looked at again.
import { isGivenUp } from '../metrics/sweep.ts';
import type { Near } from './bound-rows.ts';
import { hashOf } from './hash.ts';
import { pack, unpack } from './packed.ts';
import type { SettledRow } from './protocol.ts';
import type { ClassRun, SimulatedRow } from './simulate-row.ts';

/** What a search asks of a run before it asks for its figures. */
export interface Outcome {
  readonly met: boolean;
  /** Ended before its requests did: it has no percentiles. */
  readonly givenUp: boolean;
  readonly usdPerHour: number;
  /** What tells equal rows apart: a share of a row's own KV blocks. */
  readonly peakKvUse: number;
}

/** A run whose figures are read when they are asked for. */
export interface SettledRun extends SimulatedRow {
  readonly outcome: Outcome;
}

const NOT_RUN = { outcome: null, figures: null, same: null } as const;

export function refuse(words: string): SettledRow {
  return { refused: words, ruled: null, ...NOT_RUN };
}

/** A row that a bound rules out. */
export function ruleOut(ruled: Near): SettledRow {
  return { refused: '', ruled, ...NOT_RUN };
}

/** Rows that are equal share the figures of the run. */
export function settle({ found, run, name, limits, range }: ClassRun): SettledRow {
  const { slo_met: met, usd_per_hour: usdPerHour, peak_kv_use: peakKvUse } = found.result;
  const outcome = { met, givenUp: isGivenUp(found.result), usdPerHour, peakKvUse };
  return { refused: '', ruled: null, outcome, figures: packOnce(run), same: { name: hashLast(name), limits, range } };
}

let last = { name: '', hash: 0 };

/** Rows of one class come one after the other. */
function hashLast(name: string): number {
  if (last.name !== name) last = { name, hash: hashOf(name) };
  return last.hash;
}

/** A run, packed. The text is an object: one message or file holds it once, however many rows have it. */
export interface Figures {
  readonly frame: { readonly text: string };
  readonly numbers: Float64Array;
}

const packed = new WeakMap<SimulatedRow, Figures>();
const frames = new Map<string, Figures['frame']>();

function packOnce(found: SimulatedRow): Figures {
  const known = packed.get(found);
  if (known) return known;
  const { frame: text, numbers } = pack(found);
  const frame = frames.get(text) ?? { text };
  frames.set(text, frame);
  const figures = { frame, numbers };
  packed.set(found, figures);
  return figures;
}

/** null where the row could not be run. */
export function runOf({ outcome, figures }: SettledRow): SettledRun | null {
  if (!outcome || !figures) return null;
  let opened: SimulatedRow | undefined;
  const open = (): SimulatedRow => {
    if (opened) return opened;
    const { result, ...rest } = unpack({ frame: figures.frame.text, numbers: figures.numbers }) as SimulatedRow;
    opened = { result: { ...result, peak_kv_use: outcome.peakKvUse }, ...rest };
    return opened;
  };
  return {
    outcome,
    get result() {
      return open().result;
    },
    get trust() {
      return open().trust;
    },
    get workload() {
      return open().workload;
    },
    get times() {
      return open().times;
    },
  };
}
