// A file of finished work: it only grows, every record has its length and a checksum, and half of one at the end (a process that was killed, a
// power cut) is cut off. Records: a head, texts (given numbers in the order they come), and pieces of work, packed.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { UserError } from '../check/issue.ts';
import { fileWords } from '../check/text-file.ts';
import { type Packed, pack, unpack } from './packed.ts';

const MAGIC = Buffer.from('mistwrk1');
/** Bytes before the payload: its length, and the first of its SHA-256. */
const FRAME = 12;
const KINDS = ['head', 'text', 'piece'] as const;
type Kind = (typeof KINDS)[number];
/** Bytes of a piece before its numbers: kind, key, frame, which piece. */
const PIECE_HEAD = 17;
/** No record of ours is as long: a length beyond it is no length. */
const MOST_PAYLOAD = 2 ** 30;
/** The disk is told to keep what was written so often, in ms: a killed process loses nothing, a power cut what came since. */
const SYNC_EVERY = 5000;

/** Pieces of work that are finished, by the order they are of and their number in it. */
export interface FinishedWork {
  has(key: string, piece: number): boolean;
  get(key: string, piece: number): unknown;
}

/** Its number, and what it came to. */
export type Piece = readonly [piece: number, value: unknown];

export interface WorkFile extends FinishedWork {
  readonly path: string;
  /** What it says of itself, first of all. */
  readonly head: unknown;
  /** Pieces in it. */
  readonly count: number;
  /** Bytes that were cut off its end when it was opened. */
  readonly cut: number;
  put(key: string, pieces: readonly Piece[]): void;
  /** Every piece. */
  list(): Iterable<readonly [key: string, piece: number]>;
  close(): void;
}

/** A new file, with its head. Throws UserError where it is there already, or cannot be written. */
export function createWork(path: string, head: unknown): WorkFile {
  const handle = told(path, () => openSync(path, 'wx+'));
  const writer = openWriter(path, handle, 0);
  writer.raw(MAGIC);
  writer.add('head', [[Buffer.from(JSON.stringify(head))]]);
  return open(path, handle, writer, { head, texts: [], pieces: new Map(), cut: 0 });
}

/** A file that is there; half a record at its end is cut off (`write`) or passed over. Throws UserError where it is none, or cannot be read. */
export function openWork(path: string, write: boolean): WorkFile {
  const handle = told(path, () => openSync(path, write ? 'r+' : 'r'));
  const { size } = fstatSync(handle);
  const { end, ...read } = told(path, () => readRecords(path, handle, size));
  if (write && end < size) told(path, () => ftruncateSync(handle, end));
  const writer = openWriter(path, handle, end);
  if (write && end === 0) writer.raw(MAGIC);
  return open(path, handle, writer, { ...read, cut: size - end });
}

/** Where the records of pieces begin in a file: by key and number. */
type Pieces = Map<string, Map<number, number>>;

interface Records {
  readonly head: unknown;
  readonly texts: string[];
  readonly pieces: Pieces;
  readonly cut: number;
}

function open(path: string, handle: number, writer: Writer, { head, texts, pieces, cut }: Records): WorkFile {
  const numbers = new Map(texts.map((text, i) => [text, i]));
  const numberOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    writer.add('text', [[Buffer.from(text)]]);
    texts.push(text);
    numbers.set(text, texts.length - 1);
    return texts.length - 1;
  };
  let count = 0;
  for (const own of pieces.values()) count += own.size;
  const payloadOf = (key: string, piece: number, value: unknown): readonly Buffer[] => {
    const { frame, numbers: column } = pack(value);
    const payload = Buffer.alloc(PIECE_HEAD - 1);
    payload.writeUInt32LE(numberOf(key), 0);
    payload.writeUInt32LE(numberOf(frame), 4);
    payload.writeDoubleLE(piece, 8);
    return [payload, Buffer.from(column.buffer, column.byteOffset, column.byteLength)];
  };
  return {
    path,
    head,
    cut,
    get count() {
      return count;
    },
    has: (key, piece) => pieces.get(key)?.has(piece) ?? false,
    get(key, piece) {
      const at = pieces.get(key)!.get(piece)!;
      return unpack(told(path, () => readPiece(handle, at, texts)));
    },
    put(key, own) {
      // texts that they name go before them
      const payloads = own.map(([piece, value]) => payloadOf(key, piece, value));
      for (const [i, at] of writer.add('piece', payloads).entries()) noteAt(pieces, key, own[i]![0], at);
      count += own.length;
    },
    *list() {
      for (const [key, own] of pieces) for (const piece of own.keys()) yield [key, piece];
    },
    close() {
      writer.sync();
      closeSync(handle);
    },
  };
}

