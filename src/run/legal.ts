// Rows that a search has to look at, in a struct of arrays; of more than fit, those with the lowest floors.

/** Every row that can be and that nothing proves too slow: what its score cannot undercut. Columns of the same length. */
export interface Legal {
  readonly row: Float64Array;
  readonly floor: Float64Array;
}

export const NO_ROWS: Legal = { row: new Float64Array(0), floor: new Float64Array(0) };

export function joinLegal(parts: readonly Legal[]): Legal {
  const rows = parts.reduce((sum, part) => sum + part.row.length, 0);
  const joined: Legal = { row: new Float64Array(rows), floor: new Float64Array(rows) };
  let at = 0;
  for (const { row, floor } of parts) {
    joined.row.set(row, at);
    joined.floor.set(floor, at);
    at += row.length;
  }
  return joined;
}

/** The rows with the lowest floors, and what is known of all others. */
export interface Gathered extends Legal {
  /** Rows that were left out, and the lowest of their floors. */
  readonly beyond: number;
  readonly beyondFloor: number;
}

/** Rows that are kept; twice as many are gathered before the worse half goes. */
const MOST = 4_000_000;

/** Parts come in a fixed order, so that what is kept does not depend on who found it. */
export function gatherLegal(most = MOST): { add(part: Legal): void; done(): Gathered } {
  let parts: Legal[] = [];
  let held = 0;
  let beyond = 0;
  let beyondFloor = Number.POSITIVE_INFINITY;
  const cut = (): void => {
    const all = joinLegal(parts);
    const bar = all.floor.slice().sort()[most]!;
    const kept = all.floor.map((floor) => (floor < bar ? 1 : 0));
    beyondFloor = Math.min(beyondFloor, bar);
    beyond += all.row.length - kept.reduce((sum, one) => sum + one, 0);
    parts = [{ row: all.row.filter((_, i) => kept[i] === 1), floor: all.floor.filter((_, i) => kept[i] === 1) }];
    held = parts[0]!.row.length;
  };
  return {
    add(part) {
      parts.push(part);
      held += part.row.length;
      if (held > 2 * most) cut();
    },
    done: () => ({ ...joinLegal(parts), beyond, beyondFloor }),
  };
}

/** Hands reports on in the order of their blocks, whoever was faster. */
export function openInOrder<T extends { readonly block: number }>(act: (report: T) => void) {
  const waiting = new Map<number, T>();
  let next = 0;
  return {
    take(report: T): void {
      waiting.set(report.block, report);
      for (let own = waiting.get(next); own; own = waiting.get(++next)) {
        waiting.delete(next);
        act(own);
      }
    },
    /** What is left behind a block that was never done: the search was stopped. */
    rest(): void {
      for (const [, report] of [...waiting].sort(([a], [b]) => a - b)) act(report);
    },
  };
}
