// What must come before what in a list of stages: decode behind prefill, rerank behind retrieve, prefill behind kv-fetch.
import type { StageWorld } from './choose-pools.ts';
import type { LlmPool, StageSpec } from './types.ts';

export function checkFlow(stages: readonly StageSpec[], world: StageWorld): void {
  stages.forEach((stage, i) => {
    const waits = stage.after ?? (i === 0 ? [] : [i - 1]);
    const before = waits.length === 1 ? stages[waits[0]] : undefined;
    if (stage.type === 'decode' || stage.type === 'reason') checkDecode(stage, before, world);
    if (stage.type === 'rerank' && !stages.slice(0, i).some(({ type }) => type === 'retrieve')) {
      refuse(world, stage, 'a retrieve before it in this list', 'none');
    }
    if (stage.type === 'kv-fetch' && !stages.slice(i + 1).some(({ type }) => type === 'prefill')) {
      refuse(world, stage, 'a prefill after it in this list, which uses what was fetched', 'none');
    }
  });
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
