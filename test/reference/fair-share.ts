// Plain TypeScript twins of the fair-share kernels (assembly/contention): the same operations in the same order.

/** Max-min fair shares of one channel: min(demand, level * weight) at the highest level that fits. */
export function fairShareTwin(demand: readonly number[], weight: readonly number[], capacity: number): number[] {
  if (sum(demand) <= capacity) return [...demand];
  let level = findLevel(demand, weight, capacity);
  for (let cut = 2 ** -52; ; cut *= 2) {
    const shares = demand.map((asked, i) => Math.min(asked, level * weight[i]!));
    if (sum(shares) <= capacity) return shares;
    level = level * (1 - cut);
  }
}

function findLevel(demand: readonly number[], weight: readonly number[], capacity: number): number {
  let level = 0;
  while (true) {
    const content = demand.map((asked, i) => asked <= level * weight[i]!);
    const left = demand.reduce((rest, asked, i) => (content[i] ? rest - asked : rest), capacity);
    const waiting = weight.reduce((total, weighs, i) => (content[i] ? total : total + weighs), 0);
    const next = left / waiting;
    if (waiting === 0 || !(next > level)) return level;
    level = next;
  }
}

export interface Stream {
  readonly demand: number;
  readonly weight: number;
  /** Links on its way, each at most once. */
  readonly links: readonly number[];
}

/** The same over several links: shares rise together, and a stream stops at its demand or at a full link. */
export function fairShareLinksTwin(streams: readonly Stream[], capacity: readonly number[]): number[] {
  const shares: (number | null)[] = streams.map(() => null);
  while (shares.includes(null)) {
    const full = capacity.map((carries, link) => fillsAt(streams, shares, link, carries));
    const rising = streams.filter((_, i) => shares[i] === null);
    const level = Math.min(...rising.map(({ demand, weight }) => demand / weight), ...full);
    streams.forEach(({ demand, weight, links }, i) => {
      if (shares[i] !== null) return;
      if (demand / weight <= level) shares[i] = demand;
      else if (links.some((link) => full[link]! <= level)) shares[i] = Math.min(level * weight, demand);
    });
  }
  return fitLinks(streams, shares as number[], capacity);
}

/** The level at which a link is full; infinite when nobody on it rises. */
function fillsAt(
  streams: readonly Stream[],
  shares: readonly (number | null)[],
  link: number,
  carries: number,
): number {
  let used = 0;
  let weight = 0;
  streams.forEach((stream, i) => {
    if (!stream.links.includes(link)) return;
    const share = shares[i] ?? null;
    if (share === null) weight += stream.weight;
    else used += share;
  });
  return weight > 0 ? Math.max(carries - used, 0) / weight : Number.POSITIVE_INFINITY;
}

/** Where rounding let a link's sum pass its capacity, its streams give way. */
function fitLinks(streams: readonly Stream[], shares: readonly number[], capacity: readonly number[]): number[] {
  let fitted = [...shares];
  for (let cut = 2 ** -52; ; cut *= 2) {
    const over = capacity.map(
      (carries, link) => sum(fitted.filter((_, i) => streams[i]!.links.includes(link))) > carries,
    );
    if (!over.includes(true)) return fitted;
    fitted = fitted.map((share, i) => (streams[i]!.links.some((link) => over[link]) ? share * (1 - cut) : share));
  }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
