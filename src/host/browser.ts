// The host of a browser, with the names of host.ts: files live in memory, put there by the page (the catalog, what was dropped on it).
import { sha256 as hash } from '@noble/hashes/sha2.js';
import { gunzipSync as unpack } from 'fflate';
import { basename, dirname, join, resolve } from 'pathe';

export { basename, dirname, join, resolve };

/** What a path holds. */
export interface Stats {
  readonly size: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

interface Held {
  readonly content: string | Uint8Array;
  readonly ino: bigint;
}

const files = new Map<string, Held>();
/** Names in a folder, and whether each is a folder. */
const folders = new Map<string, Map<string, boolean>>([['/', new Map()]]);
let last = 0n;

/** Puts a file where the rooms find it; one that is there is replaced. */
export function putFile(path: string, content: string | Uint8Array): void {
  const file = resolve(path);
  files.set(file, { content, ino: ++last });
  let isFolder = false;
  for (let at = file; at !== '/'; at = dirname(at)) {
    const parent = folders.get(dirname(at)) ?? new Map<string, boolean>();
    parent.set(basename(at), isFolder);
    folders.set(dirname(at), parent);
    isFolder = true;
  }
}

/** Takes a file away again. */
export function dropFile(path: string): void {
  const file = resolve(path);
  files.delete(file);
  folders.get(dirname(file))?.delete(basename(file));
}

class NoFile extends Error {
  readonly code = 'ENOENT';
}

const ENCODER = new TextEncoder();

function held(path: string): Held {
  const found = files.get(resolve(path));
  if (!found) throw new NoFile(`no such file: ${path}`);
  return found;
}

export function existsSync(path: string): boolean {
  const at = resolve(path);
  return files.has(at) || folders.has(at);
}

export function readFileSync(path: string): Uint8Array;
export function readFileSync(path: string, encoding: 'utf8'): string;
export function readFileSync(path: string, encoding?: 'utf8'): string | Uint8Array {
  const { content } = held(path);
  if (encoding) return typeof content === 'string' ? content : new TextDecoder().decode(content);
  return typeof content === 'string' ? ENCODER.encode(content) : content;
}

export interface Entry {
  readonly name: string;
  isDirectory(): boolean;
}

export function readdirSync(path: string): string[];
export function readdirSync(path: string, options: { readonly withFileTypes: true }): Entry[];
export function readdirSync(path: string, options?: { readonly withFileTypes: true }): string[] | Entry[] {
  const names = folders.get(resolve(path));
  if (!names) throw new NoFile(`no such folder: ${path}`);
  if (!options) return [...names.keys()];
  return Array.from(names, ([name, isFolder]) => ({ name, isDirectory: () => isFolder }));
}

export function realpathSync(path: string): string {
  if (!existsSync(path)) throw new NoFile(`no such file: ${path}`);
  return resolve(path);
}

export function statSync(
  path: string,
  options?: { readonly bigint?: boolean; readonly throwIfNoEntry?: boolean },
): Stats;
export function statSync(
  path: string,
  options: { readonly bigint?: boolean; readonly throwIfNoEntry?: boolean } = {},
): Stats | undefined {
  const at = resolve(path);
  const isFolder = folders.has(at);
  const file = files.get(at);
  if (!file && !isFolder) {
    if (options.throwIfNoEntry === false) return undefined;
    throw new NoFile(`no such file: ${path}`);
  }
  return {
    size: file?.content.length ?? 0,
    ...{ dev: 0n, ino: file?.ino ?? 0n, birthtimeNs: 0n },
    isFile: () => file !== undefined,
    isDirectory: () => isFolder,
    isFIFO: () => false,
    isSocket: () => false,
  };
}

export function gunzipSync(bytes: Uint8Array, _options?: { readonly maxOutputLength?: number }): Uint8Array {
  return unpack(bytes);
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Where the bundle has put the catalog. */
export const ROOMS = '/mist/src/';

export const SHARED_MEMORY = false;

/** The page's own. */
export async function openDocument(): Promise<Document> {
  return document;
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** A message to oneself: timers of browsers wait for milliseconds. */
export function turn(): Promise<void> {
  return new Promise((done) => {
    waiting.push(done);
    channel.port2.postMessage(null);
  });
}

/** Work runs in the worker that the page has started: a pool of one (src/run/pool.ts). */
export class Worker {
  constructor(file: URL, _options: { readonly workerData: unknown }) {
    throw new Error(`no thread can be started from ${file.href} in a browser`);
  }
  on(_event: string, _hear: (report: never) => void): this {
    return this;
  }
  off(_event: string, _hear: (report: never) => void): this {
    return this;
  }
  postMessage(_order: unknown): void {}
  async terminate(): Promise<number> {
    return 0;
  }
}
