// LoRA adapters of an llm client, straight from the rules: which may be served, where they lie, what they cost.
import type { StepWork } from '../price.ts';
import type { Client, Visit } from './state.ts';

/** Adapters of what runs and has not ended. */
function activeOf({ running }: Client): Set<number> {
  return new Set(
    running.filter(({ adapter, generated, output }) => adapter > 0 && generated < output).map(({ adapter }) => adapter),
  );
}

/** Whether a visit may be served beside those that run. */
export function mayServe(client: Client, { adapter }: Visit): boolean {
  const { adapters } = client.setup;
  if (!adapters || adapter === 0) return true;
  const active = activeOf(client);
  return active.has(adapter) || active.size < adapters.slots;
}

/** A visit is admitted: its adapter is loaded unless it is one of the latest that fill the slots. */
export function useAdapter(client: Client, { adapter }: Visit): void {
  const { adapters } = client.setup;
  if (!adapters || adapter === 0) return;
  const active = activeOf(client);
  if (active.has(adapter)) return;
  client.adapters.running.add(adapter);
  const usedAt = (one: number) =>
    active.has(one) ? Number.POSITIVE_INFINITY : (client.adapters.left.get(one) ?? Number.NEGATIVE_INFINITY);
  const others = adapters.load.map((_, i) => i + 1).filter((one) => one !== adapter);
  const own = usedAt(adapter);
  const later = others.filter((one) => usedAt(one) > own || (usedAt(one) === own && one < adapter)).length;
  const known = client.adapters.left.has(adapter);
  if (known && later < adapters.slots) return;
  const fetched = !known || later >= adapters.hostSlots;
  client.adapters.loading += adapters.load[adapter - 1]! + (fetched ? adapters.fetch[adapter - 1]! : 0);
  client.counters.adapterLoads! += 1;
  if (fetched) client.counters.adapterFetches! += 1;
}

/** Sequences may have left: an adapter that none needs any more was used last at `now`. */
export function noteLeft(client: Client, now: number): void {
  const active = activeOf(client);
  for (const one of client.adapters.running) if (!active.has(one)) client.adapters.left.set(one, now);
  client.adapters.running = active;
}

/** What running adapters do to the price of a step. */
export function adapterCost(client: Client): StepWork['adapters'] {
  const { adapters } = client.setup;
  const active = activeOf(client).size;
  if (!adapters || active === 0) return undefined;
  return { factor: 1 + adapters.overhead + active * adapters.share, seconds: active * adapters.seconds };
}

/** Smallest first: its adapter runs there; one more has room beside those that run and wait; it waits there; none of these. */
export function rankByAdapter(client: Client, { adapter }: Visit): number {
  const { adapters } = client.setup;
  const active = activeOf(client);
  if (!adapters || adapter === 0 || active.has(adapter)) return 0;
  const queued = new Set(client.waiting.map((one) => one.adapter).filter((one) => one > 0));
  if (active.size + queued.size < adapters.slots) return 1;
  return queued.has(adapter) ? 2 : 3;
}
