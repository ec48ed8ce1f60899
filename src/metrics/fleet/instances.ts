// When instances that start and stop were on: they are paid, and draw idle power, from their order until they are empty.
import { INSTANCE_FAILED, INSTANCE_OFF, INSTANCE_ON, INSTANCE_STARTING } from '../../../assembly/layout/scaler.ts';
import { groupBy } from '../../check/group-by.ts';
import { instanceFrom } from '../../plan/fleet.ts';
import { peakOverlap, sumLengths } from './curves.ts';
import type { FleetRun, Span } from './types.ts';

/** Begins and ends of the times that an instance was paid, in order. */
export interface PaidTimes {
  readonly begins: Float64Array;
  readonly ends: Float64Array;
}

/** Instances of a pool that starts and stops them, over what is measured. */
export interface PoolReplicas {
  readonly pool: string;
  readonly mean: number;
  readonly peak: number;
  /** How often one was started. */
  readonly starts: number;
}

type Scaled = Pick<FleetRun, 'program' | 'changes'>;
type PaidList = readonly (PaidTimes | null)[];

/** What was found of a run, which several figures ask for, by span. */
const KNOWN = new WeakMap<object, Map<string, PaidList>>();

/** By client, clipped to a span; null where it is on all the time. */
export function listPaid(run: Scaled, span: Span): PaidList {
  const of = run.changes ?? run.program;
  const known = KNOWN.get(of) ?? new Map<string, PaidList>();
  KNOWN.set(of, known);
  const key = `${span.from} ${span.to}`;
  const paid = known.get(key) ?? findPaid(run, span);
  known.set(key, paid);
  return paid;
}

function findPaid({ program, changes = [] }: Scaled, { from, to }: Span): PaidList {
  const byClient = groupBy(changes, ({ client }) => String(client));
  const paid: (PaidTimes | null)[] = program.clients.map(() => null);
  for (const { members, least } of program.scalers ?? []) {
    members.forEach((first, i) => {
      const begins: number[] = i < least ? [from] : [];
      const ends: number[] = [];
      for (const { time, state } of byClient.get(String(first)) ?? []) {
        if (state === INSTANCE_OFF) ends.push(time);
        else if (begins.length === ends.length) begins.push(time);
      }
      if (ends.length < begins.length) ends.push(to);
      const clip = (times: number[]) => Float64Array.from(times, (time) => Math.min(to, Math.max(from, time)));
      const times = { begins: clip(begins), ends: clip(ends) };
      for (const c of instanceFrom(program.clients, first)) paid[c] = times;
    });
  }
  return paid;
}

/** Seconds of a span that each client was paid. */
export function paidSeconds(run: Scaled, span: Span): number[] {
  const all = span.to - span.from;
  if (!run.program.scalers) return run.program.clients.map(() => all);
  return listPaid(run, span).map((times) => (times ? sumLengths(times.begins, times.ends) : all));
}

/** Of every pool whose instances start and stop; nothing where none does. */
export function replicasOf(run: Scaled, span: Span): { autoscaled?: PoolReplicas[] } {
  const { scalers } = run.program;
  if (!scalers) return {};
  const paid = listPaid(run, span);
  const autoscaled = scalers.map(({ name, members }) => {
    const own = members.map((first) => paid[first]!);
    const join = (read: (times: PaidTimes) => Float64Array) =>
      Float64Array.from(own.flatMap((times) => [...read(times)]));
    const [begins, ends] = [join((times) => times.begins), join((times) => times.ends)];
    const starts = (run.changes ?? []).filter(
      ({ time, client, state }) =>
        state === INSTANCE_STARTING && members.includes(client) && time >= span.from && time < span.to,
    );
    return {
      pool: name,
      mean: sumLengths(begins, ends) / (span.to - span.from),
      peak: peakOverlap(begins, ends),
      starts: starts.length,
    };
  });
  return { autoscaled };
}

/**
 * How often an instance failed, and the share of their time in which those that may fail are on; nothing where none may. Ends of steps
 * under way, and starts, are down time.
 */
export function failuresOf(
  { program, changes = [] }: Scaled,
  { from, to }: Span,
): { instance_failures?: number; availability?: number } {
  const { failing } = program;
  if (!failing) return {};
  const failed = changes.filter(({ state, time }) => state === INSTANCE_FAILED && time >= from && time < to);
  let down = 0;
  for (const first of failing) {
    let since = Number.NaN;
    const lost = (until: number) => Math.max(0, Math.min(to, until) - Math.max(from, since));
    for (const { client, time, state } of changes) {
      if (client !== first) continue;
      if (state === INSTANCE_FAILED) since = time;
      else if (state === INSTANCE_ON) {
        down += lost(time);
        since = Number.NaN;
      }
    }
    if (!Number.isNaN(since)) down += lost(to);
  }
  return { instance_failures: failed.length, availability: 1 - down / ((to - from) * failing.length) };
}
