// Reads one file of kernel timings: a table of AIConfigurator (Parquet or CSV), or a profile with an `op` in every line.
import { basename } from 'node:path';
import { groupBy } from '../check/group-by.ts';
import { type Issue, show } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { type Sheet, tableOf } from './csv.ts';
import { addTable, COLUMNS, DEVICES, type TableKind } from './kernel-tables.ts';
import { type Layout, SeriesCollector, type Traces } from './measurement.ts';

/** A sheet seen through other column names: some renamed, some computed, some rows only. */
interface Seen {
  readonly rows: readonly number[];
  readonly columns: Readonly<Record<string, (i: number) => string>>;
}

/** What a table of each kind has that no other has. */
const MARKS: readonly (readonly [TableKind, readonly string[]])[] = [
  ['gemm', ['gemm_dtype']],
  ['moe', ['moe_dtype']],
  ['attention_decode', ['kv_len']],
  ['attention_prefill', ['seq_len', 'kv_cache_dtype']],
  ['collectives', ['num_gpus']],
];

/** Time columns, with what one of their unit is in us. */
const TIMES: Record<string, number> = { latency_us: 1, latency_ms: 1e3, latency_s: 1e6 };

/** Ops of a profile, and where their sizes go: our column, the profile's, and what it is if left out. */
const PROFILE_OPS: Record<string, { kind: TableKind; sizes: Record<string, readonly [string, string?]>; op?: string }> =
  {
    gemm: { kind: 'gemm', sizes: { m: ['m'], n: ['n'], k: ['k'] } },
    'attention-prefill': {
      kind: 'attention_prefill',
      sizes: { ...headSizes(), seq_len: ['tokens'], past_kv: ['past', '0'] },
    },
    'attention-decode': { kind: 'attention_decode', sizes: { ...headSizes(), kv_len: ['context'] } },
    moe: {
      kind: 'moe',
      sizes: {
        num_tokens: ['tokens'],
        hidden_size: ['hidden'],
        inter_size: ['intermediate'],
        topk: ['top_k'],
        num_experts: ['experts'],
        moe_tp_size: ['tp', '1'],
        moe_ep_size: ['ep', '1'],
      },
    },
    ...Object.fromEntries(
      ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all'].map((op) => [
        op,
        { kind: 'collectives' as const, op, sizes: { num_gpus: ['devices'] as const, bytes: ['bytes'] as const } },
      ]),
    ),
  };

function headSizes(): Record<string, readonly [string, string?]> {
  return {
    batch_size: ['batch'],
    num_heads: ['heads'],
    num_key_value_heads: ['kv_heads'],
    head_dim: ['head_dim'],
  };
}

/** Where a table names the format of its rows. */
const DTYPES: Partial<Record<TableKind, string>> = {
  gemm: 'gemm_dtype',
  moe: 'moe_dtype',
  attention_prefill: 'kv_cache_dtype',
  attention_decode: 'kv_cache_dtype',
};

/** Whether a sheet holds kernel timings of a form that is known. */
export function isKernelHeader(header: readonly string[]): boolean {
  return header.includes('op') ? timeOf(header) !== null : kindOf(header) !== null;
}

function timeOf(header: readonly string[]): string | null {
  return Object.keys(TIMES).find((name) => header.includes(name)) ?? null;
}

/** The device of `--hardware`, or that the file's name begins with: <device>.<table>.csv; null, told, where neither is known. */
export function deviceOf(
  file: string,
  given: string | undefined,
  known: ReadonlySet<string>,
  issues: Issue[],
): string | null {
  const word = given ?? basename(file).split('.')[0];
  const device = known.has(word!) ? word : DEVICES[word!];
  if (device !== undefined && known.has(device)) return device;
  const hint = didYouMean(word!, [...known, ...Object.keys(DEVICES)]);
  const mistake = { path: '--hardware', received: show(word), hint };
  if (given !== undefined) issues.push({ ...mistake, expected: 'hardware of the catalog' });
  else issues.push({ ...mistake, expected: '--hardware ID, or a file named <hardware id>.<table>', file });
  return null;
}

