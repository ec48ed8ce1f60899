// Holds a pipeline document against its schema: each misfit becomes one precise fault, and the rest goes on without broken parts.
import { z } from 'zod';
import { show } from '../../check/issue.ts';
import { nearest } from '../../check/nearest.ts';
import { isRecord } from '../../check/python-json.ts';
import type { Path } from '../document.ts';
import { fieldAt } from '../fields.ts';
import { isPlain, SHORT_KEYS } from '../shorthand.ts';
import { calledHere, knownElsewhere } from './elsewhere.ts';
import { EACH, type Ledger } from './ledger.ts';
import { specSchema } from './schema.ts';

type ZodIssue = z.core.$ZodIssue;

interface Misfit {
  readonly code: ZodIssue['code'];
  readonly path: Path;
  readonly expected: string;
  readonly received: string;
  readonly hint?: string;
}

/** Longer lists of keys are not repeated in a message. */
const MOST_KEYS = 24;

/** Reports every misfit and returns what is well-formed, as plain data. */
export function checkStructure(read: unknown, ledger: Ledger): Record<string, unknown> {
  const data = withoutBlanks(read);
  refuseMixed(data, ledger);
  const result = specSchema.safeParse(data);
  if (result.success) return data as Record<string, unknown>;
  const misfits = result.error.issues.flatMap((issue) => explain(issue, data, []));
  // what was taken out before, with a mistake of its own, is not missing
  const silent = misfits.filter(({ path, received }) => received === 'nothing' && ledger.isGone(path));
  for (const misfit of misfits) if (!silent.includes(misfit)) ledger.add(misfit);
  const kept = misfits.reduce((pruned, { path }) => drop(pruned, path), data);
  return (kept ?? {}) as Record<string, unknown>;
}

/** What in a value does not fit a part of the schema, at `path`. */
export function explainMisfits(leaf: z.core.$ZodType, value: unknown, path: Path): Misfit[] {
  const result = z.safeParse(leaf, value);
  const wrap = (issue: ZodIssue) =>
    explain(issue, value, []).map((misfit) => ({ ...misfit, path: [...path, ...misfit.path] }));
  return result.success ? [] : result.error.issues.flatMap(wrap);
}

/** A fleet has its models, deployments and engines in its pools. */
function refuseMixed(data: unknown, ledger: Ledger): void {
  if (data === null || typeof data !== 'object' || Array.isArray(data) || isPlain(data)) return;
  for (const key of SHORT_KEYS) {
    if (key in data) {
      const expected = `no ${key} beside ${'fleet' in data ? 'fleet' : 'the parts of a fleet'}: pools have their own`;
      ledger.add({ path: [key], expected, received: `the key ${key}` });
    }
  }
}

/** `max_num_seqs:` with nothing behind it counts as left out; a stage's name with nothing behind it as a stage without parameters. */
function withoutBlanks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? null : withoutBlanks(item)));
  if (value === null || typeof value !== 'object') return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBlanks(inner)]));
}

function explain(issue: ZodIssue, data: unknown, at: Path): Misfit[] {
  const path = [...at, ...(issue.path as (string | number)[])];
  const value = valueAt(data, path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, issue.message, data));
  if (issue.code === 'invalid_union') {
    if (issue.errors.length === 0) return [unknownKind(issue, path, value)];
    const branch = closestBranch(issue.errors, data, path, value);
    if (branch) return branch;
  }
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const params = issue.code === 'custom' ? (issue.params as { hint?: string } | undefined) : undefined;
  const hint = params?.hint ?? offer(value, words) ?? notation(value, path) ?? calledHere(value, issue.message);
  return [{ code: issue.code, path, expected: issue.message, received: receivedWords(value), hint }];
}

