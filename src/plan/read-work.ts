// Reads a step as a person writes it: prompts as "tokens:past,...", decodes as "sequences x context,...".
import type { Issue } from '../check/issue.ts';
import type { Chunk, StepWork } from './step-work.ts';

const PREFILL = 'chunks as TOKENS[:PAST], e.g. 512:0,1024:2048';
const DECODE = 'groups as SEQUENCESxCONTEXT, e.g. 64x1200';
const WHOLE = /^\d+$/;

/** The step that the two words ask for; mistakes go to `issues`. */
export function readWork(prefill: string | undefined, decode: string | undefined, issues: Issue[]): StepWork {
  const work = {
    prefill: readList(prefill, '--prefill', PREFILL, readChunk, issues),
    decode: readList(decode, '--decode', DECODE, readGroup, issues),
  };
  if (prefill === undefined && decode === undefined) {
    issues.push({ path: '--prefill, --decode', expected: `${PREFILL}; ${DECODE}`, received: 'neither' });
  }
  return work;
}

function readList<Item>(
  text: string | undefined,
  path: string,
  expected: string,
  read: (item: string) => Item | null,
  issues: Issue[],
): Item[] {
  const items: Item[] = [];
  if (text === undefined) return items;
  for (const word of text.split(',')) {
    const item = read(word.trim());
    if (item) items.push(item);
    else issues.push({ path, expected, received: word === '' ? 'an empty item' : word });
  }
  return items;
}

/** A chunk ends its prompt, unless it is followed by "..": then the sequence does not sample yet. */
function readChunk(word: string): Chunk | null {
  const completes = !word.endsWith('..');
  const [tokens, past = '0', ...more] = (completes ? word : word.slice(0, -2)).split(':');
  if (more.length > 0 || !WHOLE.test(tokens!) || !WHOLE.test(past) || Number(tokens) < 1) return null;
  return { tokens: Number(tokens), past: Number(past), completes };
}

function readGroup(word: string): { count: number; context: number } | null {
  const [count, context, ...more] = word.split('x');
  if (more.length > 0 || !WHOLE.test(count!) || context === undefined || !WHOLE.test(context)) return null;
  return Number(count) < 1 ? null : { count: Number(count), context: Number(context) };
}
