// L8 for devices that engines share, on the reference: what steps take together of compute and of bandwidth.
import fc from 'fast-check';
import { test } from 'vitest';
import { sharesChannel } from '../reference/fleet/rates.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import type { Client, Step, World } from '../reference/fleet/state.ts';
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
