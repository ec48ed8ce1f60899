// Where one of two overtakes the other: a ladder of values, then the ratio halved between neighbours of which another one is better.

export type Better = 'a' | 'b' | 'equal' | 'neither';

export interface Judged {
  readonly at: number;
  readonly better: Better;
}

export interface Crossing<P extends Judged> {
  /** Neighbours of which another one is better. */
  readonly below: P;
  readonly above: P;
}

export interface Crossings<P extends Judged> {
  /** Every value that was tried, ascending. */
  readonly points: readonly P[];
  readonly crossings: readonly Crossing<P>[];
}

export interface CrossingRange {
  readonly from: number;
  readonly to: number;
  /** Neighbours of a crossing are no more than this much apart (0.02 = 2 %). */
  readonly tolerance: number;
  /** A value as it is tried: whole tokens, or so many digits. */
  round(value: number): number;
  readonly signal?: AbortSignal;
}

/** Values of the ladder are this many times apart. */
const STEP = 2;

/** Asks `judge` of one value at a time; each once. */
export async function findCrossings<P extends Judged>(
  judge: (value: number) => Promise<P>,
  range: CrossingRange,
): Promise<Crossings<P>> {
  const known = new Map<number, P>();
  const isOver = () => range.signal?.aborted ?? false;
  for (let next = nextValue([], range); next !== null && !isOver(); next = nextValue(ascending(known), range))
    known.set(next, await judge(next));
  const points = ascending(known);
  return { points, crossings: points.flatMap((above, i) => crossingTo(points[i - 1], above)) };
}

const ascending = <P extends Judged>(known: ReadonlyMap<number, P>): P[] =>
  [...known.values()].sort((a, b) => a.at - b.at);

function crossingTo<P extends Judged>(below: P | undefined, above: P): Crossing<P>[] {
  return below !== undefined && below.better !== above.better ? [{ below, above }] : [];
}

/** The next value of the ladder, or between the neighbours of a crossing; null at the end. */
function nextValue(points: readonly Judged[], range: CrossingRange): number | null {
  const { tolerance, round } = range;
  const rung = ladder(range).find((value) => !points.some(({ at }) => at === value));
  if (rung !== undefined) return rung;
  for (const [i, above] of points.entries()) {
    const below = points[i - 1];
    if (below === undefined || below.better === above.better || above.at <= below.at * (1 + tolerance)) continue;
    const middle = round(Math.sqrt(below.at * above.at));
    if (middle > below.at && middle < above.at) return middle;
  }
  return null;
}

function ladder({ from, to, round }: CrossingRange): number[] {
  const rungs = [round(from)];
  for (let value = from * STEP; value < to; value *= STEP) rungs.push(round(value));
  return [...new Set([...rungs, round(to)])];
}
