// What sweeps have in common, however the work is shared out: the folder they write to, progress, interrupts, and how they end.
import type { Catalog } from '../catalog/open.ts';
import type { SweepResult } from '../metrics/sweep.ts';
import { type AlsoName, findPackages } from '../report/also/formats.ts';
import { findAnswer } from '../report/answer.ts';
import { formatNumber } from '../report/format.ts';
import { openProgress } from '../report/progress.ts';
import { sweepJson } from '../report/sweep-json.ts';
import { sweepTable } from '../report/terminal.ts';
import { openFolder, sweepFiles, writeSweep } from '../report/write.ts';
import { type Asking, headOf, type WorkHead } from '../run/asked.ts';
import type { Part } from '../run/part.ts';
import { joinWork, type Shard } from '../run/shards.ts';
import { SHARED_GROUPS, type SweepOptions, sweep } from '../run/sweep.ts';
import { openWorkFolder, type WorkFolder } from '../run/work-folder.ts';
import type { Question } from '../spec/question.ts';
import { NO_ANSWER, type Output } from './flags.ts';
import { heedInterrupts, type Interrupt } from './interrupt.ts';

/** A question and how it is to be answered. */
export interface Asked {
  readonly question: Question;
  readonly catalog: Catalog;
  readonly asking: Asking;
  readonly workers: number;
  /** With which other draws of the traffic are to settle the leaders; absent where they are not tried. */
  readonly confidence?: number | undefined;
  /** The spec as it is typed again in what the answer suggests. */
  readonly words: string;
  readonly json: boolean;
  /** Where files go; undefined: nowhere. */
  readonly folder: string | undefined;
  /** Files for other tools beside the usual ones. */
  readonly also: readonly AlsoName[];
  readonly resume: boolean;
}

/** A sweep that is under way. */
export interface UnderWay extends Asked {
  readonly out: Output;
  /** null where there is no folder. */
  readonly work: WorkFolder | null;
  readonly interrupt: Interrupt;
  readonly options: SweepOptions;
}

/** How it ended: the exit code, and whether the work in the folder is no longer needed. */
export interface Ended {
  readonly code: number;
  readonly spent: boolean;
}

/** The folder of a run, nobody else's meanwhile; `files` are what it writes there. Throws UserError where it is another's or holds other work. */
export async function openOwnFolder(
  folder: string,
  files: readonly string[],
  head: WorkHead,
  resume: boolean,
  out: Output,
  name?: string,
): Promise<WorkFolder> {
  await openFolder(folder, files);
  const work = openWorkFolder(folder, head, resume, name);
  for (const note of work.notes) out.stderr(`${note}\n`);
  return work;
}

/** Throws UserError where the folder is another's or holds other work. */
export async function workOn(
  asked: Asked,
  part: Part | null,
  out: Output,
  act: (way: UnderWay) => Promise<Ended>,
): Promise<number> {
  const { question, asking, workers, confidence, folder, also, resume } = asked;
  const { catalogFolder, prices, exhaustive } = asking;
  const interrupt = heedInterrupts(); // before anything that others may wait for
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  let work: WorkFolder | null = null;
  let spent = false;
  try {
    if (folder !== undefined) {
      await findPackages(also);
      work = await openOwnFolder(folder, sweepFiles(also), headOf(question, asking, part), resume, out); // before the work, not after it
      if (resume) out.stderr(`${formatNumber(work.known)} pieces of work were finished before\n`);
    }
    const options = {
      ...{ workers, catalogFolder, prices, exhaustive },
      seed: asking.seed ?? undefined,
      onProgress: (done: number, total: number, words: string) => progress.update(done, total, words),
      signal: interrupt.signal,
      ...(confidence === undefined ? {} : { confidence }),
      ...(work ? { store: work.store } : {}),
    };
    const stdout = (text: string): void => {
      progress.end();
      out.stdout(text);
    };
    const quiet = { ...out, stdout };
    const ended = await act({ ...asked, out: quiet, work, interrupt, options });
    spent = ended.spent;
    return ended.code;
  } finally {
    work?.close(spent);
    interrupt.release();
    progress.end();
  }
}

/** Kinds of answers that say no: nothing could be built, or nothing that was simulated keeps the promise. */
const NO_ANSWERS: readonly string[] = ['missed', 'nothing'];

/** The answer on stdout, the files in the folder, the exit code. */
export async function tellSweep(
  result: SweepResult,
  { words, json, folder, also, interrupt, out }: UnderWay,
): Promise<Ended> {
  out.stdout(json ? `${JSON.stringify(sweepJson(result), null, 2)}\n` : `${sweepTable({ ...result, file: words })}\n`);
  if (folder !== undefined) {
    const files = await writeSweep(folder, result, also);
    out.stderr(`Wrote ${files.join(', ')}\n`);
  }
  if (result.interrupted) return { code: interrupt.code(), spent: false };
  return { code: NO_ANSWERS.includes(findAnswer(result).kind) ? NO_ANSWER : 0, spent: true };
}

/** The whole from what shards found. */
export async function mergeWork(shards: readonly Shard[], way: UnderWay): Promise<Ended> {
  const { question, catalog, options, work, out } = way;
  const own = work!.store;
  const shared = { store: joinWork(shards, own), blockGroups: SHARED_GROUPS };
  const result = await sweep(question, catalog, { ...options, ...shared });
  out.stderr(`${formatNumber(own.count)} pieces of work were left to be done here\n`);
  return tellSweep(result, way);
}
