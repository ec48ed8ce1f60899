// Energy at the meter: what a site adds to its devices, what electricity costs, and what the energy went into.
import type { EnergyFigures, WorkFigures } from '../plan/energy.ts';
import type { PowerSpec } from '../spec/power.ts';

const WATTS_PER_KW = 1000;
const JOULES_PER_KWH = 3.6e6;

/** USD per hour of devices that draw `watts`, PUE included; 0 where their price contains it, NaN where watts are unknown. */
export function electricityPerHour(watts: number, { pue, usd_per_kwh: price }: PowerSpec): number {
  return price === null ? 0 : ((watts * pue) / WATTS_PER_KW) * price;
}

/** USD of so many joules at the meter. */
export function electricityOf(joules: number, price: number | null): number {
  return price === null ? 0 : (joules / JOULES_PER_KWH) * price;
}

/** What energy goes into; shares add up to 1. PUE raises all of them alike. */
export interface EnergyShares {
  readonly idle: number;
  readonly compute: number;
  readonly memory: number;
  readonly network: number;
}

export const NO_SHARES: EnergyShares = {
  idle: Number.NaN,
  compute: Number.NaN,
  memory: Number.NaN,
  network: Number.NaN,
};

/** Work that the energy of a run is counted over. */
export interface EnergyWork {
  readonly steps: number;
  readonly newTokens: number;
  readonly pairs: number;
  readonly contextTokens: number;
  readonly draftSteps?: number;
  readonly accepted?: readonly number[];
}

/** J of work on top of `idle` (law L11), added up in this order. */
export function workEnergy(price: WorkFigures, work: EnergyWork, idle = 0): number {
  return (
    idle +
    price.perStep * work.steps +
    price.perToken * work.newTokens +
    price.perPair * work.pairs +
    price.perContext * work.contextTokens +
    draftEnergy(price, work)
  );
}

/** What drafting takes beyond the figures of a step: the passes after the first. */
function draftEnergy(
  { perDraftStep = 0, perDraft = 0 }: WorkFigures,
  { draftSteps = 0, accepted = [] }: EnergyWork,
): number {
  return perDraftStep * draftSteps + perDraft * accepted.reduce((sum, count) => sum + count, 0);
}

/** J of the parts of that work. Work whose price has no parts (searches and processors) counts as compute. */
export function workParts(price: EnergyFigures, work: EnergyWork): Omit<EnergyShares, 'idle'> {
  const { parts } = price;
  if (parts === undefined) return { compute: workEnergy(price, work), memory: 0, network: 0 };
  return {
    compute: workEnergy(parts.compute, work),
    memory: workEnergy(parts.memory, work),
    network: workEnergy(parts.network, work),
  };
}

/** Joules as shares of their sum. */
export function sharesOf(joules: EnergyShares): EnergyShares {
  const sum = joules.idle + joules.compute + joules.memory + joules.network;
  if (!(sum > 0)) return NO_SHARES;
  const share = (part: number): number => part / sum;
  return {
    idle: share(joules.idle),
    compute: share(joules.compute),
    memory: share(joules.memory),
    network: share(joules.network),
  };
}
