// Fetching the KV cache of the leading context: from a simulated store, in its expected time, or from one level drawn.
import type { StageOf, StageSpec, TierSpec } from '../../spec/fleet/types.ts';
import { drawLevel, expectedFetchSeconds, type KvLevel, levelSeconds } from '../../stages/kv-fetch.ts';
import { openLengths } from '../../workload/draws.ts';
import { nextUniform } from '../../workload/streams.ts';
import { readSurface } from '../read-surface.ts';
import type { BoundPool } from './bind-pools.ts';
import { type Build, firstPool, kvBytes, type Lay, linkAll, streamOf, textBytes } from './state.ts';

/** `behind`: the stages after this one. */
export function layFetch(build: Build, stage: StageOf<'kv-fetch'>, name: string, behind: readonly StageSpec[]): Lay {
  return stage.mode === 'simulated'
    ? layLookUp(build, stage, name)
    : layDelay(build, stage, name, prefilledBy(build, behind));
}

/** The store looks the prompt's hash blocks up; the prefill that follows gets what it finds. */
function layLookUp(build: Build, stage: StageOf<'kv-fetch'>, name: string): Lay {
  const index = build.stage(name);
  return (walker, before, state) => {
    const hashIds = build.chains?.idsOf({ request: walker.index, tokens: state.context, chained: state.chained });
    const group = build.groups.ofClient(build.groups.storeOf(stage.on[0], walker.cell, walker.key));
    const visit = build.writer.add({ stage: index, group, prompt: state.context, output: 1, hashIds });
    linkAll(build, before, visit, textBytes(1));
    return { ends: [visit], state: { ...state, fetch: visit } };
  };
}

/**
 * Equation 1 as a delay: the mean over hits and misses, after which the context is there. Or one level drawn: a hit takes its time, a
 * miss takes none here, and the prefill computes the context again.
 */
function layDelay(build: Build, stage: StageOf<'kv-fetch'>, name: string, model: BoundPool): Lay {
  const index = build.stage(name);
  const stream = streamOf(build, stage);
  const nextTokens = openLengths(stage.tokens ?? { kind: 'fixed', value: 1 }, stream);
  const levels = stage.levels.map(({ tier, hit }) => toLevel(build, build.spec.tiers[tier], hit));
  return (walker, before, state) => {
    const tokens = nextTokens();
    const bytes = kvBytes(model, tokens);
    const drawn = stage.mode === 'sampled' ? drawLevel(levels, () => nextUniform(stream)) : 0;
    const cached = drawn < 0 ? 0 : tokens;
    const seconds =
      stage.mode === 'expected'
        ? expectedFetchSeconds(levels, bytes, prefillSeconds(model, tokens))
        : drawn < 0
          ? 0
          : levelSeconds(levels[drawn], bytes);
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add({ stage: index, group, prompt: tokens, output: 1, seconds });
    linkAll(build, before, visit, textBytes(1));
    // the cached context stands before everything else, so no hash of what follows is as elsewhere
    const next = { ...state, context: state.context + tokens, cached: state.cached + cached, chained: 0 };
    return { ends: [visit], state: next };
  };
}

function toLevel(build: Build, tier: TierSpec, hit: number): KvLevel {
  const link = tier.link === null ? null : build.spec.links[tier.link];
  const bandwidth = link ? link.bandwidth * link.efficiency : (tier.bandwidth ?? Number.POSITIVE_INFINITY);
  return { hit, latency: tier.latency + (link?.latency ?? 0), bandwidth };
}

/** The pool of the next prefill: whose KV is fetched, and who would compute it again. */
function prefilledBy(build: Build, behind: readonly StageSpec[]): BoundPool {
  const prefill = behind.find((stage): stage is StageOf<'prefill'> => stage.type === 'prefill');
  if (!prefill) throw new Error('kv-fetch without a prefill behind it'); // the reader refuses it
  return firstPool(build, prefill.on);
}

/** A whole prompt alone in a step of this pool. */
export function prefillSeconds({ client }: BoundPool, tokens: number): number {
  const { price } = client;
  if (price instanceof Float64Array)
    return readSurface(price, { prefill: [{ tokens, past: 0, completes: true }], decode: [] });
  const pairs = (tokens * (tokens + 1)) / 2;
  return price.fixed_s + price.per_new_token_s * tokens + price.per_prefill_pair_s * pairs + price.per_sequence_s;
}
