// Holds a certificate against runs: the leaders again, and rows at random among all that it says are no better.
import { UserError } from '../check/issue.ts';
import { rowScore } from '../metrics/sweep.ts';
import type { Question } from '../spec/question.ts';
import { nextUniform, openStream, STREAM_ORDER } from '../workload/streams.ts';
import { openFronts } from './front.ts';
import { openPool } from './pool.ts';
import { isMet, openSearch, type Search, type SearchWatch, simulateRows, worstLeaders } from './prove.ts';
import { tellApart } from './tell-apart.ts';

/** What a result says: its rows, those that keep the promise best first, and the figures by which they are recognised. */
export interface Told {
  readonly rows: number;
  readonly leaders: readonly ToldRow[];
}

interface ToldRow {
  readonly row: number;
  readonly on_front: boolean;
  readonly usd_per_hour: number | null;
  readonly ttft_p99_ms: number | null;
}

export interface VerifyOptions extends SearchWatch {
  readonly workers: number;
  readonly sample: number;
  readonly seed: number | undefined;
  readonly catalogFolder: string | null;
  readonly prices: string | null;
}

export interface Verified {
  /** Rows of the answer that were run again, and those that came out otherwise. */
  readonly again: number;
  readonly changed: readonly number[];
  /** Rows at random: run, those of them that cannot be, and those that are better than the answer allows. */
  readonly sampled: number;
  readonly refused: number;
  readonly better: readonly number[];
}

/** Draws per row that is wanted: most rows of a question may be ones that cannot be. */
const MOST_DRAWS = 200;
const SAMPLE_SEED = 20_260_801;
const WAVE = 64;

/** Throws UserError where the result is of another question. */
export async function verifySweep(question: Question, told: Told, options: VerifyOptions): Promise<Verified> {
  refuseOther(question, told);
  const { text, file } = question;
  const { workers, seed, catalogFolder, prices, signal, sample } = options;
  const pool = await openPool(
    { text, file, seed, catalogFolder, prices, shape: null, objectives: [] },
    workers,
    signal,
  );
  try {
    const search = openSearch({
      pool,
      runs: new Map(),
      ...tellApart(question),
      settle: Number.POSITIVE_INFINITY,
      watch: options,
    });
    const leaders = [...new Set([...leadersOf(search, told), ...frontOf(question, told)])];
    await simulateRows(
      search,
      leaders.map(({ row }) => row),
      false,
      leaders.length + sample,
    );
    const changed = leaders.filter((leader) => !isAsTold(search, leader)).map(({ row }) => row);
    const bars = worstLeaders(search);
    const fronts = openFronts(search, question.pareto);
    fronts.add(leaders.map(({ row }) => row));
    const known = new Set(told.leaders.map(({ row }) => row));
    const drawn = await drawRows(search, question.rows, known, sample);
    const better = drawn.filter((row) => isBetter(search, row, bars) || fronts.lacks(row));
    const refused = drawn.filter((row) => search.refused.has(row)).length;
    return { again: leaders.length, changed, sampled: drawn.length - refused, refused, better };
  } finally {
    await pool.close();
  }
}

function refuseOther({ rows }: Question, told: Told): void {
  if (rows === told.rows) return;
  throw new UserError([
    { path: 'rows', expected: `${rows}, as the spec in the result spans here`, received: String(told.rows) },
  ]);
}

/** The best `top` of every scenario, each of another deployment. */
function leadersOf({ scenarioOf, deploymentOf, top }: Search, { leaders }: Told): readonly ToldRow[] {
  const seen = new Map<string, Set<string>>();
  return leaders.filter(({ row }) => {
    const names = seen.get(scenarioOf(row)) ?? new Set<string>();
    seen.set(scenarioOf(row), names);
    if (names.size >= top || names.has(deploymentOf(row))) return false;
    names.add(deploymentOf(row));
    return true;
  });
}

/** All that are on the front, where one was asked for. */
function frontOf({ pareto }: Question, { leaders }: Told): readonly ToldRow[] {
  return pareto.length === 0 ? [] : leaders.filter(({ on_front }) => on_front);
}

function isAsTold({ results }: Search, told: ToldRow): boolean {
  const result = results.get(told.row)?.result;
  if (!result?.slo_met) return false;
  const near = (got: number, said: number | null): boolean =>
    said === null ? Number.isNaN(got) : Math.abs(got - said) <= 1e-9 * Math.abs(said);
  return near(result.usd_per_hour, told.usd_per_hour) && near(result.ttft.p99 * 1000, told.ttft_p99_ms);
}

/** Rows at random, the same for every number of threads, until `sample` of them were simulated. */
async function drawRows(search: Search, rows: number, known: ReadonlySet<number>, sample: number): Promise<number[]> {
  const drawn = new Set<number>();
  const stream = openStream(SAMPLE_SEED, STREAM_ORDER);
  let simulated = 0;
  for (let draws = 0; simulated < sample && draws < MOST_DRAWS * sample && drawn.size + known.size < rows; ) {
    const wave: number[] = [];
    for (; wave.length < Math.min(WAVE, sample - simulated) && draws < MOST_DRAWS * sample; draws++) {
      const row = Math.floor(nextUniform(stream) * rows);
      if (known.has(row) || drawn.has(row)) continue;
      drawn.add(row);
      wave.push(row);
    }
    if (wave.length === 0 || search.watch.signal?.aborted) break;
    await simulateRows(search, wave, false, sample);
    simulated += wave.filter((row) => search.results.has(row)).length;
  }
  return [...drawn].filter((row) => search.results.has(row) || search.refused.has(row));
}

/** Better than the last of the leaders, or one more than the result has where it has fewer than were wanted. */
function isBetter(search: Search, row: number, bars: ReadonlyMap<string, number>): boolean {
  if (!isMet(search, row)) return false;
  const score = rowScore(search.objective, search.results.get(row)!.result);
  const bar = bars.get(search.scenarioOf(row));
  return bar === undefined ? !search.leaders.get(search.scenarioOf(row))?.has(search.deploymentOf(row)) : score < bar;
}
