// Runs the leaders of a sweep again under other draws of their traffic, the same for all, until their order and their promise are settled
// at the asked confidence or the draws are spent. Whole waves only count, so that nobody can tell how many workers there were.
import { UserError } from '../check/issue.ts';
import { type Draw, isSettled, judgeLeaders, MOST_DRAWS, type SweepDraws, WAVES } from '../metrics/draws.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import type { Question } from '../spec/question.ts';
import type { Pool } from './pool.ts';
import type { SearchWatch } from './prove.ts';

/** Throws UserError where the rows differ in their draws already. */
export function refuseDrawnAxes({ axes }: Pick<Question, 'axes'>): void {
  const axis = axes.find(({ name }) => name === 'workload.seed');
  if (!axis) return;
  const expected = 'no axis over workload.seed: --confidence tries other seeds itself, the same for all rows';
  throw new UserError([{ path: '--confidence', expected, received: `an axis of ${axis.labels.length} seeds` }]);
}

/** The best `top` deployments of each scenario that keep the promise, with their places among the kept. */
export function leadersOf(kept: readonly KeptRow[], top: number, deploymentOf: (row: number) => string) {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  return kept.flatMap(({ row, scenario, result }, i) => {
    const name = `${scenario}\n${deploymentOf(row)}`;
    const count = counts.get(scenario) ?? 0;
    if (!result?.slo_met || seen.has(name) || count >= top) return [];
    seen.add(name);
    counts.set(scenario, count + 1);
    return [{ row, rank: i + 1, scenario }];
  });
}

type Leaders = ReturnType<typeof leadersOf>;

interface Drawing {
  readonly pool: Pool;
  readonly question: Question;
  readonly result: SweepResult;
  readonly deploymentOf: (row: number) => string;
  readonly confidence: number;
  readonly watch: SearchWatch;
}

/** The result, with what other draws say of it where a confidence is asked for. */
export async function drawLeaders(asked: Omit<Drawing, 'confidence'>, confidence?: number): Promise<SweepResult> {
  const { result, question, deploymentOf, watch } = asked;
  if (confidence === undefined) return result;
  const drawing = { ...asked, confidence };
  const draws = await tryDraws(drawing, leadersOf(result.kept, question.top, deploymentOf));
  const { count } = draws;
  const drawn = new Map(draws.leaders.map(({ row, promise: { kept, least } }) => [row, { count, kept, least }]));
  const kept = result.kept.map((row) =>
    drawn.has(row.row) && count > 0 ? { ...row, drawn: drawn.get(row.row)! } : row,
  );
  return { ...result, kept, draws, interrupted: watch.signal?.aborted ?? false };
}

async function tryDraws({ pool, question, confidence, watch }: Drawing, leaders: Leaders): Promise<SweepDraws> {
  const { objective } = question;
  const seed = question.first.workload.seed + 1;
  const found = new Map<number, Draw[]>(leaders.map(({ row }) => [row, []]));
  const tell = (count: number) => judgeLeaders(leaders, (row) => found.get(row)!.slice(0, count), confidence);
  let done = 0;
  for (const wave of leaders.length > 0 ? WAVES : []) {
    const pairs = listPairs(leaders, seed + done, seed + wave);
    const told = done;
    let count = 0;
    await pool.work({ kind: 'draw', objective, ...pairs }, (report) => {
      if (report.kind !== 'drawn') return;
      const [row, at] = [pairs.rows[report.index]!, pairs.seeds[report.index]! - seed];
      found.get(row)![at] = report.draw;
      count++;
      // more waves may follow: at most so many runs there are
      watch.onProgress?.(told * leaders.length + count, MOST_DRAWS * leaders.length, 'trying other draws');
    });
    if (count < pairs.rows.length) break; // interrupted: a wave that is not whole says nothing
    done = wave;
    if (isSettled(tell(done))) break;
  }
  return { confidence, seed, count: done, interrupted: watch.signal?.aborted ?? false, leaders: tell(done) };
}

/** Every leader under every seed from `from` to before `to`; those of a seed together, as they share its requests. */
function listPairs(leaders: Leaders, from: number, to: number) {
  const seeds = Array.from({ length: to - from }, (_, i) => from + i);
  return {
    rows: Float64Array.from(seeds.flatMap(() => leaders.map(({ row }) => row))),
    seeds: Float64Array.from(seeds.flatMap((seed) => leaders.map(() => seed))),
  };
}
