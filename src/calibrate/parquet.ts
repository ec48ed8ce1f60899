// Reads a Parquet file as a sheet of cells: AIConfigurator keeps its timings so.
import zlib from 'node:zlib';
import { type Issue, show } from '../check/issue.ts';
import { tryReadBytes } from '../check/text-file.ts';
import type { Sheet } from './csv.ts';

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/** "PAR1" at both ends. */
const MAGIC = 'PAR1';

/** Snappy is the reader's own; Node brings the others, Zstandard from 22.15 on. */
function decompressors(): Record<string, Decompress> {
  const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array };
  return {
    GZIP: (input) => zlib.gunzipSync(input),
    BROTLI: (input) => zlib.brotliDecompressSync(input),
    ...(zstdDecompressSync ? { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) } : {}),
  };
}

/** The file's columns as text; null where it is no Parquet that can be read, which is told. */
export async function openParquet(file: string, issues: Issue[]): Promise<Sheet | null> {
  const bytes = tryReadBytes(file);
  if (!(bytes instanceof Uint8Array)) {
    issues.push({ path: 'file', expected: 'a Parquet file', received: bytes.received, file });
    return null;
  }
  const ends = [bytes.subarray(0, 4), bytes.subarray(-4)].map((end) => Buffer.from(end).toString('latin1'));
  if (bytes.length < 12 || ends.some((end) => end !== MAGIC)) {
    const received = bytes.length === 0 ? 'an empty file' : `a file that begins with ${show(ends[0])}`;
    issues.push({ path: 'file', expected: 'a Parquet file', received, file });
    return null;
  }
  try {
    return await readColumns(file, bytes);
  } catch (error) {
    const { message } = error as Error;
    const zstd = /ZSTD/.test(message) ? { hint: 'Zstandard needs Node 22.15 or newer; or write it with snappy' } : {};
    issues.push({ path: 'file', expected: 'a Parquet file that can be read', received: message, file, ...zstd });
    return null;
  }
}

/** The reader is loaded only when there is a file for it. */
async function readColumns(file: string, bytes: Uint8Array): Promise<Sheet> {
  const { parquetReadObjects } = await import('hyparquet');
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows: Record<string, unknown>[] = await parquetReadObjects({ file: buffer, compressors: decompressors() });
  const header = Object.keys(rows[0] ?? {});
  return {
    file,
    header,
    length: rows.length,
    cell: (column, i) => cellOf(rows[i]![column]),
    lineOf: (i) => i + 1,
    widthOf: () => header.length,
  };
}

function cellOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
