// Energy and cost of clients, and the part of them that each visit, stage and request bears.
//
// A client's energy is that of its counters (idle power x time + linear work, law L11), its cost price x devices x time. A visit
// bears the energy of its own tokens, pairs and context; what is left (idle power, weights read by steps, recomputation) and the
// cost are divided over the client's visits by the seconds they held a slot. So the parts of all visits add up to the totals,
// except those of clients that no visit came to: they are counted apart.
import { STATE_FINISHED } from '../../../assembly/layout/enums.ts';
import { VISIT_RESIDENT } from '../../plan/fleet.ts';
import type { EnergyPrice } from '../run-result.ts';
import { type Intervals, sumLengths } from './curves.ts';
import type { FleetRun } from './types.ts';

export interface ClientBill {
  readonly devices: number;
  /** J, PUE included. */
  readonly joules: number;
  /** USD over the run, and per hour. */
  readonly usd: number;
  readonly usdPerHour: number;
}

const JOULES_PER_KWH = 3.6e6;

/** One bill per client; NaN where watts or prices are unknown. */
export function billClients(run: FleetRun, intervals: readonly Intervals[], duration: number): ClientBill[] {
  const { prices } = run;
  return run.program.clients.map((client, c) => {
    const price = prices?.clients[c];
    if (price === undefined) return { devices: 0, joules: Number.NaN, usd: Number.NaN, usdPerHour: Number.NaN };
    const cores = client.kind === 'cores' ? sumLengths(intervals[c].start, intervals[c].finish) : 0;
    const busy = cores * (price.wattsPerBusyCore ?? 0);
    const joules = ((price.energy === null ? Number.NaN : drawOf(run, c, price.energy, duration)) + busy) * pueOf(run);
    const hours = duration / 3600;
    const rent = price.usdPerDeviceHour * price.devices * hours;
    const electricity = prices?.usdPerKwh === undefined ? 0 : (joules / JOULES_PER_KWH) * prices.usdPerKwh;
    const usd = rent + electricity;
    return { devices: price.devices, joules, usd, usdPerHour: hours > 0 ? usd / hours : Number.NaN };
  });
}

function pueOf(run: FleetRun): number {
  return run.prices?.pue ?? 1;
}

function drawOf(run: FleetRun, c: number, energy: EnergyPrice, duration: number): number {
  const { steps, newTokens, pairs, contextTokens } = run.counters[c];
  return (
    energy.idleW * duration +
    energy.perStep * steps +
    energy.perToken * newTokens +
    energy.perPair * pairs +
    energy.perContext * contextTokens
  );
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
    if (client[v] < 0) continue;
    joules[v] = ownEnergy(run, v);
    own[client[v]] += joules[v];
    slots[client[v]] += slotSeconds(run, v, end);
    guests[client[v]]++;
  }
  for (let v = 0; v < visits.count; v++) {
    const c = client[v];
    if (c < 0) continue;
    const share = slots[c] > 0 ? slotSeconds(run, v, end) / slots[c] : 1 / guests[c];
    joules[v] += (bills[c].joules - own[c]) * share;
    usd[v] = bills[c].usd * share;
  }
  return { joules, usd };
}

/** A visit that never began held nothing; one that never ended held its slot until the end of the run. */
function slotSeconds(run: FleetRun, v: number, end: number): number {
  const { start, finish } = run.results;
  return Number.isNaN(start[v]) ? 0 : (Number.isNaN(finish[v]) ? end : finish[v]) - start[v];
}

/** J of a finished llm visit's own work, done once (DESIGN.md §4a counts pairs and context the same way). */
function ownEnergy(run: FleetRun, v: number): number {
  const { visits, clients } = run.program;
  const c = run.results.client[v];
  const energy = run.prices?.clients[c]?.energy;
  if (!energy || clients[c].kind !== 'llm' || run.results.state[v] !== STATE_FINISHED) return 0;
  const resident = (visits.flags[v] & VISIT_RESIDENT) !== 0;
  const skip = visits.shared[v] > 0 ? visits.shared[v] : run.results.cached[v];
  const fresh = resident ? 0 : visits.prompt[v] - Math.min(skip, visits.prompt[v] - 1);
  const decodes = resident ? visits.output[v] : visits.output[v] - 1;
  const past = resident ? visits.prompt[v] - 1 : visits.prompt[v];
  const pairs = fresh * (visits.prompt[v] - fresh) + (fresh * (fresh + 1)) / 2;
  const context = decodes * past + (decodes * (decodes - 1)) / 2;
  return pueOf(run) * (energy.perToken * (fresh + decodes) + energy.perPair * pairs + energy.perContext * context);
}
