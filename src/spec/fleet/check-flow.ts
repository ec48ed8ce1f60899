// What must come before what in a list of stages: decode behind prefill, rerank behind retrieve, prefill behind kv-fetch.
import type { StageWorld } from './choose-pools.ts';
import type { LlmPool, StageSpec } from './types.ts';

/** What stands around a nested list. */
interface Around {
  readonly searched: boolean;
  readonly prefills: boolean;
}

/** Checks a pipeline's stages, nested ones included. */
export function checkFlow(
  stages: readonly StageSpec[],
  world: StageWorld,
  around: Around = { searched: false, prefills: false },
): void {
  stages.forEach((stage, i) => {
    const waits = stage.after ?? (i === 0 ? [] : [i - 1]);
    const before = waits.length === 1 ? stages[waits[0]] : undefined;
    const searched = around.searched || stages.slice(0, i).some((earlier) => holds(earlier, 'retrieve'));
    const prefills = around.prefills || stages.slice(i + 1).some(({ type }) => type === 'prefill');
    if (stage.type === 'decode' || stage.type === 'reason') checkDecode(stage, before, world);
    if (stage.type === 'rerank' && !searched) refuse(world, stage, 'a retrieve before it', 'none');
    if (stage.type === 'kv-fetch' && !prefills) {
      refuse(world, stage, 'a prefill after it, which uses what was fetched', 'none');
    }
    if (stage.type === 'prefill') checkHandOn(i, stages, world);
    for (const list of nestedLists(stage)) checkFlow(list, world, { searched, prefills });
  });
}

export function nestedLists(stage: StageSpec): readonly (readonly StageSpec[])[] {
  if (stage.type === 'repeat') return [stage.stages];
  if (stage.type === 'parallel') return stage.branches;
  return stage.type === 'route-to-model' ? stage.choices.map(({ stages }) => stages) : [];
}

function holds(stage: StageSpec, type: StageSpec['type']): boolean {
  return stage.type === type || nestedLists(stage).some((list) => list.some((inner) => holds(inner, type)));
}

/** A cache is handed on once: where a decode goes on from a prefill or a reason, nothing else waits for that stage. */
function checkHandOn(place: number, stages: readonly StageSpec[], world: StageWorld): void {
  const waiting = stages.filter((later, j) => (later.after ?? (j === 0 ? [] : [j - 1])).includes(place));
  const goesOn = waiting.find(({ type }) => type === 'decode' || type === 'reason');
  const other = waiting.find((stage) => stage !== goesOn);
  if (!goesOn || !other) return;
  const expected = `stages that wait for ${goesOn.name}: ${stages[place].name} ends with it`;
  world.ledger.add({ path: [...other.path, 'after'], expected, received: `${other.name} after ${stages[place].name}` });
}

function refuse(world: StageWorld, stage: StageSpec, expected: string, received: string): void {
  world.ledger.add({ path: [...stage.path, stage.type], expected, received });
}

/** Tokens are generated from the KV cache that the stage right before has left. */
function checkDecode(stage: StageSpec, before: StageSpec | undefined, world: StageWorld): void {
  const fits = before?.type === 'prefill' || (stage.type === 'decode' && before?.type === 'reason');
  if (!before || !fits) {
    const wanted = stage.type === 'decode' ? 'prefill or reason' : 'prefill';
    refuse(world, stage, `${wanted} as the one stage right before ${stage.type}`, before?.type ?? 'none');
    return;
  }
  if (!('on' in stage) || !('on' in before)) return;
  const models = new Set([...before.on, ...stage.on].flatMap((name) => modelOf(name, world)));
  if (models.size > 1) {
    const received = [...models].join(' and ');
    refuse(world, stage, `one model from ${before.type} to ${stage.type}`, received);
  }
  if (before.type === 'reason' && before.on.join() !== stage.on.join()) {
    refuse(
      world,
      stage,
      `the pool that reasoned, which holds the KV cache (${before.on.join(', ')})`,
      stage.on.join(', '),
    );
  }
}

function modelOf(name: string, world: StageWorld): string[] {
  const pool = world.pools.find((known): known is LlmPool => known.name === name && known.kind === 'llm');
  return pool && pool.configuration.model !== '' ? [pool.configuration.model] : [];
}
