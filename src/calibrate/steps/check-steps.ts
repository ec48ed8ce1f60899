// What must hold of a step trace before anything is fitted to it: enough steps, of different kinds, that do not contradict each other.

import { groupBy } from '../../check/group-by.ts';
import type { Issue } from '../../check/issue.ts';
import { thin } from '../split.ts';
import { independentShares } from './nnls.ts';
import type { StepRow, StepSeries } from './read-steps.ts';

/** Fewer steps than these cannot hold out a half and still pin the coefficients. */
const LEAST_STEPS = 40;
/** Of different ones. */
const LEAST_DIFFERENT = 24;
/** Of each kind, with prompts and without. */
const LEAST_OF_KIND = 10;
/** Equal steps may differ by this factor from their median: clocks, caches, the host. */
const SAME_STEP = 2;
/** A larger step may be faster than a smaller one by this factor. */
const LARGER_STEP = 1.5;
/** Shares of the trace that may be set aside for either reason before the whole is refused. */
const MOST_CONTRADICTED = 0.02;
const MOST_FALLING = 0.05;
/** Steps that are compared with each other in the search for such pairs. */
const COMPARED = 1500;
/** A quantity of which less than this is its own cannot be told from the others. */
const LEAST_OWN = 0.01;
const LINES_TOLD = 4;

export interface CheckedSteps {
  readonly rows: readonly StepRow[];
  readonly notes: string[];
}

/** The steps to fit, or null where they cannot be fitted, which is told in `issues`. */
export function checkSteps(name: string, { file, rows }: StepSeries, issues: Issue[]): CheckedSteps | null {
  const notes: string[] = [];
  const before = issues.length;
  const tell = (expected: string, received: string, line?: number) =>
    issues.push({ path: name, expected, received, file, ...(line === undefined ? {} : { line }) });
  if (rows.length < LEAST_STEPS) tell(`at least ${LEAST_STEPS} steps to fit and to judge by`, `${rows.length}`);
  for (const [words, some] of KINDS) {
    const found = rows.filter(some).length;
    if (found < LEAST_OF_KIND) tell(`at least ${LEAST_OF_KIND} steps ${words}`, String(found));
  }
  if (issues.length > before) return null;
  const { kept, apart } = mergeRepeats(rows);
  if (apart.length > MOST_CONTRADICTED * rows.length) {
    const received = `${apart.length} steps more than ${SAME_STEP}x away from the median of their like: ${listLines(apart)}`;
    tell('equal steps that take about equally long', received, apart[0]!.row.line);
  } else if (apart.length > 0) {
    notes.push(`${name}: set aside, ${SAME_STEP}x away from the median of their like: ${listLines(apart)}`);
  }
  if (kept.length < LEAST_DIFFERENT) tell(`at least ${LEAST_DIFFERENT} different steps`, `${kept.length}`);
  const { culprits, looked } = findFalling(kept);
  const told = culprits.slice(0, LINES_TOLD).map(({ conflict }) => conflictWords(conflict));
  if (culprits.length > MOST_FALLING * looked) {
    const received = `${culprits.length} of ${looked} that do not: ${told.join('; ')}`;
    tell('steps that take longer the more they hold', received, culprits[0]!.row.line);
  } else if (culprits.length > 0) {
    notes.push(`${name}: ${culprits.length} steps set aside: ${told.join('; ')}`);
  }
  const rising = kept.filter((row) => !culprits.some((culprit) => culprit.row === row));
  const tied = findTied(rising);
  if (tied) tell('quantities that vary on their own', tied);
  return issues.length > before ? null : { rows: rising, notes };
}

const KINDS: readonly (readonly [string, (row: StepRow) => boolean])[] = [
  ['with prompt tokens', (row) => row.promptTokens > 0],
  ['without prompt tokens', (row) => row.promptTokens === 0],
];

interface Apart {
  readonly row: StepRow;
  readonly median: number;
}

