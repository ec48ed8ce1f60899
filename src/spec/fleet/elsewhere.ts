// A key that is not known where it stands: what it is called here, or where it would be known. People bring the words of
// engines' flags (`tp`, `mem_fraction_static`), of benchmark clients (`num_prompts`, `isl`), or put the right key in the wrong part.
import { z } from 'zod';
import { isPlain, LONG_KEYS, SHORT_KEYS } from '../shorthand.ts';
import { otherNames } from './other-names.ts';
import { specSchema } from './schema.ts';

const MOST_PLACES = 3;

type JsonSchema = Record<string, unknown>;
let places: Map<string, string[]> | undefined;

/** "it stands under deployment": for a key unknown among `known`, in the notation that `data` is in; undefined where nothing is known. */
export function knownElsewhere(key: string, known: readonly string[], data: unknown): string | undefined {
  const meant = [...otherNames(key)];
  const here = meant.filter((name) => known.includes(name));
  if (here.length > 0) return `it is called ${here.join(' or ')} here`;
  const plain = isPlain(data);
  const fits = [...meant, key].flatMap((name) =>
    placesOf(name)
      .filter((place) => inNotation(place, plain))
      .map((place) => (name === key ? `it stands under ${place}` : `it is ${name}, which stands under ${place}`)),
  );
  return fits.length > 0 ? fits.slice(0, MOST_PLACES).join(' or ') : undefined;
}

/** "isl is input_len here": keys of an object that names none of the keys in `expected`, the words for what may stand there. */
export function calledHere(value: unknown, expected: string): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const known = new Set(expected.match(/[a-z0-9_]+/g));
  const renamed = Object.keys(value).flatMap((key) =>
    [...otherNames(key)].filter((name) => known.has(name)).map((name) => `${key} is ${name} here`),
  );
  return renamed.length > 0 ? renamed.join(', ') : undefined;
}

/** Parts of a plain spec are no hint to somebody who writes a fleet, and the other way round. */
function inNotation(place: string, plain: boolean): boolean {
  const section = place.split('.')[0] ?? '';
  const other: readonly string[] = plain ? LONG_KEYS : SHORT_KEYS;
  return !other.includes(section);
}

function placesOf(key: string): readonly string[] {
  if (places === undefined) {
    places = new Map();
    collect(z.toJSONSchema(specSchema, { io: 'input' }) as JsonSchema, [], places);
  }
  return places.get(key) ?? [];
}

function collect(schema: JsonSchema, at: readonly string[], into: Map<string, string[]>): void {
  for (const key of ['anyOf', 'oneOf', 'allOf']) for (const one of list(schema[key])) collect(one, at, into);
  for (const one of list([schema.items])) collect(one, at, into);
  for (const one of list([schema.additionalProperties])) collect(one, [...at, '<name>'], into);
  for (const [key, inner] of Object.entries((schema.properties as JsonSchema | undefined) ?? {})) {
    const place = at.length === 0 ? 'the top level' : at.join('.');
    const found = into.get(key) ?? into.set(key, []).get(key)!;
    if (!found.includes(place)) found.push(place);
    for (const one of list([inner])) collect(one, [...at, key], into);
  }
}

const list = (value: unknown): JsonSchema[] =>
  (Array.isArray(value) ? value : []).filter((one): one is JsonSchema => one !== null && typeof one === 'object');
