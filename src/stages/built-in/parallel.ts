// parallel: lists of stages side by side; each sees what came before, and the next stage sees what all of them added.
import { combineStates, join } from '../laying.ts';
import type { Nested, Stage } from '../stage.ts';

export interface Parallel {
  readonly branches: readonly Nested[];
}

export const parallel = {
  type: 'parallel',
  words: 'Lists of stages side by side; the next stage waits for all of them.',
  needs: [],
  parameters: ({ stages, items, later }) => ({
    branches: later(() => items(stages, 'a list of lists of stages', 'at least one branch')),
  }),
  examples: ({ list }) => [{ branches: [list(), list()] }],
  read({ given, path, missing, list }) {
    const at = [...path, 'branches'];
    if (given.branches === undefined) missing(at, 'a list of lists of stages');
    const branches = (given.branches as unknown[] | undefined) ?? [];
    return {
      branches: branches.map((branch, i) => {
        if (branch === undefined) missing([...at, i], 'a list of stages');
        return list(branch, [...at, i]);
      }),
    };
  },
  lists: ({ branches }) => branches,
  explain: ({ branches }, tell) => `(${branches.map(tell).join(' | ')})`,
  lay(build, stage, { label, behind }) {
    const branches = stage.branches.map((stages) => build.list(stages, label, behind));
    return (walker, before, state) => {
      // a request begins with one visit: branches at its start fork from one of no time
      const fork = before.length === 1 ? before : [join(build, before)];
      const laid = branches.map((lay) => lay(walker, fork, state));
      const changes = laid.map((branch) => ({ from: state, to: branch.state }));
      return { ends: laid.flatMap(({ ends }) => ends), state: combineStates(state, changes) };
    };
  },
} as const satisfies Stage<Parallel>;
