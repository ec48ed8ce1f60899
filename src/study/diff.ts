// Two results beside each other: what changed, and whether by more than chance. Of runs (mist run --json) a latency has changed where its two
// sampling intervals do not meet; of studies (study.json) a figure of a row where the ratio over paired seeds is away from 1.
import { spreadOf } from '../metrics/chance.ts';

export interface Change {
  /** What of: a figure, and of a study the labels of the row. */
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** Whether more than chance moved it; null where nothing is known of chance. */
  readonly beyond: boolean | null;
}

type Json = Readonly<Record<string, unknown>>;
export type ResultKind = 'run' | 'study';

/** What a file of results is; null where it is neither. */
export function kindOf(data: unknown): ResultKind | null {
  if (data === null || typeof data !== 'object') return null;
  const { mist, claims, rows } = data as Json;
  if (Array.isArray(claims) && Array.isArray(rows)) return 'study';
  return mist !== null && typeof mist === 'object' && 'schema' in mist ? 'run' : null;
}

/** Figures that differ, those that moved the most first. */
export function diffResults(kind: ResultKind, a: Json, b: Json): Change[] {
  const changes = kind === 'run' ? diffRuns(a, b) : diffStudies(a, b);
  const size = ({ before, after }: Change) => Math.abs(Math.log(Math.abs(after / before)));
  const rank = (change: Change) => (Number.isFinite(size(change)) ? size(change) : Number.MAX_VALUE);
  return changes.sort((one, other) => rank(other) - rank(one) || (one.name < other.name ? -1 : 1));
}

function diffRuns(a: Json, b: Json): Change[] {
  const [own, other] = [figuresOf(a), figuresOf(b)];
  return [...own].flatMap(([name, before]): Change[] => {
    const after = other.get(name);
    if (after === undefined || after === before) return [];
    return [{ name, before, after, beyond: apart(intervalOf(a, name), intervalOf(b, name)) }];
  });
}

/** Numbers of the block, and of `mist` those that are no parts. */
function figuresOf(data: Json): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of [data, data.mist as Json])
    for (const [name, value] of Object.entries(part)) if (typeof value === 'number') found.set(name, value);
  return found;
}

/** `p99_ttft_ms` is sampling_95.ttft_ms.p99. */
function intervalOf(data: Json, name: string): readonly (number | null)[] | null {
  const [, statistic, metric] = /^(mean|median|p\d+)_(ttft|tpot|itl|e2el)_ms$/.exec(name) ?? [];
  if (!statistic) return null;
  const sampling = (data.mist as Json).sampling_95 as Readonly<
    Record<string, Readonly<Record<string, readonly (number | null)[]>>>
  > | null;
  return sampling?.[`${metric}_ms`]?.[statistic === 'median' ? 'p50' : statistic] ?? null;
}

function apart(one: readonly (number | null)[] | null, other: readonly (number | null)[] | null): boolean | null {
  if (!one || !other || one[0] === null || other[0] === null) return null;
  const end = (value: number | null | undefined) => value ?? Number.POSITIVE_INFINITY;
  return end(one[1]) < other[0]! || end(other[1]) < one[0]!;
}

interface Row extends Json {
  readonly row: number;
}

function diffStudies(a: Json, b: Json): Change[] {
  const axes = (a.axes as readonly { readonly short: string; readonly name: string }[]).filter(
    ({ name }) => name !== 'workload.seed',
  );
  const group = (data: Json): Map<string, Row[]> => {
    const found = new Map<string, Row[]>();
    for (const row of data.rows as readonly Row[]) {
      const name = axes.flatMap(({ short }) => (row[short] === null ? [] : [`${short} ${row[short]}`])).join(', ');
      found.set(name, [...(found.get(name) ?? []), row]);
    }
    return found;
  };
  const others = group(b);
  return [...group(a)].flatMap(([name, rows]) => {
    const other = others.get(name);
    return other && other.length === rows.length ? diffRows(name, rows, other) : [];
  });
}

function diffRows(name: string, rows: readonly Row[], others: readonly Row[]): Change[] {
  const figures = Object.keys(rows[0]!).filter((key) => key !== 'row' && typeof rows[0]![key] === 'number');
  return figures.flatMap((figure): Change[] => {
    const [a, b] = [rows, others].map((list) => list.map((row) => Number(row[figure] ?? Number.NaN)));
    const [before, after] = [spreadOf(a!).mean, spreadOf(b!).mean];
    if (!(Math.abs(before - after) > 1e-12 * Math.abs(before))) return [];
    const { mean, half } = spreadOf(a!.map((value, i) => Math.log(b![i]! / value)));
    const beyond = Number.isNaN(half) ? null : Math.abs(mean) > half;
    return [{ name: name === '' ? figure : `${figure}, ${name}`, before, after, beyond }];
  });
}
