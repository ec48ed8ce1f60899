// RAGPulse's hash ids as blocks of equal size: prompts are made of parts of different lengths, caches of blocks of one length.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { show, UserError } from '../check/issue.ts';
import type { PrefixBlocks } from './types.ts';

/** Parts of a prompt in the order in which they stand in it, with the files that hold their lengths. Source: RAGPulse's README (MIT). */
const PARTS = [
  { key: 'sys_prompt', file: '1_sys_prompt.jsonl', id: 'sys_prompt_id' },
  { key: 'passages_ids', file: '2_passages.jsonl', id: 'passage_id' },
  { key: 'history', file: '3_history.jsonl', id: 'history_id' },
  { key: 'web_search', file: '5_web_search.jsonl', id: 'web_search_id' },
  { key: 'user_input', file: '4_user_input.jsonl', id: 'user_input_id' },
] as const;

interface Row {
  readonly input_length: number;
  readonly hash_ids: Readonly<Record<string, readonly number[]>>;
}

/** Whether a text is a RAGPulse trace: its hash ids are grouped by part. */
export function isRagPulse(text: string): boolean {
  const end = text.indexOf('\n');
  return /"hash_ids"\s*:\s*\{/.test(end < 0 ? text : text.slice(0, end));
}

/**
 * Blocks of `blockTokens` tokens. A block's id stands for everything up to its end: two prompts share it where their parts agree
 * that far. Lengths of parts come from the files beside the trace; without them, a prompt's parts share its length evenly.
 */
export function readRagPulseBlocks(file: string, blockTokens: number): PrefixBlocks {
  const text = readFileSync(file, 'utf8');
  const lengths = readPartLengths(dirname(file));
  const rows = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [parseRow(line, i + 1, file)]));
  const names = new Map<string, number>();
  const offset = new Int32Array(rows.length + 1);
  const ids: number[] = [];
  rows.forEach((row, i) => {
    for (const id of blocksOf(row, lengths, blockTokens, names)) ids.push(id);
    offset[i + 1] = ids.length;
  });
  return { block_tokens: blockTokens, offset, ids: Int32Array.from(ids) };
}

function parseRow(line: string, number: number, file: string): Row {
  const row = parse(line) as Partial<Row> | undefined;
  if (
    row?.hash_ids &&
    typeof row.hash_ids === 'object' &&
    !Array.isArray(row.hash_ids) &&
    Number(row.input_length) > 0
  ) {
    return { input_length: Number(row.input_length), hash_ids: row.hash_ids };
  }
  const expected = 'a row with input_length and hash_ids by part';
  throw new UserError([{ path: 'hash_ids', expected, received: show(line.trim()), file, line: number }]);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Tokens by id; null where the files are not there. */
function readPartLengths(folder: string): ReadonlyMap<number, number> | null {
  if (!PARTS.every(({ file }) => existsSync(join(folder, file)))) return null;
  const lengths = new Map<number, number>();
  for (const { file, id } of PARTS) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const entry = parse(line) as Record<string, number> | undefined;
      if (entry) lengths.set(Number(entry[id]), Number(entry.token_length));
    }
  }
  return lengths;
}

/** Ids of the whole blocks of a prompt, by name: what stands before the block, and the parts in it. */
function blocksOf(
  row: Row,
  lengths: ReadonlyMap<number, number> | null,
  size: number,
  names: Map<string, number>,
): number[] {
  const parts = PARTS.flatMap(({ key }) => row.hash_ids[key] ?? []);
  const even = parts.length > 0 ? row.input_length / parts.length : 0;
  const ids: number[] = [];
  let before = -1;
  let within = '';
  let filled = 0;
  for (const part of parts) {
    let left = Math.max(0, Math.round(lengths?.get(part) ?? even));
    // a long part runs over several blocks: what counts is the part and how far into it the block ends
    let taken = 0;
    while (filled + left >= size) {
      taken += size - filled;
      left -= size - filled;
      before = nameBlock(`${before}|${within}${part}:${taken}`, names);
      ids.push(before);
      within = '';
      filled = 0;
    }
    if (left > 0) {
      within += `${part}:${taken + left},`;
      filled += left;
    }
  }
  // the file's own total is what is prefilled: no block lies beyond it
  return ids.slice(0, Math.floor(row.input_length / size));
}

function nameBlock(name: string, names: Map<string, number>): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size);
  return names.size - 1;
}
