// A pipeline run in figures: binds what the engine left to the spec's limits and prices, and says why a run ended early.
import type { DetailAsk } from '../metrics/fleet/detail.ts';
import { measureFleet, summariseFleet, type Told } from '../metrics/fleet/measure.ts';
import { priceClients } from '../metrics/fleet/price-list.ts';
import type { MeasuredFleet, FleetRun as RunToMeasure } from '../metrics/fleet/types.ts';
import type { PickRanks } from '../metrics/summary.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import type { StepRecord } from '../plan/setup.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { NEVER_STEADY, viewOf } from './client-view.ts';
import type { FleetRun } from './fleet.ts';

export interface FleetEnd {
  /** Simulated time at which an interrupted run stopped, s. */
  readonly clock?: number;
  /** Every iteration, where they were recorded: exact curves. */
  readonly steps?: readonly StepRecord[];
}

/** What of a spec figures depend on. */
type Measured = Pick<FleetSpec, 'pools' | 'slo'> & Partial<Pick<FleetSpec, 'budget' | 'power' | 'client'>>;

/** Every figure of a run of a lowered spec. */
export function measureRun(spec: Measured, lowered: LoweredFleet, run: FleetRun, end: FleetEnd = {}): MeasuredFleet {
  return measureFleet(bindRun(spec, lowered, run, end));
}

/** The figures that stand for the whole fleet. `asked`: how order statistics are found, and whether sampling intervals are wanted. */
export function summariseRun(
  spec: Measured,
  lowered: LoweredFleet,
  run: FleetRun,
  asked: Pick<RunToMeasure, 'pick' | 'unsampled'> = {},
): FleetSummary {
  return summariseFleet({ ...bindRun(spec, lowered, run, {}), ...asked });
}

/** The same of a row of a sweep; null where it is to be done again, longer. */
export function summariseRow(
  spec: Measured,
  lowered: LoweredFleet,
  run: FleetRun,
  pick: PickRanks | null,
  isShort: (told: Told) => boolean,
  detail: DetailAsk | null,
): FleetSummary | null {
  const asked = { ...(pick ? { pick } : {}), ...(detail ? { detail } : {}) };
  return summariseFleet({ ...bindRun(spec, lowered, run, {}), ...asked }, isShort);
}

function bindRun(spec: Measured, lowered: LoweredFleet, run: FleetRun, { clock, steps }: FleetEnd): RunToMeasure {
  const hopeless = run.stop === 'hopeless';
  const view = hopeless ? {} : viewOf(spec, lowered, run);
  const closed = run.window?.rule === 'steady' && run.window.checkpoints.length < 2;
  const stopped = explainStop(lowered, run) || (closed ? NEVER_STEADY : '');
  return {
    program: lowered.program,
    results: run.results,
    requestState: run.requestState,
    counters: run.clients,
    roles: lowered.roles,
    slo: spec.slo,
    ...(spec.budget ? { budget: spec.budget } : {}),
    prices: priceClients(spec, lowered, spec.power),
    itl: run.itl,
    ...(run.changes ? { changes: run.changes } : {}),
    ...(run.lostAt ? { lostAt: run.lostAt } : {}),
    ...(run.tried === undefined ? {} : { tried: run.tried }),
    ...(run.wasted === undefined ? {} : { wasted: run.wasted }),
    ...(lowered.drawn ? { drawn: lowered.drawn } : {}),
    pipelines: lowered.pipelines,
    ...view,
    ...(hopeless ? { hopeless, clock: run.clock } : {}),
    ...(steps === undefined ? {} : { steps }),
    ...(stopped === '' ? {} : { stopped }),
    ...(run.stop === 'stopped' && clock !== undefined ? { clock } : {}),
    ...(run.stop === 'deadlock' ? { deadlock: true, clock: run.clock } : {}),
  };
}

/** Why a run ended before its requests did, naming who waits and the KV blocks there; '' when it went to its end. */
function explainStop({ program }: LoweredFleet, { stop, stuck, clients }: FleetRun): string {
  if (stop === 'stopped') return 'interrupted';
  if (stop !== 'deadlock') return '';
  const names = stuck.map((name) => {
    const c = program.clients.findIndex((client) => client.name === name);
    const [setup, counters] = [program.clients[c], clients[c]];
    if (setup?.kind !== 'llm' || !counters) return name;
    return `${name} (${counters.peakBlocks} of ${setup.numGpuBlocks} KV blocks at peak)`;
  });
  return `deadlock, nothing can go on: visits wait for ever at ${names.join(', ') || 'instances that were never chosen'}`;
}
