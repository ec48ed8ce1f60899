// Checks a user's catalog file: every mistake at once, each with its line.
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Issue, show, UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { asPlainJson, parsePythonJson } from '../check/python-json.ts';

type Path = readonly PropertyKey[];

/** Parses JSON, Python's too; a syntax error becomes an issue with its line and what stands there. */
export function parseJson(text: string, file: string): unknown {
  try {
    return parsePythonJson(text);
  } catch {
    const before = text.slice(0, findBreak(asPlainJson(text)));
    const lines = before.split('\n');
    const line = lines.length;
    const rest = text.slice(before.length).split(/\s/, 1)[0];
    const received = rest === '' ? 'the end of the file' : `${show(rest)} in column ${lines[line - 1]!.length + 1}`;
    throw new UserError([{ path: 'file', expected: 'JSON', received, file, line }]);
  }
}

/** Where JSON breaks: engines word it differently or not at all, but agree on which beginnings could still become JSON. */
function findBreak(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message);
    return /end of JSON|Unterminated/.test(message) || Number(at?.[1]) === beginning.length;
  }
}

/** The entry, or a UserError with every issue. */
export function checkEntry<T>(schema: z.ZodType<T>, data: unknown, text: string, file: string): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const lineOf = findLines(text);
  const known = collectFields(schema);
  throw new UserError(
    result.error.issues.flatMap((issue) =>
      explain(issue, data, known)
        .map((one) => ({ ...one, file, line: lineOf(one.at) }))
        .map(withoutAt),
    ),
  );
}

/** Fields of an earlier edition, and where that is said now. */
const MOVED: Readonly<Record<string, string>> = {
  usd_per_hour: 'prices stand apart: `prices: {ID: USD}` in the spec, a sheet under prices/, or --prices LIST.csv',
  price_source: 'prices stand apart, with their source: prices/ of the catalog',
};

interface Explained extends Issue {
  readonly at: Path;
}

function withoutAt({ at: _, ...issue }: Explained): Issue {
  return issue;
}

function explain(issue: z.core.$ZodIssue, data: unknown, known: ReadonlySet<string>): Explained[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const at = [...issue.path, key];
      return {
        path: formatPath(at),
        expected: 'a known field',
        received: key,
        at,
        hint: MOVED[key] ?? didYouMean(key, known, 1),
      };
    });
  }
  const received = valueAt(data, issue.path);
  const shown = received === undefined ? 'nothing' : show(received);
  const path = issue.path.length > 0 ? formatPath(issue.path) : 'file';
  return [{ path, expected: issue.message, received: shown, at: issue.path }];
}

function formatPath(path: Path): string {
  return path.reduce<string>((words, key) => {
    if (typeof key === 'number') return `${words}[${key}]`;
    return words === '' ? String(key) : `${words}.${String(key)}`;
  }, '');
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

/** Line of a path: of the nearest part of it that is in the file. JSON is YAML, whose parser keeps positions. */
function findLines(text: string): (path: Path) => number {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'error' });
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  };
}

/** Names of all fields a schema knows, at any depth: what an unknown key may have meant. */
function collectFields(schema: unknown, fields = new Set<string>()): Set<string> {
  const def = (schema as { _zod?: { def?: Record<string, unknown> } } | undefined)?._zod?.def;
  if (!def) return fields;
  if (def.shape) {
    for (const [name, part] of Object.entries(def.shape)) {
      fields.add(name);
      collectFields(part, fields);
    }
  }
  for (const part of [def.element, def.innerType, ...((def.options as unknown[]) ?? [])]) collectFields(part, fields);
  return fields;
}
