// How far predictions are off, as one table: groups of measured figures, each with its error, what is asked of it and the coverage of its band.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog } from '../../src/catalog/open.ts';
import type { ErrorBands } from '../../src/catalog/types.ts';
import { UserError } from '../../src/check/issue.ts';
import { writeWhole } from '../../src/check/whole-file.ts';
import { type Output, readFlags } from '../../src/commands/flags.ts';
import { drawTable, left, right } from '../../src/report/table.ts';
import { bandOf, deviation } from '../../src/validate/band.ts';
import type { Metric } from '../../src/validate/case.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { type ErrorTable, scoreCapacity, scoredOf, summariseErrors } from '../../src/validate/score.ts';
import { predictOnThreads } from '../../src/validate/threads.ts';
import { readRecords } from '../../src/workload/csv.ts';
import { errorBands, errorBandsJson, heldLeftOut } from './error-bands.ts';
import { scoreKvRows } from './kv-rows.ts';

const FLAGS = {
  '--append': String,
  '--data': String,
  '--error-bands': String,
  '--help': Boolean,
  '-h': '--help',
} as const;

export const HELP = `npm run accuracy [-- options]

  Replays all measured cases as mist validate does and prints one table: error by group of figures, what is asked, coverage of the bands.

  --data FOLDER      the measurements (default: MIST_DATA)
  --error-bands FILE write the bands that hold nine of ten figures of a source that they were learnt without, by what prices rest on and by
                     regime (src/metrics/regime.ts), and show their coverage; a catalog folder holds the file as
                     validation/error-bands.json
  --append LABEL     add this run to bench/accuracy-history.csv under a label, and compare with the last one there: exit code 1 if a group
                     that kept what is asked of it no longer does
`;

type File = 'cases.csv' | 'cases_2026.csv';

/** A group of figures. Its error is the median and the 90th percentile of |predicted / measured - 1|, in %. */
interface Group {
  readonly what: string;
  readonly file: File;
  readonly mode: string;
  readonly metric: Metric;
  /** Median and 90th percentile, %; `rows`: over rows, else over deployments (the median of each deployment and metric counts once). */
  readonly asked: readonly [median: number, p90: number];
  readonly over: 'rows' | 'deployments';
}

const NEW = { file: 'cases_2026.csv', over: 'deployments' } as const;
const OLD = { file: 'cases.csv', over: 'rows', mode: 'closed-loop' } as const;

/** cases.csv: one point more than what it was when the newer file came; the newer file: what is aimed at. */
const GROUPS: readonly Group[] = [
  { ...OLD, what: 'closed-loop TPOT', metric: 'tpot_ms', asked: [5.6, 15] },
  { ...OLD, what: 'closed-loop throughput', metric: 'output_tokens_per_s', asked: [7.1, 13] },
  { ...OLD, what: 'closed-loop TTFT', metric: 'ttft_ms', asked: [13.8, 41] },
  { ...OLD, what: 'static batch E2E', mode: 'static-batch', metric: 'e2e_ms', asked: [6.8, 16.5] },
  { ...NEW, what: 'closed-loop TPOT', mode: 'closed-loop', metric: 'tpot_ms', asked: [6, 14] },
  { ...NEW, what: 'chat ITL', mode: 'closed-loop', metric: 'itl_ms', asked: [7, 14] },
  { ...NEW, what: 'chat throughput', mode: 'closed-loop', metric: 'output_tokens_per_s', asked: [8, 14] },
  { ...NEW, what: 'closed-loop TTFT', mode: 'closed-loop', metric: 'ttft_ms', asked: [9, 22] },
  { ...NEW, what: 'apart TPOT', mode: 'disagg-closed-loop', metric: 'tpot_ms', asked: [12, 30] },
  { ...NEW, what: 'apart TTFT', mode: 'disagg-closed-loop', metric: 'ttft_ms', asked: [20, 50] },
  { ...NEW, what: 'MLPerf offline', mode: 'mlperf-offline', metric: 'output_tokens_per_s', asked: [8, 18] },
  { ...NEW, what: 'MLPerf server TPOT', mode: 'mlperf-server mlperf-interactive', metric: 'tpot_ms', asked: [12, 30] },
  { ...NEW, what: 'chat power', mode: 'closed-loop', metric: 'power_w', asked: [8, 15] },
  { ...NEW, what: 'offline throughput', mode: 'offline', metric: 'output_tokens_per_s', asked: [8, 18] },
  { ...NEW, what: 'static batch E2E', mode: 'static-batch', metric: 'e2e_ms', asked: [12, 18] },
];
const CAPACITY_ASKED = [8, 18] as const;
const KV_ASKED = [2, 8] as const;

