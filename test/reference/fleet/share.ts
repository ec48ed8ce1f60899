// Who reads which KV blocks: what an admission finds, what others can find since, and what a visit leaves behind (DESIGN.md section 4b).
import type { Block } from './pool.ts';
import { type Client, NOTHING, type Visit } from './state.ts';

/** KV blocks of a hash block. */
function unitOf({ hashBlock, setup }: Client): number {
  return hashBlock / setup.blockSize;
}

/** Its hash blocks, where its engine looks at them: a branch reads what another visit holds for it instead. */
export function idsOf({ setup }: Client, visit: Visit): readonly number[] {
  return setup.prefixCaching && visit.prefix && visit.shared === 0 ? visit.hashes : [];
}

/** Blocks at the front that another visit holds for it. */
function countForeign({ setup }: Client, visit: Visit): number {
  return Math.floor(visit.shared / setup.blockSize);
}

export interface Found {
  /** In order of position. */
  readonly blocks: readonly Block[];
  /** Leading hash blocks among them. */
  readonly units: number;
  /** Tokens that need no computing, those of another visit's blocks included. */
  readonly tokens: number;
}

export const NO_BLOCKS: Found = { blocks: [], units: 0, tokens: 0 };

/**
 * What is there of a waiting visit: leading hash blocks, and behind all of its own what is left of the blocks that it gave up. One
 * token at least is computed; a head that drafts needs a block less. Hash blocks are found as a whole.
 */
export function lookUp(client: Client, visit: Visit): Found {
  const { blockSize, speculation } = client.setup;
  const unit = unitOf(client);
  const ids = idsOf(client, visit);
  const shared = ids.slice(0, client.pool.countLeading(ids)).flatMap((id) => client.pool.find(id)!.blocks);
  const first = countForeign(client, visit);
  const reaches = visit.left.from === first + shared.length;
  const gone = visit.left.blocks.findIndex((block) => block.owner !== visit);
  const own = reaches ? visit.left.blocks.slice(0, gone < 0 ? undefined : gone) : [];
  const loss = Math.ceil((speculation?.prefixLoss ?? 0) / blockSize);
  const most = Math.floor((visit.need - 1) / blockSize);
  const count = Math.max(0, Math.min(first + shared.length + own.length, most) - loss - first);
  const units = Math.floor(Math.min(count, shared.length) / unit) || 0;
  const whole = count < shared.length ? units * unit : count;
  const tokens = whole === 0 ? visit.shared : (first + whole) * blockSize;
  return { blocks: [...shared, ...own].slice(0, whole), units, tokens };
}

/** Others can find the hash blocks that `tokens` tokens fill. */
export function listUnits(client: Client, visit: Visit, tokens: number): void {
  const ids = idsOf(client, visit);
  const unit = unitOf(client);
  for (; visit.listed < ids.length && (visit.listed + 1) * client.hashBlock <= tokens; visit.listed++) {
    client.pool.list(ids[visit.listed]!, visit.kv.slice(visit.listed * unit, (visit.listed + 1) * unit));
  }
}

/**
 * A visit reads none of its blocks any more; those that answers filled can be found from now on, and copies of what others held when it
 * computed them, where that is gone.
 */
export function giveUp(client: Client, visit: Visit): void {
  visit.listed = 0;
  listUnits(client, visit, visit.past);
  client.pool.giveUp(visit.kv);
  visit.kv = [];
  visit.listed = 0;
}

/** The same of a visit that will be back: whole blocks behind those with ids stay its own until they are used again. */
export function leaveBehind(client: Client, visit: Visit): void {
  const { prefixCaching, blockSize } = client.setup;
  const first = countForeign(client, visit);
  const units = Math.min(idsOf(client, visit).length, Math.floor(visit.past / client.hashBlock) || 0);
  const from = Math.max(first, units * unitOf(client) || 0);
  const blocks = prefixCaching ? visit.kv.slice(from - first, Math.floor(visit.past / blockSize) - first) : [];
  giveUp(client, visit);
  visit.left = { from, blocks };
  for (const block of blocks) block.owner = visit;
}

/** Forgets what it left behind: it runs again. */
export function takeBack(visit: Visit): void {
  for (const block of visit.left.blocks) if (block.owner === visit) block.owner = null;
  visit.left = NOTHING;
}
