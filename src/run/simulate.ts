// Simulates one configuration request by request: bind, lower, run the engine, turn columns into a result.

import {
  SURFACE_DEVICES,
  SURFACE_IDLE_W,
  SURFACE_J_CONTEXT,
  SURFACE_J_DRAFT,
  SURFACE_J_DRAFT_STEP,
  SURFACE_J_PAIR,
  SURFACE_J_STEP,
  SURFACE_J_TOKEN,
} from '../../assembly/layout/surface.ts';
import type { Basis } from '../catalog/types.ts';
import { UserError } from '../check/issue.ts';
import { type EnergyPrice, makeRunResult, type Swaps } from '../metrics/run-result.ts';
import type { PickRanks } from '../metrics/summary.ts';
import type { RunResult } from '../metrics/types.ts';
import {
  bindDeployment,
  blocksOf,
  type Deployment,
  givenWords,
  isRefusal,
  type PlanSource,
  setupEngine,
} from '../plan/deployment.ts';
import { partFigures } from '../plan/energy.ts';
import { type LoweredSurface, lowerSurface } from '../plan/lower.ts';
import { schedulerRefusal } from '../plan/scheduler.ts';
import { comesInBursts, type EngineSetup, type RequestResults } from '../plan/setup.ts';
import { NO_SITE, type PowerSpec } from '../spec/power.ts';
import type { Configuration, Slo } from '../spec/types.ts';
import type { Requests } from '../workload/types.ts';
import type { EngineCounters, EngineRun } from './engine.ts';
import type { Session } from './session.ts';

/** A configuration that is ready to run. */
export interface Prepared {
  readonly configuration: Configuration;
  /** null where the spec prices steps itself and names no hardware. */
  readonly deployment: Deployment | null;
  readonly setup: EngineSetup;
  readonly energy: EnergyPrice | null;
  /** What the site adds. */
  readonly power: PowerSpec;
  readonly basis: Basis;
  /** The KV capacity in words. */
  readonly memory: string;
}

/**
 * Binds and prices a configuration. Throws UserError when it cannot exist (split, memory): for one deployment that is a
 * mistake in the question; sweeps count such rows instead.
 */
export function prepare(configuration: Configuration, source: PlanSource, session: Session): Prepared {
  const { power = NO_SITE } = source;
  const named = configuration.model !== '' && configuration.hardware !== '';
  const bound = named ? bindDeployment(configuration, source) : null;
  if (bound && isRefusal(bound)) throw refuse(configuration, bound.words);
  const deployment = bound as Deployment | null;
  const capacity = deployment ? blocksOf(deployment, configuration) : null;
  if (capacity?.reason) throw refuse(configuration, capacity.words);
  const blocks = capacity?.blocks ?? configuration.num_gpu_blocks;
  const blockBytes = capacity?.blockBytes ?? 0;
  const refused = schedulerRefusal(configuration, deployment, blockBytes);
  if (refused) throw refuse(configuration, refused.words);
  const memory = capacity?.words ?? givenWords(configuration);
  if (configuration.step_time) {
    const setup = setupEngine(configuration, deployment, blocks, configuration.step_time, blockBytes, source.seed);
    return { configuration, deployment, setup, energy: null, power, basis: 'measured', memory };
  }
  if (!deployment) throw refuse(configuration, 'neither step_time nor a model and hardware');
  const lowered = lowerSurface(deployment.key, session.lowering);
  const setup = setupEngine(configuration, deployment, blocks, lowered.table, blockBytes, source.seed);
  const energy = partedEnergy(lowered, deployment);
  return { configuration, deployment, setup, energy, power, basis: lowered.basis, memory };
}

function refuse(configuration: Configuration, words: string): UserError {
  const { hardware, tensor_parallel_size: tp, pipeline_parallel_size: pp } = configuration;
  return new UserError([
    {
      path: 'deployment',
      expected: 'a deployment that can be built',
      received: `${hardware || 'no hardware'} tp ${tp} pp ${pp}: ${words}`,
    },
  ]);
}

/** The energy line of a surface, with the parts of what it was lowered from; null where the hardware's watts are unknown. */
export function partedEnergy({ table, shape }: LoweredSurface, { key }: Deployment): EnergyPrice | null {
  const energy = energyOf(table);
  return energy && { ...energy, parts: partFigures(shape, key.hardware) };
}

/** The energy line of a surface; null where the hardware's watts are unknown. */
export function energyOf(surface: Float64Array): EnergyPrice | null {
  if (!(surface[SURFACE_DEVICES] > 0) || Number.isNaN(surface[SURFACE_IDLE_W])) return null;
  return {
    perStep: surface[SURFACE_J_STEP],
    perToken: surface[SURFACE_J_TOKEN],
    perPair: surface[SURFACE_J_PAIR],
    perContext: surface[SURFACE_J_CONTEXT],
    ...(surface[SURFACE_J_DRAFT_STEP] > 0 || surface[SURFACE_J_DRAFT] > 0
      ? { perDraftStep: surface[SURFACE_J_DRAFT_STEP], perDraft: surface[SURFACE_J_DRAFT] }
      : {}),
    idleW: surface[SURFACE_IDLE_W],
  };
}

/** What was swapped, under the names of results. */
export function swapsOf({ swapsOut, swapsIn, swapSeconds }: EngineCounters): Swaps {
  return { swapped_out: swapsOut, swapped_in: swapsIn, swap_s: swapSeconds };
}

/** The result of an engine run. */
export function resultOf(
  prepared: Prepared,
  requests: Requests,
  results: RequestResults,
  counters: EngineCounters,
  itl: EngineRun['itl'],
  slo: readonly Slo[],
  pick: PickRanks | null = null,
): RunResult {
  const { configuration, deployment, setup } = prepared;
  const perReplica = deployment?.devices ?? configuration.tensor_parallel_size * configuration.pipeline_parallel_size;
  return makeRunResult({
    requests,
    results,
    counters: { ...counters, itlHistogram: itl, ...(setup.swap ? { swaps: swapsOf(counters) } : {}) },
    energy: prepared.energy,
    power: prepared.power,
    usdPerDeviceHour: deployment?.usdPerDeviceHour ?? Number.NaN,
    devices: perReplica * configuration.replicas,
    replicas: configuration.replicas,
    numGpuBlocks: setup.numGpuBlocks,
    bursts: comesInBursts(setup),
    slo,
    ...(pick ? { pick } : {}),
  });
}