function noteAt(pieces: Pieces, key: string, piece: number, at: number): void {
  const own = pieces.get(key) ?? new Map<number, number>();
  pieces.set(key, own.set(piece, at));
}

interface Writer {
  raw(bytes: Buffer): void;
  /** Records with these payloads, each in parts: where they begin. */
  add(kind: Kind, payloads: readonly (readonly Buffer[])[]): number[];
  sync(): void;
}

/** Writes at `end` and on; what could not be written whole (a full disk) leaves the file as it was. */
function openWriter(path: string, handle: number, from: number): Writer {
  let end = from;
  let synced = Date.now();
  const raw = (bytes: Buffer): void => {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, end + at);
    } catch (error) {
      try {
        ftruncateSync(handle, end);
      } catch {
        // half a record at the end is cut off by the next who opens it
      }
      throw refused(path, error);
    }
    end += bytes.length;
  };
  const sync = (): void => {
    told(path, () => fsyncSync(handle));
    synced = Date.now();
  };
  return {
    raw,
    sync,
    add(kind, payloads) {
      let next = end;
      const begins: number[] = [];
      const records = payloads.flatMap((parts) => {
        const payload = [Buffer.of(KINDS.indexOf(kind)), ...parts];
        const frame = Buffer.alloc(FRAME);
        const length = payload.reduce((sum, part) => sum + part.length, 0);
        frame.writeUInt32LE(length, 0);
        sumOf(payload).copy(frame, 4);
        begins.push(next);
        next += FRAME + length;
        return [frame, ...payload];
      });
      raw(Buffer.concat(records));
      if (Date.now() - synced > SYNC_EVERY) sync();
      return begins;
    },
  };
}

function sumOf(payload: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of payload) hash.update(part);
  return hash.digest().subarray(0, FRAME - 4);
}

/** Every whole record from the beginning; what comes after the first that is not whole is nobody's. */
function readRecords(path: string, handle: number, size: number): Omit<Records, 'cut'> & { readonly end: number } {
  const texts: string[] = [];
  const pieces: Pieces = new Map();
  let head: unknown;
  const begin = readAt(handle, 0, Math.min(size, MAGIC.length));
  if (!begin.equals(MAGIC.subarray(0, begin.length))) throw notOurs(path);
  let at = begin.length < MAGIC.length ? 0 : MAGIC.length;
  while (at > 0 && at + FRAME < size) {
    const frame = readAt(handle, at, FRAME);
    const length = frame.readUInt32LE(0);
    if (length === 0 || length > MOST_PAYLOAD || at + FRAME + length > size) break;
    const payload = readAt(handle, at + FRAME, length);
    if (!sumOf([payload]).equals(frame.subarray(4))) break;
    const kind = KINDS[payload[0]!];
    if (kind === 'head') head = JSON.parse(payload.toString('utf8', 1));
    else if (kind === 'text') texts.push(payload.toString('utf8', 1));
    else noteAt(pieces, texts[payload.readUInt32LE(1)]!, payload.readDoubleLE(9), at);
    at += FRAME + length;
  }
  return { head, texts, pieces, end: at };
}

function readPiece(handle: number, at: number, texts: readonly string[]): Packed {
  const length = readAt(handle, at, FRAME).readUInt32LE(0);
  const payload = readAt(handle, at + FRAME, length);
  const numbers = new Float64Array((length - PIECE_HEAD) / 8);
  Buffer.from(numbers.buffer).set(payload.subarray(PIECE_HEAD));
  return { frame: texts[payload.readUInt32LE(5)]!, numbers };
}

function readAt(handle: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const got = readSync(handle, bytes, at, length - at, offset + at);
    if (got === 0) throw new Error(`${length - at} bytes are missing at ${offset + at}`);
    at += got;
  }
  return bytes;
}

const notOurs = (path: string): UserError =>
  new UserError([{ path, expected: 'finished work of MIST', received: 'a file of another kind' }]);

function told<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw refused(path, error);
  }
}

function refused(path: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code === undefined) return error;
  const hint = 'what was written before is whole: make room, and --resume goes on from there';
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
  const expected = 'a file of finished work that can be written and read';
  return new UserError([{ path, expected, received: fileWords(error), ...(full ? { hint } : {}) }]);
}
