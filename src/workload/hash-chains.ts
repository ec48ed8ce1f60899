// Hash blocks of prompts as dense ids: equal ids where prompts agree from their first token to the end of the block.
import type { Walks } from './walks.ts';

/** What stands in the prompt of a request. */
export interface PromptChain {
  readonly request: number;
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** Leading tokens that the session's later prompts begin with too (shared text, history, question, answer). */
  readonly chained: number;
}

export interface HashChains {
  readonly blockTokens: number;
  /** Ids of the whole blocks of a prompt. Prompts of one request are asked for one after the other. */
  idsOf(chain: PromptChain): number[];
  /** Ids given so far. */
  readonly count: number;
}

function listOf(lists: Map<number, number[]>, key: number): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

export function openHashChains(walks: Walks, blockTokens: number): HashChains {
  // blocks of the trace in one of these, or of these in one of the trace's
  const traceTokens = walks.blocks?.block_tokens ?? blockTokens;
  const large = Math.max(1, blockTokens / traceTokens);
  const parts = Math.max(1, traceTokens / blockTokens);
  let count = 0;
  const next = () => count++;
  const texts = new Map<number, number[]>();
  const sessions = new Map<number, number[]>();
  const traced = new Map<number, number>();
  // blocks that only this request has
  let request = -1;
  let own: number[] = [];
  const idIn = (list: number[], block: number) => {
    list[block] ??= next();
    return list[block];
  };
  /** Where the ids of a request's own blocks begin and end; nowhere without a trace of them. */
  const blocksOf = (r: number): [number, number] =>
    walks.blocks ? [walks.blocks.offset[r]!, walks.blocks.offset[r + 1]!] : [0, 0];
  const idOf = (chain: PromptChain, block: number) => {
    const { blocks, prefix, prefixTokens, session } = walks;
    const r = chain.request;
    const end = (block + 1) * blockTokens;
    const [from, to] = blocksOf(r);
    // the trace's block that ends with this one, or that this one is a part of, as far as it is of the prompt
    const at = parts > 1 ? Math.floor(block / parts) : (block + 1) * large - 1;
    const prompt = parts > 1 ? prefixTokens[r]! + walks.history[r]! + walks.question[r]! : end;
    if (blocks && at < to - from && end <= prompt) {
      const id = blocks.ids[from + at]!;
      const first = traced.get(id) ?? count;
      if (first === count) count += parts;
      traced.set(id, first);
      return first + (block % parts);
    }
    if (end <= prefixTokens[r]!) return idIn(listOf(texts, prefix[r]!), block);
    // a trace says itself what later turns begin with
    if (!blocks && session[r]! >= 0 && end <= chain.chained) return idIn(listOf(sessions, session[r]!), block);
    return idIn(own, block);
  };
  return {
    blockTokens,
    idsOf(chain) {
      if (chain.request !== request) {
        request = chain.request;
        own = [];
      }
      const whole = Math.floor(chain.tokens / blockTokens);
      // a trace hashes its last block too when it is not full
      const [from, to] = blocksOf(request);
      const given = parts > 1 ? 0 : Math.floor((to - from) / large);
      const last = Math.max(whole, Math.min(given, Math.ceil(chain.tokens / blockTokens)));
      return Array.from({ length: last }, (_, block) => idOf(chain, block));
    },
    get count() {
      return count;
    },
  };
}
