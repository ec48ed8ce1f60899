// What must come before what in a list of stages: decode behind prefill, rerank behind retrieve, prefill behind kv-fetch.
import { allStages, continuesOf, nestedLists, opensGeneration, poolsServing, stageOf } from '../../stages/list.ts';
import type { Continuing } from '../../stages/stage.ts';
import type { StageWorld } from './choose-pools.ts';
import type { LlmPool, StageSpec } from './types.ts';

/** Types of stages that stand around a nested list. */
interface Around {
  readonly before: ReadonlySet<string>;
  readonly behind: ReadonlySet<string>;
}

/** Checks a pipeline's stages, nested ones included. */
export function checkFlow(
  stages: readonly StageSpec[],
  world: StageWorld,
  around: Around = { before: new Set(), behind: new Set() },
): void {
  stages.forEach((stage, i) => {
    const waits = stage.after ?? (i === 0 ? [] : [i - 1]);
    const last = waits.length === 1 ? stages[waits[0]!] : undefined;
    const before = new Set([...around.before, ...allStages(stages.slice(0, i)).map(({ type }) => type)]);
    const behind = new Set([...around.behind, ...stages.slice(i + 1).map(({ type }) => type)]);
    const kind = stageOf(stage.type);
    if ('continues' in kind) checkContinuing(stage, kind, last, world);
    if (kind.behind && !before.has(kind.behind)) refuse(world, stage, `a ${kind.behind} before it`, 'none');
    if (kind.ahead && !behind.has(kind.ahead.type)) {
      refuse(world, stage, `a ${kind.ahead.type} after it, ${kind.ahead.why}`, 'none');
    }
    if (opensGeneration(stage)) checkHandOn(i, stages, world);
    for (const list of nestedLists(stage)) checkFlow(list, world, { before, behind });
  });
}

/** A cache is handed on once: where a stage goes on from a prefill, nothing else waits for that prefill. */
function checkHandOn(place: number, stages: readonly StageSpec[], world: StageWorld): void {
  const waiting = stages.filter((later, j) => (later.after ?? (j === 0 ? [] : [j - 1])).includes(place));
  const goesOn = waiting.find((stage) => continuesOf(stage) !== null);
  const other = waiting.find((stage) => stage !== goesOn);
  if (!goesOn || !other) return;
  const expected = `stages that wait for ${goesOn.name}: ${stages[place]!.name} ends with it`;
  world.ledger.add({
    path: [...other.path, 'after'],
    expected,
    received: `${other.name} after ${stages[place]!.name}`,
  });
}

function refuse(world: StageWorld, stage: StageSpec, expected: string, received: string): void {
  world.ledger.add({ path: [...stage.path, stage.type], expected, received });
}

/** Tokens are generated from the KV cache that the stage right before has left. */
function checkContinuing(
  stage: StageSpec,
  { continues }: Continuing,
  before: StageSpec | undefined,
  world: StageWorld,
): void {
  if (!before || !continues.includes(before.type)) {
    const expected = `${continues.join(' or ')} as the one stage right before ${stage.type}`;
    refuse(world, stage, expected, before?.type ?? 'none');
    return;
  }
  const [from, to] = [poolsServing(before), poolsServing(stage)];
  const models = new Set([...from, ...to].flatMap((name) => modelOf(name, world)));
  if (models.size > 1) {
    const received = [...models].join(' and ');
    refuse(world, stage, `one model from ${before.type} to ${stage.type}`, received);
  }
  const kind = stageOf(before.type);
  const keeper = 'keepsCache' in kind ? kind.keepsCache : undefined;
  if (keeper && from.join() !== to.join()) refuse(world, stage, `${keeper} (${from.join(', ')})`, to.join(', '));
}

function modelOf(name: string, world: StageWorld): string[] {
  const pool = world.pools.find((known): known is LlmPool => known.name === name && known.kind === 'llm');
  return pool && pool.configuration.model !== '' ? [pool.configuration.model] : [];
}
