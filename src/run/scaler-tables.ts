// Scalers and failures in kernel memory: rules, the states of all instances, the members of groups that may change, and what has changed so far.
import * as F from '../../assembly/layout/fleet.ts';
import * as S from '../../assembly/layout/scaler.ts';
import { SCALING, splitsMembers } from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import {
  type FleetGroup,
  type FleetOutage,
  type FleetProgram,
  type FleetScaler,
  type InstanceChange,
  instanceFrom,
} from '../plan/fleet.ts';
import { type Put, wordsOf } from './cells.ts';

/** Changes of instances that a run holds until they are taken out. */
const CHANGES = 4096;

const roomOf = (clients: number): number => CHANGES + 8 * clients;
const wishRoom = ({ outLooks, inLooks }: FleetScaler): number => Math.max(outLooks, inLooks);

/** Bytes of what placeScalers places, padding included. */
export function scalerBytes({ scalers = [], outages = [], clients, groups, requests, visits }: FleetProgram): number {
  if (scalers.length + outages.length === 0) return 0;
  const own = scalers.reduce((sum, one) => sum + S.SCALER_CELLS * 8 + one.members.length * 12 + wishRoom(one) * 4, 0);
  const members = groups.reduce((sum, group) => sum + group.members.length * 4, 0);
  const padding = 256 * (8 + 3 * scalers.length + groups.length);
  const failures =
    outages.length * (S.OUTAGE_BYTES + 8) + (outages.length > 0 ? heldMost(requests.count, visits) * 4 : 0);
  return own + members + failures + clients.length * 12 + roomOf(clients.length) * S.CHANGE_BYTES + padding;
}

/** Requests and edges that may wait for an instance at once. */
const heldMost = (requests: number, { edgeTo }: FleetProgram['visits']): number => requests + edgeTo.length;

/** Clients of instances that may not be on all the time: off at first, failing, or stopped in place of one that fails. */
export function changing(program: FleetProgram): Set<number> {
  const { outages, clients } = program;
  if (!outages) return offAtFirst(program);
  return new Set([...outages.flatMap(({ client }) => instanceFrom(clients, client)), ...scaledBy(program, () => true)]);
}

/** Clients of scaled instances that are off at first. */
export function offAtFirst({ scalers = [], clients }: FleetProgram): Set<number> {
  const later = scalers.flatMap(({ members, least }) => members.slice(least));
  return new Set(later.flatMap((first) => instanceFrom(clients, first)));
}

/** Clients of the instances of some scalers. */
export function scaledBy({ scalers = [], clients }: FleetProgram, wanted: (scaler: FleetScaler) => boolean): number[] {
  const firsts = scalers.filter(wanted).flatMap(({ members }) => members);
  return firsts.flatMap((first) => instanceFrom(clients, first));
}

