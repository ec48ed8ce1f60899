// The pool of a hybrid model: groups of layers, pages of one size, and what start-up logs say of it (vLLM's rules, worked by hand).
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { EngineProfile, LayerGroup, Model } from '../../src/catalog/types.ts';
import { kvCapacity } from '../../src/plan/memory.ts';
import { blocksOfLog, mostRequests, pagesHeld, poolLayout } from '../../src/plan/pages.ts';
import { type EngineLog, parseEngineLog } from '../../src/spec/engine-log.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import type { Split } from '../../src/stages/split.ts';
import { modelOf, PROFILE } from './fixtures.ts';

const catalog = openCatalog();
const ONE: Split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
const ASK = { blockSize: 16, stage: 1, draftBytes: 0, drafts: 0 };
const RAISING: EngineProfile = { ...PROFILE, raises_block_size: true };

function layout(model: Model, split = ONE, profile = RAISING, ask = ASK) {
  return poolLayout(model, split, resolveFormats(model, { quantization: 'auto', kv: 'auto' }), profile, ask);
}
const of = (id: string, split = ONE, profile = RAISING) => layout(catalog.model(id), split, profile);

const mlp = { kind: 'none' } as const;
const heads = { heads: 16, kv_heads: 4, head_dim: 64 } as const; // 1024 bytes per token and layer in 16 bits
const full = (count: number): LayerGroup => ({ count, attention: { kind: 'full', ...heads }, mlp });
const sliding = (count: number, window: number, more = {}): LayerGroup => ({
  count,
  attention: { kind: 'sliding', ...heads, window, ...more },
  mlp,
});

describe('the pool of a hybrid model', () => {
  it('is that of a plain one where all layers keep all tokens', () => {
    const plain = of('llama-3.1-8b');
    expect(plain).toEqual({ blockTokens: 16, blockBytes: 16 * 131_072 });
    expect(pagesHeld(plain, 1000, 1000)).toBe(63);
  });

  it('has groups as large as the rarest kind of layer, padded; as the commonest where they are nearly as many', () => {
    expect(layout(modelOf([full(12), sliding(12, 128)])).pages).toEqual({ full: 1, near: 1, window: 128, fixed: 0 });
    expect(of('gemma-3-27b').pages).toEqual({ full: 1, near: 6, window: 1024, fixed: 0 }); // 10 full, 52 sliding
    expect(layout(modelOf([full(10), sliding(14, 128)]))).toMatchObject({
      blockBytes: 14 * 16 * 1024,
      pages: { full: 1, near: 1 },
    });
    expect(layout(modelOf([full(10), sliding(15, 128)]))).toMatchObject({
      blockBytes: 10 * 16 * 1024,
      pages: { full: 1, near: 2 },
    });
  });

  it('gives layers of smaller pages more tokens in theirs: Gemma 4, whose full layers have half', () => {
    // 10 full layers of 4096 elements, 50 sliding of 8192: blocks of 32 tokens, two pages of each sliding group
    expect(of('gemma-4-31b')).toMatchObject({
      blockTokens: 32,
      blockBytes: 10 * 16 * 8192 * 2,
      pages: { full: 1, near: 10, window: 1024, fixed: 0 },
    });
  });

  it('raises the block until a page holds a state: Qwen3.5 27B has blocks of 784 tokens, and 3 groups of states', () => {
    const hybrid = of('qwen3.5-27b');
    // 801,792 elements of 4 bytes in pages of 16 x 4096 bytes: 49 of them
    expect(hybrid).toMatchObject({
      blockTokens: 784,
      blockBytes: 16 * 784 * 4096,
      pages: { full: 1, near: 0, fixed: 3 },
    });
    const own = of('qwen3.5-27b', ONE, PROFILE);
    expect(own).toMatchObject({ blockTokens: 16, pages: { full: 1, near: 0, fixed: 3 * 49 } });
    const drafting = layout(catalog.model('qwen3.5-27b'), ONE, RAISING, { ...ASK, drafts: 2 });
    expect(drafting.pages!.fixed).toBe(9);
  });

  it('takes what windows fill where pages have no common size, and all where the engine keeps all', () => {
    const odd = layout(modelOf([full(10), sliding(5, 100, { kv_elements: 300 })]));
    expect(odd).toMatchObject({
      blockTokens: 16,
      blockBytes: 16 * 10 * 1024,
      pages: { full: 1, near: 1, window: 100 },
    });
    const keeps = layout(modelOf([full(5), sliding(5, 100)]), ONE, { ...PROFILE, window_kv: 'all' });
    expect(keeps).toEqual({ blockTokens: 16, blockBytes: 16 * 10 * 1024 });
  });

  it('is held by a sequence by length, by windows as far as a step reaches, by states always', () => {
    const hybrid = layout(modelOf([full(12), sliding(12, 128)]));
    expect(pagesHeld(hybrid, 8192, 1)).toBe(512 + 9);
    expect(pagesHeld(hybrid, 8192, 8192)).toBe(512 + 512);
    expect(pagesHeld(hybrid, 131_072, 8192)).toBe(8192 + 521);
    expect(pagesHeld(hybrid, 20, 20)).toBe(2 + 2);
  });

  it('does not shrink with max_num_seqs, but for the logits of a profiling run', () => {
    const model = catalog.model('qwen3.5-27b');
    const formats = resolveFormats(model, { quantization: 'auto', kv: 'auto' });
    const blocks = (maxNumSeqs: number) => {
      const ask = { gpuMemoryUtilization: 0.9, maxNumSeqs, maxNumBatchedTokens: 8192, blockSize: 16 };
      return kvCapacity(model, catalog.hardware('h100-sxm-80gb'), ONE, formats, catalog.engine('vllm-0.11'), ask)
        .blocks;
    };
    const logits = (1022 * model.vocab * 6) / of('qwen3.5-27b').blockBytes;
    expect(Math.abs(blocks(2) - blocks(1024) - logits)).toBeLessThan(1);
    expect(blocks(1024)).toBeGreaterThan(100);
  });
});

