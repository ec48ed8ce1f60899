// mist query: SQL over the rows of a result, by DuckDB.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../check/issue.ts';
import { loadOptional } from '../check/optional.ts';
import { statOf } from '../check/text-file.ts';
import { quoteCell } from '../report/csv.ts';
import type { Cell } from '../report/flat.ts';
import { UNKNOWN } from '../report/format.ts';
import { drawTable, left, right } from '../report/table.ts';
import { verb } from './flags.ts';

const FLAGS = { '--csv': Boolean, '--json': Boolean } as const;

const HELP = `mist query RESULT "SELECT ..." [options]

  RESULT is a folder of mist sweep --out, or a file: results.parquet, results.csv, or any other Parquet or CSV (requests.csv of
  mist run). The table is called results; docs/results.md says what its columns are. DuckDB runs the query (the package
  @duckdb/node-api, an optional dependency).

  --csv              the rows as CSV
  --json             the rows as JSON

  Example: mist query results "SELECT hardware, min(usd_per_hour) FROM results WHERE slo_met GROUP BY hardware ORDER BY 2"
  Exit codes: 0 answered, 2 a mistake, also one in the query.
`;

/** A user's mistakes are thrown (exit code 2). */
export const query = verb('query', FLAGS, HELP, async (flags, out) => {
  const [result, sql, ...rest] = flags._;
  if (result === undefined || sql === undefined || rest.length > 0) {
    const received = flags._.length === 0 ? 'nothing' : flags._.join(' ');
    throw new UserError([{ path: 'mist query', expected: 'a result and one query, in quotes', received }]);
  }
  if (flags['--csv'] && flags['--json'])
    throw new UserError([{ path: '--csv', expected: 'one form of output', received: '--json too' }]);
  const { names, rows } = await ask(fileOf(result), sql);
  if (flags['--json']) {
    const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
    out.stdout(`${JSON.stringify(objects, null, 2)}\n`);
  } else if (flags['--csv']) {
    for (const row of [names, ...rows]) out.stdout(`${row.map((value) => quoteCell(cellOf(value))).join(',')}\n`);
  } else {
    const isFigure = (i: number): boolean => rows.every((row) => row[i] === null || typeof row[i] === 'number');
    const columns = names.flatMap((heading, i) => (isFigure(i) ? right([heading]) : left([heading], { cut: true })));
    out.stdout(
      `${drawTable(
        columns,
        rows.map((row) => row.map(shortOf)),
      ).join('\n')}\n`,
    );
  }
  return 0;
});

/** Nested values as JSON. */
function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  return JSON.stringify(value);
}

/** Whole numbers as they are, others to six digits. */
function shortOf(value: unknown): string {
  if (value === null) return UNKNOWN;
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(cellOf(value));
}

/** By the end of a name: what reads it. */
const READERS = { parquet: 'read_parquet', csv: 'read_csv' } as const;
type Kind = keyof typeof READERS;
const KINDS = Object.keys(READERS) as Kind[];

interface ResultFile {
  readonly file: string;
  readonly kind: Kind;
}

/** Of a folder the first of its tables. */
function fileOf(result: string): ResultFile {
  const expected = `a folder with results.${KINDS.join(' or results.')}, or a file that ends in .${KINDS.join(' or .')}`;
  const refuse = (received: string) => new UserError([{ path: result, expected, received }]);
  const found = statOf(result);
  if (found?.isDirectory()) {
    for (const kind of KINDS) {
      const file = join(result, `results.${kind}`);
      if (existsSync(file)) return { file, kind };
    }
    throw refuse('a folder without them');
  }
  const kind = KINDS.find((one) => result.toLowerCase().endsWith(`.${one}`));
  if (!found) throw refuse('nothing at this path');
  if (kind === undefined) throw refuse('another file');
  return { file: result, kind };
}

interface Rows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Throws UserError with DuckDB's words. */
async function ask({ file, kind }: ResultFile, sql: string): Promise<Rows> {
  const duckdb = await loadOptional<typeof import('@duckdb/node-api')>('@duckdb/node-api', 'mist query');
  const instance = await duckdb.DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const told = async <T>(path: string, expected: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw new UserError([{ path, expected, received: String((error as Error).message).trimEnd() }]);
    }
  };
  try {
    const view = `CREATE VIEW results AS SELECT * FROM ${READERS[kind]}('${file.replaceAll("'", "''")}')`;
    await told(file, `a ${kind} file`, () => connection.run(view));
    const reader = await told('mist query', 'a query that DuckDB understands', () => connection.runAndReadAll(sql));
    return { names: reader.deduplicatedColumnNames(), rows: reader.getRowsJS().map((row) => row.map(plainOf)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** As JSON holds it: numbers that are none are null, whole ones beyond its reach and other kinds are texts. */
function plainOf(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainOf);
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainOf(part)]));
  return String(value);
}