function unknownKey(key: string, path: Path, known: string, data: unknown): Misfit {
  const keys = known.split(', ');
  const expected =
    keys.length > MOST_KEYS ? `a key such as ${keys[0]} (${keys.length} are known)` : `one of the keys ${known}`;
  return {
    code: 'unrecognized_keys',
    path: [...path, key],
    expected,
    received: `the key ${show(key)}`,
    hint: outside(path, key) ?? knownElsewhere(key, keys, data) ?? offer(key, keys),
  };
}

/** Keys of every stage stand beside what the stage is, not inside it. */
function outside(path: Path, key: string): string | undefined {
  const stage = path[path.length - 1];
  const inStage = path.includes('stages') && typeof path[path.length - 2] === 'number';
  return inStage && (key === 'name' || key === 'after')
    ? `${key} stands beside it: {${String(stage)}: ..., ${key}: ...}`
    : undefined;
}

/** A {kind: ...} whose kind is not one of the known ones: blamed on the kind itself. */
function unknownKind(issue: ZodIssue & { code: 'invalid_union' }, path: Path, value: unknown): Misfit {
  const { options, discriminator } = issue as { options?: unknown[]; discriminator?: string };
  const words = (options ?? []).map(String);
  const whole = typeof value !== 'object' || value === null;
  const key = discriminator ?? 'kind';
  const own = path[path.length - 1] === key ? value : (value as Record<string, unknown> | undefined)?.[key];
  const place = path[path.length - 1] === key || whole ? path : [...path, key];
  const expected = words.length > 0 ? `one of ${words.join(', ')}` : issue.message;
  return {
    code: issue.code,
    path: place,
    expected,
    received: receivedWords(whole ? value : own),
    hint: offer(own, words),
  };
}

/** Of a union's branches the one the user most likely meant: its kind of value fits, and it has the fewest misfits. */
function closestBranch(branches: readonly ZodIssue[][], data: unknown, path: Path, value: unknown) {
  const candidates = branches
    .map((issues) => issues.flatMap((issue) => explain(issue, data, path)))
    .filter((misfits) => !misfits.some((misfit) => isOtherKind(misfit, path, value)))
    .sort((a, b) => a.length - b.length);
  const best = candidates[0];
  if (!best || value === null || typeof value !== 'object' || Array.isArray(value)) return best;
  const unknown = best.filter(({ code, path: own }) => code === 'unrecognized_keys' && own.length === path.length + 1);
  // an object of one unknown key: the list of keys it could have been helps more than the union's words
  return unknown.length === Object.keys(value).length && unknown.length > 1 ? undefined : best;
}

function isOtherKind(misfit: Misfit, path: Path, value: unknown): boolean {
  if (misfit.path.length !== path.length) return false;
  if (misfit.code === 'invalid_type' || misfit.code === 'invalid_union') return true;
  return misfit.code === 'invalid_value' && typeof value !== 'string';
}

/** What was meant by an object that stands where a value does. */
function notation(value: unknown, path: Path): string | undefined {
  return isRecord(value) && fieldAt(path)
    ? 'several values: a list, {choices: [...]} or {from, to, step | factor}'
    : undefined;
}

function offer(word: unknown, known: readonly string[]): string | undefined {
  if (word === 'all' && known.length > 0) return EACH;
  const names = typeof word === 'string' ? nearest(word, known) : [];
  return names.length > 0 ? `did you mean ${names.join(' or ')}?` : undefined;
}

function receivedWords(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : show(value);
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], data);
}

/** A copy without what stands at `path`; items of a list become undefined, so that the places of the others stay. */
function drop(data: unknown, path: Path): unknown {
  if (path.length === 0 || data === null || typeof data !== 'object') return undefined;
  const [step, ...rest] = path;
  if (Array.isArray(data)) {
    return data.map((item, i) => (i === Number(step) ? (rest.length > 0 ? drop(item, rest) : undefined) : item));
  }
  const copy: Record<string, unknown> = { ...(data as Record<string, unknown>) };
  if (!(step! in copy)) return copy;
  if (rest.length > 0) copy[step!] = drop(copy[step!], rest);
  else delete copy[step!];
  return copy;
}
