// The requests of a run as a trace that load generators and MIST itself read: Mooncake's lines, one request each.
import type { Walks } from '../workload/walks.ts';

/** Tokens of a block of hash ids, as Mooncake's traces have them. */
export const TRACE_BLOCK = 512;

/** `{"timestamp": ms, "input_length": n, "output_length": m, "hash_ids": [...]}`; ids where prompts have something in common. */
export function* loadLines(walks: Walks): Generator<string> {
  const { count, arrival, question, answer, prefixTokens, history, session, turns, concurrency, blocks } = walks;
  const ids = openIds(walks);
  for (let i = 0; i < count; i++) {
    const line: Record<string, unknown> = {};
    if (concurrency === 0) line.timestamp = arrival[i]! * 1000;
    line.input_length = prefixTokens[i]! + history[i]! + question[i]!;
    line.output_length = answer[i]!;
    const own = blocks ? blocks.ids.subarray(blocks.offset[i], blocks.offset[i + 1]) : ids?.(i);
    if (own) line.hash_ids = [...own];
    if (session[i]! >= 0) line.session_id = String(session[i]);
    if (turns && turns.after[i]! >= 0) line.delay = turns.delay[i]! * 1000;
    yield `${JSON.stringify(line)}\n`;
  }
}

/** Ids of blocks: those of a shared text are the text's, all others are nobody else's. null where nothing is shared. */
function openIds({ prefix, prefixTokens, history, question }: Walks): ((i: number) => number[]) | null {
  if (prefix.every((text) => text < 0)) return null;
  const texts = new Map<number, number[]>();
  let next = 0;
  const take = (count: number) => Array.from({ length: count }, () => next++);
  return (i) => {
    const shared = Math.floor(prefixTokens[i]! / TRACE_BLOCK);
    const known = texts.get(prefix[i]!) ?? take(shared);
    texts.set(prefix[i]!, known);
    const all = Math.ceil((prefixTokens[i]! + history[i]! + question[i]!) / TRACE_BLOCK);
    return [...known, ...take(all - known.length)];
  };
}
