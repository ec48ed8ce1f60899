// Devices that engines share, on the reference: times worked by hand (R4), and L8 for compute and bandwidth over random programs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SURFACE_DECODE,
  SURFACE_G,
  SURFACE_KNOTS,
  SURFACE_KNOTS_AT,
  SURFACE_LM,
  SURFACE_SHARED,
  SURFACE_SIZE,
} from '../../assembly/layout/surface.ts';
import { sharesChannel } from '../reference/fleet/rates.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import type { Client, Step, World } from '../reference/fleet/state.ts';
import { programOf } from './cases.ts';
import { drawProgram } from './random.ts';

const RUNS = { seed: 40, numRuns: 150 };
const ROUNDING = 1 + 1e-12;
const RESOURCES = ['compute', 'bandwidth'] as const;
/** s at full speed of steps that were seen in the instant in which they started. */
const secondsOf = new WeakMap<Step, number>();

/** Throws instead of expect: a law is checked at every instant. */
function insist(holds: boolean, words: () => string): void {
  if (!holds) throw new Error(words());
}

function demandAlways(law: (world: World) => void): void {
  fc.assert(
    fc.property(drawProgram(), (program) => {
      referenceFleet(program, law);
    }),
    RUNS,
  );
}

test('L8: steps share compute and bandwidth of a device, and none could have more without one that has less having less', () => {
  demandAlways((world: World) => {
    for (let channel = 0; channel < world.program.channels; channel++) {
      const active = world.clients.filter(
        (one) => one.setup.channel === channel && sharesChannel(one) && one.busy !== null,
      );
      const used = RESOURCES.map((resource) =>
        active.reduce((sum, { busy }) => sum + busy!.wants[resource] * busy!.rate, 0),
      );
      insist(Math.max(...used) <= ROUNDING, () => `channel ${channel} gives ${used}`);
      const shareOf = ({ busy }: Client) => Math.max(busy!.wants.compute, busy!.wants.bandwidth) * busy!.rate;
      for (const client of active) {
        const { wants, rate } = client.busy!;
        const larger = Math.max(wants.compute, wants.bandwidth);
        const most = larger > client.setup.demand ? client.setup.demand / larger : 1;
        insist(rate <= most * ROUNDING, () => `channel ${channel} speeds a step up: ${rate} of ${most}`);
        const isBound = RESOURCES.some((resource, i) => {
          const others = active.filter(({ busy }) => busy!.wants[resource] > 0);
          const isLast = others.every((other) => shareOf(other) <= shareOf(client) * (1 + 1e-9));
          return wants[resource] > 0 && used[i]! >= 1 - 1e-9 && isLast;
        });
        insist(isBound || rate * ROUNDING >= most, () => `channel ${channel} holds a step back`);
      }
    }
  });
});

test('L8: between any two instants steps take no more of a device than there is, and each all that it needs', () => {
  fc.assert(
    fc.property(drawProgram(), (program) => {
      const done = new Map<Step, number>();
      let before: { readonly now: number; readonly steps: readonly (readonly [Client, Step, number])[] } | null = null;
      referenceFleet(program, ({ now, clients }) => {
        const taken = Array.from({ length: program.channels }, () => [0, 0]);
        const elapsed = now - (before?.now ?? now);
        for (const [client, step, rate] of before?.steps ?? []) {
          done.set(step, (done.get(step) ?? 0) + rate * elapsed);
          RESOURCES.forEach((resource, i) => {
            taken[client.setup.channel]![i]! += step.wants[resource] * rate * elapsed;
          });
          const lasts = client.busy === step ? Number.NaN : done.get(step)! - secondsOf.get(step)!;
          insist(!(Math.abs(lasts) > 1e-9), () => `a step is over ${lasts} s from its end`);
        }
        insist(Math.max(0, ...taken.flat()) <= elapsed * (1 + 1e-9), () => `${taken} s in ${elapsed}`);
        const busy = clients.filter((client) => sharesChannel(client) && client.busy !== null);
        for (const { busy: step } of busy) if (!secondsOf.has(step!)) secondsOf.set(step!, step!.left);
        before = { now, steps: busy.map((client) => [client, client.busy!, client.busy!.rate] as const) };
      });
    }),
    RUNS,
  );
});

