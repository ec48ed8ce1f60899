// What only shows when the parts of a pipeline spec are seen together: places, stores, groups, channels, shares, hashes.
import { show } from '../../check/issue.ts';
import { allStages, poolsOf } from '../../stages/list.ts';
import { HASH_BLOCK } from '../defaults.ts';
import { explainEdge } from '../window.ts';
import { checkAutoscale } from './autoscale.ts';
import type { StageWorld } from './choose-pools.ts';
import { checkFailures } from './failures.ts';
import type { Ledger } from './ledger.ts';
import { checkAdapters } from './lora.ts';
import { type FleetSpec, type LlmPool, type PoolSpec, poolsOfKind } from './types.ts';

export function checkTogether(spec: FleetSpec, { ledger, poolNames }: StageWorld): void {
  checkPlaces(spec, ledger);
  checkStores(spec, ledger, poolNames);
  checkGroups(spec, ledger);
  checkChannels(spec, ledger);
  checkUse(spec, ledger);
  checkTraffic(spec, ledger);
  checkAdapters(spec, ledger);
  checkClient(spec, ledger);
  checkWindow(spec, ledger);
  checkDeadline(spec, ledger);
}

function checkPlaces(spec: FleetSpec, ledger: Ledger): void {
  const domains = spec.domains.map(({ name }) => name);
  for (const { name, location } of spec.pools) {
    if (location !== null && !ledger.isBroken(['topology', location])) {
      ledger.checkKnown(location, ['fleet', name, 'location'], 'a domain of the topology', domains);
    }
  }
}

function checkStores(spec: FleetSpec, ledger: Ledger, poolNames: readonly string[]): void {
  const tiers = Object.keys(spec.tiers);
  const stores = poolsOfKind(spec, 'kv-store').map(({ name }) => name);
  for (const { name, tiers: used } of poolsOfKind(spec, 'kv-store')) {
    used.forEach((tier, i) => {
      const path = ['fleet', name, 'tiers', i];
      if (ledger.isBroken(['tiers', tier])) return;
      ledger.checkKnown(tier, path, 'a tier under tiers', tiers);
      if (used.indexOf(tier) < i) ledger.add({ path, expected: 'every tier once', received: `"${tier}" again` });
    });
  }
  for (const { name, writeBack } of poolsOfKind(spec, 'llm')) {
    if (writeBack === null || (poolNames.includes(writeBack) && !spec.pools.some((pool) => pool.name === writeBack)))
      continue;
    ledger.checkKnown(writeBack, ['fleet', name, 'write_back'], 'a kv-store of the fleet', stores);
  }
}

/** Local groups are equal parts of the pools that belong to groups. */
function checkGroups(spec: FleetSpec, ledger: Ledger): void {
  for (const pool of spec.pools) {
    checkAutoscale(spec, pool, splits(pool, spec.pools), ledger);
    checkFailures(spec, pool, splits(pool, spec.pools), ledger);
  }
  const { localGroups } = spec;
  if (localGroups === 1) return;
  for (const pool of spec.pools) {
    if (splits(pool, spec.pools) && pool.count % localGroups !== 0) {
      const expected = `a multiple of the ${localGroups} local groups`;
      ledger.add({ path: ['fleet', pool.name, 'count'], expected, received: String(pool.count) });
    }
  }
}

/** Whether a pool is split into the local groups: stores of scope group, engines that write to one, prefill and decode pools. */
export function splits(pool: PoolSpec, pools: readonly PoolSpec[]): boolean {
  if (pool.kind === 'kv-store') return pool.scope === 'group';
  if (pool.kind !== 'llm') return false;
  const store = pools.find(({ name }) => name === pool.writeBack);
  return pool.role !== 'both' || (store?.kind === 'kv-store' && store.scope === 'group');
}

