// Scores a file of measured cases and writes bench/validation.md, its picture and the error bands that ship.
import { availableParallelism } from 'node:os';
import { basename, dirname, relative } from 'node:path';
import { openCatalog } from '../../src/catalog/open.ts';
import type { ErrorBands } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { refuseOverwrites } from '../../src/check/same-file.ts';
import { writeWhole } from '../../src/check/whole-file.ts';
import { type Output, onlyWord, readFlags } from '../../src/commands/flags.ts';
import { openProgress } from '../../src/report/progress.ts';
import { drawTable, type TextColumn } from '../../src/report/table.ts';
import { predictCases } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { scoreAll } from '../../src/validate/report.ts';
import { type ErrorTable, groupSorted, scoredOf } from '../../src/validate/score.ts';
import { predictOnThreads } from '../../src/validate/threads.ts';
import { coverageOf } from './accuracy.ts';
import { compareErrors, readBefore } from './compare.ts';
import { type CrossValidation, crossValidate, HELD_OUT, type HeldOut } from './cross-validate.ts';
import { validationPage } from './markdown.ts';
import { drawValidation } from './picture.ts';

const FLAGS = {
  '--cross-validate': String,
  '--markdown': String,
  '--picture': String,
  '--before': String,
  '--catalog': String,
  '--help': Boolean,
  '-h': '--help',
} as const;

export const HELP = `npm run tools -- validate-page CASES.csv [options]

  Replays measured cases as mist validate does, refits what was fitted to such runs without the group it scores, and writes the page.

  --cross-validate COLUMNS
                     config_id, model, hardware, source, or several: predict each group with constants refitted without it (minutes)
  --markdown FILE    write the tables as a page, with a picture of predicted against measured
  --picture FILE     where that picture lies (default: beside the page, .svg)
  --before FILE      what mist validate --out of an earlier build wrote: the page compares the errors of the two
  --catalog FOLDER   a catalog folder of your own, first
`;

/** A thread must have enough runs to be worth its start. */
const RUNS_PER_THREAD = 1000;

export async function writeValidation(argv: readonly string[], out: Output): Promise<void> {
  const flags = readFlags('validate-page', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return;
  }
  const { '--markdown': page, '--catalog': folder } = flags;
  const picture = page === undefined ? undefined : (flags['--picture'] ?? page.replace(/(\.md)?$/, '.svg'));
  const ways = readWays(flags['--cross-validate']);
  const file = readCases(onlyWord('validate-page', flags._, 'one case file'));
  const before = flags['--before'] === undefined ? null : readBefore(flags['--before']);
  refuseOverwrites(outputsOf({ '--markdown': page, '--picture': picture }));
  const catalog = openCatalog(folder === undefined ? {} : { folder });
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const note = (what: string) => (done: number, total: number) => progress.update(done, total, what);
  const threads = Math.min(availableParallelism(), Math.floor(file.groups.length / RUNS_PER_THREAD));
  const predictions =
    threads > 1
      ? await predictOnThreads(file, folder ?? null, threads, note('replaying'))
      : predictCases(file, catalog, note('replaying'));
  const crossed = ways.length > 0 ? crossValidate(file, catalog, predictions, ways, note('refitting')) : [];
  progress.end();
  if (page !== undefined && picture !== undefined) {
    const validation = scoreAll(predictions, []);
    const good = scoredOf(predictions).filter(({ row }) => row.quality !== 'low');
    const link = relative(dirname(page), picture).replaceAll('\\', '/');
    const moved = before ? compareErrors(good, before) : [];
    writeWhole(picture, drawValidation(good), '--picture');
    writeWhole(page, validationPage(validation, crossed, commandOf(argv), link, moved), '--markdown');
  }
  for (const one of crossed) out.stdout(`${crossText(one)}\n`);
  const source = crossed.find(({ by }) => by === 'source');
  if (source) out.stdout(`${coverageText(source, catalog.errorBands())}\n`);
}

function readWays(text: string | undefined): HeldOut[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !(HELD_OUT as readonly string[]).includes(name));
  const path = '--cross-validate';
  const issues: Issue[] = unknown.map((name) => ({ path, expected: HELD_OUT.join(', '), received: name || 'nothing' }));
  if (issues.length > 0) throw new UserError(issues);
  return names as HeldOut[];
}

const outputsOf = (named: Readonly<Record<string, string | undefined>>) =>
  Object.entries(named).flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }]));

/** With files by their names: a folder of the writer's machine is no reader's business. */
const commandOf = (argv: readonly string[]): string =>
  ['npm run tools -- validate-page', ...argv.map((word) => basename(word))].join(' ');

const WIDTH = 180;

/** Share of the figures within the "nine of ten" bands where the source of each was left out of what was fitted to runs. */
function coverageText({ predictions }: CrossValidation, bands: ErrorBands): string {
  const known = predictions.filter(({ row }) => row.metric !== 'kv_transfer_ms');
  const lines = groupSorted(known, ({ row }) => [row.metric]).map(({ key, members }) => {
    const share = coverageOf(members, bands);
    return Number.isNaN(share) ? '' : `${key[0]} ${(100 * share).toFixed(0)} % of ${members.length}`;
  });
  return `In the bands, whole sources left out: ${lines.filter(Boolean).join(', ')}`;
}

/** Errors of cross-validation, median and p90 in %, by mode and metric. */
function crossText({ by, folds, lines }: CrossValidation): string {
  const pair = ({ median, p90 }: ErrorTable) => `${median.toFixed(1)} / ${p90.toFixed(1)}`;
  const heads = ['mode', 'metric', 'rows', 'as shipped', 'refitted on all', 'held out'];
  const columns = heads.map((heading, i): TextColumn => ({ heading, align: i < 2 ? 'left' : 'right' }));
  const rows = lines.map(({ key, shipped, refitted, heldOut }) => [
    ...key,
    ...[String(heldOut.n), pair(shipped), pair(refitted), pair(heldOut)],
  ]);
  return `Refitted without one ${by}, ${folds} folds\n${drawTable(columns, rows, WIDTH).join('\n')}\n`;
}
