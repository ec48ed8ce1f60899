// Draws whom an engine turns away, whose client leaves, and who tries again.
import fc from 'fast-check';
import type { FleetClient } from '../../src/plan/fleet.ts';
import type { RequestRow } from './cases.ts';

export interface Impatience {
  /** By client, in turn: most that wait there, null = no limit. */
  readonly limits: readonly (number | null)[];
  /** By request, in turn. */
  readonly clients: readonly { readonly patience: number | null; readonly tries: number; readonly delay: number }[];
}

export function drawImpatience(seconds: (most: number) => fc.Arbitrary<number>): fc.Arbitrary<Impatience> {
  const client = fc.record({
    patience: fc.oneof(fc.constant(null), seconds(2), seconds(8)),
    tries: fc.constantFrom(0, 0, 1, 2),
    delay: fc.oneof(fc.constant(0), seconds(2)),
  });
  return fc.record({
    limits: fc.array(fc.constantFrom(null, null, 1, 2, 3), { minLength: 4, maxLength: 4 }),
    clients: fc.array(client, { minLength: 1, maxLength: 5 }),
  });
}

export function limitAt({ limits }: Impatience, client: number): Partial<FleetClient> {
  const most = limits[client % limits.length]!;
  return most === null ? {} : { maxQueued: most };
}

/** The requests, and behind them every try that they may have. */
export function leaveAndTry(requests: readonly RequestRow[], { clients }: Impatience): RequestRow[] {
  const list = requests.map((request, i): RequestRow => {
    const { patience } = clients[i % clients.length]!;
    return patience === null ? request : { ...request, patience };
  });
  for (let i = 0; i < requests.length; i++) {
    const { tries, delay } = clients[i % clients.length]!;
    for (let k = 0, before = i; k < tries; k++) {
      list.push({ ...list[i]!, at: 0, after: before, delay: delay * 2 ** k, again: true });
      before = list.length - 1;
    }
  }
  return list;
}
