// Simulates one row of a sweep over the sweep's own requests (common random numbers), in a memory that all rows of a thread share.
import type { Catalog } from '../catalog/open.ts';
import type { ErrorBands } from '../catalog/types.ts';
import type { DetailAsk } from '../metrics/fleet/detail.ts';
import type { Told } from '../metrics/fleet/measure.ts';
import { type FleetTrust, trustFleet } from '../metrics/fleet/trust.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import { type LoweredFleet, prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { type FleetShare, openShare } from '../plan/pipeline/share.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { planMeasuring } from './client-view.ts';
import { className, covers, type Limits, limitsOf, meet, type Range, rangeOf, restate } from './equivalent.ts';
import { lengthen, nextTimes } from './extend.ts';
import { type FleetRoom, isUncoupled, openFleetRoom, runFleet } from './fleet.ts';
import { summariseRow } from './measure-fleet.ts';
import type { GiveUp } from './run-record.ts';
import type { Session } from './session.ts';
import { giveUpAt } from './tails.ts';

/** What simulating rows shares in one thread. */
export interface Simulator {
  readonly catalog: Catalog;
  readonly session: Session;
  readonly bands: ErrorBands;
  /** What is measured of every row beside its summary. */
  readonly detail: DetailAsk | null;
  readonly room: FleetRoom;
  readonly share: FleetShare;
  /** giveUpAt, asked again of the same limits, visits and window by row after row. */
  readonly giveUps: typeof giveUpAt;
  /** What was simulated, by what its rows have in common but for their limits. */
  readonly classes: Map<string, Known[]>;
}

/** A run, and the limits under which every other is the same. */
interface Known {
  readonly range: Range;
  readonly limits: Limits;
  readonly found: SimulatedRow;
}

/** Classes that are kept in a thread. */
const MOST_CLASSES = 4096;

export function openSimulator(catalog: Catalog, session: Session, detail: DetailAsk | null = null): Simulator {
  return {
    catalog,
    session,
    bands: catalog.errorBands(),
    detail,
    room: openFleetRoom(),
    share: openShare(),
    giveUps: rememberLast(giveUpAt),
    classes: new Map(),
  };
}

/** The answer to the last question, if it is asked again: of windows that say the same. */
function rememberLast(act: typeof giveUpAt): typeof giveUpAt {
  let last:
    | { readonly slo: unknown; readonly visits: unknown; readonly rule: string; readonly found: GiveUp | null }
    | undefined;
  return (slo, visits, rule) => {
    const words = JSON.stringify(rule) ?? '';
    if (last?.slo !== slo || last.visits !== visits || last.rule !== words)
      last = { slo, visits, rule: words, found: act(slo, visits, rule) };
    return last.found;
  };
}

export interface SimulatedRow {
  readonly result: FleetSummary;
  readonly trust: FleetTrust | null;
  /** What the requests were made from, in words. */
  readonly workload: string;
  /** How many times as long it was as the spec says. */
  readonly times: number;
}

/**
 * Throws UserError where the row cannot be. `hasty`: a run that proves early that it misses a limit ends there, without percentiles;
 * of a fleet whose clients matter to each other it never does. A run that is too short to tell is done again, longer.
 */
export function simulateRow(simulator: Simulator, spec: FleetSpec, hasty: boolean): SimulatedRow {
  return simulateClass(simulator, spec, hasty).found;
}

/** The same, and what else is known by it: the limits under which the run is bit for bit the same, under the name of what must be equal. */
export interface ClassRun extends Known {
  readonly name: string;
  /** What was run: its own, or the run that is equal to it. */
  readonly run: SimulatedRow;
}

/** A row that another run of the thread proves equal to it is not run again. */
export function simulateClass(
  simulator: Simulator,
  spec: FleetSpec,
  hasty: boolean,
  lowered = prepareFleet(spec, simulator.catalog, simulator.session, simulator.share),
): ClassRun {
  const { classes } = simulator;
  const name = className(spec, lowered, hasty);
  const limits = limitsOf(lowered);
  const known = classes.get(name)?.find(({ range }) => covers(range, limits));
  if (known) {
    const result = restate(known.found.result, known.limits, limits);
    return { name, limits, range: known.range, found: { ...known.found, result }, run: known.found };
  }
  const made = simulateLonger(simulator, spec, lowered, hasty);
  if (classes.size >= MOST_CLASSES) classes.delete(classes.keys().next().value!);
  classes.set(name, [...(classes.get(name) ?? []), made]);
  return { ...made, name, run: made.found };
}

function simulateLonger(simulator: Simulator, spec: FleetSpec, first: LoweredFleet, hasty: boolean): Known {
  const { catalog, session, share } = simulator;
  const limits = limitsOf(first);
  let [own, lowered, times] = [spec, first, 1];
  let all: Range | null = null;
  for (;;) {
    let next: { readonly times: number; readonly spec: FleetSpec } | null = null;
    const isShort = (told: Told): boolean => {
      const longer = nextTimes(told, spec, times);
      const lengthened = longer === null ? null : lengthen(spec, longer);
      next = longer === null || lengthened === null ? null : { times: longer, spec: lengthened };
      return next !== null;
    };
    const { found, range } = simulateOnce(simulator, own, lowered, hasty, isShort);
    all = all ? meet(all, range) : range;
    if (found || !next) return { found: { ...found!, times }, range: all, limits };
    ({ times, spec: own } = next as { readonly times: number; readonly spec: FleetSpec });
    lowered = prepareFleet(own, catalog, session, share);
  }
}

/** `found` is null where the run is too short. */
function simulateOnce(
  simulator: Simulator,
  spec: FleetSpec,
  lowered: LoweredFleet,
  hasty: boolean,
  isShort: (told: Told) => boolean,
): { readonly found: SimulatedRow | null; readonly range: Range } {
  const { bands, room, detail } = simulator;
  const { program } = lowered;
  const { visits } = program;
  const asked = planMeasuring(spec, lowered, true);
  const giveUp = hasty && isUncoupled(program) ? simulator.giveUps(spec.slo, visits, asked.measuring?.rule) : null;
  const options = { ...asked, ...(giveUp ? { giveUp } : {}) };
  const run = runFleet(program, { leap: 'closed', borrow: true, reach: true, ...options }, room);
  const range = rangeOf(lowered, limitsOf(lowered), run.reach!);
  const pick = run.stop === 'hopeless' ? null : room.pick(program.requests.count);
  const result = summariseRow(spec, lowered, run, pick, isShort, detail);
  if (!result) return { found: null, range };
  const trust = trustFleet(spec, lowered, run, bands, result);
  return { found: { result, trust, workload: lowered.walks.description, times: 1 }, range };
}
