// mist validate: replays measured cases and says how far the predictions are off.
import { availableParallelism } from 'node:os';
import { basename, dirname, relative } from 'node:path';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { refuseOverwrites } from '../check/same-file.ts';
import { writeWhole } from '../check/whole-file.ts';
import { openProgress } from '../report/progress.ts';
import { compareErrors, readBefore } from '../validate/compare.ts';
import { errorBands, errorBandsJson } from '../validate/error-bands.ts';
import { validationPage } from '../validate/markdown.ts';
import { drawValidation } from '../validate/picture.ts';
import { openReplayer, type Prediction, predictCases } from '../validate/predict.ts';
import { type CaseFile, readCases } from '../validate/read-cases.ts';
import { type CrossValidation, crossValidate, HELD_OUT, type HeldOut } from '../validate/refit/cross-validate.ts';
import { documentOf } from '../validate/replay.ts';
import { scoreAll, type Validation } from '../validate/report.ts';
import { scoredOf } from '../validate/score.ts';
import { predictOnThreads } from '../validate/threads.ts';
import { crossText, predictionLines, summaryText, validationJson } from '../validate/write.ts';
import { MOST_WORKERS, type Output, onlyWord, readFlags, wholeFlag } from './flags.ts';

const FLAGS = {
  '--out': String,
  '--print-spec': String,
  '--json': String,
  '--group-by': String,
  '--cross-validate': String,
  '--markdown': String,
  '--picture': String,
  '--before': String,
  '--error-bands': String,
  '--catalog': String,
  '--workers': String,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist validate FILE.csv [options]

  Replays every measured case of FILE.csv (one row is one published figure of one run) and prints how far the predictions are off.

  --out FILE         write one line per case: case_id, value, predicted, predicted_alt, error_pct, status, note
  --print-spec CASE  print the spec that stands for the run of a case, and nothing else: mist run on it gives the figures that were scored
  --json FILE        write the rows, all tables, Kendall's tau over loads and what was not predicted as JSON
  --group-by COLUMNS one more table by these columns of the file, e.g. model,hardware
  --cross-validate COLUMNS
                     config_id, model, hardware, or several: predict each group with constants refitted without it (minutes)
  --markdown FILE    write the tables as a page, with a picture of predicted against measured
  --picture FILE     where that picture lies (default: beside the page, .svg)
  --before FILE      what --out of an earlier build wrote: the page compares the errors of the two
  --error-bands FILE write how far figures are off by what their prices rest on, as every report shows it (with --cross-validate
                     hardware); a catalog folder holds the file as validation/error-bands.json
  --catalog FOLDER   a catalog folder of your own, first
  --workers N        threads to replay on (default: one per core, fewer for small files); the answers do not depend on it

  Every row is answered: ok, unsupported, oom or error, with the reason. Rows that are derived from others are not scored.
`;

/** Exit code 0 when all rows were processed, whatever the errors are. A file that is no case file is thrown (exit code 2). */
export async function validate(argv: readonly string[], out: Output): Promise<number> {
  const flags = readFlags('validate', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const file = readCases(onlyWord('validate', flags._, 'one case file'));
  const printed = flags['--print-spec'];
  if (printed !== undefined) {
    out.stdout(printSpec(file, printed, openCatalog(folderOf(flags['--catalog']))));
    return 0;
  }
  const columns = readColumns(flags['--group-by'], file);
  const bands = flags['--error-bands'];
  const before = flags['--before'] === undefined ? null : readBefore(flags['--before']);
  const ways = readWays(flags['--cross-validate'], bands !== undefined);
  const page = flags['--markdown'];
  refuseOverwrites(outputsOf(flags));
  const catalog = openCatalog(folderOf(flags['--catalog']));
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const note = (done: number, total: number) => progress.update(done, total, 'replaying');
  const threads = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? defaultThreads(file);
  const predictions =
    threads === 1
      ? predictCases(file, catalog, note)
      : await predictOnThreads(file, flags['--catalog'] ?? null, threads, note);
  progress.end();
  const validation = scoreAll(predictions, columns);
  const crossed = ways.length > 0 ? crossValidateAll(file, catalog, predictions, ways, out) : [];
  if (flags['--out'] !== undefined) writeWhole(flags['--out'], predictionLines(predictions), '--out');
  if (flags['--json'] !== undefined) writeWhole(flags['--json'], validationJson(validation), '--json');
  if (page !== undefined) writePage(validation, crossed, pageFiles(page, flags['--picture'], argv), before);
  if (bands !== undefined) writeWhole(bands, bandsText(validation, crossed, argv), '--error-bands');
  out.stdout(summaryText(validation, columns));
  for (const one of crossed) out.stdout(`\n${crossText(one)}`);
  return 0;
}

const folderOf = (folder: string | undefined) => (folder === undefined ? {} : { folder });

/** The document of the run that a case belongs to. Throws UserError where there is no such case, or no document for it. */
function printSpec(file: CaseFile, id: string, catalog: Catalog): string {
  const group = file.groups.find((one) => one.id === id || one.rows.some((row) => row.case_id === id));
  const path = '--print-spec';
  if (!group) {
    const known = file.rows.map((row) => row.case_id);
    const close = nearest(id, known, 1)[0];
    const hint = close ? { hint: `did you mean ${close}?` } : {};
    throw new UserError([{ path, expected: 'a case_id of the file', received: id, file: file.file, ...hint }]);
  }
  const text = group.input ? documentOf(openReplayer(file.file, catalog), group.id, group.input) : group.trouble!;
  if (typeof text === 'string') return text;
  const line = group.rows[0].line;
  throw new UserError([{ path, expected: 'a case that can be replayed', received: text.words, file: file.file, line }]);
}

function crossValidateAll(
  file: CaseFile,
  catalog: Catalog,
  shipped: readonly Prediction[],
  ways: readonly HeldOut[],
  out: Output,
): CrossValidation[] {
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const note = (done: number, total: number) => progress.update(done, total, 'refitting');
  const crossed = crossValidate(file, catalog, shipped, ways, note);
  progress.end();
  return crossed;
}

/** `bands`: error bands are asked for, which need the errors on devices that were left out. */
function readWays(text: string | undefined, bands: boolean): HeldOut[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !(HELD_OUT as readonly string[]).includes(name));
  const path = '--cross-validate';
  const issues: Issue[] = unknown.map((name) => ({ path, expected: HELD_OUT.join(', '), received: name || 'nothing' }));
  if (bands && !names.includes('hardware')) {
    issues.push({ path, expected: 'hardware among them, for --error-bands', received: text ?? 'nothing' });
  }
  if (issues.length > 0) throw new UserError(issues);
  return names as HeldOut[];
}

function bandsText(validation: Validation, crossed: readonly CrossValidation[], argv: readonly string[]): string {
  const heldOut = crossed.find(({ by }) => by === 'hardware')!;
  return errorBandsJson(errorBands(validation.predictions, heldOut, `Generated by \`${commandOf(argv)}\``));
}

