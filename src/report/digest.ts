// A digest of results: two runs that print the same one computed the same bytes, on any host and with any number of workers.
import { bytesToHexString, concatUint8Arrays } from 'typed-array-utils';
import { sha256 } from '../host/host.ts';
import type { SweepResult } from '../metrics/sweep.ts';
import { columnLines } from './csv.ts';
import { columnsOf } from './flat.ts';

/**
 * Joins pieces of bytes. The only door to typed-array-utils: its comparison and its view of shared buffers are wrong, so only
 * joining and hexadecimal are used, on plain Uint8Arrays, and test/report/digest.test.ts holds both against Node's own.
 */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  return concatUint8Arrays(...pieces);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array<ArrayBuffer>): string {
  return bytesToHexString(bytes);
}

/**
 * SHA-256 over every kept row as it stands in the CSV (which holds neither wall times nor the number of workers), without those
 * that only follow from others, and the error bands: these change when more measured runs are replayed, the results do not.
 */
export function digestOf(result: Pick<SweepResult, 'axes' | 'kept' | 'screened'>): string {
  const columns = columnsOf(result).filter(({ beside }) => !beside);
  return digestLines(columnLines(columns, result.kept));
}

export function digestLines(lines: Iterable<string>): string {
  const encoder = new TextEncoder();
  const pieces = Array.from(lines, (line) => encoder.encode(line));
  const digest = sha256(joinBytes(pieces));
  return toHex(Uint8Array.from(digest));
}
