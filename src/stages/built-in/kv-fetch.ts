// kv-fetch: the KV cache of the leading context, from a simulated store, in its expected time, or from one level drawn.

import type { LengthSpec } from '../../check/drawn.ts';
import { show } from '../../check/issue.ts';
import { type Build, firstPool, kvBytes, type Lay, linkAll, type Place, textBytes } from '../laying.ts';
import type { Listed, Part, Reading, Served, Stage } from '../stage.ts';

const MODES = ['simulated', 'expected', 'sampled'] as const;

export interface KvFetch extends Served {
  readonly mode: (typeof MODES)[number];
  /** Cached context that precedes the prompt; null = what the workload's hashes say (simulated). */
  readonly tokens: LengthSpec | null;
  readonly levels: readonly { readonly tier: string; readonly hit: number }[];
}

export const kvFetch = {
  type: 'kv-fetch',
  words: 'KV cache of the leading context from a store, or its expected time.',
  needs: ['kv-store', 'cores'],
  needsFor: ({ mode }) => (mode === 'expected' || mode === 'sampled' ? ['cores'] : ['kv-store']),
  ahead: { type: 'prefill', why: 'which uses what was fetched' },
  parameters: ({ pools, word, tokens, section, name, share, items }) => ({
    on: pools().optional().describe('A kv-store that is looked up, or cores that take the expected time.'),
    mode: word(MODES)
      .optional()
      .describe(
        'simulated: hash blocks in a store; expected: equation 1; sampled: one level drawn. simulated if left out.',
      ),
    tokens: tokens.optional().describe('Expected and sampled: cached context before the prompt.'),
    levels: items(
      section(
        {
          tier: name('a tier').describe('A name under `tiers`.'),
          hit: share().describe('Probability that it holds the context, given that no nearer tier does.'),
        },
        '{tier, hit}',
      ),
      'a list of {tier, hit}, nearest first',
      'at least one level',
    )
      .optional()
      .describe('Expected and sampled: tiers with their hit rates.'),
  }),
  examples: ({ tier }) => [
    {},
    { mode: 'expected', tokens: 200, levels: [{ tier: tier(), hit: '60%' }] },
    {
      mode: 'sampled',
      tokens: { uniform: [100, 300] },
      levels: [
        { tier: tier(), hit: 0.5 },
        { tier: tier(), hit: 0.5 },
      ],
    },
  ],
  read: readFetch,
  looksUp: ({ mode }) => mode === 'simulated',
  lay: (build, stage, place) =>
    stage.mode === 'simulated' ? layLookUp(build, stage, place) : layDelay(build, stage, place),
} as const satisfies Stage<KvFetch>;

function readFetch(reading: Reading): KvFetch {
  const { given, on, path, length, refuse, missing } = reading;
  const mode = (given.mode as KvFetch['mode'] | undefined) ?? 'simulated';
  for (const key of ['tokens', 'levels'] as const) {
    if (mode === 'simulated' && given[key] !== undefined) {
      const expected = `no ${key}: a simulated store goes by hash blocks (mode: expected or sampled takes them)`;
      refuse([...path, key], expected, show(given[key]));
    }
    if (mode !== 'simulated' && given[key] === undefined) {
      missing([...path, key], key === 'tokens' ? 'the tokens of cached context' : 'levels with their hit rates');
    }
  }
  const levels = readLevels(reading);
  return { on, mode, tokens: length('tokens'), levels };
}

function readLevels({ given, path, tiers, missing, isKnown, share }: Reading): KvFetch['levels'] {
  return ((given.levels as (Part | undefined)[] | undefined) ?? []).map((level, i) => {
    const tier = (level?.tier as string | undefined) ?? '';
    const place = [...path, 'levels', i];
    if (level?.tier === undefined) missing([...place, 'tier'], 'a tier');
    else isKnown(tier, [...place, 'tier'], 'a tier under tiers', tiers);
    if (level?.hit === undefined) missing([...place, 'hit'], 'a hit rate');
    return { tier, hit: share(level?.hit ?? 0) };
  });
}

