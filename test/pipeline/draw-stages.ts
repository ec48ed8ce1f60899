// Random pipelines out of the list of stages: every stage of it, in every way that its examples write, on any pool that can serve it.
import fc from 'fast-check';
import { STAGES, stageOf } from '../../src/stages/list.ts';
import type { PoolKind } from '../../src/stages/pipeline-stages.ts';
import type { Part, Samples, Stage } from '../../src/stages/stage.ts';

/** The pools that stages are drawn on, by name: a role where they are engines of half of the work. */
export const POOLS: Readonly<Record<string, { readonly kind: PoolKind; readonly role?: 'prefill' | 'decode' }>> = {
  c: { kind: 'cores' },
  p: { kind: 'llm', role: 'prefill' },
  d: { kind: 'llm', role: 'decode' },
  s: { kind: 'llm' },
  r: { kind: 'retrieval' },
  k: { kind: 'kv-store' },
};
export const TIERS = ['near', 'far'] as const;

/** Numbers that decide a stage: which example, which pool, whether something continues it. */
type Choices = readonly number[];
type Written = Readonly<Record<string, unknown>>;

/** Pools that can serve a stage with these parameters. */
function poolsFor({ needs, needsFor, role }: Stage, given: Part): string[] {
  const kinds = needsFor?.(given) ?? needs;
  return Object.entries(POOLS).flatMap(([name, pool]) => {
    const fits = pool.role === undefined || role === undefined || pool.role === role;
    return kinds.includes(pool.kind) && fits ? [name] : [];
  });
}

const pick = <T>(list: readonly T[], choice: number): T => list[choice % list.length];

/** One stage as a spec writes it. `on`: the pools it must have, where it goes on from a cache that these keep. */
function write(stage: Stage, [example, pool]: Choices, lists: readonly unknown[][], on: string | null): Written {
  let list = 0;
  let tier = 0;
  const samples: Samples = {
    list: () => lists[list++ % lists.length],
    pool: (kind) => poolsFor({ ...stage, needs: [kind], role: undefined }, {}).at(-1) ?? '',
    tier: () => TIERS[tier++ % TIERS.length],
  };
  const given = pick(stage.examples(samples), example);
  const able = poolsFor(stage, given);
  return { [stage.type]: able.length === 0 ? given : { ...given, on: on ?? pick(able, pool) } };
}

/** The stage with those that must be around it: what it comes behind, what continues it, what comes ahead. */
function complete(stage: Stage, choices: readonly Choices[], lists: readonly unknown[][]): Written[] {
  const [own, other, ...more] = choices;
  const before = stage.behind ? [write(stageOf(stage.behind), other, lists, null)] : [];
  const written = write(stage, own, lists, null);
  const ahead = stage.ahead ? complete(stageOf(stage.ahead.type), [other, ...more, own], lists) : [];
  const after = 'opens' in stage ? continueFrom(stage.type, written, more, lists) : [];
  return [...before, written, ...after, ...ahead];
}

/** Stages that go on from the cache of the one before, as many as the choices say. */
function continueFrom(
  type: string,
  written: Written,
  choices: readonly Choices[],
  lists: readonly unknown[][],
): Written[] {
  const [own, ...more] = choices;
  const able = STAGES.filter((stage) => 'continues' in stage && stage.continues.includes(type));
  if (own === undefined || able.length === 0 || own[2] % 4 === 0) return [];
  const stage = pick(able, own[2]);
  const before = stageOf(type);
  const keeper = 'keepsCache' in before && before.keepsCache ? (written[type] as { on: string }).on : null;
  const next = write(stage, own, lists, keeper);
  return [next, ...continueFrom(stage.type, next, more, lists)];
}

/** Lists of stages, nested `depth` times at most. */
export function drawList(depth: number): fc.Arbitrary<Written[]> {
  const inner = depth === 0 ? fc.constant<Written[]>([]) : drawList(depth - 1);
  const own = STAGES.filter((stage) => !('continues' in stage) && (depth > 0 || !stage.lists));
  const choices = fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 });
  const unit = fc
    .record({
      stage: fc.constantFrom(...own),
      choices: fc.array(choices, { minLength: 5, maxLength: 5 }),
      lists: fc.array(inner, { minLength: 2, maxLength: 2 }),
    })
    .map(({ stage, choices: drawn, lists }) => complete(stage, drawn, lists));
  return fc.array(unit, { minLength: 1, maxLength: 3 }).map((units) => units.flat());
}

/** Every type of stage in a list. */
export function typesIn(written: unknown): string[] {
  if (Array.isArray(written)) return written.flatMap(typesIn);
  if (written === null || typeof written !== 'object') return [];
  return Object.entries(written).flatMap(([key, value]) => [
    ...(STAGES.some(({ type }) => type === key) ? [key] : []),
    ...typesIn(value),
  ]);
}

/** One list for every example of every stage. */
export function listExamples(): { readonly name: string; readonly list: Written[] }[] {
  const plain = [[{ tokenize: 'c' }], [{ safety: 's' }]];
  return STAGES.flatMap((stage) => {
    const count = stage.examples({ list: () => [], pool: () => '', tier: () => '' }).length;
    return Array.from({ length: count }, (_, i) => ({
      name: `${stage.type} ${i + 1}`,
      list: leadingTo(stage, [i, 1, 1], plain),
    }));
  });
}

/** A list with this stage in it: a stage that continues needs one to go on from. */
function leadingTo(stage: Stage, own: Choices, lists: readonly unknown[][]): Written[] {
  if (!('continues' in stage)) return complete(stage, [own, [0, 1, 0], [0, 1, 0]], lists);
  const [from] = stage.continues;
  return [write(stageOf(from), [0, 1, 0], lists, null), write(stage, own, lists, null)];
}
