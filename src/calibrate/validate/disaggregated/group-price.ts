// Prices a step of an instance whose attention groups differ: the slowest group decides, experts and exchanges see all tokens.
import { SURFACE_SIZE } from '../../../../assembly/layout/surface.ts';
import { GRID_POINTS, gridIndex } from '../../../plan/grid-points.ts';
import { type PricedOps, priceStepExactly } from '../../../plan/priced-ops.ts';
import { readDecode, readSurface } from '../../../plan/read-surface.ts';
import type { Chunk } from '../../../plan/step-work.ts';
import type { Instance } from '../bind-case.ts';

export interface GroupPrice {
  /** Seconds of a step in which group g decodes `counts[g]` sequences whose contexts sum to `contexts[g]`. */
  decode(counts: Float64Array, contexts: Float64Array): number;
  /** Seconds of a step in which each group prefills its chunks. */
  prefill(groups: readonly (readonly Chunk[])[]): number;
}

/**
 * A step surface spreads its tokens evenly over the dp groups, so the slowest group costs what dp like it would; but then experts and
 * exchanges would see dp times its tokens, and their share is corrected to the tokens that are really there.
 */
export function openGroupPrice({ surface, split }: Instance): GroupPrice {
  const { table } = surface;
  if (table.length !== SURFACE_SIZE) throw new Error(`a step surface has ${SURFACE_SIZE} cells, not ${table.length}`);
  const { dp } = split;
  const shared = dp > 1 ? tabulateShared(surface.priced, split) : null;
  const correct = (seconds: number, assumed: number, tokens: number): number =>
    shared === null ? seconds : seconds - readShared(shared, assumed) + readShared(shared, tokens);
  return {
    decode(counts, contexts) {
      let tokens = 0;
      for (const count of counts) tokens += count;
      let slowest = 0;
      let most = 0;
      let longest = 0;
      for (let g = 0; g < counts.length; g++) {
        const count = counts[g];
        // a group with no more sequences and no more context than one already priced is no slower
        if (count === 0 || (count <= most && contexts[g] <= longest)) continue;
        const seconds = correct(readDecode(table, count * dp, contexts[g] * dp), count * dp, tokens);
        if (seconds <= slowest) continue;
        slowest = seconds;
        most = count;
        longest = contexts[g];
      }
      return slowest;
    },
    prefill(groups) {
      const sums = groups.map((chunks) => chunks.reduce((sum, chunk) => sum + chunk.tokens, 0));
      const tokens = sums.reduce((sum, one) => sum + one, 0);
      let slowest = 0;
      groups.forEach((chunks, g) => {
        if (chunks.length === 0) return;
        const everywhere = Array.from({ length: dp }, () => chunks).flat();
        const seconds = correct(readSurface(table, { prefill: everywhere, decode: [] }), sums[g] * dp, tokens);
        slowest = Math.max(slowest, seconds);
      });
      return slowest;
    },
  };
}

/** Seconds at the grid's token counts of what all groups share: routed experts, and exchanges over all tokens. */
function tabulateShared({ compute, exchange }: PricedOps, split: Instance['split']): Float64Array {
  const shared: PricedOps = {
    compute: compute.filter(({ op }) => op.over === 'experts'),
    exchange: exchange.filter(({ op }) => op.over === 'all'),
  };
  return Float64Array.from(GRID_POINTS, (tokens) => {
    if (tokens === 0) return 0;
    const work = { prefill: [{ tokens, past: 0, completes: false }], decode: [] };
    return priceStepExactly(shared, work, split).reduce((sum, { seconds }) => sum + seconds, 0);
  });
}

/** Linear between grid points; the last piece goes on. */
function readShared(table: Float64Array, tokens: number): number {
  const low = Math.min(gridIndex(tokens), table.length - 2);
  const share = (tokens - GRID_POINTS[low]) / (GRID_POINTS[low + 1] - GRID_POINTS[low]);
  return table[low] + share * (table[low + 1] - table[low]);
}
