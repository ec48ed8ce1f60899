// RAGPulse's hash ids as blocks of equal size: prompts are made of parts of different lengths, caches of blocks of one length.
import { show, UserError } from '../check/issue.ts';
import { isRecord, tryJson } from '../check/python-json.ts';
import { readTextFile } from '../check/text-file.ts';
import { dirname, existsSync, join } from '../host/host.ts';
import type { PrefixBlocks } from './types.ts';

/** Parts of a prompt in the order in which they stand in it, with the files that hold their lengths. Source: RAGPulse's README (MIT). */
const PARTS = [
  { key: 'sys_prompt', file: '1_sys_prompt.jsonl', id: 'sys_prompt_id' },
  { key: 'passages_ids', file: '2_passages.jsonl', id: 'passage_id' },
  { key: 'history', file: '3_history.jsonl', id: 'history_id' },
  { key: 'web_search', file: '5_web_search.jsonl', id: 'web_search_id' },
  { key: 'user_input', file: '4_user_input.jsonl', id: 'user_input_id' },
] as const;

const TRACE = { path: 'requests', expected: 'a readable trace' };

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
  const text = readTextFile(file, TRACE);
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
  const row = tryJson(line) as Partial<Row> | undefined;
  if (isRecord(row?.hash_ids) && Number(row.input_length) > 0) {
    return { input_length: Number(row.input_length), hash_ids: row.hash_ids };
  }
  const expected = 'a row with input_length and hash_ids by part';
  throw new UserError([{ path: 'hash_ids', expected, received: show(line.trim()), file, line: number }]);
}

/** Tokens by id; null where the files are not there. */
function readPartLengths(folder: string): ReadonlyMap<number, number> | null {
  if (!PARTS.every(({ file }) => existsSync(join(folder, file)))) return null;
  const lengths = new Map<number, number>();
  for (const { file, id } of PARTS) {
    for (const line of readTextFile(join(folder, file), TRACE).split('\n')) {
      const entry = tryJson(line) as Record<string, number> | undefined;
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
    // a long part runs over several blocks
    for (let left = Math.max(0, Math.round(lengths?.get(part) ?? even)); left > 0; ) {
      const taken = Math.min(left, size - filled);
      within += `${part}:${taken},`;
      filled += taken;
      left -= taken;
      if (filled < size) break;
      before = nameBlock(`${before}|${within}`, names);
      ids.push(before);
      within = '';
      filled = 0;
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
