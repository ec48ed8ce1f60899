// mist study: what a document claims of its rows, held against runs of all of them.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { statOf } from '../check/text-file.ts';
import { openProgress } from '../report/progress.ts';
import { headOf } from '../run/asked.ts';
import type { WorkFolder } from '../run/work-folder.ts';
import { readSpecText } from '../spec/open.ts';
import { findFlips } from '../study/flips.ts';
import { openStudy, type Study } from '../study/open-study.ts';
import { runStudy, type StudyResult } from '../study/run-study.ts';
import { flipJson, studyJson } from '../study/study-json.ts';
import { claimsTable, flipsText, flipText, rowText, studyText } from '../study/terminal.ts';
import { STUDY_FILES, writeSofar, writeStudy } from '../study/write.ts';
import { type Flags, MOST_WORKERS, NO_ANSWER, type Output, onlyWord, verb, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { openOwnFolder } from './sweep-work.ts';

const FLAGS = {
  '--out': String,
  '--resume': Boolean,
  '--workers': String,
  '--where-it-flips': String,
  '--catalog': String,
  '--prices': String,
  '--json': Boolean,
} as const;

const HELP = `mist study FILE [options]
mist study FOLDER [options]

  Simulates every row of a document, and holds what its section \`study\` claims against them: for every claim whether it holds, does not
  hold, is within noise (of the seeds under workload.seed), or within the model's own error band; with the numbers. Of a folder every
  study in it, one table of all claims at the end.

  --out FOLDER       write rows.csv, rows.parquet, study.json and study.html there (of a folder of studies: a folder for each)
  --resume           goes on with what an earlier run of the same study finished in the folder under --out
  --where-it-flips CLAIM   the study again at other values of every parameter under study.unstated: what the claim comes to at each;
                     \`all\`: of every claim those values at which it comes to something else
  --workers N        threads (default: one per core); results are the same bytes for any number
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON

  Exit codes: 0 every claim holds, 2 a mistake in the document, 3 some claim does not hold, or cannot be told from noise or error, 130
  interrupted (143 by SIGTERM; what was simulated is told).
`;

/** Exit codes: 0 every claim holds, 3 some do not, 130 or 143 interrupted. A user's mistakes are thrown (exit code 2). */
export const study = verb('study', FLAGS, HELP, async (flags, out) => {
  const word = onlyWord('study', flags._, 'one study, or a folder of them');
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  const isFolder = statOf(word)?.isDirectory() ?? false;
  const studies = (isFolder ? studiesIn(word) : [word]).map((file) => openStudy(readSpecText(file), file, catalog));
  const claim = flags['--where-it-flips'];
  if (claim !== undefined) return tellFlips(studies, claim, catalog, flags, out);
  if (flags['--resume'] && flags['--out'] === undefined)
    throw new UserError([{ path: '--resume', expected: '--out FOLDER, where finished rows are', received: 'none' }]);
  const results: StudyResult[] = [];
  const works: WorkFolder[] = [];
  const interrupt = heedInterrupts();
  let done = false;
  try {
    for (const one of studies) {
      const folder = flags['--out'];
      const own = folder === undefined || !isFolder ? folder : join(folder, nameOf(one));
      const work = own === undefined ? null : await openWork(own, one, flags, out);
      if (work) works.push(work);
      const result = await runOne({ study: one, catalog, flags, out, signal: interrupt.signal, folder: own, work });
      results.push(result);
      if (!flags['--json']) out.stdout(`${studyText(result)}\n\n`);
      if (own !== undefined) out.stderr(`Wrote ${(await writeStudy(own, result)).join(', ')}\n`);
      if (result.interrupted) break;
    }
    done = interrupt.code() === 0;
  } finally {
    for (const work of works) work.close(done);
    interrupt.release();
  }
  if (flags['--json']) {
    const json = isFolder ? results.map(studyJson) : studyJson(results[0]!);
    out.stdout(`${JSON.stringify(json, null, 2)}\n`);
  } else if (isFolder) out.stdout(`${claimsTable(results)}\n`);
  if (interrupt.code() !== 0) return interrupt.code();
  return results.every(({ claims }) => claims.every(({ verdict }) => verdict === 'holds')) ? 0 : NO_ANSWER;
});

/** Name of the file of finished rows. */
const STUDY_WORK = 'study.work';

/** The folder of a study, nobody else's while it runs. Throws UserError. */
async function openWork(
  folder: string,
  { question }: Study,
  flags: Flags<typeof FLAGS>,
  out: Output,
): Promise<WorkFolder> {
  const { catalogFolder, prices } = optionsOf(flags);
  const asking = { file: question.file, seed: null, catalogFolder, prices, exhaustive: false };
  const resume = Boolean(flags['--resume']);
  const work = await openOwnFolder(folder, STUDY_FILES, headOf(question, asking, null), resume, out, STUDY_WORK);
  if (resume) out.stderr(`${folder}: ${work.known.toLocaleString('en-US')} rows were finished before\n`);
  return work;
}

/** So many rows are told as they come: whether it is what was meant is seen at once. */
const ROWS_TOLD = 3;
/** The page of a study that runs is written at most so often, in ms, and in a twentieth of its time. */
const PAGE_EVERY = 1000;
const PAGE_SHARE = 20;

interface Running {
  readonly study: Study;
  readonly catalog: Catalog;
  readonly flags: Flags<typeof FLAGS>;
  readonly out: Output;
  readonly signal: AbortSignal;
  readonly folder: string | undefined;
  readonly work: WorkFolder | null;
}

async function runOne({ study, catalog, flags, out, signal, folder, work }: Running): Promise<StudyResult> {
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  let due = 0;
  try {
    return await runStudy(study, catalog, {
      ...optionsOf(flags),
      signal,
      ...(work ? { store: work.store } : {}),
      onRow: (done, total, row, sofar) => {
        if (done <= Math.min(ROWS_TOLD, total - 1)) out.stderr(`${rowText(study, row)}\n`);
        else progress.update(done, total, study.question.name);
        const now = performance.now();
        if (folder === undefined || now < due || done === total) return;
        writeSofar(folder, sofar());
        due = performance.now() + Math.max(PAGE_EVERY, PAGE_SHARE * (performance.now() - now));
      },
    });
  } finally {
    progress.end();
  }
}

function optionsOf(flags: Flags<typeof FLAGS>) {
  return {
    workers: wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism(),
    catalogFolder: flags['--catalog'] ?? null,
    prices: flags['--prices'] ?? null,
  };
}

/** The word for every claim. */
const ALL = 'all';

async function tellFlips(
  studies: readonly Study[],
  name: string,
  catalog: Catalog,
  flags: Flags<typeof FLAGS>,
  out: Output,
): Promise<number> {
  const interrupt = heedInterrupts();
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const json: object[] = [];
  try {
    for (const { study: own, names } of flipsAsked(studies, name)) {
      const asked = { ...optionsOf(flags), signal: interrupt.signal };
      const maps = await findFlips(own, names, catalog, asked, progress.update);
      progress.end();
      json.push(...maps.map(flipJson));
      const text = name === ALL ? flipsText(own.question.name, maps) : flipText(maps[0]!);
      if (!flags['--json']) out.stdout(`${text}\n`);
    }
    if (flags['--json']) out.stdout(`${JSON.stringify(name === ALL ? json : json[0], null, 2)}\n`);
    return interrupt.code();
  } finally {
    progress.end();
    interrupt.release();
  }
}

/** Of which claims maps are asked for. Throws UserError where the claim is unknown, or nothing is unstated. */
function flipsAsked(studies: readonly Study[], name: string) {
  const path = '--where-it-flips';
  const namesOf = ({ claims }: Study) => claims.map((one) => one.name);
  const own = name === ALL ? studies : studies.filter((one) => namesOf(one).includes(name)).slice(0, 1);
  if (own.length === 0) {
    const known = studies.flatMap(namesOf);
    const hint = didYouMean(name, known) ?? `known: ${[ALL, ...known].join(', ')}`;
    throw new UserError([{ path, expected: 'the name of a claim', received: name, hint }]);
  }
  const open = own.filter(({ section, claims }) => section.unstated.length > 0 && claims.length > 0);
  if (open.length === 0) {
    const received = own[0]!.question.file;
    throw new UserError([{ path, expected: 'a study with parameters under unstated', received }]);
  }
  return open.map((study) => ({ study, names: name === ALL ? namesOf(study) : [name] }));
}

function studiesIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => /\.(ya?ml|json)$/i.test(name));
  if (files.length > 0) return files.sort().map((name) => join(folder, name));
  throw new UserError([{ path: folder, expected: 'a folder with studies (.yaml)', received: 'none' }]);
}

/** The file's own name, without its ending. */
function nameOf({ question: { file } }: Study): string {
  return file.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '');
}