describe('a start-up log of a hybrid model', () => {
  const hybrid = layout(modelOf([full(12), sliding(12, 128)]));
  const BLOCKS = 100_000;
  const log = (...lines: string[]) => parseEngineLog(lines.join('\n'), 'a.log') as EngineLog;
  const size = (tokens: number) => `GPU KV cache size: ${tokens.toLocaleString('en')} tokens`;
  const fits = (length: number, requests: number) =>
    `Maximum concurrency for ${length.toLocaleString('en')} tokens per request: ${requests.toFixed(2)}x`;
  const requests = (length: number) => mostRequests(hybrid, BLOCKS, length, 8192);

  it.each([
    ['tokens of all blocks, as vLLM 0.8 counts', BLOCKS * 16],
    ['tokens of a group, as 0.9.2 does', (BLOCKS / 2) * 16],
    ['tokens of as many requests as fit, as 0.20.1 does', Math.floor(requests(131_072) * 131_072)],
  ])('says the same blocks by %s', (_, tokens) => {
    const read = log(size(tokens), fits(131_072, requests(131_072)));
    expect(Math.abs(blocksOfLog(read, hybrid, 8192) - BLOCKS)).toBeLessThanOrEqual(1);
  });

  it('says them by requests alone, rounded; by tokens alone as those of a group', () => {
    const rounded = blocksOfLog(log(fits(131_072, requests(131_072))), hybrid, 8192);
    expect(Math.abs(rounded - BLOCKS) / 8713).toBeLessThan(0.01);
    expect(blocksOfLog(log(size((BLOCKS / 2) * 16)), hybrid, 8192)).toBe(BLOCKS);
    expect(blocksOfLog(log('# GPU blocks: 1234, # CPU blocks: 5'), hybrid, 8192)).toBe(1234);
  });
});
