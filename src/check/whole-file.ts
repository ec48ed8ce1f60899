// The one door through which files are written: under a name of their own first, then renamed. A reader sees the old file or
// the new one, never half of it, whatever ends the process. Pipes and devices are written to as they are.
import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from './issue.ts';
import { isStream } from './same-file.ts';
import { fileWords, statOf } from './text-file.ts';

/** Whole, or in pieces. */
export type Content = string | Uint8Array | Iterable<string | Uint8Array>;

/** A file that is being written. */
export interface WholeFile {
  write(piece: string | Uint8Array): void;
  /** Puts the file in its place. */
  keep(): void;
  /** Leaves what was there before. No effect after `keep`. */
  drop(): void;
}

/** Drafts that are open: an end that still runs our code removes them. */
const drafts = new Set<string>();
process.on('exit', () => {
  for (const draft of drafts) rmSync(draft, { force: true });
});

/** Opens a file for writing. `flag`: what named it, for mistakes. Throws UserError where it cannot be written, now or later. */
export function openWhole(file: string, flag: string): WholeFile {
  const told = <T>(act: () => T): T => tell(flag, file, act);
  const direct = isStream(file);
  // through a link the file that it names is replaced, not the link
  const target = direct || statOf(file) === null ? file : told(() => realpathSync(file));
  const draft = direct ? target : `${target}.${process.pid}.part`;
  if (statOf(target)?.isDirectory()) throw refusal(flag, file, 'a folder');
  const handle = told(() => openSync(draft, 'w'));
  if (!direct) drafts.add(draft);
  let open = true;
  const drop = () => {
    if (!open) return;
    open = false;
    closeSync(handle);
    if (direct) return;
    drafts.delete(draft);
    rmSync(draft, { force: true });
  };
  return {
    drop,
    write(piece) {
      try {
        told(() => put(handle, piece));
      } catch (error) {
        drop();
        throw error;
      }
    },
    keep() {
      if (!open) return;
      try {
        told(() => {
          if (!direct) fsyncSync(handle);
        });
        if (!direct) told(() => renameSync(draft, target));
        drafts.delete(draft);
        open = false;
        closeSync(handle);
      } catch (error) {
        drop();
        throw error;
      }
    },
  };
}

export interface PlacedFile {
  readonly path: string;
  readonly content: Content;
}

/** Writes a file, whole or not at all. */
export function writeWhole(file: string, content: Content, flag: string): void {
  writeTogether([{ path: file, content }], flag);
}

/** Several files: each appears only when all could be written. Folders are made if need be. */
export function writeTogether(files: readonly PlacedFile[], flag: string): void {
  const opened: WholeFile[] = [];
  try {
    for (const { path, content } of files) {
      tell(flag, path, () => makeFolder(resolve(dirname(path))));
      const file = openWhole(path, flag);
      opened.push(file);
      for (const piece of piecesOf(content)) file.write(piece);
    }
    for (const file of opened) file.keep();
  } finally {
    for (const file of opened) file.drop();
  }
}

/** Characters that are gathered from small pieces before they are written. */
const GATHERED = 1 << 16;

function* piecesOf(content: Content): Iterable<string | Uint8Array> {
  let text = '';
  for (const piece of typeof content === 'string' || content instanceof Uint8Array ? [content] : content) {
    if (typeof piece === 'string' && text.length + piece.length < GATHERED) {
      text += piece;
      continue;
    }
    if (text !== '') yield text;
    text = '';
    yield piece;
  }
  if (text !== '') yield text;
}

/** Parents first, one by one: a recursive mkdir never returns below /proc (Node 20). */
export function makeFolder(path: string): void {
  if (statOf(path)?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

function put(handle: number, piece: string | Uint8Array): void {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
}

function tell<T>(flag: string, file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw refusal(flag, file, absent ? 'a folder that is not there' : fileWords(error));
  }
}

function refusal(flag: string, file: string, words: string): UserError {
  return new UserError([
    { path: flag, expected: 'a file that can be written', received: words, ...(file === flag ? {} : { file }) },
  ]);
}
