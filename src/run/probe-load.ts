// The highest load that a fleet keeps its promise at: the very spec simulated at one load after another, over the same random streams.
import type { Catalog } from '../catalog/open.ts';
import type { Paid } from '../catalog/price-sheets.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { readVersion } from '../check/version.ts';
import type { FleetTrust } from '../metrics/fleet/trust.ts';
import { lostIn } from '../metrics/limits.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import { keepsUp } from '../metrics/types.ts';
import type { Budget } from '../spec/budget.ts';
import { fleetPrices } from '../spec/fleet/caveats.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { Slo } from '../spec/types.ts';
import { type LoadKind, loadKindOf } from './load.ts';
import { findMaxLoad, type MaxLoad, type Probed } from './max-load.ts';
import { openSession } from './session.ts';
import { openSimulator, type SimulatedRow, simulateRow } from './simulate-row.ts';

export interface LoadProbe extends Probed {
  /** null where the spec cannot be run so; `refused` says why. */
  readonly result: FleetSummary | null;
  readonly refused: string;
  readonly slo: readonly Slo[];
  readonly budget?: Budget;
  /** How many times as long as the spec says its run was, so that it tells whether it keeps up. */
  readonly times: number;
  readonly trust: FleetTrust | null;
}

export interface LoadAnswer extends MaxLoad<LoadProbe> {
  readonly name: string;
  readonly kind: LoadKind;
  readonly slo: readonly Slo[];
  readonly tolerance: number;
  /** What the requests are made from, in words, at the answer or else at the first load. */
  readonly workload: string;
  readonly spec: FleetSpec;
  readonly prices: Paid;
  readonly version: string;
  readonly seconds: number;
  readonly interrupted: boolean;
}

export interface LoadOptions {
  readonly tolerance: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (probes: number) => void;
}

/** Where the lowest load that fails is this much above the answer, that is near enough: by chance p99 moves by more. */
export const TOLERANCE = 0.02;

/** Throws UserError where the spec cannot be run as it stands, or its load cannot be turned. */
export async function probeLoads(spec: FleetSpec, catalog: Catalog, options: LoadOptions): Promise<LoadAnswer> {
  const started = performance.now();
  const kind = loadKindOf(spec);
  if (!kind) throw new UserError([NO_LOAD]);
  const simulator = openSimulator(catalog, openSession(catalog));
  const run = (one: FleetSpec): SimulatedRow => simulateRow(simulator, one, false);
  const asked = { slo: spec.slo, ...(spec.budget ? { budget: spec.budget } : {}) };
  const workloads = new Map<number, string>();
  const probe = async (load: number): Promise<LoadProbe> => {
    await new Promise((resolve) => setImmediate(resolve)); // so that Ctrl-C is heard
    const ran = workloads.size === 0 ? run(kind.set(spec, load)) : refusing(() => run(kind.set(spec, load)));
    if (typeof ran === 'string')
      return { load, keeps: false, keepsUp: false, result: null, refused: ran, ...asked, times: 1, trust: null };
    const { result, times, trust, workload } = ran;
    const served = { keeps: result.slo_met, keepsUp: lostIn(result) === 0 && keepsUp(result.verdict) };
    workloads.set(load, workload);
    options.onProgress?.(workloads.size);
    return { load, ...served, result, refused: '', ...asked, times, trust };
  };
  const start = kind.of(spec) || kind.offered(run(spec).result);
  const found = await findMaxLoad(probe, { ...options, ...kind, start });
  return {
    ...found,
    ...{ name: spec.name, kind, slo: spec.slo, tolerance: options.tolerance, spec, prices: fleetPrices(spec, catalog) },
    workload: workloads.get((found.best ?? found.next)!.load) ?? '',
    version: readVersion(),
    seconds: (performance.now() - started) / 1000,
    interrupted: options.signal?.aborted ?? false,
  };
}

const NO_LOAD: Issue = {
  path: 'workload.arrivals',
  expected: 'arrivals with a rate, or a closed loop',
  received: 'all-at-once, which has no load to turn',
};

/** What `act` returns, or in words why the spec cannot be run so. */
function refusing<T>(act: () => T): T | string {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { path, expected } = error.issues[0]!;
    return `${path}: not ${expected}`;
  }
}
