// Which pools serve a stage: those it names, if they can; else the only one that can.
import type { Model } from '../../catalog/types.ts';
import { show } from '../../check/issue.ts';
import { type Ability, isAble } from '../../stages/pipeline-stages.ts';
import type { Stage } from '../../stages/stage.ts';
import type { Path } from '../document.ts';
import type { Part } from '../world.ts';
import type { Ledger } from './ledger.ts';
import { readNames } from './read-values.ts';
import type { PoolSpec } from './types.ts';

/** What reading stages needs to know. */
export interface StageWorld {
  readonly ledger: Ledger;
  readonly pools: readonly PoolSpec[];
  /** Pools named in the document, broken ones included: those are not blamed on the stages. */
  readonly poolNames: readonly string[];
  readonly tiers: readonly string[];
  /** What the model of a pool is; undefined where nobody knows. */
  modelKind(id: string): Model['kind'] | undefined;
  nextOrdinal(): number;
}

/** Pools of a stage; `at`: where they are named, `path`: who lacks them where they are not. */
export function choosePools(stage: Stage, given: Part, at: Path, path: Path, world: StageWorld): string[] {
  const names = readNames(given.on);
  if (names.length === 0) return chooseOnly(stage, given, path, world);
  for (const [i, name] of names.entries()) {
    const place = Array.isArray(given.on) ? [...at, i] : at;
    const pool = world.pools.find((known) => known.name === name);
    if (!pool) {
      if (!world.poolNames.includes(name)) world.ledger.checkKnown(name, place, 'a pool of the fleet', world.poolNames);
      continue;
    }
    const reason = whyNot(stage, given, pool, world);
    if (reason)
      world.ledger.add({
        path: place,
        expected: reason,
        received: `${show(name)}, ${describe(pool, world)}`,
        ...falls(isUnable(stage, pool, world)),
      });
    if (names.indexOf(name) < i)
      world.ledger.add({ path: place, expected: 'every pool once', received: `${show(name)} again` });
  }
  return names;
}

function chooseOnly(stage: Stage, given: Part, path: Path, world: StageWorld): string[] {
  const able = world.pools.filter((pool) => whyNot(stage, given, pool, world) === null);
  if (able.length === 1) return [able[0]!.name];
  // a broken pool may be the one that was meant
  if (able.length === 0 && world.pools.length < world.poolNames.length) return [];
  const wanted = wantedKinds(stage, given).join(' or ');
  if (able.length === 0) {
    const received = world.pools.map((pool) => `${pool.name} (${describe(pool, world)})`).join(', ') || 'no pools';
    const asked = stage.asks ? `, ${modelThat(stage.asks)}` : '';
    world.ledger.add({
      path,
      expected: `a pool in the fleet that can serve ${stage.type}: ${wanted}${asked}`,
      received,
      ...falls(world.pools.some((pool) => isUnable(stage, pool, world))),
    });
  } else {
    const received = `${able.length} that can: ${able.map(({ name }) => name).join(', ')}`;
    world.ledger.add({ path, expected: `on: which pool serves ${stage.type}`, received });
  }
  return [];
}

function wantedKinds(stage: Stage, given: Part): Stage['needs'] {
  return stage.needsFor?.(given) ?? stage.needs;
}

/** What a pool would have to be, null where it is that. */
function whyNot(stage: Stage, given: Part, pool: PoolSpec, world: StageWorld): string | null {
  const kinds = wantedKinds(stage, given);
  if (!kinds.includes(pool.kind)) return `a pool of kind ${kinds.join(' or ')} for ${stage.type}`;
  if (pool.kind !== 'llm') return null;
  if (stage.asks && isUnable(stage, pool, world)) return `${modelThat(stage.asks)}, for ${stage.type}`;
  const fits = pool.role === 'both' || stage.role === undefined || pool.role === stage.role;
  return fits ? null : `a pool of role ${stage.role} or both for ${stage.type}`;
}

function isUnable({ asks }: Stage, pool: PoolSpec, world: StageWorld): boolean {
  const kind = pool.kind === 'llm' ? world.modelKind(pool.configuration.model) : undefined;
  return kind !== undefined && asks !== undefined && !isAble(kind, asks);
}

/** Of several models of an axis some can. */
const falls = (unable: boolean): { row?: true } => (unable ? { row: true } : {});

const modelThat = (ability: Ability): string => `a model that can ${ability}`;

function describe(pool: PoolSpec, world: StageWorld): string {
  const role = pool.kind === 'llm' && pool.role !== 'both' ? ` and role ${pool.role}` : '';
  const encoder = pool.kind === 'llm' && world.modelKind(pool.configuration.model) === 'encoder';
  const model = encoder ? ` whose model ${pool.configuration.model} is an encoder` : '';
  return `a pool of kind ${pool.kind}${role}${model}`;
}
