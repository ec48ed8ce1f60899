// Fleets and pools derived from others, `{base: NAME, ...}`: what NAME is, with what is said here in its place; null takes a key away. Worked
// out on the document, before its choices are read: whatever else reads it meets whole fleets. What is inherited is what the base chose.
import type { Path } from '../check/issue.ts';
import { show } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { isRecord } from '../check/python-json.ts';

type Part = Readonly<Record<string, unknown>>;

export interface Misfit {
  readonly path: Path;
  readonly expected: string;
  readonly received: string;
  readonly hint?: string;
}

/** The document with its fleets written out. A base that there is none of, or that leads back to itself, goes to `refuse`. */
export function deriveFleets(data: unknown, refuse: (misfit: Misfit) => void): unknown {
  if (!isRecord(data) || !isRecord(data.fleet)) return data;
  const { fleet } = data;
  const pools = (one: unknown, path: Path): unknown => (isRecord(one) ? derive(one, path, 'pool', refuse) : one);
  const choices = isRecord(fleet.choices) ? derive(fleet.choices, ['fleet', 'choices'], 'fleet', refuse) : undefined;
  if (choices === undefined) {
    const own = pools(fleet, ['fleet']);
    return own === fleet ? data : { ...data, fleet: own };
  }
  const whole = mapPart(choices, (one, label) => pools(one, ['fleet', 'choices', label]));
  return whole === fleet.choices ? data : { ...data, fleet: { ...fleet, choices: whole } };
}

/** Every part that has a base as what it comes to; the same object where none has. */
function derive(parts: Part, path: Path, noun: string, refuse: (misfit: Misfit) => void): Part {
  const known = Object.keys(parts).filter((name) => isRecord(parts[name]));
  const wrong = (name: string, received: string, hint?: string): void =>
    refuse({
      path: [...path, name, 'base'],
      expected: `another ${noun} that does not come from it`,
      received,
      ...(hint ? { hint } : {}),
    });
  const written = (name: string, below: readonly string[]): unknown => {
    const own = parts[name];
    if (!isRecord(own) || typeof own.base !== 'string') return own;
    const { base, ...changes } = own;
    const trail = [...below, name];
    if (trail.includes(base)) {
      if (base === trail[0]) wrong(base, [...trail, base].join(' -> '));
      return changes;
    }
    if (!known.includes(base)) {
      if (below.length === 0) wrong(name, show(base), didYouMean(base, known) ?? `known: ${known.join(', ')}`);
      return changes;
    }
    return merged(written(base, trail) as Part, changes);
  };
  return mapPart(parts, (_, name) => written(name, []));
}

/** Maps in maps are merged; a device, an axis or a list stands in place of what was there. */
function merged(base: Part, changes: Part): Part {
  const made: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const before = made[key];
    if (value === null) delete made[key];
    else made[key] = isRecord(before) && isRecord(value) && !standsAlone(value) ? merged(before, value) : value;
  }
  return made;
}

const ALONE = ['choices', 'from', 'to', 'base'];
const standsAlone = (value: Part): boolean => ALONE.some((key) => key in value);

function mapPart(part: Part, act: (value: unknown, key: string) => unknown): Part {
  const entries = Object.entries(part).map(([key, value]) => [key, act(value, key)] as const);
  return entries.every(([key, value]) => value === part[key]) ? part : Object.fromEntries(entries);
}
