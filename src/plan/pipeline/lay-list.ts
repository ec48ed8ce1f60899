// Lists of stages: one after the other, side by side, several times over, or one of several; and what each leaves for the next.
import type { StageOf, StageSpec } from '../../spec/fleet/types.ts';
import { openLengths } from '../../workload/draws.ts';
import { nextUniform } from '../../workload/streams.ts';
import { layFetch } from './lay-fetch.ts';
import { layGeneration } from './lay-generation.ts';
import { layEmbed, layRerank, layRetrieve } from './lay-search.ts';
import { layScore, layText, layTool } from './lay-services.ts';
import { type Build, join, type Laid, type Lay, type State, streamOf, type Walker } from './state.ts';

/** A stage of a list, or several that make one whole (prefill, reason, decode). */
interface Unit {
  readonly lay: Lay;
  /** Units of the list that it waits for, in order; empty = those before the list. */
  readonly waits: readonly number[];
  /** Units whose results it sees. */
  readonly ancestors: readonly number[];
}

/** Compiles a list once; what it returns lays it out for one request after the other. `label`: what names begin with; `behind`: the stages after the list. */
export function compileList(
  build: Build,
  stages: readonly StageSpec[],
  label: string,
  behind: readonly StageSpec[] = [],
): Lay {
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

/** A prefill and the reason and decode stages behind it are one unit: they share a KV cache. */
function listUnits(build: Build, stages: readonly StageSpec[], label: string, behind: readonly StageSpec[]): Unit[] {
  const units: Unit[] = [];
  const unitOf: number[] = [];
  for (let i = 0; i < stages.length; ) {
    const run = [stages[i]];
    while (run[0].type === 'prefill' && i + run.length < stages.length) {
      const next = stages[i + run.length];
      const waits = next.after ?? [i + run.length - 1];
      const follows = next.type === 'reason' || next.type === 'decode';
      if (!follows || waits.length !== 1 || waits[0] !== i + run.length - 1) break;
      run.push(next);
    }
    const before = stages[i].after ?? (i === 0 ? [] : [i - 1]);
    const waits = [...new Set(before.map((place) => unitOf[place]))];
    const ancestors = [...new Set(waits.flatMap((unit) => [unit, ...units[unit].ancestors]))];
    for (const _ of run) unitOf.push(units.length);
    units.push({ lay: compileUnit(build, run, label, [...stages.slice(i + run.length), ...behind]), waits, ancestors });
    i += run.length;
  }
  return units;
}

/** `behind`: the stages after these. */
function compileUnit(build: Build, run: readonly StageSpec[], label: string, behind: readonly StageSpec[]): Lay {
  const [stage] = run;
  const name = label + stage.name;
  switch (stage.type) {
    case 'prefill':
      return layGeneration(build, run, label);
    case 'tokenize':
    case 'detokenize':
    case 'word-lookup':
      return layText(build, stage, name);
    case 'tool':
      return layTool(build, stage, name);
    case 'embed':
      return layEmbed(build, stage, name);
    case 'retrieve':
      return layRetrieve(build, stage, name);
    case 'rerank':
      return layRerank(build, stage, name);
    case 'reward':
    case 'safety':
      return layScore(build, stage, name);
    case 'kv-fetch':
      return layFetch(build, stage, name, behind);
    case 'repeat':
      return layRepeat(build, stage, label, behind);
    case 'parallel':
      return layParallel(build, stage, label, behind);
    case 'route-to-model':
      return layRoute(build, stage, label, behind);
    case 'reason':
    case 'decode':
      throw new Error(`${stage.type} without a prefill before it`); // the reader refuses it
  }
}

/** Units that wait for several: each sees what those it waits for, directly or not, have added to what the list found. */
function layGraph(build: Build, units: readonly Unit[], walker: Walker, before: readonly number[], found: State): Laid {
  const laidUnits: Laid[] = [];
  const changes: { from: State; to: State }[] = [];
  for (const { lay, waits, ancestors } of units) {
    const from = combine(
      found,
      ancestors.map((unit) => changes[unit]),
    );
    const ends = waits.length === 0 ? before : waits.flatMap((unit) => laidUnits[unit].ends);
    const laid = lay(walker, joinEnds(build, ends, waits.length > 1), from);
    laidUnits.push(laid);
    changes.push({ from, to: laid.state });
  }
  const last = units.length - 1;
  const all = [last, ...units[last].ancestors].sort((a, b) => a - b);
  return {
    ends: laidUnits[last].ends,
    state: combine(
      found,
      all.map((unit) => changes[unit]),
    ),
  };
}

/** Many branches that many visits would wait for meet in one visit that takes no time. */
function joinEnds(build: Build, ends: readonly number[], several: boolean): readonly number[] {
  return several && ends.length > MOST_EDGES ? [join(build, ends)] : ends;
}
const MOST_EDGES = 4;

/** What is left by all changes together: sums of what each added. */
function combine(base: State, changes: readonly { readonly from: State; readonly to: State }[]): State {
  let state = base;
  for (const { from, to } of changes) {
    state = {
      context: state.context + to.context - from.context,
      generated: Math.max(0, state.generated + to.generated - from.generated),
      passages: to.passages === from.passages ? state.passages : to.passages,
      chained: Math.min(to.chained, state.context + to.context - from.context),
      cached: state.cached + to.cached - from.cached,
      fetch: to.fetch === from.fetch ? state.fetch : to.fetch,
      vector: Math.max(state.vector, to.vector),
    };
  }
  return state;
}

function layRepeat(build: Build, stage: StageOf<'repeat'>, label: string, behind: readonly StageSpec[]): Lay {
  const nextTimes = openLengths(stage.times, streamOf(build, stage));
  const lay = compileList(build, stage.stages, label, [...stage.stages, ...behind]);
  return (walker, before, state) => {
    const times = nextTimes();
    let laid: Laid = { ends: before, state };
    for (let i = 0; i < times; i++) laid = lay(walker, laid.ends, laid.state);
    return laid;
  };
}

function layParallel(build: Build, stage: StageOf<'parallel'>, label: string, behind: readonly StageSpec[]): Lay {
  const branches = stage.branches.map((stages) => compileList(build, stages, label, behind));
  return (walker, before, state) => {
    // a request begins with one visit: branches at its start fork from one of no time
    const fork = before.length === 1 ? before : [join(build, before)];
    const laid = branches.map((lay) => lay(walker, fork, state));
    return {
      ends: laid.flatMap(({ ends }) => ends),
      state: combine(
        state,
        laid.map((branch) => ({ from: state, to: branch.state })),
      ),
    };
  };
}

function layRoute(build: Build, stage: StageOf<'route-to-model'>, label: string, behind: readonly StageSpec[]): Lay {
  const stream = streamOf(build, stage);
  const choices = stage.choices.map(({ share, stages }) => ({ share, lay: compileList(build, stages, label, behind) }));
  return (walker, before, state) => {
    let draw = nextUniform(stream);
    for (const { share, lay } of choices) {
      if (draw < share) return lay(walker, before, state);
      draw -= share;
    }
    return { ends: before, state };
  };
}
