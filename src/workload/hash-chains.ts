// Hash blocks of prompts as dense ids: equal ids where prompts agree from their first token to the end of the block.
import { regroupBlocks } from './hash-blocks.ts';
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
  /** Ids of the shared texts that somebody's prompt began with, the one of most requests first. */
  sharedTexts(): readonly (readonly number[])[];
}

/** More than there are ids of blocks or of texts. */
const ADAPTERS_APART = 2 ** 32;

export function openHashChains(walks: Walks, blockTokens: number): HashChains {
  const blocks = walks.blocks && regroupBlocks(walks.blocks, walks.question, blockTokens);
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
  const listOf = (lists: Map<number, number[]>, key: number) => {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    return list;
  };
  /** Where the ids of a request's own blocks begin and end; nowhere without a trace of them. */
  const blocksOf = (r: number): [number, number] => {
    return blocks ? [blocks.offset[r]!, blocks.offset[r + 1]!] : [0, 0];
  };
  const idOf = (chain: PromptChain, block: number) => {
    const { prefix, prefixTokens, session } = walks;
    const r = chain.request;
    const end = (block + 1) * blockTokens;
    const [from, to] = blocksOf(r);
    const apart = apartOf(walks, r);
    if (blocks && block < to - from) {
      const id = blocks.ids[from + block]! + apart;
      const known = traced.get(id);
      if (known !== undefined) return known;
      traced.set(id, count);
      return next();
    }
    if (end <= prefixTokens[r]!) return idIn(listOf(texts, prefix[r]! + apart), block);
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
      const last = Math.max(whole, Math.min(to - from, Math.ceil(chain.tokens / blockTokens)));
      return Array.from({ length: last }, (_, block) => idOf(chain, block));
    },
    get count() {
      return count;
    },
    sharedTexts: () => byRequests(walks, texts),
  };
}

/** What an adapter has computed is nothing for another one. */
const apartOf = ({ adapter }: Walks, r: number): number => (adapter?.[r] ?? 0) * ADAPTERS_APART;

/** Ids of texts by their key, that of most requests first. */
function byRequests(walks: Walks, texts: ReadonlyMap<number, readonly number[]>): (readonly number[])[] {
  const asked = new Map<number, number>();
  walks.prefix.forEach((text, r) => {
    const key = text + apartOf(walks, r);
    asked.set(key, (asked.get(key) ?? 0) + 1);
  });
  const known = [...texts].sort(([a], [b]) => asked.get(b)! - asked.get(a)! || a - b);
  return known.map(([, ids]) => ids);
}
