// Instances that start and stop: who is on, when a scaler looks, what it measures, and how many it starts or stops.
import { INSTANCE_DRAINING, INSTANCE_OFF, INSTANCE_ON, INSTANCE_STARTING } from '../../../assembly/layout/scaler.ts';
import type { ScalingName } from '../../../src/check/scheduler-lists.ts';
import type { FleetProgram, FleetScaler, InstanceChange } from '../../../src/plan/fleet.ts';
import { BlockPool } from './pool.ts';
import type { Client, World } from './state.ts';

/** An instance that may start and stop: its clients, and what has become of it. */
export interface Instance {
  readonly clients: readonly Client[];
  state: number;
  readyAt: number; // s, where it starts
  busy: number; // s that it had been busy at the last look
}

/** A scaler, its instances in order, and what every look so far wished for, the first being what there was at the beginning. */
export interface Scaling {
  readonly rule: FleetScaler;
  readonly instances: readonly Instance[];
  readonly wishes: number[];
}

export function openScalings({ scalers = [] }: FleetProgram, clients: readonly Client[]): Scaling[] {
  return scalers.map((rule) => ({
    rule,
    instances: rule.members.map((first, i) => ({
      clients: clients.slice(first, first + (clients[first]!.setup.rank?.of ?? 1)),
      state: i < rule.least ? INSTANCE_ON : INSTANCE_OFF,
      readyAt: Number.NaN,
      busy: 0,
    })),
    wishes: [rule.least],
  }));
}

/** The state of a client's instance; on where nothing scales it. */
export function stateOf(world: Pick<World, 'scalings'>, client: Client): number {
  const all = world.scalings.flatMap(({ instances }) => instances);
  return all.find(({ clients }) => clients.includes(client))?.state ?? INSTANCE_ON;
}

/** When the next instance is on, or the next scaler looks. */
export function nextChange({ scalings }: World): number {
  const starts = scalings.flatMap(({ instances }) =>
    instances.filter(({ state }) => state === INSTANCE_STARTING).map(({ readyAt }) => readyAt),
  );
  return Math.min(...starts, ...scalings.map(nextLook));
}

/** The first wish was nobody's look. */
const nextLook = ({ rule, wishes }: Scaling): number => wishes.length * rule.interval;

export function scalePhase(world: World, now: number): void {
  const before = world.changes.length;
  const starting = world.scalings.flatMap(({ instances }) => instances).filter(({ readyAt }) => readyAt <= now);
  for (const instance of starting.sort((a, b) => a.clients[0]!.index - b.clients[0]!.index))
    change(world, instance, INSTANCE_ON, now);
  for (const scaling of world.scalings) if (nextLook(scaling) <= now) look(world, scaling, now);
  if (world.changes.length > before) turnBack(world);
}

function change(world: World, instance: Instance, state: number, now: number): void {
  instance.state = state;
  if (state !== INSTANCE_STARTING) instance.readyAt = Number.NaN;
  world.changes.push({ time: now, client: instance.clients[0]!.index, state } satisfies InstanceChange);
}

function look(world: World, { rule, instances, wishes }: Scaling, now: number): void {
  const inState = (state: number) => instances.filter((instance) => instance.state === state);
  const count = inState(INSTANCE_ON).length + inState(INSTANCE_STARTING).length;
  const measures = instances.map((instance) => MEASURES[rule.policy](instance, rule, now));
  const measured = measures.reduce((sum, own, i) => (instances[i]!.state === INSTANCE_ON ? sum + own : sum), 0);
  const fits = Math.abs(measured / (rule.target * count) - 1) <= rule.tolerance;
  const wish = fits ? count : Math.ceil(measured / rule.target);
  wishes.push(Math.min(instances.length, Math.max(rule.least, wish)));
  const least = Math.min(...wishes.slice(-rule.outLooks));
  const most = Math.max(...wishes.slice(-rule.inLooks));
  const fewer = Math.max(Math.min(most, count), count - rule.mostIn);
  const wanted = least > count ? Math.min(least, count + rule.mostOut) : fewer;
  if (wanted > count) {
    for (const instance of inState(INSTANCE_OFF).slice(0, wanted - count)) {
      change(world, instance, INSTANCE_STARTING, now);
      instance.readyAt = now + rule.start;
      if (rule.start === 0) change(world, instance, INSTANCE_ON, now);
    }
  }
  const leave = [...inState(INSTANCE_STARTING).reverse(), ...inState(INSTANCE_ON).reverse()];
  for (const instance of leave.slice(0, Math.max(0, count - wanted)))
    change(world, instance, instance.state === INSTANCE_ON ? INSTANCE_DRAINING : INSTANCE_OFF, now);
}

const sumOver = ({ clients }: Instance, of: (client: Client) => number): number =>
  clients.reduce((sum, client) => sum + of(client), 0);

/** What an instance has, of which one is to have `target`. */
const MEASURES: Readonly<Record<ScalingName, (instance: Instance, rule: FleetScaler, now: number) => number>> = {
  'queue-length': (instance) => sumOver(instance, ({ waiting }) => waiting.length),
  requests: (instance) => sumOver(instance, ({ outstanding }) => outstanding.size),
  'kv-use': (instance) =>
    sumOver(instance, ({ setup, pool, busy }) => setup.numGpuBlocks - pool.room - (busy?.formed.decodeBlocks ?? 0)) /
    sumOver(instance, ({ setup }) => setup.numGpuBlocks),
  utilization: (instance, { interval }, now) => {
    const { counters, busy } = instance.clients[0]!;
    const so = counters.busySeconds + (busy === null ? 0 : now - busy.start);
    const share = (so - instance.busy) / interval;
    instance.busy = so;
    return share;
  },
};

/** Who chooses next goes on behind the last one chosen, or, where that is not on any more, behind the one before it that is. */
export function turnBack(world: World): void {
  world.program.groups.forEach(({ members }, g) => {
    const last = world.lastChosen[g]!;
    while (last[0] >= 0 && stateOf(world, world.clients[members[last[0]]!]!) !== INSTANCE_ON) last[0] -= 1;
  });
}

/** The end of an instant: who drains and has nothing left is off, and what its blocks held is gone. */
export function endDrained(world: World, now: number): void {
  const all = world.scalings.flatMap(({ instances }) => instances);
  const drained = all.filter(({ state, clients }) => state === INSTANCE_DRAINING && clients.every(isEmpty));
  for (const instance of drained.sort((a, b) => a.clients[0]!.index - b.clients[0]!.index)) {
    for (const client of instance.clients) {
      client.pool = new BlockPool(client.setup.numGpuBlocks);
      client.adapters.left.clear();
    }
    change(world, instance, INSTANCE_OFF, now);
  }
}

function isEmpty({ outstanding, pool, busy, setup }: Client): boolean {
  return outstanding.size === 0 && pool.room === setup.numGpuBlocks && busy === null;
}
