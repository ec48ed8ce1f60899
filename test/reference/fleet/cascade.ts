// Cascade attention: what a step reads once for all its queries, straight from vLLM's rule.
import type { StepWork } from '../price.ts';
import { idsOf } from './share.ts';
import type { Client } from './state.ts';

const TILE = 128;

/** Tokens at the front of every context that a formed step reads once; 0 = each sequence reads its own. `always`: whether it pays or not. */
export function commonTokens(client: Client, work: Pick<StepWork, 'chunks' | 'decodes'>, always = false): number {
  const { cascade, price, blockSize } = client.setup;
  if (!cascade || !(price instanceof Float64Array)) return 0;
  const { chunks, decodes } = work;
  const sequences = chunks.length + decodes;
  const shared = countShared(client) * client.hashBlock;
  const computed = Math.min(shared, ...chunks.map(({ past }) => past));
  const tokens = Math.floor(computed / blockSize) * blockSize;
  if (tokens < cascade.tokens || sequences < cascade.sequences) return 0;
  if (chunks.some((chunk) => chunk.tokens > 1)) return tokens;
  const perHead = Math.floor(cascade.queryHeads / cascade.kvHeads);
  if (perHead === 1 || always) return tokens;
  const tiles = Math.ceil(tokens / TILE);
  const waves = Math.ceil((cascade.queryHeads * Math.ceil(sequences / TILE)) / cascade.multiprocessors);
  const blocks = sequences * cascade.kvHeads * Math.ceil(perHead / TILE) * tiles;
  return waves * tiles < Math.ceil(blocks / cascade.multiprocessors) ? tokens : 0;
}

/** Leading hash blocks of the first that runs, as far as exactly as many read them as run. */
function countShared(client: Client): number {
  const [first] = client.running;
  if (!first) return 0;
  const ids = idsOf(client, first);
  const own = ids.findIndex((id) => {
    const blocks = client.pool.find(id)?.blocks ?? [];
    return blocks.length === 0 || blocks.some(({ readers }) => readers !== client.running.length);
  });
  return own < 0 ? ids.length : own;
}