/**
 * One line of the table. `coverage`: share of rows within the band that a user would be shown; `leftOut`: the same of bands that were learnt
 * without the source of each row. NaN where no band is.
 */
export interface AccuracyLine {
  readonly file: string;
  readonly what: string;
  readonly rows: number;
  readonly deployments: number;
  readonly median: number;
  readonly p90: number;
  readonly bias: number;
  readonly asked: readonly [median: number, p90: number];
  readonly coverage: number;
  readonly leftOut: number;
}

export async function printAccuracy(argv: readonly string[], out: Output, root: string): Promise<number> {
  const flags = readFlags('accuracy', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const label = flags['--append'];
  if (label !== undefined && /[",\n]/.test(label))
    throw new UserError([{ path: '--append', expected: 'a label without commas and quotes', received: label }]);
  const data = flags['--data'] ?? process.env.MIST_DATA ?? join(root, '../shared/data');
  if (!existsSync(join(data, 'cases', 'cases.csv'))) {
    out.stdout(`skipped: no measured cases at ${data} (set MIST_DATA)\n`);
    return 0;
  }
  const { lines, every } = await measureAccuracy(data, openCatalog(), flags['--error-bands']);
  out.stdout(accuracyTable(lines));
  out.stdout(
    `Of all rows with a band ${share(every.coverage)} lie in it, ${share(every.leftOut)} with their source left out.\n`,
  );
  return label === undefined ? 0 : keepHistory(join(root, 'bench/accuracy-history.csv'), label, lines, out);
}

interface Accuracy {
  readonly lines: readonly AccuracyLine[];
  /** Of all rows that have a band. */
  readonly every: Within;
}

async function measureAccuracy(data: string, catalog: Catalog, written: string | undefined): Promise<Accuracy> {
  const predictions = new Map<File, Prediction[]>();
  for (const name of ['cases.csv', 'cases_2026.csv'] as const) {
    const file = join(data, 'cases', name);
    if (existsSync(file))
      predictions.set(name, await predictOnThreads(readCases(file), null, Math.min(availableParallelism(), 16)));
  }
  const good = (name: File) => (predictions.get(name) ?? []).filter(({ row }) => row.quality !== 'low');
  const all = [...predictions.values()].flat();
  const bands = written === undefined ? catalog.errorBands() : errorBands(all, MADE);
  const held = heldLeftOut(all);
  const within = (rows: readonly Prediction[]) => ({
    coverage: coverageOf(rows, bands),
    leftOut: shareOf(rows, (one) => held.get(one)),
  });
  if (written !== undefined) writeWhole(written, errorBandsJson(bands), '--error-bands');
  const lines: AccuracyLine[] = GROUPS.flatMap((group) => {
    const isOne = ({ row }: Prediction) =>
      group.mode.split(' ').includes(row.cell('mode')) && row.metric === group.metric;
    const rows = scoredOf(good(group.file)).filter(isOne);
    if (rows.length === 0) return [];
    const { file, what, asked } = group;
    return [lineOf({ file, what, asked }, summariseErrors([], rows), within(rows), group.over)];
  });
  const capacity = scoreCapacity(good('cases_2026.csv'));
  const of = { file: 'cases_2026.csv', what: 'MLPerf server capacity', asked: CAPACITY_ASKED };
  if (capacity) lines.push(lineOf(of, capacity, NONE, 'rows'));
  const kv = scoreKvRows(join(data, 'kv_capacity', 'kv_capacity.csv'), catalog);
  if (kv) lines.push({ file: 'kv_capacity.csv', what: 'KV capacity', asked: KV_ASKED, ...kv, ...NONE });
  const every = scoredOf(all).filter(({ row }) => row.quality !== 'low');
  return { lines, every: within(every) };
}

const MADE =
  'Generated by `npm run accuracy -- --error-bands error-bands.json`: cases.csv, and cases_2026.csv, which nothing was fitted to';
const NONE = { coverage: Number.NaN, leftOut: Number.NaN };
type Within = Pick<AccuracyLine, 'coverage' | 'leftOut'>;

type Named = Pick<AccuracyLine, 'file' | 'what' | 'asked'>;

function lineOf(named: Named, table: ErrorTable, within: Within, over: Group['over']): AccuracyLine {
  const [median, p90] = over === 'rows' ? [table.median, table.p90] : [table.configMedian, table.configP90];
  return { ...named, rows: table.n, deployments: table.configs, median, p90, bias: table.signed, ...within };
}

/** Share of rows measured within the band that a user is shown; NaN where none has one. */
export function coverageOf(rows: readonly Prediction[], bands: ErrorBands): number {
  return shareOf(rows, (one) => {
    const band = one.errorPct === null ? null : bandOf(one.row.metric, one, bands);
    return band === null ? undefined : deviation(one.errorPct!) <= band;
  });
}

/** Share of those of which it is known. */
function shareOf(rows: readonly Prediction[], isHeld: (row: Prediction) => boolean | undefined): number {
  const known = rows.map(isHeld).filter((held) => held !== undefined);
  return known.filter(Boolean).length / known.length;
}

const kept = ({ median, p90, asked }: AccuracyLine): boolean => median <= asked[0] && p90 <= asked[1];

const share = (value: number): string => (Number.isNaN(value) ? '-' : `${(100 * value).toFixed(0)} %`);
const one = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '-');
const two = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(2));
const WIDTH = 180;

export function accuracyTable(lines: readonly AccuracyLine[]): string {
  const rows = lines.map((line) => [
    ...[line.file, line.what, String(line.rows), String(line.deployments)],
    ...[`${one(line.median)} / ${one(line.p90)}`, one(line.bias), `${line.asked[0]} / ${line.asked[1]}`],
    ...[kept(line) ? 'yes' : 'no', share(line.coverage), share(line.leftOut)],
  ]);
  const heads = ['rows', 'deployments', 'error', 'bias', 'asked', 'kept', 'in band', 'left out'];
  const table = drawTable([...left(['file', 'what']), ...right(heads)], rows, WIDTH).join('\n');
  return (
    'Median / 90th percentile of |predicted / measured - 1| in %, high and medium rows. cases.csv: over rows; cases_2026.csv: over\n' +
    'deployments, the median of each (config_id, metric) once (data/cases/SCHEMA.md section 7.3); capacity: one figure a server run, whose\n' +
    'TPOT is scored only below 80 % of it. In band: share of rows measured within the "nine of ten" band that a user is shown;\n' +
    'left out: within bands that were learnt without the source of each row.\n\n' +
    `${table}\n`
  );
}

const HEADING = 'label,file,what,rows,deployments,median_pct,p90_pct,bias_pct,in_band,kept,left_out';

/** Adds lines to the history. Exit code 1 if a group that kept what is asked of it in the run before no longer does. */
export function keepHistory(file: string, label: string, lines: readonly AccuracyLine[], out: Output): number {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : `${HEADING}\n`;
  const before = new Map<string, boolean>();
  for (const { cells } of [...readRecords(text)].slice(1)) before.set(`${cells[1]} ${cells[2]}`, cells[9] === '1');
  const written = lines.map((line) =>
    [
      ...[label, line.file, line.what, line.rows, line.deployments, one(line.median), one(line.p90), one(line.bias)],
      ...[two(line.coverage), kept(line) ? 1 : 0, two(line.leftOut)],
    ].join(','),
  );
  appendFileSync(file, `${existsSync(file) ? '' : `${HEADING}\n`}${written.join('\n')}\n`);
  const lost = lines.filter((line) => before.get(`${line.file} ${line.what}`) && !kept(line));
  for (const { file: of, what } of lost)
    out.stderr(`${of} ${what}: kept what is asked of it in the run before, and no longer does\n`);
  return lost.length > 0 ? 1 : 0;
}
