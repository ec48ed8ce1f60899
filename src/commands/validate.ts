// mist validate: replays measured cases and says how far the predictions are off.
import { availableParallelism } from 'node:os';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { refuseOverwrites } from '../check/same-file.ts';
import { writeWhole } from '../check/whole-file.ts';
import { openProgress } from '../report/progress.ts';
import { atOnce, JUDGED_BELOW } from '../validate/capacity.ts';
import { openReplayer, predictCases } from '../validate/predict.ts';
import { type CaseFile, readCases } from '../validate/read-cases.ts';
import { documentOf } from '../validate/replay.ts';
import { scoreAll } from '../validate/report.ts';
import { predictOnThreads } from '../validate/threads.ts';
import { predictionLines, summaryText, validationJson } from '../validate/write.ts';
import { MOST_WORKERS, onlyWord, verb, wholeFlag } from './flags.ts';

const FLAGS = {
  '--out': String,
  '--print-spec': String,
  '--json': String,
  '--group-by': String,
  '--catalog': String,
  '--workers': String,
} as const;

const HELP = `mist validate FILE.csv [options]

  Replays every measured case of FILE.csv (one row is one published figure of one run) and prints how far the predictions are off.

  --out FILE         write one line per case: case_id, value, predicted, predicted_alt, error_pct, status, note
  --print-spec CASE  print the spec that stands for the run of a case, and nothing else: mist run on it gives the figures that were scored
                     (CASE.capacity: of a server run, what its capacity is judged by)
  --json FILE        write the rows, all tables, Kendall's tau over loads and what was not predicted as JSON
  --group-by COLUMNS one more table by these columns of the file, e.g. model,hardware
  --catalog FOLDER   a catalog folder of your own, first
  --workers N        threads to replay on (default: one per core, fewer for small files); the answers do not depend on it

  Every row is answered: ok, truncated, undetermined, unsupported, oom or error, with the reason. Rows that are derived from others are
  not scored. Server runs are judged by their capacity; their latencies only below ${100 * JUDGED_BELOW} % of it, and undetermined beyond.
`;

/** Exit code 0 when all rows were processed, whatever the errors are. A file that is no case file is thrown (exit code 2). */
export const validate = verb('validate', FLAGS, HELP, async (flags, out) => {
  const file = readCases(onlyWord('validate', flags._, 'one case file'));
  const printed = flags['--print-spec'];
  if (printed !== undefined) {
    out.stdout(printSpec(file, printed, openCatalog({ folder: flags['--catalog'] })));
    return 0;
  }
  const columns = readColumns(flags['--group-by'], file);
  const { '--out': lines, '--json': json } = flags;
  const outputs = Object.entries({ '--out': lines, '--json': json });
  refuseOverwrites(outputs.flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }])));
  const catalog = openCatalog({ folder: flags['--catalog'] });
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const note = (done: number, total: number) => progress.update(done, total, 'replaying');
  const threads = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? defaultThreads(file);
  const predictions =
    threads === 1
      ? predictCases(file, catalog, note)
      : await predictOnThreads(file, flags['--catalog'] ?? null, threads, note);
  progress.end();
  const validation = scoreAll(predictions, columns);
  if (lines !== undefined) writeWhole(lines, predictionLines(predictions), '--out');
  if (json !== undefined) writeWhole(json, validationJson(validation), '--json');
  out.stdout(summaryText(validation, columns));
  return 0;
});

/** Of a server run, what its capacity is judged by: the same deployment with all requests at once. */
const CAPACITY = '.capacity';

/** The document of the run that a case belongs to. Throws UserError where there is no such case, or no document for it. */
function printSpec(file: CaseFile, id: string, catalog: Catalog): string {
  const name = id.endsWith(CAPACITY) ? id.slice(0, -CAPACITY.length) : id;
  const group = file.groups.find((one) => one.id === name || one.rows.some((row) => row.case_id === name));
  const path = '--print-spec';
  if (!group) {
    const known = file.rows.map((row) => row.case_id);
    const hint = didYouMean(id, known, 1);
    throw new UserError([{ path, expected: 'a case_id of the file', received: id, file: file.file, hint }]);
  }
  const input = group.input && (name === id ? group.input : atOnce(group.input));
  if (group.input && !input)
    throw new UserError([
      { path, expected: `the case of a server run before ${CAPACITY}`, received: id, file: file.file },
    ]);
  const text = input ? documentOf(openReplayer(file.file, catalog), group.id, input) : group.trouble!;
  if (typeof text === 'string') return text;
  const line = group.rows[0]?.line;
  throw new UserError([{ path, expected: 'a case that can be replayed', received: text.words, file: file.file, line }]);
}

/** A thread must have enough runs to be worth its start. */
const RUNS_PER_THREAD = 250;

export function defaultThreads(file: CaseFile): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(file.groups.length / RUNS_PER_THREAD)));
}

function readColumns(text: string | undefined, { columns }: CaseFile): string[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !columns.includes(name));
  if (unknown.length === 0) return names;
  throw new UserError(
    unknown.map((name) => {
      const hint = didYouMean(name, columns, 1);
      return { path: '--group-by', expected: 'columns of the file', received: name || 'nothing', hint };
    }),
  );
}
