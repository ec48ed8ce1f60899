// A sweep: every row of a question looked at, the best simulated and ranked. Byte-identical results for any number of workers.
import { caveatsOf } from '../catalog/caveats.ts';
import { labelsOf } from '../catalog/labels.ts';
import type { Catalog } from '../catalog/open.ts';
import { readVersion } from '../check/version.ts';
import type { KeptRow, SweepAxis, SweepResult } from '../metrics/sweep.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Question } from '../spec/question.ts';
import { onePool } from '../spec/shape.ts';
import type { Objective } from '../spec/types.ts';
import { moments } from '../workload/moments.ts';
import { makeWalks } from '../workload/walks.ts';
import type { Screened } from './candidates.ts';
import { drawLeaders } from './draw-leaders.ts';
import type { Found } from './found.ts';
import { objectivesOf } from './front.ts';
import { keepRows } from './keep.ts';
import { rememberWork, type WorkStore } from './known-work.ts';
import type { Part } from './part.ts';
import { openPool } from './pool.ts';
import { priceSweep } from './price-kinds.ts';
import type { Exchange, KnownRuns, Searching } from './prove.ts';
import { screenAll, screenRows } from './screen-rows.ts';
import { tellApart } from './tell-apart.ts';
import { weighRows } from './weigh-rows.ts';

/** How a sweep is run; only `exhaustive` changes a result. */
export interface SweepOptions {
  readonly workers: number;
  /** Of the question, for the workers that open it again. */
  readonly seed?: number;
  /** Whether even one worker is a thread of its own. */
  readonly apart?: boolean;
  /** The user's catalog folder, for the workers' own look-ups; null = none. */
  readonly catalogFolder?: string | null;
  /** What the catalog was opened with in place of the spec's prices, for them too. */
  readonly prices?: string | null;
  /** Simulate every row that can be (up to the spec's settle), also those that cannot be better. */
  readonly exhaustive?: boolean;
  /** Run the leaders again under other draws of their traffic until what is asked of them is settled with this confidence, such as 0.95. */
  readonly confidence?: number;
  readonly onProgress?: (done: number, total: number, words: string) => void;
  /** Of a screened question: the same result before anything is simulated, from the screen alone. */
  readonly onScreened?: (result: SweepResult) => void;
  /** Aborted: workers finish what they have at hand, and the result says it was interrupted. */
  readonly signal?: AbortSignal;
  /** Where finished work is kept, and read again: how it is done, never what comes out. */
  readonly store?: WorkStore;
  /** Groups of rows per screening block: how work is cut, never what comes out (law L6). */
  readonly blockGroups?: number;
}

/** Groups of rows per screening block of a sweep that is shared out: parts are whole blocks, and are to be alike. */
export const SHARED_GROUPS = 1;

/** A question whose rows are looked at once, whatever is asked of them. */
export interface OpenSweep {
  /** The answer to the question, or to one that differs from it in nothing but its objective: one of those that it was opened for. */
  ask(question: Question): Promise<SweepResult>;
  /**
   * A part of the work on the question, into `store`: rows looked at, and simulated until no other can be among the best that are known,
   * those that `exchange` hears of from others included.
   */
  part(question: Question, part: Part, store: WorkStore, exchange?: Exchange): Promise<void>;
  close(): Promise<void>;
}

/** Throws UserError for mistakes that only the workload's files reveal. */
export async function sweep(question: Question, catalog: Catalog, options: SweepOptions): Promise<SweepResult> {
  const opened = await openSweep(question, catalog, options, objectivesOf(question));
  try {
    return await opened.ask(question);
  } finally {
    await opened.close();
  }
}

