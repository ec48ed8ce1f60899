// How much load a fleet can take: probes of rounded loads, by doubling, then by halving the ratio, then below and above what was found.

/** What is known of one load. */
export interface Probed {
  readonly load: number;
  readonly keeps: boolean;
  /** Whether everything that was offered was served in time, whatever its latencies. */
  readonly keepsUp: boolean;
}

export interface MaxLoad<P extends Probed> {
  /** Every load that was tried, ascending. */
  readonly probes: readonly P[];
  /** The highest probe of which every probe up to it keeps the promise; null where none does. */
  readonly best: P | null;
  /** The lowest probe that does not; null where every one keeps it. */
  readonly next: P | null;
  /** Probes above `next` that keep it all the same: what is kept is then not a matter of the load alone. */
  readonly again: readonly P[];
}

export interface LoadRange {
  readonly start: number;
  /** Stops where the lowest load that fails is no more than this much (0.02 = 2 %) above the answer. */
  readonly tolerance: number;
  readonly whole: boolean;
  readonly least: number;
  readonly most: number;
  readonly signal?: AbortSignal;
}

/** Digits of a load that is tried: an answer is no more exact than that. */
const DIGITS = 3;
/** The first load over these is tried until one keeps the promise; the last leaves a fleet all but idle. */
const DIVISORS = [2, 4, 16, 128, 1024];
/** Shares of the answer that are tried as well, the nearest first, unless something next to them was. */
const BELOW = [0.95, 0.9, 0.8, 0.7, 0.5];
const ABOVE = [1.05, 1.15, 1.3];
const NEAR = 1.04;

/** A load of three digits, within the range. */
export function roundLoad(load: number, { whole, least, most }: Pick<LoadRange, 'whole' | 'least' | 'most'>): number {
  const rounded = Number(load.toPrecision(DIGITS));
  return Math.min(most, Math.max(least, whole ? Math.round(rounded) : rounded));
}

/** Asks `probe` of one load at a time; each once. */
export async function findMaxLoad<P extends Probed>(
  probe: (load: number) => Promise<P>,
  range: LoadRange,
): Promise<MaxLoad<P>> {
  const known = new Map<number, P>();
  const isOver = () => range.signal?.aborted ?? false;
  const ask = async (load: number) => {
    const rounded = roundLoad(load, range);
    const found = known.get(rounded) ?? (await probe(rounded));
    known.set(rounded, found);
  };
  await ask(range.start);
  for (;;) {
    const next = nextLoad(sum(known), range);
    if (next === null || isOver()) return sum(known);
    await ask(next);
  }
}

function sum<P extends Probed>(known: ReadonlyMap<number, P>): MaxLoad<P> {
  const probes = [...known.values()].sort((a, b) => a.load - b.load);
  const fails = probes.findIndex(({ keeps }) => !keeps);
  const upTo = fails < 0 ? probes.length : fails;
  return {
    probes,
    best: probes[upTo - 1] ?? null,
    next: probes[upTo] ?? null,
    again: probes.slice(upTo).filter(({ keeps }) => keeps),
  };
}

/** What is tried next, given what is known; null at the end. Every answer is a load that was not tried. */
function nextLoad(found: MaxLoad<Probed>, range: LoadRange): number | null {
  const { best, next, probes } = found;
  const isKnown = (load: number) => probes.some((one) => one.load === load);
  if (best === null) {
    const lower = DIVISORS.map((divisor) => roundLoad(range.start / divisor, range));
    return lower.find((load) => load < next!.load) ?? null;
  }
  if (next === null) {
    const higher = roundLoad(best.load * 2, range);
    return isKnown(higher) ? null : higher;
  }
  if (next.load > best.load * (1 + range.tolerance)) {
    const middle = roundLoad(Math.sqrt(best.load * next.load), range);
    if (middle > best.load && middle < next.load) return middle;
  }
  // a fleet that does not keep up keeps up no better with more (law L14); its runs are long
  const shares = [...BELOW, ...(next.keepsUp ? ABOVE : [])].map((share) => roundLoad(best.load * share, range));
  return shares.find((load) => !probes.some((one) => isNear(one.load, load))) ?? null;
}

const isNear = (one: number, other: number): boolean => one / other < NEAR && other / one < NEAR;
