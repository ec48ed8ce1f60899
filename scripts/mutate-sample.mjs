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
  return mutants.filter(({ status }) => status !== 'Ignored');
}

/** The same numbers from 0 to 1 every time. */
function openRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What Stryker is to look at: a place in a file. */
const placeOf = ({ fileName, location: { start, end } }) =>
  `${fileName}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;

const isBefore = (a, b) => a.line < b.line || (a.line === b.line && a.column <= b.column);

/** The places of mutants that hold no other place: whole blocks and conditions, which tests notice more easily, are left out. */
function innermost(mutants) {
  const places = [...new Map(mutants.map((one) => [placeOf(one), one])).values()];
  const holds = (outer, inner) =>
    outer !== inner &&
    outer.fileName === inner.fileName &&
    isBefore(outer.location.start, inner.location.start) &&
    isBefore(inner.location.end, outer.location.end);
  return places.filter((one) => !places.some((other) => holds(one, other)));
}

/** `count` places of these files, as Stryker reads them, of how many mutants in all. */
export async function drawPlaces(paths, excludedMutations, count, seed) {
  const mutants = await listMutants(paths, excludedMutations);
  const left = innermost(mutants);
  const random = openRandom(seed);
  const drawn = [];
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1));
  return { all: mutants.length, places: drawn.map(placeOf) };
}
