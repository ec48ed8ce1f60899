// The library's namespaced door: each question in one call. A spec is the path of a file, or the data of a document; mistakes are thrown as a
// UserError with all of them. What the calls are made of is exported beside them (index.ts).
import { availableParallelism } from 'node:os';
import { type Catalog, openCatalog } from './catalog/open.ts';
import { UserError } from './check/issue.ts';
import { openArena } from './columns/arena.ts';
import { trustFleet } from './metrics/fleet/trust.ts';
import type { SweepResult } from './metrics/sweep.ts';
import { bindDeployment, isRefusal } from './plan/deployment.ts';
import { fitsOf } from './plan/efficiency.ts';
import { explainStep, type StepExplained } from './plan/explain-step.ts';
import { prepareFleet } from './plan/pipeline/lower-fleet.ts';
import type { StepWork } from './plan/step-work.ts';
import { planMeasuring } from './run/client-view.ts';
import { runFleet } from './run/fleet.ts';
import { measureRun } from './run/measure-fleet.ts';
import { openSpec } from './run/open-spec.ts';
import { LOWERING_BYTES, openSession } from './run/session.ts';
import { type Sized, sizeFleet } from './run/size.ts';
import { sweep as sweepRows } from './run/sweep.ts';
import { parseSpecDocument, writeSpecDocument } from './spec/document.ts';
import { readSpecText } from './spec/open.ts';
import type { Question } from './spec/question.ts';
import { soleConfiguration } from './spec/shape.ts';
import type { Objective } from './spec/types.ts';
import { openStudy } from './study/open-study.ts';
import { runStudy, type StudyResult } from './study/run-study.ts';

/** The path of a document, or its data (YAML's, as JSON has it). */
export type Spec = string | Readonly<Record<string, unknown>>;

export interface Asking {
  /** Threads; one per core if left out. Results are the same for any number. */
  readonly workers?: number;
  /** A catalog folder of your own, first. */
  readonly catalogFolder?: string;
  /** A kind of price, or the path of a list, in place of the spec's. */
  readonly prices?: string;
  /** Another seed for the workload. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** What exists: hardware, models, engines, workloads, prices, links. */
export function catalog({ catalogFolder, prices }: Pick<Asking, 'catalogFolder' | 'prices'> = {}): Catalog {
  return openCatalog({ folder: catalogFolder ?? null, prices: prices ?? null });
}

/** A document as the question it asks: its rows and axes, any row as a fleet. */
export function question(spec: Spec, asking: Asking = {}): Question {
  const { text, file } = read(spec);
  return openSpec(text, file, catalog(asking), asking.seed);
}

/** One deployment or fleet, request by request: every figure of `mist run`, and the latencies of every request (s). `row`: of a spec with axes. */
export function run(spec: Spec, asking: Asking & { readonly row?: number } = {}) {
  const known = catalog(asking);
  const { spec: fleet } = question(spec, asking).at(asking.row ?? 0);
  const lowered = prepareFleet(fleet, known, openSession(known));
  const ran = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(fleet, lowered, asking.row !== undefined) });
  const { result, latencies } = measureRun(fleet, lowered, ran);
  return { result, latencies, trust: trustFleet(fleet, lowered, ran, known.errorBands(), result) };
}

/** The best of every configuration that a spec spans, and the certificate that no other is better. */
export function sweep(spec: Spec, asking: Asking & { readonly exhaustive?: boolean } = {}): Promise<SweepResult> {
  return sweepRows(question(spec, asking), catalog(asking), options(asking));
}

/** How many, how cheap, how frugal: what the spec leaves open becomes axes. */
export function size(spec: Spec, asking: Asking & { readonly objectives?: readonly Objective[] } = {}): Promise<Sized> {
  const { text, file } = read(spec);
  const data = parseSpecDocument(text, file).data as Readonly<Record<string, unknown>>;
  const objectives = asking.objectives ?? ['devices', 'usd_per_hour', 'watts'];
  return sizeFleet(data, catalog(asking), { ...options(asking), objectives, file });
}

/** Every row of a document, and its claims held against them. */
export function study(spec: Spec, asking: Omit<Asking, 'seed'> = {}): Promise<StudyResult> {
  const { text, file } = read(spec);
  const known = catalog(asking);
  return runStudy(openStudy(text, file, known), known, options(asking));
}

/** One iteration of the engines of a spec of one pool, op by op (row 0 of one with axes): what `mist step` prints. */
export function step(spec: Spec, work: StepWork, asking: Asking = {}): StepExplained {
  const known = catalog(asking);
  const { first } = question(spec, asking);
  const configuration = soleConfiguration(first);
  const refuse = (expected: string, received: string): never => {
    throw new UserError([{ path: 'spec', expected, received }]);
  };
  if (!configuration) return refuse('one pool of engines', `${first.pools.length} pools`);
  const bound = bindDeployment(configuration, { catalog: known, prices: {}, watts: first.watts });
  if (isRefusal(bound)) return refuse('engines that can be', bound.words);
  const { kernels, arena } = openSession(known, openArena(2 * LOWERING_BYTES));
  return explainStep(bound.key, work, fitsOf(known), kernels, arena);
}

function read(spec: Spec): { readonly text: string; readonly file: string } {
  if (typeof spec === 'string') return { text: readSpecText(spec), file: spec };
  return { text: writeSpecDocument(spec), file: 'spec' };
}

function options({ workers, catalogFolder, prices, ...rest }: Asking) {
  const threads = workers ?? availableParallelism();
  return { ...rest, workers: threads, catalogFolder: catalogFolder ?? null, prices: prices ?? null };
}
