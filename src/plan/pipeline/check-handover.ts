// What a prefill pool hands on must be what the decode pool reads: the same KV format, the same blocks (that it is one model, the reader demands).
import type { FleetSpec, LlmPool } from '../../spec/fleet/types.ts';
import { poolsOfKind } from '../../spec/fleet/types.ts';
import { allStages, continuesOf, opensGeneration, poolsServing } from '../../stages/list.ts';
import type { BoundPool } from './bind-pools.ts';
import type { Blame } from './blame.ts';

/** Blames hand-overs that no engine does: nothing here converts a cache, so neither does what is simulated. */
export function checkHandover(spec: FleetSpec, bound: ReadonlyMap<string, BoundPool>, blame: Blame): void {
  for (const { name, transfer } of poolsOfKind(spec, 'llm')) {
    if (transfer !== 'layer-wise' || bound.get(name)?.model !== null) continue;
    const expected = 'whole: without a model there are no layers that could go one by one';
    blame(['fleet', name, 'transfer'], expected, 'layer-wise');
  }
  const told = new Set<string>();
  for (const [from, to] of listHandovers(spec)) {
    const [prefill, decode] = [bound.get(from), bound.get(to)];
    if (!prefill || !decode || told.has(`${from} ${to}`)) continue;
    told.add(`${from} ${to}`);
    blameDifference(from, prefill, to, decode, blame);
  }
}

function blameDifference(from: string, prefill: BoundPool, to: string, decode: BoundPool, blame: Blame): void {
  const tell = (key: string, expected: string, received: string) =>
    blame(['fleet', to, key], `${expected}, as pool ${from} hands over: KV is not converted on the way`, received);
  if (prefill.kvFormat && decode.kvFormat && prefill.kvFormat !== decode.kvFormat)
    tell('kv_cache_dtype', `a KV cache of ${prefill.kvFormat}`, decode.kvFormat);
  // as asked for: what a hybrid model's state makes of it depends on its split
  const [blocks, own] = [blockSizeOf(prefill), blockSizeOf(decode)];
  if (blocks !== own) tell('block_size', `KV blocks of ${blocks} tokens`, `${own}`);
}

const blockSizeOf = ({ pool, client }: BoundPool): number =>
  pool.kind === 'llm' ? pool.configuration.block_size : client.blockSize;

/** Pairs of pools, prefill first, between which some pipeline moves a KV cache. */
function listHandovers(spec: FleetSpec): (readonly [string, string])[] {
  const engines = new Map(poolsOfKind(spec, 'llm').map((pool): [string, LlmPool] => [pool.name, pool]));
  if (![...engines.values()].some(({ role }) => role === 'decode')) return [];
  const hands = (from: string, to: string) =>
    from !== to && engines.get(from)?.role !== 'decode' && engines.get(to)?.role === 'decode';
  return spec.pipelines.flatMap(({ stages }) => {
    const all = allStages(stages);
    const targets = all.filter((stage) => continuesOf(stage) !== null).flatMap(poolsServing);
    const sources = all.filter(opensGeneration).flatMap(poolsServing);
    return sources.flatMap((from) => targets.filter((to) => hands(from, to)).map((to) => [from, to] as const));
  });
}