/** Places scalers, failures and states. */
export function placeScalers(arena: Arena, program: FleetProgram, put: Put): void {
  const { scalers = [], outages = [], clients } = program;
  if (scalers.length + outages.length === 0) return;
  if (outages.length > 0) placeOutages(arena, program, outages, put);
  const cells = arena.f64(scalers.length * S.SCALER_CELLS).fill(0);
  const words = wordsOf(cells);
  scalers.forEach((scaler, i) => {
    const base = i * S.SCALER_CELLS;
    const whole = (cell: number, value: number) => {
      words[(base + cell) * 2] = value;
    };
    const members = arena.i32(scaler.members.length);
    members.set(scaler.members);
    whole(S.SCALER_MEMBERS, members.byteOffset);
    whole(S.SCALER_COUNT, scaler.members.length);
    whole(S.SCALER_LEAST, scaler.least);
    whole(S.SCALER_POLICY, SCALING.id[scaler.policy]);
    cells[base + S.SCALER_TARGET] = scaler.target;
    cells[base + S.SCALER_TOLERANCE] = scaler.tolerance;
    cells[base + S.SCALER_INTERVAL] = scaler.interval;
    cells[base + S.SCALER_START] = scaler.start;
    whole(S.SCALER_OUT_LOOKS, scaler.outLooks);
    whole(S.SCALER_IN_LOOKS, scaler.inLooks);
    whole(S.SCALER_MOST_OUT, scaler.mostOut);
    whole(S.SCALER_MOST_IN, scaler.mostIn);
    // before the first look the wish is for what there is
    whole(S.SCALER_WISHES, arena.i32(wishRoom(scaler)).fill(scaler.least).byteOffset);
    whole(S.SCALER_WISH_ROOM, wishRoom(scaler));
    whole(S.SCALER_BUSY, arena.f64(scaler.members.length).fill(0).byteOffset);
  });
  const states = arena.i32(clients.length).fill(S.INSTANCE_ON);
  for (const client of offAtFirst(program)) states[client] = S.INSTANCE_OFF;
  put(F.FLEET_SCALERS, scalers.length);
  put(F.FLEET_SCALER_AT, cells);
  put(F.FLEET_STATES, states);
  put(F.FLEET_READY_AT, arena.f64(clients.length).fill(0));
  put(F.FLEET_CHANGES, arena.f64((roomOf(clients.length) * S.CHANGE_BYTES) / 8));
  put(F.FLEET_CHANGE_ROOM, roomOf(clients.length));
}

function placeOutages(
  arena: Arena,
  { requests, visits }: FleetProgram,
  outages: readonly FleetOutage[],
  put: Put,
): void {
  const cells = arena.f64((outages.length * S.OUTAGE_BYTES) / 8);
  const words = wordsOf(cells);
  outages.forEach(({ time, lasts, client }, i) => {
    const at = i * S.OUTAGE_BYTES;
    cells[(at + S.OUTAGE_TIME) / 8] = time;
    cells[(at + S.OUTAGE_LASTS) / 8] = lasts;
    words[(at + S.OUTAGE_CLIENT) / 4] = client;
  });
  put(F.FLEET_OUTAGES, cells);
  put(F.FLEET_OUTAGE_COUNT, outages.length);
  put(F.FLEET_HELD, arena.i32(heldMost(requests.count, visits)));
}

/** When the first scaler looks or the first instance fails, s. */
export function firstLook({ scalers = [], outages = [] }: FleetProgram): number {
  return Math.min(...scalers.map(({ interval }) => interval), outages[0]?.time ?? Number.POSITIVE_INFINITY);
}

/**
 * Members of a group that are on at first (`off`: who is not); null where all are, and stay so (`changes`: who may not). Throws RangeError
 * for a group that nobody could serve.
 */
export function membersOn(
  group: FleetGroup,
  off: ReadonlySet<number>,
  changes: ReadonlySet<number>,
): readonly number[] | null {
  if (!group.members.some((member) => changes.has(member))) return null;
  const on = group.members.filter((member) => !off.has(member));
  if (on.length === 0) throw new RangeError(`group ${group.name} has no instance that is always on`);
  if (splitsMembers(group.routing))
    throw new RangeError(`group ${group.name}: halves of instances that stop are unequal`);
  return on;
}

/** Takes out what has changed since it was last asked for. */
export function takeChanges(fleet: Float64Array): InstanceChange[] {
  const words = wordsOf(fleet);
  const count = words[F.FLEET_CHANGED * 2]!;
  const at = words[F.FLEET_CHANGES * 2]!;
  const cells = new Float64Array(fleet.buffer, at, (count * S.CHANGE_BYTES) / 8);
  const ids = new Int32Array(fleet.buffer, at, (count * S.CHANGE_BYTES) / 4);
  words[F.FLEET_CHANGED * 2] = 0;
  return Array.from({ length: count }, (_, i) => ({
    time: cells[(i * S.CHANGE_BYTES + S.CHANGE_TIME) / 8]!,
    client: ids[(i * S.CHANGE_BYTES + S.CHANGE_CLIENT) / 4]!,
    state: ids[(i * S.CHANGE_BYTES + S.CHANGE_STATE) / 4]!,
  }));
}
