// Files that a run writes line by line: opened before the work, so that a wrong path costs nothing, and written in pieces.
import { closeSync, openSync, writeSync } from 'node:fs';
import { UserError } from '../check/issue.ts';
import type { StepRecord } from '../plan/setup.ts';
import { lineFormatOf, stepHeading, stepLines } from '../report/step-lines.ts';

export interface LineFile {
  write(text: string): void;
  /** Writes every piece, and closes. */
  writeAll(pieces: Iterable<string>): void;
  close(): void;
}

/** Opens what `flag` names. Throws UserError where that cannot be written, now or when the disk is full. */
export function openLines(file: string, flag: string): LineFile {
  const handle = openFile(file, flag);
  const write = (text: string) => put(handle, text, file, flag);
  const close = () => closeSync(handle);
  return {
    write,
    close,
    writeAll(pieces) {
      try {
        for (const piece of pieces) write(piece);
      } finally {
        close();
      }
    },
  };
}

/** The same, or null without a file. */
export function openIfNamed(file: string | undefined, flag: string): LineFile | null {
  return file === undefined ? null : openLines(file, flag);
}

/** The file of --steps. */
export function openSteps(file: string) {
  const format = lineFormatOf(file);
  const lines = openLines(file, '--steps');
  lines.write(stepHeading(format));
  return {
    write: (batch: readonly StepRecord[]) => lines.write(stepLines(batch, format)),
    close: () => lines.close(),
  };
}

function openFile(file: string, flag: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new UserError([
      { path: flag, expected: 'a file that can be written', received: file, hint: (error as Error).message },
    ]);
  }
}

function put(handle: number, text: string, file: string, flag: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  } catch (error) {
    const hint = `${(error as Error).message}; what was written before is kept`;
    throw new UserError([{ path: flag, expected: 'room to write', received: file, hint }]);
  }
}
