// Energy and cost of clients, and the part of them that each visit, stage and request bears.
//
// A client's energy is that of its counters (idle power x time + linear work, law L11; while busy it is held at its boards' limit), its
// cost price x devices x time. A visit
// bears the energy of its own tokens, pairs and context; what is left (idle power, weights read by steps, recomputation) and the
// cost are divided over the client's visits by the seconds they held a slot. So the parts of all visits add up to the totals,
// except those of clients that no visit came to: they are counted apart.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import { VISIT_RESIDENT } from '../../plan/fleet.ts';
import { type EnergyShares, electricityOf, NO_SHARES, workEnergy, workParts } from '../site.ts';
import { busySeconds } from './clients.ts';
import type { Intervals } from './curves.ts';
import { paidSeconds } from './instances.ts';
import type { ClientCounters, ClientPrice, FleetRun, Span } from './types.ts';

export interface ClientBill {
  /** Devices it stands on, and its part of them where it shares them. */
  readonly devices: number;
  readonly devicesBorne: number;
  /** J, PUE included. */
  readonly joules: number;
  /** The same by what it went into: they add up. */
  readonly parts: EnergyShares;
  /** The share of what its work asks for that its boards were let draw. */
  readonly held: number;
  /** USD over the run and per hour, electricity included where it is paid apart; and that alone. */
  readonly usd: number;
  readonly usdPerHour: number;
  readonly electricity: number;
}

/** One bill per client, for a span; NaN where watts or prices are unknown. An instance that starts and stops is paid, and idle, while it is on. */
export function billClients(run: FleetRun, intervals: readonly Intervals[], span: Span): ClientBill[] {
  const { prices } = run;
  if (prices === undefined || prices.clients.every(({ devices }) => devices === 0)) {
    const none = { held: 1, joules: Number.NaN, usd: Number.NaN, usdPerHour: Number.NaN, electricity: Number.NaN };
    const unknown = { devices: 0, devicesBorne: 0, parts: NO_SHARES, ...none };
    return run.program.clients.map(() => unknown);
  }
  const busy = intervals.map((list, c) => busySeconds(run.program.clients[c]!, run.counters[c]!, list));
  const paid = paidSeconds(run, span);
  return prices.clients.map((price, c) => {
    const { idleW, usdPerHour, devicesBorne } = bearPart(prices.clients, busy, c);
    const busyJoules = ((price.busyW ?? 0) + (price.energy?.busyW ?? 0)) * busy[c]!;
    const asked = price.devices === 0 ? 0 : energyOfWork(price, run.counters[c]!) + busyJoules;
    const held = heldAt(price, asked, busy[c]!);
    const work = asked * held;
    const pue = pueOf(run);
    const joules = (idleW * paid[c]! + work) * pue;
    const hours = (span.to - span.from) / 3600;
    const electricity = electricityOf(joules, prices.power?.usd_per_kwh ?? null);
    // a client whose watts nobody knows is paid for all the same; reports name it as unmetered
    const usd = usdPerHour * (paid[c]! / 3600) + (Number.isNaN(electricity) ? 0 : electricity);
    const perHour = (amount: number): number => (hours > 0 ? amount / hours : Number.NaN);
    return {
      devices: price.devices,
      devicesBorne,
      joules,
      parts: partsOf(price, run.counters[c]!, { idle: idleW * paid[c]!, busyJoules, held, pue }),
      held,
      usd,
      usdPerHour: perHour(usd),
      electricity: perHour(electricity),
    };
  });
}

/** A client's part of the devices it stands on: all of its own, or of a host's by its part of the busy time on it. */
function bearPart(clients: readonly ClientPrice[], busy: readonly number[], c: number) {
  const { host } = clients[c]!;
  const mates = host === undefined ? [c] : clients.flatMap((mate, i) => (mate.host === host ? [i] : []));
  const all = mates.reduce((sum, mate) => sum + busy[mate]!, 0);
  const part = all > 0 ? busy[c]! / all : 1 / mates.length;
  const most = (read: (price: ClientPrice) => number): number =>
    part * Math.max(...mates.map((i) => read(clients[i]!)));
  return {
    idleW: most(({ energy, devices }) => (devices === 0 ? 0 : (energy?.idleW ?? Number.NaN))),
    usdPerHour: most(({ devices, usdPerDeviceHour }) => (devices === 0 ? 0 : devices * usdPerDeviceHour)),
    devicesBorne: most(({ devices }) => devices),
  };
}

