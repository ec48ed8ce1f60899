// What devices of one instance exchange in a forward pass: reductions over tp, dispatch and combine over ep, hand-over over pp.
import type { LayerGroup, Model } from '../catalog/types.ts';
import { ACTIVATION_BYTES, type Formats } from './formats.ts';
import type { ExchangeOp } from './op.ts';
import type { Split } from './split.ts';

/** Exchanges of `count` layers of one group; activations travel in 16 bits. */
export function listLayerExchanges(
  group: LayerGroup,
  hidden: number,
  count: number,
  split: Split,
  formats: Formats,
): ExchangeOp[] {
  const ops: ExchangeOp[] = [];
  const ranks = ranksOf(split);
  const reduce = (name: string) => reduction(name, hidden, ranks, count);
  if (ranks > 1 && group.attention.kind !== 'none') ops.push(reduce('all-reduce, attention'));
  if (ranks > 1 && sharesNorms(group.attention)) {
    ops.push({ ...reduce('all-reduce, q/k norms'), bytesX: SQUARES_BYTES });
  }
  if (group.mlp.kind === 'moe' && split.dp > 1)
    ops.push(...listExpertExchanges(group.mlp.top_k, hidden, count, split, formats));
  else if (ranks > 1 && group.mlp.kind !== 'none') ops.push(reduce('all-reduce, mlp'));
  return ops;
}

/** Two sums of squares per token, of q and of k, in 32 bits (vLLM's MiniMaxText01RMSNormTP). */
const SQUARES_BYTES = 8;

/** Whether the norms of q and k span heads that lie on several devices. */
export function sharesNorms(attention: LayerGroup['attention']): boolean {
  return (attention.kind === 'full' || attention.kind === 'sliding') && attention.qk_norm_spans_heads === true;
}

/** Cores of a device that the engine sees as devices of their own take part in every sum. */
export function ranksOf(split: Split): number {
  return split.tp * split.shards;
}

function reduction(name: string, hidden: number, devices: number, count: number): ExchangeOp {
  return { kind: 'exchange', name, op: 'all-reduce', devices, count, over: 'tokens', bytesX: 2 * hidden };
}

/**
 * Between attention groups (dp > 1). With ep > 1 every device sends its tokens to the at most min(k, ep) groups they chose and
 * gets the results back; with ep = 1 all tokens are gathered and the partial results scattered. Without dp the tensor-parallel
 * devices already hold every token, and the all-reduce after the MLP combines the experts.
 */
function listExpertExchanges(
  topK: number,
  hidden: number,
  count: number,
  split: Split,
  formats: Formats,
): ExchangeOp[] {
  const devices = split.tp * split.dp;
  const every = { kind: 'exchange', devices, count } as const;
  if (split.ep === 1) {
    const bytesX = 2 * hidden;
    return [
      { ...every, name: 'all-gather, experts', op: 'all-gather', over: 'all', bytesX },
      { ...every, name: 'reduce-scatter, experts', op: 'reduce-scatter', over: 'all', bytesX },
    ];
  }
  const copies = (Math.min(topK, split.ep) * hidden) / split.tp;
  const dispatch = Math.max(1, ACTIVATION_BYTES[formats.weights]);
  return [
    { ...every, name: 'all-to-all, dispatch', op: 'all-to-all', over: 'tokens', bytesX: copies * dispatch },
    { ...every, name: 'all-to-all, combine', op: 'all-to-all', over: 'tokens', bytesX: copies * 2 },
  ];
}

/** Once per micro-batch: the split embedding's sum, the logits of split vocabularies, the hand-over between stages. */
export function listModelExchanges(model: Model, split: Split): ExchangeOp[] {
  const ops: ExchangeOp[] = [];
  const ranks = ranksOf(split);
  if (ranks > 1) ops.push(reduction('all-reduce, embedding', model.hidden, ranks, 1));
  if (ranks > 1 && model.kind === 'llm') {
    const bytesX = 2 * model.vocab;
    ops.push({
      kind: 'exchange',
      name: 'all-gather, logits',
      op: 'all-gather',
      devices: ranks,
      count: split.pp,
      over: 'samples',
      bytesX,
    });
  }
  if (split.pp > 1) {
    // every tp device sends its slice; `devices` of the whole instance tells whether a stage is on another server
    const devices = split.tp * split.dp * split.pp;
    const bytesX = (2 * model.hidden) / split.tp;
    ops.push({
      kind: 'exchange',
      name: 'send to next stage',
      op: 'send-recv',
      devices,
      count: split.pp,
      over: 'tokens',
      bytesX,
    });
  }
  return ops;
}