/** The timings of one sheet on one device; what is wrong is told in `issues`. */
export function readKernels(sheet: Sheet, device: string, layout: Layout, issues: Issue[]): Traces {
  const traces: Traces = { ops: [], links: [], notes: [] };
  const ops = new SeriesCollector(layout);
  const before = issues.length;
  const time = timeOf(sheet.header);
  if (time === null) {
    const expected = `a time with its unit: ${Object.keys(TIMES).join(', ')}`;
    issues.push({
      path: 'latency_us',
      expected,
      received: `columns ${sheet.header.join(', ')}`,
      file: sheet.file,
      line: 1,
    });
  }
  const parts =
    sheet.header.includes('op') && kindOf(sheet.header) !== 'collectives'
      ? profileParts(sheet, issues)
      : wholePart(sheet, issues);
  if (time === null || issues.length > before) return traces;
  const us = (i: number) => scaled(sheet.cell(time, i), TIMES[time]!);
  for (const { kind, rows, columns } of parts) {
    const seen = look(sheet, { rows, columns: { ...columns, latency_us: us } });
    const table = tableOf(seen, COLUMNS[kind], issues);
    if (table) addTable(kind, table, device, ops, traces, issues);
  }
  traces.ops.push(...ops.list());
  return { ...traces, links: traces.links.map((series) => ({ ...series, layout })) };
}

/** A number in another unit; what is none stays as it is, to be told by the check of cells. */
function scaled(cell: string, factor: number): string {
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) && factor !== 1 ? String(value * factor) : cell;
}

interface Part extends Seen {
  readonly kind: TableKind;
}

/** A sheet of our columns over one of others. */
function look(sheet: Sheet, { rows, columns }: Seen): Sheet {
  const header = [...new Set([...sheet.header, ...Object.keys(columns)])];
  return {
    file: sheet.file,
    header,
    length: rows.length,
    cell: (column, i) => (columns[column] ? columns[column](rows[i]!) : sheet.cell(column, rows[i]!)),
    lineOf: (i) => sheet.lineOf(rows[i]!),
    widthOf: (i) => (sheet.widthOf(rows[i]!) === sheet.header.length ? header.length : sheet.widthOf(rows[i]!)),
  };
}

function kindOf(header: readonly string[]): TableKind | null {
  const names = new Set(header);
  return MARKS.find(([, marks]) => marks.every((mark) => names.has(mark)))?.[0] ?? null;
}

const all = (sheet: Sheet): number[] => Array.from({ length: sheet.length }, (_, i) => i);

/** A table of one kind, as AIConfigurator has it. */
function wholePart(sheet: Sheet, issues: Issue[]): Part[] {
  const { header, file } = sheet;
  const has = (name: string) => header.includes(name);
  const kind = kindOf(header);
  if (kind === null) {
    const expected = 'an `op` column, or the columns of a table of AIConfigurator (gemm_dtype, m, n, k, ...)';
    issues.push({ path: 'columns', expected, received: header.join(', ') || 'none', file, line: 1 });
    return [];
  }
  const columns: Record<string, (i: number) => string> = {};
  if (kind === 'attention_prefill' && !has('past_kv')) columns.past_kv = () => '0';
  if (kind === 'moe' && !has('distribution')) columns.distribution = () => 'balanced';
  return [{ kind, rows: all(sheet), columns }];
}

/** The lines of every op of a profile. */
function profileParts(sheet: Sheet, issues: Issue[]): Part[] {
  const byOp = groupBy(all(sheet), (i) => sheet.cell('op', i));
  return [...byOp].flatMap(([op, rows]) => {
    const known = PROFILE_OPS[op];
    if (known) return partOf(sheet, op, rows, issues);
    const names = Object.keys(PROFILE_OPS);
    const hint = didYouMean(op, names, 1);
    const expected = `one of ${names.join(', ')}`;
    issues.push({ path: 'op', expected, received: show(op), file: sheet.file, line: sheet.lineOf(rows[0]), hint });
    return [];
  });
}

function partOf(sheet: Sheet, op: string, rows: readonly number[], issues: Issue[]): Part[] {
  const { kind, sizes, op: exchange } = PROFILE_OPS[op]!;
  const columns: Record<string, (i: number) => string> = {};
  const dtype = (i: number) => sheet.cell('dtype', i) || 'bf16';
  for (const [ours, [name, otherwise]] of Object.entries(sizes)) {
    if (otherwise === undefined && !sheet.header.includes(name)) {
      const line = sheet.lineOf(rows[0]!);
      issues.push({
        path: name,
        expected: `a column of this name, for ${op}`,
        received: 'none',
        file: sheet.file,
        line,
      });
    }
    columns[ours] = (i) => sheet.cell(name, i) || (otherwise ?? '');
  }
  const named = DTYPES[kind]!;
  if (named) columns[named] = dtype;
  if (kind === 'moe') columns.distribution = () => 'balanced';
  if (exchange !== undefined) {
    columns.op = () => exchange;
    columns.lib = (i) => sheet.cell('lib', i) || 'nccl';
    columns.dtype = dtype;
  }
  return [{ kind, rows, columns }];
}
