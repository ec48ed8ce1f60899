// Opens a spec: one document, read once. Its mistakes, its axes, and any row of it as a fleet.
//
// The document is a tree of choices (fleet/axes.ts). Rows that differ only in values that mean nothing to one another (setters.ts)
// share everything that reading finds: they are read once, and each row sets its values on what was read.
import { type Issue, UserError } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import { openAsked } from './asked.ts';
import { SETTLE, TOP } from './defaults.ts';
import { type Path, parseSpecDocument, type SpecDocument } from './document.ts';
import { type FleetAxis, listAxes, readTree, type Tree } from './fleet/axes.ts';
import { chooseRow, openChoices } from './fleet/choose.ts';
import { Ledger } from './fleet/ledger.ts';
import { readDocument, worldOf } from './fleet/read.ts';
import { listSettings, rowWith } from './fleet/settings.ts';
import type { FleetSpec } from './fleet/types.ts';
import { MAX_ROWS } from './limits.ts';
import { refuseLogAxes } from './log-axes.ts';
import { type CatalogNames, readOptionsOf } from './open.ts';
import { parametersOf } from './parameters.ts';
import type { ReadOptions } from './read-options.ts';
import { settleLimits } from './relative.ts';
import { openRows, type RowIndex } from './row-index.ts';
import { openSetters, type Setters } from './setters.ts';
import type { Objective } from './types.ts';
import { openWhere, type Where } from './where.ts';
import { OBJECTIVES } from './words.ts';

/** One row: its number and the fleet that it is. */
export interface FleetRow {
  readonly row: number;
  readonly spec: FleetSpec;
}

/** A question: every fleet that a spec spans. */
export interface Question {
  readonly name: string;
  readonly rows: number;
  /** In the order of the document, by the place their values stand at. */
  readonly axes: readonly FleetAxis[];
  readonly objective: Objective;
  /** What its front is of; none where none is asked for. */
  readonly pareto: readonly Objective[];
  /** How many rows the report keeps, and at most how many are simulated. */
  readonly top: number;
  readonly settle: number;
  /** The fleet of the first row that can be: what all rows have in common is the same in it. */
  readonly first: FleetSpec;
  readonly firstRow: number;
  readonly text: string;
  readonly file: string;
  /** The document as written, and as a tree of choices. */
  readonly data: unknown;
  readonly tree: Tree;
  /** Whether an axis belongs to what is asked, and not to what may be the answer. */
  asks(axis: string): boolean;
  /** What each axis that row `row` meets is set to, by name. */
  choicesAt(row: number): ReadonlyMap<string, string>;
  /** Which rows count, as the document says it; null where all do. */
  readonly where: string | null;
  /** Whether row `row` counts. */
  keeps(row: number): boolean;
  /** Row `row`, 0 <= row < rows. Throws UserError where the reader refuses this combination, or `where` leaves it out. */
  at(row: number): FleetRow;
  /** The same of a row that may be left out. */
  any(row: number): FleetRow;
}

/** What others know of a row: that it cannot be, and what it takes when it is alone. */
export type Hooks = Pick<ReadOptions, 'meet' | 'unloaded'>;

/** Throws UserError with every mistake: notation, and whatever is refused with a choice whatever the others are. */
export function openQuestion(
  text: string,
  file: string,
  catalog: CatalogNames,
  seed?: number,
  hooks: Hooks = {},
): Question {
  return readQuestion(text, { ...readOptionsOf(file, catalog), ...hooks }, seed);
}

/** The same by names and files that somebody else knows. */
export function readQuestion(text: string, options: ReadOptions, seed?: number): Question {
  const opened = openDocument(text, options, seed);
  refuseMistakes(opened);
  const { document, tree, at, any, where } = opened;
  const { row: firstRow, spec: first } = firstReadable(opened);
  const { top, settle, pareto } = document.data as Written;
  refuseTotals(document, first);
  return {
    name: first.name,
    rows: tree.rows,
    axes: listAxes(tree),
    objective: objectiveOf(document),
    pareto: pareto ?? [],
    top: measured(top ?? TOP, 'number'),
    settle: measured(settle ?? SETTLE, 'number'),
    first,
    firstRow,
    text,
    file: options.file,
    data: document.data,
    tree,
    asks: openAsked(document.data),
    choicesAt: openChoices(tree),
    where: where?.text ?? null,
    keeps: where?.keeps ?? everyRow,
    at,
    any,
  };
}

const everyRow = (): boolean => true;

