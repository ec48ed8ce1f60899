// Instances that start and stop: who is on, when a scaler looks, what it measures, and how many it starts or stops.
import {
  INSTANCE_DRAINING,
  INSTANCE_FAILED,
  INSTANCE_OFF,
  INSTANCE_ON,
  INSTANCE_STARTING,
} from '../../../assembly/layout/scaler.ts';
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

/** Instances that fail and have no scaler, all on at first. */
export function openFailing({ outages = [], scalers = [] }: FleetProgram, clients: readonly Client[]): Instance[] {
  const scaled = scalers.flatMap(({ members }) => members);
  const firsts = [...new Set(outages.map(({ client }) => client))].filter((first) => !scaled.includes(first));
  return firsts.map((first) => ({ ...instanceAt(first, clients), state: INSTANCE_ON }));
}

function instanceAt(first: number, clients: readonly Client[]) {
  const own = clients.slice(first, first + (clients[first]!.setup.rank?.of ?? 1));
  return { clients: own, readyAt: Number.NaN, busy: 0 };
}

/** All that are not just on all the time. */
function instancesOf({ scalings, failing }: Pick<World, 'scalings' | 'failing'>): Instance[] {
  return [...scalings.flatMap(({ instances }) => instances), ...failing];
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
      ...instanceAt(first, clients),
      state: i < rule.least ? INSTANCE_ON : INSTANCE_OFF,
    })),
    wishes: [rule.least],
  }));
}

/** The state of a client's instance; on where nothing scales it and it never fails. */
export function stateOf(world: Pick<World, 'scalings' | 'failing'>, client: Client): number {
  return instancesOf(world).find(({ clients }) => clients.includes(client))?.state ?? INSTANCE_ON;
}

/** When the next instance is on or fails, or the next scaler looks. */
export function nextChange(world: World): number {
  const fails = world.outages[0]?.time ?? Number.POSITIVE_INFINITY;
  return Math.min(nextStart(world), fails, ...world.scalings.map(nextLook));
}

/** When the next instance is on. */
export function nextStart(world: World): number {
  const starting = instancesOf(world).filter(({ state }) => state === INSTANCE_STARTING);
  return Math.min(...starting.map(({ readyAt }) => readyAt));
}

/** The first wish was nobody's look. */
const nextLook = ({ rule, wishes }: Scaling): number => wishes.length * rule.interval;

/** `fail`: what becomes of the requests of an instance that fails. */
export function scalePhase(world: World, now: number, fail: (instance: Instance) => void): void {
  const before = world.changes.length;
  const starting = instancesOf(world).filter(({ state, readyAt }) => state === INSTANCE_STARTING && readyAt <= now);
  for (const instance of starting.sort((a, b) => a.clients[0]!.index - b.clients[0]!.index))
    change(world, instance, INSTANCE_ON, now);
  while (world.outages.length > 0 && world.outages[0]!.time <= now) {
    const { client, lasts } = world.outages.shift()!;
    const instance = instancesOf(world).find(({ clients }) => clients[0]!.index === client)!;
    if (instance.state !== INSTANCE_ON) continue;
    change(world, instance, INSTANCE_FAILED, now);
    instance.readyAt = now + lasts;
    fail(instance);
  }
  for (const scaling of world.scalings) if (nextLook(scaling) <= now) look(world, scaling, now);
  if (world.changes.length === before) return;
  turnBack(world);
  // whoever waits for an instance looks again
  world.events.push(...world.held.map((event) => ({ ...event, time: now })));
  world.held = [];
}

function change(world: World, instance: Instance, state: number, now: number): void {
  instance.state = state;
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

/** The end of an instant: who drains and has nothing left is off, who has failed starts, and what its blocks held is gone. */
export function endDrained(world: World, now: number): void {
  const goes = [INSTANCE_DRAINING, INSTANCE_FAILED];
  const drained = instancesOf(world).filter(({ state, clients }) => goes.includes(state) && clients.every(isEmpty));
  for (const instance of drained.sort((a, b) => a.clients[0]!.index - b.clients[0]!.index)) {
    for (const client of instance.clients) {
      client.pool = new BlockPool(client.setup.numGpuBlocks);
      client.adapters.left.clear();
    }
    if (instance.state === INSTANCE_FAILED) {
      change(world, instance, INSTANCE_STARTING, now);
      instance.readyAt = Math.max(now, instance.readyAt);
    } else change(world, instance, INSTANCE_OFF, now);
  }
}

function isEmpty({ outstanding, pool, busy, setup }: Client): boolean {
  return outstanding.size === 0 && pool.room === setup.numGpuBlocks && busy === null;
}
