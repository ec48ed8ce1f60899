// YAML text (JSON is YAML) to plain data, with the line of every key and its mistakes as Issues.
import {
  Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { Issue, Path } from '../check/issue.ts';
import { findEndless, MOST_DEPTH, nestsTooDeep } from './bounded.ts';
import { deriveFleets } from './derive-fleet.ts';

export type { Path };

export interface SpecDocument {
  readonly data: unknown;
  /** Mistakes of the notation itself. */
  readonly issues: readonly Issue[];
  /** False where the notation is so broken that `data` means nothing. */
  readonly readable: boolean;
  /** 1-based line of the key (or list item) at `path`, or of the nearest enclosing one that exists. */
  lineOf(path: Path): number;
}

export function parseSpecDocument(text: string, file: string): SpecDocument {
  const lines = new LineCounter();
  const document = parse(text, lines);
  if (document === null) return unreadable({ path: 'spec', expected: NESTED, received: 'more', file, line: 1 });
  const found = [...document.errors, ...document.warnings];
  // One broken spot upsets the parser several times over: its first words on a line say it all.
  const issues = found
    .map((error) => describe(error, text, lines, file))
    .filter((issue, i, all) => all.findIndex(({ path, line }) => path === issue.path && line === issue.line) === i);
  let readable = found.every((error) => error.code === 'DUPLICATE_KEY');
  let data: unknown;
  try {
    if (readable) data = document.toJS();
  } catch (error) {
    // Aliases without an anchor, or that multiply without end.
    readable = false;
    const line = lines.linePos(firstLostAlias(document)).line;
    issues.push({ path: 'spec', expected: 'YAML or JSON', received: (error as Error).message, file, line });
  }
  const endless = readable ? findEndless(data) : null;
  if (endless) {
    const { received } = endless;
    const line = lineOf(document, lines, endless.path.slice(0, MOST_DEPTH));
    const path = formatPath(endless.path.length > MOST_DEPTH ? endless.path.slice(0, 2) : endless.path);
    return unreadable({ path, expected: NESTED, received, file, line });
  }
  const placeOf = (path: Path): number => lineOf(document, lines, path);
  const whole = deriveFleets(data, ({ path, ...misfit }) => {
    issues.push({ path: formatPath(path), ...misfit, file, line: placeOf(path) });
  });
  return { data: whole, issues, readable, lineOf: placeOf };
}

/** Data as the text of a document: inside of a section, lists and maps of plain values stand on one line, as people write them. */
export function writeSpecDocument(data: object): string {
  const document = new Document(data, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node, ancestors) {
      const values = node.items.map((item) => (isPair(item) ? item.value : item));
      if (ancestors.length > DEEP && values.every((value) => isScalar(value))) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 120 });
}

/** Ancestors of a section of the document: itself, the map of sections, and the pair that names it. */
const DEEP = 3;

const NESTED = `data that ends, at most ${MOST_DEPTH} levels deep`;

/** null where brackets nest deeper than the parser can follow. */
function parse(text: string, lines: LineCounter): Document | null {
  if (nestsTooDeep(text)) return null;
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function unreadable(issue: Issue): SpecDocument {
  return { data: undefined, issues: [issue], readable: false, lineOf: () => issue.line ?? 1 };
}

function describe(error: YAMLError, text: string, lines: LineCounter, file: string): Issue {
  const line = lines.linePos(error.pos[0]).line;
  if (error.code !== 'DUPLICATE_KEY')
    return { path: 'spec', expected: 'YAML or JSON', received: error.message, file, line };
  const key = /^[^\s:]*/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  return { path: key, expected: 'every key once', received: `the key ${key} again`, file, line };
}

/** Offset of the first alias that has no anchor, 0 where every one has. */
function firstLostAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (!item) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return lines.linePos(offset).line;
}

/** "deployment.hardware.choices[1]". */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'spec';
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