/** The rows of a spec that was opened before: for threads, which need not look for its mistakes again. */
export function openQuestionRows(
  text: string,
  file: string,
  catalog: CatalogNames,
  seed?: number,
  hooks: Hooks = {},
): Pick<Question, 'at' | 'any' | 'keeps' | 'objective' | 'rows' | 'first'> {
  const opened = openDocument(text, { ...readOptionsOf(file, catalog), ...hooks }, seed);
  const { document, tree, at, any, where } = opened;
  const { spec: first } = firstReadable(opened);
  return { at, any, keeps: where?.keeps ?? everyRow, objective: objectiveOf(document), rows: tree.rows, first };
}

/** What all requests cost is the cost of a batch; of a load that goes on it grows with the run. */
function refuseTotals(document: SpecDocument, { file, workload: { arrivals } }: FleetSpec): void {
  if (arrivals.process === 'all-at-once') return;
  const { pareto } = document.data as Written;
  const path = objectiveOf(document) === 'total_usd' ? 'objective' : pareto?.includes('total_usd') ? 'pareto' : null;
  if (path === null) return;
  const expected = 'another objective: total_usd is of requests that are all there at once (arrivals: all-at-once)';
  const line = document.lineOf([path]);
  throw new UserError([
    {
      path,
      file,
      ...(line === undefined ? {} : { line }),
      expected,
      received: `total_usd, of ${arrivals.process} arrivals`,
    },
  ]);
}

function objectiveOf({ data }: SpecDocument): Objective {
  return (data as Written).objective ?? OBJECTIVES[0]!;
}

interface Written {
  readonly top?: number | string | null;
  readonly settle?: number | string | null;
  readonly objective?: Objective | null;
  readonly pareto?: readonly Objective[] | null;
}

interface Opened {
  /** Mistakes in the notation of axes. */
  readonly ledger: Ledger;
  readonly document: SpecDocument;
  readonly tree: Tree;
  /** Rows as far as values do not stand by themselves. */
  readonly index: RowIndex;
  readonly setters: Setters;
  readonly options: ReadOptions;
  readonly where: Where | null;
  readonly at: (row: number) => FleetRow;
  readonly any: (row: number) => FleetRow;
  /** What is read of a row of the skeleton (row-index.ts). */
  readonly readSkeleton: (row: number) => Read;
}

/** What reading came to: a fleet, or what is wrong. */
interface Read {
  readonly spec: FleetSpec | null;
  readonly issues: readonly Issue[];
}

/** Documents read are kept: rows come in the order of the axes, so that few are needed at one time. */
const MOST_READ = 4096;

function openDocument(text: string, options: ReadOptions, seed?: number): Opened {
  const document = parseSpecDocument(text, options.file);
  if (!document.readable) throw new UserError(document.issues);
  const ledger = new Ledger(document, options.file);
  const broken: Path[] = [];
  const tree = readTree(document.data, ledger, (kind) => options.known[kind] ?? [], broken);
  refuseTooMany(tree, ledger);
  refuseLogAxes(tree, ledger);
  const setters = openSetters(document, tree, options, worldOf(options));
  const index = openRows(tree, setters.names);
  const kept = new Map<number, Read>();
  const read = (row: number): Read => {
    const known = kept.get(row);
    if (known) return known;
    const { data, origin } = chooseRow(index.skeleton, row);
    const lineOf = (path: Path) => document.lineOf(origin(path));
    const found = reading(() => readDocument({ ...document, data, lineOf }, text, options, broken));
    const own = found.spec;
    if (kept.size >= MOST_READ) kept.clear();
    const spec = own && (seed === undefined ? own : { ...own, workload: { ...own.workload, seed } });
    kept.set(row, { ...found, spec });
    return { ...found, spec };
  };
  const unsettled = (row: number): FleetRow => {
    const { skeletonRow, values } = index.find(row);
    const { spec, issues } = read(skeletonRow);
    if (!spec) throw new UserError(issues);
    return { row, spec: setters.apply(spec, values) };
  };
  const any = (row: number): FleetRow => ({ row, spec: settleLimits(unsettled(row).spec, options.unloaded) });
  const where = openWhere({
    text: (document.data as { where?: unknown } | null)?.where,
    line: document.lineOf(['where']),
    ...{ ledger, file: options.file, tree, index },
    row: (row) => {
      const { data, choices } = chooseRow(tree, row);
      return {
        parameters: parametersOf(data),
        choices,
        get spec() {
          return unsettled(row).spec;
        },
      };
    },
  });
  const at = (row: number): FleetRow => {
    if (where?.keeps(row) === false) throw new UserError([leftOut(where, row, options.file, document)]);
    return any(row);
  };
  return { ledger, document, tree, index, setters, options, where, at, any, readSkeleton: read };
}

