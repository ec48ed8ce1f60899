// Writes the result files of a sweep: each file is there whole or not at all, whatever happens half-way.
import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../check/issue.ts';
import { refuseOverwrites } from '../check/same-file.ts';
import { fileWords } from '../check/text-file.ts';
import { type Content, makeFolder, writeWhole } from '../check/whole-file.ts';
import type { SweepResult } from '../metrics/sweep.ts';
import { type AlsoName, alsoFiles } from './also/formats.ts';
import { drawStandalone } from './chart.ts';
import { csvLines } from './csv.ts';
import { sweepHtml } from './html.ts';
import { sweepParquet } from './parquet.ts';
import { mainScatter } from './points.ts';
import { jsonLines } from './sweep-json.ts';

/** A file and what makes it: null where there is nothing to write. */
type File<Result> = readonly [name: string, make: (result: Result) => Promise<Content> | Content | null];

/** The files, in the order they are written: the data first, should the disk fill up. Each is made only when its turn comes. */
const FILES: readonly File<SweepResult>[] = [
  ['results.parquet', sweepParquet],
  ['results.csv', csvLines],
  ['results.json', jsonLines],
  ['report.html', sweepHtml],
  ['pareto.svg', (result) => drawStandalone(mainScatter(result))],
];

/** Names of the files that a sweep writes, of deployments or of fleets. */
export function sweepFiles(also: readonly AlsoName[] = []): string[] {
  return [...FILES, ...alsoFiles(also)].map(([name]) => name);
}

/** Makes sure of an output folder before a long computation; its `files` must be no input. Throws UserError. */
export async function openFolder(folder: string, files: readonly string[] = []): Promise<void> {
  await tell(folder, async () => {
    makeFolder(resolve(folder));
    await access(folder, constants.W_OK);
  });
  refuseOverwrites(files.map((name) => ({ flag: '--out', file: join(folder, name) })));
}

/**
 * Creates the folder if need be; returns the paths written, those that were asked for beside the usual ones last. A disk that refuses is
 * the user's to mend: UserError.
 */
export function writeSweep(folder: string, result: SweepResult, also: readonly AlsoName[] = []): Promise<string[]> {
  return writeFiles(
    folder,
    [...FILES, ...alsoFiles(also)].map(([name, make]) => [name, () => make(result)]),
  );
}

/** The same for any files, in order. */
export async function writeFiles(folder: string, files: readonly File<void>[]): Promise<string[]> {
  await openFolder(
    folder,
    files.map(([name]) => name),
  );
  const written: string[] = [];
  for (const [name, make] of files) {
    const content = await make();
    if (content === null) continue;
    const path = join(folder, name);
    try {
      makeFolder(dirname(resolve(path)));
      writeWhole(path, content, path);
    } catch (error) {
      if (!(error instanceof UserError) || written.length === 0) throw error;
      const hint = `written before and whole: ${written.join(', ')}`;
      throw new UserError(error.issues.map((issue) => ({ ...issue, hint })));
    }
    written.push(path);
  }
  return written;
}

async function tell(path: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    const expected = 'a folder that can be created and written to';
    const { code } = error as NodeJS.ErrnoException;
    const received = code === 'ENOENT' ? 'nothing can be made at this path' : fileWords(error);
    throw new UserError([{ path, expected, received }]);
  }
}