/** A channel is shared by two pools or more; engines on one accelerator share its memory too. */
function checkChannels(spec: FleetSpec, ledger: Ledger): void {
  const users = new Map<string, PoolSpec[]>();
  for (const pool of spec.pools) {
    if (!pool.shares) continue;
    users.set(pool.shares.channel, [...(users.get(pool.shares.channel) ?? []), pool]);
  }
  for (const [channel, pools] of users) {
    if (pools.length === 1 && ledger.size === 0) {
      const hint = users.size > 1 ? `channels: ${[...users.keys()].join(', ')}` : undefined;
      const expected = `another pool that shares channel ${channel}`;
      ledger.add({ path: ['fleet', pools[0]!.name, 'shares'], expected, received: 'none', hint });
    }
    checkMemoryShares(
      pools.filter((pool): pool is LlmPool => pool.kind === 'llm'),
      channel,
      ledger,
    );
  }
}

function checkMemoryShares(pools: readonly LlmPool[], channel: string, ledger: Ledger): void {
  const hardware = new Set(pools.map(({ configuration }) => configuration.hardware).filter((id) => id !== ''));
  for (const id of hardware) {
    const here = pools.filter(({ configuration }) => configuration.hardware === id);
    const sum = here.reduce((total, { configuration }) => total + configuration.gpu_memory_utilization, 0);
    if (here.length < 2 || sum <= 1 + 1e-9) continue;
    const last = here[here.length - 1]!;
    const terms = here.map(({ name, configuration }) => `${name} ${configuration.gpu_memory_utilization}`).join(' + ');
    ledger.add({
      path: ['fleet', last.name, 'gpu_memory_utilization'],
      expected: `shares of the memory of ${channel} of at most 100 % together`,
      received: `${Number((sum * 100).toPrecision(6))} % (${terms})`,
      row: true,
    });
  }
}

/** Every pool serves something: one that nothing uses is a mistake in a name. */
function checkUse(spec: FleetSpec, ledger: Ledger): void {
  if (ledger.size > 0) return;
  const used = new Set<string>(poolsOfKind(spec, 'llm').flatMap(({ writeBack }) => writeBack ?? []));
  for (const { stages } of spec.pipelines)
    for (const stage of allStages(stages)) for (const name of poolsOf(stage)) used.add(name);
  for (const { name } of spec.pools) {
    if (!used.has(name))
      ledger.add({ path: ['fleet', name], expected: 'a pool that some stage uses', received: 'none does' });
  }
}

function checkTraffic(spec: FleetSpec, ledger: Ledger): void {
  const { workload, sessions, prefixes } = spec;
  const replayed = workload.requests !== null;
  for (const [key, given] of [
    ['sessions', sessions],
    ['shared_prefix', prefixes],
  ] as const) {
    if (!given) continue;
    const path = ['workload', key];
    if (replayed)
      ledger.add({ path, expected: `no ${key} beside requests: the file has what it has`, received: 'both' });
  }
  checkWarm(spec, ledger);
  // blocks of the engine must tile the blocks of the hashes
  const stores = spec.pools.some(({ kind }) => kind === 'kv-store');
  const hashBlock = spec.hashBlock === 0 && !replayed && stores ? HASH_BLOCK : spec.hashBlock;
  if (hashBlock === 0) return;
  for (const { name, configuration, prefixCaching, writeBack } of poolsOfKind(spec, 'llm')) {
    if ((prefixCaching !== true && writeBack === null) || hashBlock % configuration.block_size === 0) continue;
    const expected = `a multiple of block_size ${configuration.block_size} of pool ${name}`;
    ledger.add({ path: ['workload', 'hash_block'], expected, received: String(hashBlock) });
  }
}

