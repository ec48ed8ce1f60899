// Lists of stages, one after the other or as a graph: which stages are laid out together, and what each leaves for the next.
import {
  type Build,
  combineStates,
  join,
  type Laid,
  type Lay,
  type Place,
  type State,
  type Walker,
} from '../../stages/laying.ts';
import { continuesOf, opensGeneration, stageOf } from '../../stages/list.ts';
import type { Nested } from '../../stages/stage.ts';

/** A stage of a list, or several that make one whole (prefill, reason, decode). */
interface Unit {
  readonly lay: Lay;
  /** Units of the list that it waits for, in order; empty = those before the list. */
  readonly waits: readonly number[];
  /** Units whose results it sees. */
  readonly ancestors: readonly number[];
}

/** Compiles a list once; what it returns lays it out for one request after the other. `label`: what names begin with; `behind`: the stages after the list. */
export function compileList(build: Build, stages: Nested, label: string, behind: Nested = []): Lay {
  const units = listUnits(build, stages, label, behind);
  const plain = units.every(({ waits }, i) =>
    i === 0 ? waits.length === 0 : waits.length === 1 && waits[0] === i - 1,
  );
  if (!plain) return (walker, before, state) => layGraph(build, units, walker, before, state);
  return (walker, before, state) => {
    let laid: Laid = { ends: before, state };
    for (const { lay } of units) laid = lay(walker, laid.ends, laid.state);
    return laid;
  };
}

function listUnits(build: Build, stages: Nested, label: string, behind: Nested): Unit[] {
  const units: Unit[] = [];
  const unitOf: number[] = [];
  for (let i = 0; i < stages.length; ) {
    const run = runFrom(stages, i);
    const before = stages[i]!.after ?? (i === 0 ? [] : [i - 1]);
    const waits = [...new Set(before.map((place) => unitOf[place]!))];
    const ancestors = [...new Set(waits.flatMap((unit) => [unit, ...units[unit]!.ancestors]))];
    for (const _ of run) unitOf.push(units.length);
    const place = { label, run, behind: [...stages.slice(i + run.length), ...behind] };
    units.push({ lay: compileUnit(build, place), waits, ancestors });
    i += run.length;
  }
  return units;
}

/** A stage that opens a generation and those behind it that continue it are one unit: they share a KV cache. */
function runFrom(stages: Nested, first: number): Nested {
  if (!opensGeneration(stages[first]!)) return [stages[first]!];
  let end = first + 1;
  while (end < stages.length) {
    const waits = stages[end]!.after ?? [end - 1];
    if (continuesOf(stages[end]!) === null || waits.length !== 1 || waits[0] !== end - 1) break;
    end++;
  }
  return stages.slice(first, end);
}

function compileUnit(build: Build, place: Place): Lay {
  const [stage] = place.run;
  const kind = stageOf(stage!.type);
  if (!('lay' in kind)) throw new Error(`${stage!.type} without a stage before it that it continues`); // the reader refuses it
  return kind.lay(build, stage!, place);
}

/** Units that wait for several: each sees what those it waits for, directly or not, have added to what the list found. */
function layGraph(build: Build, units: readonly Unit[], walker: Walker, before: readonly number[], found: State): Laid {
  const laidUnits: Laid[] = [];
  const changes: { from: State; to: State }[] = [];
  for (const { lay, waits, ancestors } of units) {
    const from = combineStates(
      found,
      ancestors.map((unit) => changes[unit]!),
    );
    const ends = waits.length === 0 ? before : waits.flatMap((unit) => laidUnits[unit]!.ends);
    const laid = lay(walker, joinEnds(build, ends, waits.length > 1), from);
    laidUnits.push(laid);
    changes.push({ from, to: laid.state });
  }
  const last = units.length - 1;
  const all = [last, ...units[last]!.ancestors].sort((a, b) => a - b);
  return {
    ends: laidUnits[last]!.ends,
    state: combineStates(
      found,
      all.map((unit) => changes[unit]!),
    ),
  };
}

/** Many branches that many visits would wait for meet in one visit that takes no time. */
function joinEnds(build: Build, ends: readonly number[], several: boolean): readonly number[] {
  return several && ends.length > MOST_EDGES ? [join(build, ends)] : ends;
}
const MOST_EDGES = 4;
