// Writes the result files of a sweep: each file is there whole or not at all, whatever happens half-way.
import { statSync } from 'node:fs';
import { access, constants, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../check/issue.ts';
import type { SweepResult } from '../metrics/sweep.ts';
import { drawStandalone } from './chart.ts';
import { csvLines } from './csv.ts';
import { sweepHtml } from './html.ts';
import { sweepParquet } from './parquet.ts';
import { mainScatter } from './points.ts';
import { jsonLines } from './sweep-json.ts';

/** Whole, or in pieces. */
export type Content = string | Uint8Array | Iterable<string>;

/** The files, in the order they are written: the data first, should the disk fill up. Each is made only when its turn comes. */
const FILES: readonly (readonly [name: string, make: (result: SweepResult) => Promise<Content> | Content])[] = [
  ['results.parquet', sweepParquet],
  ['results.csv', csvLines],
  ['results.json', jsonLines],
  ['report.html', sweepHtml],
  ['pareto.svg', (result) => drawStandalone(mainScatter(result))],
];

/** Makes sure of an output folder: before a long computation whose results go there. Throws UserError. */
export async function openFolder(folder: string): Promise<void> {
  await tell(folder, 'a folder that can be created and written to', [], async () => {
    await makeFolder(resolve(folder));
    await access(folder, constants.W_OK);
  });
}

/** Parents first, one by one: a recursive mkdir never returns below /proc (Node 20). */
async function makeFolder(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path);
}

/** Creates the folder if need be; returns the paths written. A disk that refuses is the user's to mend: UserError. */
export function writeSweep(folder: string, result: SweepResult): Promise<string[]> {
  return writeFiles(
    folder,
    FILES.map(([name, make]) => [name, () => make(result)]),
  );
}

/** The same for any files, in order. */
export async function writeFiles(
  folder: string,
  files: readonly (readonly [name: string, make: () => Promise<Content> | Content])[],
): Promise<string[]> {
  await openFolder(folder);
  const written: string[] = [];
  for (const [name, make] of files) {
    const content = await make();
    const path = join(folder, name);
    await tell(path, 'a file that can be written', written, () => replaceFile(path, content));
    written.push(path);
  }
  return written;
}

/** Under a name of its own first, then renamed: a reader sees the old file or the new one, never half of it. */
export async function replaceFile(path: string, content: Content): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await writeFile(draft, content, { flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

const DISK_WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'a read-only file system',
  ENOTDIR: 'a path through something that is not a folder',
  ENOENT: 'nothing can be made at this path',
  EEXIST: 'a file where the folder should be',
  EISDIR: 'a folder of that name',
};

async function tell(
  path: string,
  expected: string,
  written: readonly string[],
  act: () => Promise<unknown>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const hint = written.length > 0 ? `written before and whole: ${written.join(', ')}` : undefined;
    throw new UserError([{ path, expected, received: DISK_WORDS[code] ?? code, ...(hint ? { hint } : {}) }]);
  }
}