/** Equal steps become one, at their median; what is far from it is set aside. */
function mergeRepeats(rows: readonly StepRow[]): { kept: StepRow[]; apart: Apart[] } {
  const apart: Apart[] = [];
  const kept: StepRow[] = [];
  for (const like of groupBy(rows, keyOf).values()) {
    const median = medianOf(like.map(({ seconds }) => seconds));
    kept.push({ ...like[0], seconds: median });
    for (const row of like) {
      const ratio = row.seconds / median;
      if (ratio > SAME_STEP || ratio < 1 / SAME_STEP) apart.push({ row, median });
    }
  }
  return { kept, apart };
}

export function keyOf({ promptTokens, sequences, decodes, contextTokens, pairs }: StepRow): string {
  return `${promptTokens} ${sequences} ${decodes} ${contextTokens} ${pairs}`;
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const ms = (seconds: number): string => `${Number((seconds * 1e3).toPrecision(4))} ms`;

function listLines(apart: readonly Apart[]): string {
  const told = apart
    .slice(0, LINES_TOLD)
    .map(({ row, median }) => `line ${row.line} ${ms(row.seconds)}, not ${ms(median)}`);
  const rest = apart.length - told.length;
  return `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

interface Conflict {
  readonly small: StepRow;
  readonly large: StepRow;
}

function conflictWords({ small, large }: Conflict): string {
  return `line ${large.line} holds no less of anything than line ${small.line} and takes ${ms(large.seconds)}, not ${ms(small.seconds)}`;
}

/**
 * Of a sample: the fewest steps, found greedily, without which no step is much slower than one that holds at least as much of
 * everything. A broken step contradicts many good ones, and goes first.
 */
function findFalling(rows: readonly StepRow[]) {
  const sample = thin(rows, COMPARED);
  const conflicts: Conflict[] = [];
  for (const small of sample) {
    for (const large of sample) {
      if (small.seconds > LARGER_STEP * large.seconds && holds(large, small)) conflicts.push({ small, large });
    }
  }
  const culprits: { readonly row: StepRow; readonly conflict: Conflict }[] = [];
  let open: readonly Conflict[] = conflicts;
  while (open.length > 0) {
    const counts = new Map<StepRow, number>();
    for (const { small, large } of open) for (const row of [large, small]) counts.set(row, (counts.get(row) ?? 0) + 1);
    const row = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most))[0];
    const own = ({ small, large }: Conflict) => small === row || large === row;
    culprits.push({ row, conflict: open.find(own)! });
    open = open.filter((conflict) => !own(conflict));
  }
  return { culprits, looked: sample.length };
}

function holds(large: StepRow, small: StepRow): boolean {
  return (
    large.promptTokens >= small.promptTokens &&
    large.decodes >= small.decodes &&
    large.sequences >= small.sequences &&
    large.contextTokens >= small.contextTokens &&
    large.pairs >= small.pairs
  );
}

const QUANTITIES = [
  ['prompt tokens', (row: StepRow) => row.promptTokens],
  ['decoding sequences', (row: StepRow) => row.decodes],
  ['context tokens', (row: StepRow) => row.contextTokens],
] as const;

/** A quantity that is always the same, or follows from the others: nothing tells what it costs. */
function findTied(rows: readonly StepRow[]): string | null {
  const decoding = rows.filter(({ promptTokens }) => promptTokens === 0);
  for (const [words, of, among] of [
    ['sequences', (row: StepRow) => row.sequences, decoding],
    ['context tokens', (row: StepRow) => row.contextTokens, decoding],
    ['prompt tokens', (row: StepRow) => row.promptTokens, rows.filter(({ promptTokens }) => promptTokens > 0)],
  ] as const) {
    const first = of(among[0]!);
    if (among.every((row) => of(row) === first)) return `${first} ${words} in every step that has any`;
  }
  const columns = rows.map((row) => Float64Array.of(1, ...QUANTITIES.map(([, of]) => of(row))));
  const own = independentShares(columns);
  const at = own.findIndex((share, i) => i > 0 && share < LEAST_OWN);
  return at < 0 ? null : `${QUANTITIES[at - 1]![0]} that follow from the other quantities in every step`;
}