/** A level, nearest first. */
export interface KvLevel {
  /** Probability that it holds the context, given that no nearer one does. */
  readonly hit: number;
  readonly latency: number; // s per look-up
  readonly bandwidth: number; // B/s
}

/**
 * Expected seconds: f(C_n) = hit_n (latency_n + bytes / bandwidth_n) + (1 - hit_n) f(C_n+1); behind the last level the context is
 * computed again. Source: MIST, arXiv 2504.09775, equation 1.
 */
export function expectedFetchSeconds(levels: readonly KvLevel[], bytes: number, recompute: number): number {
  return levels.reduceRight(
    (behind, { hit, latency, bandwidth }) => hit * (latency + bytes / bandwidth) + (1 - hit) * behind,
    recompute,
  );
}

/** The store looks the prompt's hash blocks up; the prefill that follows gets what it finds. */
function layLookUp(build: Build, stage: Listed & KvFetch, { label }: Place): Lay {
  const index = build.stage(label + stage.name);
  return (walker, before, state) => {
    const group = build.groups.ofClient(build.groups.storeOf(stage.on[0]!, walker.cell, walker.key));
    const visit = build.writer.add(index, group, state.context, 1);
    const { context: tokens, chained } = state;
    build.writer.pushHashes(build.chains?.idsOf({ request: walker.index, tokens, chained }) ?? []);
    linkAll(build, before, visit, textBytes(1));
    return { ends: [visit], state: { ...state, fetch: visit } };
  };
}

/**
 * Equation 1 as a delay: the mean over hits and misses, after which the context is there. Or one level drawn (one uniform number a
 * level until one hits): a hit takes its time, a miss takes none here, and the prefill computes the context again.
 */
function layDelay(build: Build, stage: Listed & KvFetch, { label, behind }: Place): Lay {
  const index = build.stage(label + stage.name);
  const draws = build.draws(stage);
  const nextTokens = draws.lengths(stage.tokens ?? { kind: 'fixed', value: 1 });
  const levels = stage.levels.map(({ tier, hit }): KvLevel => ({ hit, ...build.tier(tier) }));
  const prefillOn = prefilledOn(build, behind);
  const pool = firstPool(build, prefillOn);
  return (walker, before, state) => {
    const tokens = nextTokens();
    const bytes = kvBytes(pool, tokens);
    const found = stage.mode === 'sampled' ? levels.find(({ hit }) => draws.uniform() < hit) : levels[0];
    build.noteFetch(
      tokens,
      stage.mode === 'sampled' ? drawnFrom(stage, levels, found, tokens) : expectedFrom(stage, tokens),
    );
    const seconds =
      stage.mode === 'expected'
        ? expectedFetchSeconds(levels, bytes, build.prefillSeconds(prefillOn, tokens))
        : found
          ? found.latency + bytes / found.bandwidth
          : 0;
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add(index, group, tokens, 1, seconds);
    linkAll(build, before, visit, textBytes(1));
    // the cached context stands before everything else, so no hash of what follows is as elsewhere
    const cached = state.cached + (found ? tokens : 0);
    return { ends: [visit], state: { ...state, context: state.context + tokens, cached, chained: 0 } };
  };
}

/** What each level gives: the one that was drawn all of the context, the others nothing. */
function drawnFrom({ levels }: KvFetch, drawn: readonly KvLevel[], found: KvLevel | undefined, tokens: number): Found {
  return levels.map(({ tier }, i) => [tier, found !== undefined && drawn[i] === found ? tokens : 0]);
}

/** What each level gives on average. */
function expectedFrom({ levels }: KvFetch, tokens: number): Found {
  let left = tokens;
  return levels.map(({ tier, hit }) => {
    const own = left * hit;
    left -= own;
    return [tier, own];
  });
}

type Found = readonly (readonly [tier: string, tokens: number])[];

/** The pools of the next prefill: whose KV is fetched, and who would compute it again. */
function prefilledOn(build: Build, behind: Place['behind']): readonly string[] {
  const prefill = behind.find((stage): stage is Listed & Served => build.opens(stage));
  if (!prefill) throw new Error('kv-fetch without a prefill behind it'); // the reader refuses it
  return prefill.on;
}