function pueOf(run: FleetRun): number {
  return run.prices?.power?.pue ?? 1;
}

function energyOfWork({ energy }: ClientPrice, counters: ClientCounters): number {
  return energy === null ? Number.NaN : workEnergy(energy, counters);
}

/** The share of what its work asks for that a client takes: while it is busy, its boards draw no more than they are held at. */
function heldAt({ energy }: ClientPrice, asked: number, busy: number): number {
  const most = energy?.mostW === undefined ? Number.POSITIVE_INFINITY : (energy.mostW - energy.idleW) * busy;
  return asked > most ? most / asked : 1;
}

/** What a client's energy went into; processors that are busy (cores) compute. */
function partsOf(
  { energy, devices }: ClientPrice,
  counters: ClientCounters,
  { idle, busyJoules, held, pue }: Readonly<Record<'idle' | 'busyJoules' | 'held' | 'pue', number>>,
): EnergyShares {
  if (devices === 0 || energy === null) return { ...NO_SHARES, idle: idle * pue };
  const { compute, memory, network } = workParts(energy, counters);
  const taken = held * pue;
  return {
    idle: idle * pue,
    compute: (compute + busyJoules) * taken,
    memory: memory * taken,
    network: network * taken,
  };
}

export interface VisitBills {
  readonly joules: Float64Array;
  readonly usd: Float64Array;
}

export function billVisits(run: FleetRun, bills: readonly ClientBill[], end: number): VisitBills {
  const { visits } = run.program;
  const { client } = run.results;
  const joules = new Float64Array(visits.count);
  const usd = new Float64Array(visits.count);
  const own = new Float64Array(bills.length);
  const slots = new Float64Array(bills.length);
  const guests = new Int32Array(bills.length);
  for (let v = 0; v < visits.count; v++) {
    if (client[v]! < 0) continue;
    joules[v] = ownEnergy(run, v) * bills[client[v]!]!.held;
    own[client[v]!]! += joules[v]!;
    slots[client[v]!]! += slotSeconds(run, v, end);
    guests[client[v]!]!++;
  }
  for (let v = 0; v < visits.count; v++) {
    const c = client[v]!;
    if (c < 0) continue;
    const share = slots[c]! > 0 ? slotSeconds(run, v, end) / slots[c]! : 1 / guests[c]!;
    joules[v]! += (bills[c]!.joules - own[c]!) * share;
    usd[v] = bills[c]!.usd * share;
  }
  return { joules, usd };
}

/** A visit that never began held nothing; one that never ended held its slot until the end of the run. */
function slotSeconds(run: FleetRun, v: number, end: number): number {
  const { start, finish } = run.results;
  return Number.isNaN(start[v]!) ? 0 : (Number.isNaN(finish[v]!) ? end : finish[v]!) - start[v]!;
}

/** J of a finished llm visit's own work, done once (DESIGN.md §4a counts pairs and context the same way). */
function ownEnergy(run: FleetRun, v: number): number {
  const { visits, clients } = run.program;
  const c = run.results.client[v];
  const energy = run.prices?.clients[c!]?.energy;
  if (!energy || clients[c!]!.kind !== 'llm' || run.results.state[v] !== STATE_FINISHED) return 0;
  const resident = (visits.flags[v]! & VISIT_RESIDENT) !== 0;
  const skip = visits.shared[v]! > 0 ? visits.shared[v] : run.results.cached[v];
  const fresh = resident ? 0 : visits.prompt[v]! - Math.min(skip!, visits.prompt[v]! - 1);
  const decodes = resident ? visits.output[v] : visits.output[v]! - 1;
  const past = resident ? visits.prompt[v]! - 1 : visits.prompt[v];
  const pairs = fresh * (visits.prompt[v]! - fresh) + (fresh * (fresh + 1)) / 2;
  const context = decodes! * past! + (decodes! * (decodes! - 1)) / 2;
  return pueOf(run) * (energy.perToken * (fresh + decodes!) + energy.perPair * pairs + energy.perContext * context);
}
