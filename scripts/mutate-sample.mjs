// Some of the mutants of a room, drawn with a seed: where a room has thousands, a hundred say what share of them survives.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const LEVELS = ['Trace', 'Debug', 'Info', 'Warn', 'Error', 'Fatal'];
const QUIET = Object.fromEntries(
  LEVELS.flatMap((level) => [
    [level.toLowerCase(), () => undefined],
    [`is${level}Enabled`, () => false],
  ]),
);

/** All that Stryker makes of these files: its own list, which it tells nobody before it has tried them. */
async function listMutants(paths, excludedMutations) {
  const core = createRequire(import.meta.url).resolve('@stryker-mutator/core');
  const { Instrumenter } = await import(pathToFileURL(createRequire(core).resolve('@stryker-mutator/instrumenter')));
  const files = paths.map((name) => ({ name, content: readFileSync(name, 'utf8'), mutate: true }));
  const options = { plugins: null, excludedMutations, ignorers: [] };
  const { mutants } = await new Instrumenter(QUIET).instrument(files, options);
  return mutants.filter(({ ignoreReason }) => ignoreReason === undefined);
}

/** The same numbers from 0 to 1 every time. */
function openRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What tells a mutant from the others, wherever it is listed; lines and columns from 1 on. */
export const nameOf = (path, { line, column }, mutator, replacement) =>
  [path, line, column, mutator, replacement].join(' ');

/**
 * `count` mutants of these files (all where there are fewer): what Stryker is to look at, and their names. What lies inside of one
 * that was drawn is tried too, and does not count.
 */
export async function drawMutants(paths, excludedMutations, count, seed = 1) {
  const left = await listMutants(paths, excludedMutations);
  const all = left.length;
  const random = openRandom(seed);
  const drawn = [];
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1));
  const from1 = ({ line, column }) => ({ line: line + 1, column: column + 1 });
  return {
    all,
    names: new Set(
      drawn.map((one) => nameOf(one.fileName, from1(one.location.start), one.mutatorName, one.replacement)),
    ),
    ranges: drawn.map(({ fileName, location: { start, end } }) => {
      const [first, last] = [from1(start), from1(end)];
      return `${fileName}:${first.line}:${first.column - 1}-${last.line}:${last.column - 1}`;
    }),
  };
}
