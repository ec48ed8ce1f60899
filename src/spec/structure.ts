// Holds the document against the schema: each misfit becomes one precise fault, and the rest goes on without the broken fields.
import type { z } from 'zod';
import { show } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import type { Path } from './document.ts';
import { type Fault, type Faults, fieldOf } from './faults.ts';
import { specSchema } from './schema.ts';

export type SpecInput = z.input<typeof specSchema>;
type ZodIssue = z.core.$ZodIssue;
type Misfit = Fault & { readonly code: ZodIssue['code'] };

/** Longer lists of keys are not repeated in a message. */
const MOST_KEYS = 20;

/** Reports every misfit and returns what is well-formed: broken fields are left out, and so are keys without a value. */
export function checkStructure(read: unknown, faults: Faults): SpecInput {
  const data = blanksAsAbsent(read);
  const result = specSchema.safeParse(data);
  // The input, not the schema's output: keys keep the document's order, which is the order of the axes.
  if (result.success) return data as SpecInput;
  const misfits = result.error.issues.flatMap((issue) => explain(issue, data, []));
  for (const misfit of misfits) faults.add(misfit);
  return prune(data, misfits);
}

/** `max_num_seqs:` with nothing behind it counts as left out; unknown keys stay visible to the schema. */
function blanksAsAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? null : blanksAsAbsent(item)));
  if (value === null || typeof value !== 'object') return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, blanksAsAbsent(inner)]));
}

function explain(issue: ZodIssue, data: unknown, at: Path): Misfit[] {
  const path = [...at, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, issue.message));
  const value = valueAt(data, path);
  if (issue.code === 'invalid_union') {
    if (issue.errors.length === 0) return [unknownKind(issue, path, value)];
    const branch = closestBranch(issue.errors, data, path, value);
    if (branch) return branch;
  }
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const params = issue.code === 'custom' ? (issue.params as { hint?: string } | undefined) : undefined;
  const hint = params?.hint ?? (typeof value === 'string' ? offer(value, words) : undefined);
  return [{ code: issue.code, path, expected: issue.message, received: receivedWords(value), hint }];
}

function unknownKey(key: string, path: Path, known: string): Misfit {
  const keys = known.split(', ');
  const expected =
    keys.length > MOST_KEYS ? `a key such as ${keys[0]} (${keys.length} are known)` : `one of the keys ${known}`;
  const hint = offer(key, keys);
  return { code: 'unrecognized_keys', path: [...path, key], expected, received: `the key ${show(key)}`, hint };
}

/** A {process: ...} whose process is not one of the known ones. */
function unknownKind(issue: ZodIssue & { code: 'invalid_union' }, path: Path, value: unknown): Misfit {
  const options = ((issue as { options?: unknown[] }).options ?? []).map(String);
  const hint = typeof value === 'string' ? offer(value, options) : undefined;
  const expected = `one of ${options.join(', ')}`;
  return { code: issue.code, path, expected, received: receivedWords(value), hint };
}

/** Of a union's branches the one the user most likely meant: its kind of value fits, and it has the fewest misfits. */
function closestBranch(
  branches: readonly ZodIssue[][],
  data: unknown,
  path: Path,
  value: unknown,
): Misfit[] | undefined {
  const candidates = branches
    .map((issues) => issues.flatMap((issue) => explain(issue, data, path)))
    .filter((misfits) => !misfits.some((misfit) => isOtherKind(misfit, path, value)))
    .sort((a, b) => a.length - b.length);
  const best = candidates[0];
  if (!best) return undefined;
  const keys = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : undefined;
  const unknown = best.filter(
    ({ code, path: { length } }) => code === 'unrecognized_keys' && length === path.length + 1,
  );
  // An object none of whose keys is known says nothing about what was meant: the union's own words are clearer.
  return keys && unknown.length === keys.length ? undefined : best;
}

function isOtherKind(misfit: Misfit, path: Path, value: unknown): boolean {
  if (misfit.path.length !== path.length) return false;
  if (misfit.code === 'invalid_type' || misfit.code === 'invalid_union') return true;
  return misfit.code === 'invalid_value' && typeof value !== 'string';
}

function offer(word: string, known: readonly string[]): string | undefined {
  const names = nearest(word, known);
  return names.length > 0 ? `did you mean ${names.join(' or ')}?` : undefined;
}

function receivedWords(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : show(value);
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data);
}

function prune(data: unknown, misfits: readonly Misfit[]): SpecInput {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return {};
  const kept = structuredClone(data) as Record<string, Record<string, unknown>>;
  for (const { path } of misfits) {
    const [section, field] = fieldOf(path);
    if (field === undefined) delete kept[section];
    else if (kept[section]) delete kept[section][field];
  }
  return kept as SpecInput;
}
