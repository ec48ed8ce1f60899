// Opens a pipeline spec that may have axes: checks every choice once, counts the rows, and reads any row as a spec of one fleet.
import { type Issue, UserError } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { type Path, parseSpecDocument, type SpecDocument } from '../document.ts';
import { MAX_ROWS } from '../limits.ts';
import { type CatalogNames, readOptionsOf } from '../open.ts';
import type { ReadOptions } from '../read.ts';
import type { Objective } from '../types.ts';
import { chooseRow, type FleetAxis, listAxes, listSettings, readTree, rowWith, type Tree } from './axes.ts';
import { Ledger } from './ledger.ts';
import { readFleetDocument } from './read.ts';
import type { FleetSpec } from './types.ts';

/** One row of a sweep: its number, what its axes are set to, by name, and the fleet. */
export interface FleetRow {
  readonly row: number;
  readonly choices: ReadonlyMap<string, string>;
  readonly spec: FleetSpec;
}

export interface FleetSweepSpec {
  readonly name: string;
  readonly rows: number;
  /** In the order of the document. */
  readonly axes: readonly FleetAxis[];
  readonly objective: Objective;
  /** How many rows the report keeps, and at most how many are simulated. */
  readonly top: number;
  readonly settle: number;
  /** The first row's fleet: what all rows have in common is the same in it. */
  readonly first: FleetSpec;
  readonly text: string;
  readonly file: string;
  choicesAt(row: number): ReadonlyMap<string, string>;
  /** Row `row`, 0 <= row < rows. Throws UserError where the reader refuses this combination. */
  at(row: number): FleetRow;
}

/** Most rows simulated where the spec does not say. */
const SETTLE = 1000;

/** Throws UserError with every mistake: notation, and whatever is refused with a choice whatever the others are. */
export function openFleetSweep(
  text: string,
  file: string,
  catalog: CatalogNames,
  seed?: number,
  meet?: ReadOptions['meet'],
): FleetSweepSpec {
  const { document, tree, objective, at } = readRows(text, file, catalog, seed, meet);
  refuseMistakes(tree, at);
  const first = firstReadable(tree, at);
  const { top, settle } = (document.data ?? {}) as Record<string, unknown>;
  return {
    name: first.name,
    rows: tree.rows,
    axes: listAxes(tree),
    objective,
    top: measured((top as number | undefined) ?? 20, 'number'),
    settle: measured((settle as number | undefined) ?? SETTLE, 'number'),
    first,
    text,
    file,
    choicesAt: (row) => chooseRow(tree, row).choices,
    at,
  };
}

/** The rows of a sweep that was opened before: for threads, which need not look for its mistakes again. */
export function openFleetRows(
  text: string,
  file: string,
  catalog: CatalogNames,
  seed?: number,
): Pick<FleetSweepSpec, 'objective' | 'at'> {
  return readRows(text, file, catalog, seed);
}

function readRows(text: string, file: string, catalog: CatalogNames, seed?: number, meet?: ReadOptions['meet']) {
  const document = parseSpecDocument(text, file);
  if (!document.readable) throw new UserError(document.issues);
  const options = { ...readOptionsOf(file, catalog), ...(meet ? { meet } : {}) };
  const tree = treeOf(document, options);
  // The row that was checked is often the one that is asked for next: a spec of one fleet is read once.
  let last: FleetRow | undefined;
  const at = (row: number): FleetRow => {
    if (last?.row === row) return last;
    const { data, choices, origin } = chooseRow(tree, row);
    const lineOf = (path: Path) => document.lineOf(origin(path));
    const spec = readFleetDocument({ ...document, data, lineOf }, text, options);
    last = { row, choices, spec: seed === undefined ? spec : { ...spec, workload: { ...spec.workload, seed } } };
    return last;
  };
  const { objective = 'usd_per_hour' } = (document.data ?? {}) as { objective?: Objective };
  return { document, tree, objective, at };
}

function treeOf(document: SpecDocument, { file, known }: ReadOptions): Tree {
  const ledger = new Ledger(document, file);
  const lists: Readonly<Record<string, readonly string[]>> = { hardware: known.hardware, model: known.models };
  const tree = readTree(document.data, ledger, (key) => lists[key]);
  if (tree.rows > MAX_ROWS) {
    const expected = `at most ${MAX_ROWS.toLocaleString('en-US')} rows`;
    ledger.add({
      path: [],
      expected,
      received: `${tree.rows.toLocaleString('en-US')} (${listAxes(tree)
        .map(({ name }) => name)
        .join(', ')})`,
    });
  }
  if (ledger.size > 0) throw new UserError([...document.issues, ...ledger.list()]);
  return tree;
}

/** An issue that comes with a choice both in the first and in the last row that has it is a mistake, not a row that cannot be. */
function refuseMistakes(tree: Tree, at: (row: number) => FleetRow): void {
  const found = new Map<string, Issue>();
  const settings = listSettings(tree);
  for (const setting of settings.length > 0 ? settings : [new Map<string, number>()]) {
    const first = issuesOf(at, rowWith(tree, setting, 'first'));
    if (first.length === 0) continue;
    const last = new Set(issuesOf(at, rowWith(tree, setting, 'last')).map(keyOf));
    for (const issue of first) if (last.has(keyOf(issue))) found.set(keyOf(issue), issue);
  }
  if (found.size > 0) throw new UserError([...found.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

const keyOf = ({ path, expected, received }: Issue): string => `${path}\n${expected}\n${received}`;

function issuesOf(at: (row: number) => FleetRow, row: number): readonly Issue[] {
  try {
    at(row);
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
}

/** The fleet of the first row that can be read; where none of the first can, the mistakes of the first. */
function firstReadable(tree: Tree, at: (row: number) => FleetRow): FleetSpec {
  for (let row = 1; row < Math.min(tree.rows, FIRST_ROWS); row++) {
    if (issuesOf(at, row - 1).length === 0) return at(row - 1).spec;
  }
  return at(0).spec;
}
const FIRST_ROWS = 1000;
