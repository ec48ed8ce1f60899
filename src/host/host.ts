// What the rooms need of the machine they run on: files, paths, unpacking, hashes, threads, memory. This is Node's and Deno's;
// bundles for browsers take browser.ts in its place, which has the same names (test/explorer/host.test.ts).
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

export { existsSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
export { basename, dirname, join, resolve } from 'node:path';
export { Worker } from 'node:worker_threads';
export { gunzipSync } from 'node:zlib';

/** The folder of the rooms: src/, or dist/src/. */
export const ROOMS: string = fileURLToPath(new URL('..', import.meta.url));

/** Whether memories are shared with threads; the kernels are built for one or the other. */
export const SHARED_MEMORY = true;

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** A document to draw in. */
export async function openDocument(): Promise<Document> {
  const { parseHTML } = await import('linkedom');
  return parseHTML('<html><body></body></html>').document as unknown as Document;
}

/** Lets whatever waits have its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