/** With files by their names: a folder of the writer's machine is no reader's business. */
const commandOf = (argv: readonly string[]): string =>
  ['mist validate', ...argv.map((word) => basename(word))].join(' ');

/** The page, and the picture that it shows. */
function writePage(
  validation: Validation,
  crossed: readonly CrossValidation[],
  files: PageFiles,
  before: ReadonlyMap<string, number | null> | null,
): void {
  const { page, picture } = files;
  const good = scoredOf(validation.predictions).filter(({ row }) => row.quality !== 'low');
  writeWhole(picture, drawValidation(good), '--picture');
  const link = relative(dirname(page), picture).replaceAll('\\', '/');
  writeWhole(
    page,
    validationPage(validation, crossed, files.command, link, before ? compareErrors(good, before) : []),
    '--markdown',
  );
}

/** Everything that these flags write. */
function outputsOf(flags: ReturnType<typeof readFlags<typeof FLAGS>>): { flag: string; file: string }[] {
  const page = flags['--markdown'];
  const picture = page === undefined ? undefined : pageFiles(page, flags['--picture'], []).picture;
  const named = {
    '--out': flags['--out'],
    '--json': flags['--json'],
    '--error-bands': flags['--error-bands'],
    '--markdown': page,
    '--picture': picture,
  };
  return Object.entries(named).flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }]));
}

interface PageFiles {
  readonly page: string;
  readonly picture: string;
  /** What made the page. */
  readonly command: string;
}

function pageFiles(page: string, picture: string | undefined, argv: readonly string[]): PageFiles {
  return { page, picture: picture ?? page.replace(/(\.md)?$/, '.svg'), command: commandOf(argv) };
}

/** A thread must have enough runs to be worth its start. */
const RUNS_PER_THREAD = 1000;

function defaultThreads(file: CaseFile): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(file.groups.length / RUNS_PER_THREAD)));
}

function readColumns(text: string | undefined, { columns }: CaseFile): string[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !columns.includes(name));
  if (unknown.length === 0) return names;
  throw new UserError(
    unknown.map((name) => {
      const close = nearest(name, columns, 1)[0];
      const received = name === '' ? 'nothing' : name;
      return {
        path: '--group-by',
        expected: 'columns of the file',
        received,
        ...(close ? { hint: `did you mean ${close}?` } : {}),
      };
    }),
  );
}
