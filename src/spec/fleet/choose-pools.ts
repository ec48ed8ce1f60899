// Which pools serve a stage: those it names, if they can; else the only one that can.
import { show } from '../../check/issue.ts';
import { STAGE_KINDS, type StageName } from '../../stages/pipeline-stages.ts';
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
  nextOrdinal(): number;
}

export function choosePools(type: StageName, input: Part, path: Path, world: StageWorld): string[] {
  const given = readNames(input.on);
  const at = type === 'reward' && path[path.length - 1] === 'reward' ? path : [...path, 'on'];
  if (given.length === 0) return chooseOnly(type, input, path, world);
  for (const [i, name] of given.entries()) {
    const place = Array.isArray(input.on) ? [...at, i] : at;
    const pool = world.pools.find((known) => known.name === name);
    if (!pool) {
      if (!world.poolNames.includes(name)) world.ledger.checkKnown(name, place, 'a pool of the fleet', world.poolNames);
      continue;
    }
    const reason = whyNot(type, input, pool);
    if (reason) world.ledger.add({ path: place, expected: reason, received: `${show(name)}, ${describe(pool)}` });
    if (given.indexOf(name) < i)
      world.ledger.add({ path: place, expected: 'every pool once', received: `${show(name)} again` });
  }
  return given;
}

function chooseOnly(type: StageName, input: Part, path: Path, world: StageWorld): string[] {
  const able = world.pools.filter((pool) => whyNot(type, input, pool) === null);
  if (able.length === 1) return [able[0].name];
  // a broken pool may be the one that was meant
  if (able.length === 0 && world.pools.length < world.poolNames.length) return [];
  const wanted = wantedKinds(type, input).join(' or ');
  if (able.length === 0) {
    const received = world.pools.map((pool) => `${pool.name} (${describe(pool)})`).join(', ') || 'no pools';
    world.ledger.add({ path, expected: `a pool in the fleet that can serve ${type}: ${wanted}`, received });
  } else {
    const received = `${able.length} that can: ${able.map(({ name }) => name).join(', ')}`;
    world.ledger.add({ path, expected: `on: which pool serves ${type}`, received });
  }
  return [];
}

function wantedKinds(type: StageName, input: Part): readonly string[] {
  if (type !== 'kv-fetch') return STAGE_KINDS[type].needs;
  return input.mode === 'expected' || input.mode === 'sampled' ? ['cores'] : ['kv-store'];
}

/** What a pool would have to be, null where it is that. */
function whyNot(type: StageName, input: Part, pool: PoolSpec): string | null {
  const kinds = wantedKinds(type, input);
  if (!kinds.includes(pool.kind)) return `a pool of kind ${kinds.join(' or ')} for ${type}`;
  if (pool.kind !== 'llm') return null;
  if (type === 'prefill' && pool.role === 'decode') return 'a pool of role prefill or both for prefill';
  const decodes = type === 'decode' || type === 'reason';
  return decodes && pool.role === 'prefill' ? `a pool of role decode or both for ${type}` : null;
}

function describe(pool: PoolSpec): string {
  return pool.kind === 'llm' && pool.role !== 'both'
    ? `a pool of kind llm and role ${pool.role}`
    : `a pool of kind ${pool.kind}`;
}