function leftOut({ text }: Where, row: number, file: string, document: SpecDocument): Issue {
  const line = document.lineOf(['where']);
  return { path: 'where', expected: `a row with ${text}`, received: `row ${row}, which it leaves out`, file, line };
}

function reading(act: () => FleetSpec): Read {
  try {
    return { spec: act(), issues: [] };
  } catch (error) {
    if (error instanceof UserError) return { spec: null, issues: error.issues };
    throw error;
  }
}

function issuesIn(act: () => unknown): readonly Issue[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  return [];
}

function refuseTooMany(tree: Tree, ledger: Ledger): void {
  if (tree.rows <= MAX_ROWS) return;
  const axes = listAxes(tree);
  const longest = axes.reduce((a, b) => (b.labels.length > a.labels.length ? b : a));
  const expected = `at most ${MAX_ROWS.toLocaleString('en-US')} rows, the product of all axes`;
  const received = `${countRows(tree).toLocaleString('en-US')} rows`;
  const hint = axes.map(({ name, labels }) => `${name} ${labels.length}`).join(' x ');
  ledger.add({ path: longest.name.split('.'), expected, received, hint });
}

/** Rows of a tree, exactly. */
function countRows(tree: Tree): bigint {
  if (tree.kind === 'axis') return tree.options.reduce((sum, { tree: inner }) => sum + countRows(inner), 0n);
  const parts = tree.kind === 'map' ? tree.parts.map(([, part]) => part) : tree.kind === 'list' ? tree.parts : [];
  return parts.reduce((rows, part) => (part.rows === 1 ? rows : rows * countRows(part)), 1n);
}

/** An issue that comes with a choice both in the first and in the last row that has it is a mistake, not a row that cannot be. */
function refuseMistakes({ ledger, document, index, setters, where, readSkeleton }: Opened): void {
  const found = new Map<string, Issue>();
  const note = (issue: Issue) => void found.set(keyOf(issue), issue);
  for (const issue of issuesIn(() => where?.keeps(0))) note(issue);
  for (const issue of [...ledger.list(), ...setters.mistakes]) note(issue);
  const { skeleton } = index;
  for (const setting of skeleton.rows <= MAX_ROWS ? [new Map<string, number>(), ...listSettings(skeleton)] : []) {
    const first = readSkeleton(rowWith(skeleton, setting, 'first')).issues;
    if (first.length === 0) continue;
    const last = new Set(readSkeleton(rowWith(skeleton, setting, 'last')).issues.map(keyOf));
    for (const issue of first) {
      const falls = issue.row && setting.size > 0;
      if (last.has(keyOf(issue)) && !falls && !setters.wrong.has(issue.path)) note(issue);
    }
  }
  for (const issue of found.size > 0 ? document.issues : []) note(issue);
  if (found.size > 0) throw new UserError(together([...found.values()]).sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

/** What is said alike of several values of an axis is said once, of all of them. */
function together(issues: readonly Issue[]): Issue[] {
  const groups = new Map<string, Issue[]>();
  for (const issue of issues) {
    const key = `${issue.line}\n${issue.path}\n${issue.expected}\n${issue.hint}`;
    groups.set(key, [...(groups.get(key) ?? []), issue]);
  }
  return [...groups.values()].map((group) => {
    const shown = group.slice(0, SHOWN_VALUES).map(({ received }) => received);
    const more = group.length > SHOWN_VALUES ? [`${group.length - SHOWN_VALUES} more`] : [];
    return { ...group[0]!, received: [...shown, ...more].join(' and ') };
  });
}
const SHOWN_VALUES = 4;

const keyOf = ({ path, expected, received }: Issue): string => `${path}\n${expected}\n${received}`;

/** The first row that counts and can be read; where none of the first can, the mistakes of the first. */
function firstReadable({ tree: { rows }, where, any, options, document }: Opened): FleetRow {
  let [tried, first] = [0, -1];
  for (let row = 0; row < rows && tried < FIRST_ROWS; row++) {
    if (where?.keeps(row) === false) continue;
    if (first < 0) first = row;
    tried++;
    const { spec } = reading(() => any(row).spec);
    if (spec) return { row, spec };
  }
  if (first >= 0 || !where) return any(Math.max(first, 0));
  const { text } = where;
  const line = document.lineOf(['where']);
  const expected = 'a condition that some row keeps';
  throw new UserError([
    { path: 'where', expected, received: `${text}: none of ${rows} does`, file: options.file, line },
  ]);
}
const FIRST_ROWS = 1000;
