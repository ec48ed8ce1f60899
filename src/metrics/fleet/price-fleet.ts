// What a whole fleet drew and cost, and what of it is not known.
import { type EnergyShares, sharesOf } from '../site.ts';
import type { ClientBill } from './prices.ts';
import { per, sumKnown } from './sums.ts';
import type { FleetRun } from './types.ts';

export function priceFleet(
  run: FleetRun,
  bills: readonly ClientBill[],
  completed: number,
  outputTokens: number,
  duration: number,
) {
  const served = findServed(run.results.client, bills.length);
  const unserved = bills.filter((_, c) => served[c] === 0);
  const unknown = (read: (bill: ClientBill) => number): string[] =>
    run.program.clients.filter((_, c) => Number.isNaN(read(bills[c]!))).map(({ name }) => name);
  const energy_j = sumKnown(bills.map(({ joules }) => joules));
  const usd = sumKnown(bills.map((bill) => bill.usd));
  return {
    devices: Math.round(bills.reduce((sum, { devicesBorne }) => sum + devicesBorne, 0)),
    unmetered: unknown(({ joules }) => joules),
    unpriced: unknown((bill) => bill.usd),
    energy_j,
    power_w: per(energy_j, duration),
    joules_per_token: per(energy_j, outputTokens),
    joules_per_request: per(energy_j, completed),
    energy_shares: sharesOf(sumParts(bills)),
    electricity_usd_per_hour: sumKnown(bills.map(({ electricity }) => electricity)),
    usd_per_hour: sumKnown(bills.map(({ usdPerHour }) => usdPerHour)),
    usd_per_request: per(usd, completed),
    usd_per_million_tokens: per(usd, outputTokens) * 1e6,
    idle_joules_per_request: per(sumKnown(unserved.map(({ joules }) => joules)), completed),
    idle_usd_per_request: per(sumKnown(unserved.map((bill) => bill.usd)), completed),
  };
}

/** Which clients had a visit; the visits are read only until each has had one. */
function findServed(client: Int32Array, clients: number): Uint8Array {
  const served = new Uint8Array(clients);
  for (let v = 0, left = clients; left > 0 && v < client.length; v++) {
    const c = client[v]!;
    if (served[c] !== 0) continue; // served before, or a visit that no client has taken
    served[c] = 1;
    left--;
  }
  return served;
}

/** Of the clients whose energy is known, what it went into. */
function sumParts(bills: readonly ClientBill[]): EnergyShares {
  const known = bills.filter(({ joules }) => !Number.isNaN(joules));
  const sum = (part: keyof EnergyShares): number => sumKnown(known.map(({ parts }) => parts[part]));
  return { idle: sum('idle'), compute: sum('compute'), memory: sum('memory'), network: sum('network') };
}