/** A surface by which every step takes so many seconds. */
function flat(seconds: number): Float64Array {
  const surface = new Float64Array(SURFACE_SIZE);
  for (let k = 0; k < SURFACE_KNOTS; k++) surface[SURFACE_KNOTS_AT + k] = k;
  surface.fill(seconds, SURFACE_G, SURFACE_LM);
  surface.fill(seconds, SURFACE_DECODE, SURFACE_SHARED);
  return surface;
}

// Every step takes 1 s, and a prompt of 1 token with 1 output token is one step.

describe('R4: clients on one channel', () => {
  test('slow each other down while both run', () => {
    const clients = [0, 1].map(() => ({ channel: 0, demand: 1 }));
    const requests = [0, 0.5].map((at, group) => ({ at, visits: [{ group }] }));
    const { results, clients: counters } = referenceFleet(programOf({ clients, requests }));
    // from 0.5 on at half speed: the first has 0.5 s left and ends at 1.5; the second has then done 0.5 s of its 1
    expect([...results.finish]).toEqual([1.5, 2]);
    expect(counters.map((one) => one.busySeconds)).toEqual([1.5, 1.5]);
  });

  test('get what they want where that is less than their share', () => {
    const clients = [1, 0.25].map((demand) => ({ channel: 0, demand }));
    const requests = [0, 1].map((group) => ({ at: 0, visits: [{ group }] }));
    const { results } = referenceFleet(programOf({ clients, requests }));
    // 0.25 is below a half, so the other runs at 0.75 of its speed until 1, and has 0.25 s left then
    expect([...results.finish]).toEqual([1.25, 1]);
  });

  test('share compute and bandwidth: a step that is bound by one leaves the other', () => {
    const partsOf = (compute: number, bandwidth: number) => ({ compute: flat(compute), bandwidth: flat(bandwidth) });
    const endsOf = (...parts: readonly (readonly [compute: number, bandwidth: number, demand?: number])[]) => {
      const clients = parts.map(([compute, bandwidth, demand = 1]) => {
        return { channel: 0, demand, parts: partsOf(compute, bandwidth) };
      });
      const requests = parts.map((_, group) => ({ at: 0, visits: [{ group }] }));
      return [...referenceFleet(programOf({ clients, requests })).results.finish];
    };
    // alike, by whatever they are bound
    expect(endsOf([1, 0.25], [1, 0.25])).toEqual([2, 2]);
    expect(endsOf([0.25, 0.75], [0.25, 0.75])).toEqual([1.5, 1.5]);
    // each has 0.8 of what it is bound by, and 0.2 of the other
    expect(endsOf([1, 0.25], [0.25, 1])).toEqual([1.25, 1.25]);
    // the third wants only what the others leave
    expect(endsOf([1, 0], [1, 0], [0, 1])).toEqual([2, 2, 1]);
    // one that needs more than it lasts is bound by it; one that may have half is held back though it is alone
    expect(endsOf([4, 2], [0, 0.5])).toEqual([1, 1]);
    expect(endsOf([1, 0.5, 0.5])).toEqual([2]);
    expect(endsOf([0.25, 0.5, 0.5])).toEqual([1]);
  });

  test('do not contend when they want nothing', () => {
    const clients = [1, 0].map((demand) => ({ channel: 0, demand }));
    const requests = [0, 1].map((group) => ({ at: 0, visits: [{ group }] }));
    expect([...referenceFleet(programOf({ clients, requests })).results.finish]).toEqual([1, 1]);
  });
});
