// Settles one row of a sweep: simulates it over the sweep's own requests (common random numbers) in the worker's memory.
import { SURFACE_SIZE } from '../../assembly/layout/surface.ts';
import { EMPTY_SUMMARY, type PickRanks } from '../metrics/summary.ts';
import type { RunResult } from '../metrics/types.ts';
import {
  bindDeployment,
  blocksOf,
  type Deployment,
  isRefusal,
  type PlanSource,
  SURFACE_FIELDS,
  setupEngine,
} from '../plan/deployment.ts';
import { type LoweredSurface, lowerSurface } from '../plan/lower.ts';
import { rowAt } from '../spec/rows.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import type { Requests } from '../workload/types.ts';
import {
  closeStates,
  type EngineOptions,
  fillRunRecord,
  histogramEdges,
  type PlacedRequests,
  placeRequests,
  placeRunRecord,
  type RunRecord,
  readCounters,
  runRecord,
} from './engine.ts';
import { pickInKernel } from './pick.ts';
import type { Session } from './session.ts';
import { type Prepared, partedEnergy, resultOf } from './simulate.ts';
import { giveUpAt } from './tails.ts';

/** What settling rows shares in one worker. */
export interface Settler {
  readonly spec: Spec;
  readonly source: PlanSource;
  readonly session: Session;
  /** Requests at a rate: the same lengths and unit-rate gaps whatever the rate. */
  readonly requestsAt: (rate: number) => Requests;
  readonly record: RunRecord;
  readonly edges: Float64Array;
  placed: { readonly rate: number; readonly requests: Requests; readonly columns: PlacedRequests } | null;
  pick: PickRanks | null;
  surface: KeptSurface | null;
}

interface KeptSurface {
  readonly name: string;
  readonly lowered: LoweredSurface;
  readonly energy: Prepared['energy'];
}

export function openSettler(
  spec: Spec,
  source: PlanSource,
  session: Session,
  requestsAt: Settler['requestsAt'],
): Settler {
  const record = placeRunRecord(session.arena);
  return {
    spec,
    source,
    session,
    requestsAt,
    record,
    edges: histogramEdges(),
    placed: null,
    pick: null,
    surface: null,
  };
}

/** Simulates row `row`. A run that proves early that it misses a limit ends there, without percentiles. */
export function settleRow(settler: Settler, row: number): RunResult {
  const configuration = rowAt(settler.spec, row);
  const prepared = prepareRow(settler, configuration);
  const { requests, columns } = placeAt(settler, configuration.request_rate);
  const { session, record, spec } = settler;
  // The closed form of leaps needs steps that take time; a spec's own price may be zero.
  const options: EngineOptions = {
    leap: configuration.step_time ? 'exact' : 'closed',
    giveUp: giveUpAt(spec.slo, requests),
  };
  fillRunRecord(record, columns, prepared.setup, options);
  const stop = runRecord(session.kernels, session.arena, record, columns, options);
  closeStates(columns);
  const gaps = { edges: settler.edges, weights: record.histogram };
  const result = resultOf(prepared, requests, columns, readCounters(record), gaps, spec.slo, settler.pick);
  return stop === 'hopeless' ? withoutLatencies(result) : result;
}

/** Latencies of the few requests that finished before a run was given up say nothing about the deployment. */
function withoutLatencies(result: RunResult): RunResult {
  return {
    ...result,
    ttft: EMPTY_SUMMARY,
    tpot: EMPTY_SUMMARY,
    itl: EMPTY_SUMMARY,
    e2el: EMPTY_SUMMARY,
    slo_met: false,
  };
}

function prepareRow(settler: Settler, configuration: Configuration): Prepared {
  const bound = bindDeployment(configuration, settler.source);
  if (isRefusal(bound)) throw new Error(`row was screened as feasible, but ${bound.words}`);
  const capacity = blocksOf(bound, configuration);
  const { lowered, energy } = surfaceOf(settler, configuration, bound);
  const setup = setupEngine(
    configuration,
    bound,
    capacity.blocks,
    lowered.table,
    capacity.blockBytes,
    settler.source.seed,
  );
  return {
    configuration,
    deployment: bound,
    setup,
    energy,
    power: settler.spec.power,
    basis: lowered.basis,
    memory: capacity.words,
  };
}

/** Rows come grouped by deployment, so one surface is kept. */
function surfaceOf(settler: Settler, configuration: Configuration, bound: Deployment): KeptSurface {
  const name = SURFACE_FIELDS.map((field) => configuration[field]).join('/');
  if (settler.surface?.name !== name) {
    const table = new Float64Array(SURFACE_SIZE);
    const lowered = lowerSurface(bound.key, settler.session.lowering, table);
    settler.surface = { name, lowered, energy: partedEnergy(lowered, bound) };
  }
  return settler.surface;
}

/** Whether some row of a sweep swaps: its columns are placed once for all rows. */
function mayHaveSwaps({ base, axes }: Spec): boolean {
  const values = axes.find(({ field }) => field === 'preemption_mode')?.values ?? [base.preemption_mode];
  return values.includes('swap');
}

function placeAt(settler: Settler, rate: number) {
  if (settler.placed?.rate === rate) return settler.placed;
  const requests = settler.requestsAt(rate);
  let { columns } = settler.placed ?? { columns: null };
  if (columns) columns.arrival.set(requests.arrival.subarray(0, requests.count));
  else {
    const { arena, kernels } = settler.session;
    columns = placeRequests(arena, requests, requests.count, mayHaveSwaps(settler.spec));
    settler.pick = pickInKernel(kernels, arena, requests.count);
  }
  settler.placed = { rate, requests, columns };
  return settler.placed;
}