/** Starts the threads. Objectives share what the screen says of a row's limits, and runs: whatever one has simulated the others need not. */
export async function openSweep(
  { text, file, first, ...question }: Question,
  catalog: Catalog,
  options: SweepOptions,
  objectives: readonly Objective[],
): Promise<OpenSweep> {
  let started = performance.now();
  const screenedOnes = options.exhaustive ? [] : objectives.filter(isScreened);
  const shape = screenedOnes.length > 0 ? onePool({ first, ...question }) : null;
  const walks = makeWalks(first, (id) => catalog.shape(id));
  const { prompt_mean, output_mean } = moments({ count: walks.count, prompt: walks.question, output: walks.answer });
  const { workers, seed, catalogFolder = null, prices = null, signal } = options;
  const start = { text, file, seed, catalogFolder, prices, shape, objectives: screenedOnes };
  const threads = await openPool(start, workers, signal, options.apart);
  const pool = options.store ? rememberWork(threads, options.store) : threads;
  const runs: KnownRuns = new Map();
  let screened: readonly Screened[] | undefined;
  let opened = started;
  const finish = (asked: Question, found: Found): SweepResult => {
    const seconds = {
      plan: (opened - started) / 1000,
      screen: (found.lookedAt - opened) / 1000,
      settle: (performance.now() - found.lookedAt) / 1000,
    };
    const rest = { workload: { description: walks.description, prompt_mean, output_mean }, seconds, workers };
    return { ...conclude(asked, found, catalog, prices), ...rest, interrupted: signal?.aborted ?? false };
  };
  const find = async (asked: Question, searching: Searching, look: () => Promise<readonly Screened[]>) => {
    if (!shape || !objectivesOf(asked).every(isScreened))
      return weighRows(searching, asked, options.exhaustive ?? false);
    const screenedFor = openedFor(screenedOnes, await look());
    const own = screenedFor(asked.objective);
    const pareto = asked.pareto.map((objective) => [objective, screenedFor(objective).legal] as const);
    const { onScreened } = options;
    const onSeen = onScreened ? { onSeen: (found: Found) => onScreened(finish(asked, found)) } : {};
    return screenRows(searching, asked, shape, own, catalog, { outputMean: output_mean, pareto, ...onSeen });
  };
  return {
    async ask(asked) {
      opened = performance.now();
      const searching = { pool, runs, ...tellApart(asked), watch: options };
      const found = await find(asked, searching, async () => {
        screened ??= await screenAll(pool, shape!, screenedOnes, options);
        return screened;
      });
      const drawing = { ...searching, question: asked, result: finish(asked, found) };
      const result = await drawLeaders(drawing, options.confidence);
      started = performance.now();
      return result;
    },
    async part(asked, part, store, exchange) {
      const own = rememberWork(threads, store, part);
      const shared = { share: 1 / part.of, ...(exchange ? { exchange } : {}) };
      const searching = { pool: own, runs: new Map(), ...tellApart(asked), watch: options, ...shared };
      const look = () => screenAll(own, shape!, screenedOnes, { ...options, blockGroups: SHARED_GROUPS });
      await find(asked, searching, look);
    },
    close: () => pool.close(),
  };
}

const isScreened = (objective: Objective): boolean => OBJECTIVE[objective].screened;

function openedFor(objectives: readonly Objective[], looked: readonly Screened[]): (objective: Objective) => Screened {
  return (objective) => {
    const one = looked[objectives.indexOf(objective)];
    if (!one) throw new Error(`the sweep was not opened for ${objective}`);
    return one;
  };
}

/** Ranks what was found and counts what fell. */
function conclude(question: Question, found: Found, catalog: Catalog, prices: string | null) {
  const kept = keepRows(question, found, catalog, tellApart(question).deploymentOf);
  const { name, file, text, rows, objective, top, first } = question;
  const rejected = addUp(found.rejected);
  const fallen = rejected.reduce((sum, { count }) => sum + count, 0);
  const simulated = found.simulated.size;
  return {
    ...{ name, file, text, rows, objective, top, first, kept, rejected, simulated },
    axes: nameAxes(question),
    screened: found.screened,
    dearer: found.dearer,
    equivalent: found.equivalent,
    proof: found.proof,
    ...(found.front ? { front: found.front } : {}),
    unreached: rows - fallen - found.dearer - simulated,
    seed: first.workload.seed,
    ...labelRows(question, kept, catalog),
    ...pricedBy(question, kept, catalog, prices),
    version: readVersion(),
    specAt: (row: number) => question.at(row).spec,
  };
}

function pricedBy(
  question: Question,
  kept: readonly KeptRow[],
  catalog: Catalog,
  given: string | null,
): Pick<SweepResult, 'prices'> {
  const prices = priceSweep(question, kept, catalog, given);
  return prices ? { prices } : {};
}

function addUp(reasons: Found['rejected']): SweepResult['rejected'] {
  const counts = new Map<string, number>();
  for (const { words, count } of reasons) if (count > 0) counts.set(words, (counts.get(words) ?? 0) + count);
  const list = [...counts].map(([words, count]) => ({ words, count }));
  return list.sort((a, b) => b.count - a.count || (a.words < b.words ? -1 : 1));
}

/** Axes with the shortest end of their place that tells them apart. */
export function nameAxes({ axes }: Question): SweepAxis[] {
  const endOf = (name: string, parts: number) => name.split('.').slice(-parts).join('.');
  return axes.map(({ name, labels }) => {
    const most = name.split('.').length;
    let parts = 1;
    while (parts < most && axes.filter((other) => endOf(other.name, parts) === endOf(name, parts)).length > 1) parts++;
    return { name, short: endOf(name, parts), labels };
  });
}

/** Names of what the rows use, and what must be said of it. */
function labelRows(
  question: Question,
  kept: readonly KeptRow[],
  catalog: Catalog,
): Pick<SweepResult, 'labels' | 'caveats'> {
  const models = new Set<string>();
  for (const { row } of kept) {
    for (const pool of question.at(row).spec.pools) if (pool.kind === 'llm') models.add(pool.configuration.model);
  }
  for (const pool of question.first.pools) if (pool.kind === 'llm') models.add(pool.configuration.model);
  const hardware = kept.flatMap(({ hosts }) => hosts.map((host) => host.hardware));
  const caveats = caveatsOf(catalog, models, new Set(kept[0]?.hosts.map((host) => host.hardware)));
  return { labels: labelsOf(catalog, models, hardware), ...(caveats.length > 0 ? { caveats } : {}) };
}