/** A tier begins with shared texts: where prompts have none, or nothing looks at its blocks, there is nothing to begin with. */
function checkWarm({ tiers, prefixes, pools }: FleetSpec, ledger: Ledger): void {
  for (const [name, { warm }] of Object.entries(tiers)) {
    if (warm === 0) continue;
    const stored = pools.some((pool) => pool.kind === 'kv-store' && pool.tiers.includes(name));
    const path = ['tiers', name, 'warm'];
    if (!stored) {
      const expected = 'a tier of a kv-store: hit rates say themselves what fetches find';
      ledger.add({ path, expected, received: `tier ${name} of none` });
    } else if (!prefixes) {
      const expected = 'workload.shared_prefix beside it: texts that lie there';
      const hint =
        'of other requests let the run fill the tier, and leave that out of the figures with workload.warmup';
      ledger.add({ path, expected, received: 'none', hint });
    }
  }
}

/** A steady part exists in a closed loop that goes on after it is full; a first token is handed on where somebody else decodes. */
function checkClient({ client, workload, sessions, pools }: FleetSpec, ledger: Ledger): void {
  const { arrivals, num_requests: count } = workload;
  if (client?.window === 'steady') {
    const path = ['client', 'window'];
    if (arrivals.process !== 'closed-loop') {
      ledger.add({ path, expected: 'measured or all: only a closed loop has a steady part', received: show('steady') });
    } else if (sessions) {
      const expected = 'measured or all: with sessions it is conversations that are in flight, between turns too';
      ledger.add({ path, expected, received: show('steady') });
    } else if (count > 0 && count < arrivals.max_concurrency) {
      const expected = `at least as many requests as are in flight, ${arrivals.max_concurrency}`;
      ledger.add({ path: ['workload', 'num_requests'], expected, received: String(count) });
    }
  }
  if (client?.firstToken !== 'decode' || pools.some((pool) => pool.kind === 'llm' && pool.role === 'decode')) return;
  const expected = 'prefill: no pool of role decode takes a first token over';
  ledger.add({ path: ['client', 'first_token'], expected, received: show('decode') });
}

/** When a load that comes bit by bit is done says nothing of what serves it. */
function checkDeadline({ workload: { arrivals }, budget }: FleetSpec, ledger: Ledger): void {
  if (budget?.deadline === undefined || arrivals.process === 'all-at-once') return;
  const expected =
    'none: only of requests that are all there at once (arrivals: all-at-once) there is an end to wait for';
  ledger.add({
    path: ['budget', 'deadline'],
    expected,
    received: `${budget.deadline} s, of ${arrivals.process} arrivals`,
  });
}

/** What a run of so many requests, or so many seconds, cannot leave out. */
function checkWindow({ workload, sessions }: FleetSpec, ledger: Ledger): void {
  const { arrivals, duration, num_requests: count, warmup, cooldown } = workload;
  const refuse = (key: string, expected: string, received: string) =>
    ledger.add({ path: ['workload', key], expected, received });
  const unknown = sessions
    ? 'how many turns come until then shows only in the run'
    : {
        'all-at-once': 'all arrive at once',
        'closed-loop': 'how many a closed loop sends until then shows only in the run',
      }[arrivals.process as string];
  if (duration !== undefined && unknown !== undefined)
    refuse('duration', `num_requests instead: ${unknown}`, `${duration} s`);
  const edges = [
    ['warmup', warmup],
    ['cooldown', cooldown],
  ] as const;
  const left = { time: duration ?? Infinity, requests: count || Infinity, share: 1 };
  for (const [key, asked] of edges) {
    if (asked === undefined || asked.of === 'auto') continue;
    if (arrivals.process === 'all-at-once') {
      refuse(key, 'none: requests that arrive at once have no steady part', explainEdge(asked));
      continue;
    }
    const before = left[asked.of];
    left[asked.of] -= asked.of === 'time' ? asked.seconds : asked.of === 'requests' ? asked.count : asked.share;
    if (left[asked.of] > 0) continue;
    const unit = { time: ' s', requests: ' requests', share: '' }[asked.of];
    const rest = asked.of === 'share' ? `${before * 100} %` : `${before}${unit}`;
    refuse(key, `less than the ${rest} that the run has left`, explainEdge(asked));
  }
}
