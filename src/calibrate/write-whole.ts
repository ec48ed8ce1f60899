// Writes catalog files whole or not at all: whatever fails, the files that were there before still are.
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../check/issue.ts';

export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** Parents first, one by one: a recursive mkdir never returns below /proc (Node 20). */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

/** Writes every file beside its place first and renames only when all are there. A UserError where that cannot be. */
export function writeWhole(files: readonly NewFile[]): void {
  const written: { from: string; to: string }[] = [];
  let at = files[0]?.path ?? '';
  try {
    for (const { path, text } of files) {
      at = path;
      makeFolder(resolve(dirname(path)));
      const from = `${path}.${process.pid}.new`;
      written.push({ from, to: path });
      writeFileSync(from, text);
    }
    for (const { from, to } of written) renameSync(from, to);
  } catch (error) {
    const hint = (error as Error).message;
    throw new UserError([{ path: '--out', expected: 'a folder that can be written', received: at, hint }]);
  } finally {
    for (const { from } of written) rmSync(from, { force: true });
  }
}
