// The one door through which text files are read: what cannot be read as text is a user's mistake in words, never a stack trace.
import { gunzipSync, readFileSync, type Stats, statSync } from '../host/host.ts';
import { type Issue, UserError } from './issue.ts';
import { noteInput } from './same-file.ts';

/** What a reader says of a file that it cannot read. */
export interface Asked {
  /** Spec path, flag, or what the file is to the reader. */
  readonly path: string;
  /** "a readable spec file". */
  readonly expected: string;
  readonly hint?: string;
}

/** Node's longest string, less a little: a file beyond it can be no one text. */
const MOST_BYTES = 2 ** 29 - 64;

/** First bytes of what people take for text. Source: the formats' specifications. */
const KINDS: readonly (readonly [magic: readonly number[], words: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive: unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a file packed by zstd: unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'a file packed by xz: unpack it first'],
  [[0x42, 0x5a, 0x68], 'a file packed by bzip2: unpack it first'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file, which holds no text'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF, which holds no text'],
  [[0xff, 0xfe], 'text in UTF-16: save it as UTF-8'],
  [[0xfe, 0xff], 'text in UTF-16: save it as UTF-8'],
];
const GZIP = [0x1f, 0x8b];

/** The text of a file, unpacked where it is gzip. Throws UserError where it cannot be read as text, and says what it is. */
export function readTextFile(file: string, { path, expected, hint }: Asked): string {
  const read = tryReadText(file);
  if ('text' in read) return read.text;
  const { received, line } = read;
  const issue: Issue = { path, expected, received, file, ...(line ? { line } : {}), ...(hint ? { hint } : {}) };
  throw new UserError([issue]);
}

/** The same of standard input, to its end. */
export function readStandardText({ path, expected, hint }: Asked): string {
  let read: TextRead;
  try {
    read = decode(readFileSync(STANDARD_INPUT));
  } catch (error) {
    read = { received: fileWords(error) };
  }
  if ('text' in read) return read.text;
  throw new UserError([{ path, expected, received: read.received, ...(hint ? { hint } : {}) }]);
}
/** Its descriptor. */
export const STANDARD_INPUT = 0;

export type TextRead = { readonly text: string } | { readonly received: string; readonly line?: number };

/** The same without throwing: the text, or what was there instead. */
export function tryReadText(file: string): TextRead {
  const bytes = tryReadBytes(file);
  return bytes instanceof Uint8Array ? decode(bytes) : bytes;
}

/** The bytes of a regular file or a pipe, or what was there instead. Devices without an end are not waited for. */
export function tryReadBytes(file: string): Uint8Array | { readonly received: string } {
  try {
    const found = statSync(file);
    if (found.isDirectory()) return { received: 'a folder' };
    if (!found.isFile() && !found.isFIFO() && !found.isSocket()) return { received: 'a device, not a file' };
    if (found.size > MOST_BYTES) return { received: tooLarge(found.size) };
    const bytes = readFileSync(file);
    noteInput(file);
    return bytes;
  } catch (error) {
    return { received: fileWords(error) };
  }
}

/** What is at a path; null where nothing is, or nothing that can be reached (a circle of links, a way through a file). */
export function statOf(file: string): Stats | null {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function tooLarge(bytes: number): string {
  return `a file of ${(bytes / 1e6).toFixed(0)} MB, of which at most ${(MOST_BYTES / 1e6).toFixed(0)} MB can be read`;
}

function decode(bytes: Uint8Array): TextRead {
  if (startsWith(bytes, GZIP)) return unpack(bytes);
  const kind = KINDS.find(([magic]) => startsWith(bytes, magic));
  if (kind) return { received: kind[1] };
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    return { received: 'a NUL byte, which no text has (is the file binary or cut off?)', line: lineAt(bytes, nul) };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { received: 'bytes that are not UTF-8 (Latin-1? save it as UTF-8)', line: lineAt(bytes, firstOdd(bytes)) };
  }
}

function unpack(bytes: Uint8Array): TextRead {
  try {
    return decode(gunzipSync(bytes, { maxOutputLength: MOST_BYTES }));
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return {
      received: large ? 'a gzip file too large to be read once unpacked' : 'a gzip file that is broken or cut off',
    };
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** Where text stops being UTF-8: beginnings that decode are good, and more bytes never mend one that does not. */
function firstOdd(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    // a character cut in the middle is no mistake yet: `stream` waits for its rest
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return good;
}

function lineAt(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (bytes[i] === 10) line++;
  return line;
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'a path through something that is not a folder',
  EISDIR: 'a folder',
  ELOOP: 'a circle of symbolic links',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENAMETOOLONG: 'a name that is too long',
  EMFILE: 'too many open files',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'a read-only file system',
  EEXIST: 'a file where the folder should be',
  ENXIO: 'nothing that reads at the other end',
  EPIPE: 'nothing that reads at the other end',
  EFBIG: 'a file that grew larger than the file system or a limit allows',
  ERR_INVALID_ARG_VALUE: 'a name with a NUL byte',
  ERR_FS_FILE_TOO_LARGE: 'a file of more than 2 GB',
  ERR_STRING_TOO_LONG: tooLarge(MOST_BYTES),
};

/** What a file system's refusal means. */
export function fileWords(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && WORDS[code]) ?? code ?? message;
}
