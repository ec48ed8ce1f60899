// The order of a list of stages: who waits for whom, cycles, and branches that never join.
import { show } from '../../check/issue.ts';
import type { Path } from '../document.ts';
import type { Ledger } from './ledger.ts';

/** A stage of a list before its order is known. */
export interface Placed {
  readonly name: string;
  /** Names it waits for; null = the one before it. */
  readonly after: readonly string[] | null;
  readonly path: Path;
}

/** Places of the list in an order in which every stage follows those it waits for, and for each of them the places it waits for. */
export interface Order {
  readonly order: readonly number[];
  readonly waits: readonly (readonly number[])[];
}

/** Null where the list has no order; the mistakes are in the ledger then. */
export function orderStages(list: readonly Placed[], ledger: Ledger): Order | null {
  const before = ledger.size;
  const waits = list.map((stage, i) => resolve(stage, i, list, ledger));
  if (ledger.size > before) return null;
  const order: number[] = [];
  const placed = new Set<number>();
  // places in the order of the list, each as soon as it can be: a list without `after` stays as it is
  for (let next = 0; next >= 0; ) {
    next = list.findIndex((_, i) => !placed.has(i) && waits[i]!.every((wait) => placed.has(wait)));
    if (next >= 0) {
      placed.add(next);
      order.push(next);
    }
  }
  if (order.length < list.length) reportCycle(list, waits, placed, ledger);
  else reportLoose(list, waits, ledger);
  return ledger.size > before ? null : { order, waits };
}

function resolve({ name, after, path }: Placed, place: number, list: readonly Placed[], ledger: Ledger): number[] {
  if (after === null) return place === 0 ? [] : [place - 1];
  const names = list.map((stage) => stage.name);
  return after.flatMap((wanted) => {
    const at = [...path, 'after'];
    if (wanted === name) {
      ledger.add({ path: at, expected: 'another stage', received: `${show(wanted)}, which is itself` });
      return [];
    }
    const found = names.indexOf(wanted);
    if (found < 0) ledger.checkKnown(wanted, at, 'the name of a stage of this list', names);
    return found < 0 ? [] : [found];
  });
}

function reportCycle(
  list: readonly Placed[],
  waits: readonly (readonly number[])[],
  placed: Set<number>,
  ledger: Ledger,
) {
  // from any stage that is left, each waits for one that is left: following them ends in the cycle
  let at = list.findIndex((_, i) => !placed.has(i));
  const seen: number[] = [];
  while (!seen.includes(at)) {
    seen.push(at);
    at = waits[at]!.find((wait) => !placed.has(wait)) ?? at;
  }
  const cycle = [...seen.slice(seen.indexOf(at)), at].map((i) => list[i]!.name);
  const received = `a cycle: ${cycle.join(' after ')}`;
  ledger.add({ path: [...list[at]!.path, 'after'], expected: 'stages that do not wait for themselves', received });
}

/** The last stage ends the request, so every other one has to be waited for; and one stage starts it. */
function reportLoose(list: readonly Placed[], waits: readonly (readonly number[])[], ledger: Ledger): void {
  const awaited = new Set(waits.flat());
  const ends = list.flatMap((_, i) => (awaited.has(i) ? [] : [i]));
  for (const end of ends.slice(0, -1)) {
    const { name, path } = list[end]!;
    const last = list[ends[ends.length - 1]!]!.name;
    const expected = 'a branch that joins: some later stage that waits for it';
    ledger.add({
      path,
      expected,
      received: `${show(name)}, which nothing waits for`,
      hint: `for example ${last}: {after: [..., ${name}]}`,
    });
  }
}
