// Finds the host times, the kernel factor and the client of a deployment with which its measured runs come out as they did.
import type { Issue } from '../../check/issue.ts';
import type { FleetSummary } from '../../metrics/sweep.ts';
import { minimise } from '../minimise.ts';
import { medianOf } from '../steps/check-steps.ts';
import type { Figure, Figures } from './measured-run.ts';
import { type Bench, type Client, figuresOf, type ReplayedRun, replayRun, type Tuning, tuningOf } from './replay.ts';

/** The figures that are compared, and how much each weighs in the fit: decode speed decides, first tokens are noisy. */
export const COMPARED: readonly (readonly [Figure, number])[] = [
  ['ttft_mean', 0.25],
  ['ttft_p50', 0],
  ['ttft_p99', 0],
  ['tpot_mean', 1],
  ['tpot_p50', 0],
  ['tpot_p99', 0],
  ['e2el_mean', 0.25],
  ['output_throughput', 0.25],
  ['hit_rate', 0],
];
const FIRST_TOKEN: ReadonlySet<Figure> = new Set(['ttft_mean', 'ttft_p50', 'ttft_p99']);

/** Runs of different loads from which on a time per sequence is told apart from one per step and the kernels. */
const RUNS_FOR_SEQUENCES = 4;
/** Errors above this factor weigh no more than it. */
const CAP = 1;
/** What a departure from the profile costs, so that what the runs do not tell stays as it was: per unit of log, per ms, per 10 us. */
const STAY = { scale: 0.02, step: 0.003, sequence: 0.003 };
const STEPS = 60;
/** The longest that a request may plausibly be on its way; more is a queue, or another deployment. */
const MOST_CLIENT_S = 0.2;
/** Decode speeds off by more than this factor in the median are another deployment, or another unit. */
const ANOTHER_DEPLOYMENT = 6;
/** After the fit, in the median: above it no host and kernels explain the runs. */
const WORST_AFTER = 0.25;

export interface Judged {
  readonly run: ReplayedRun;
  readonly before: Figures;
  readonly after: Figures;
  /** By a fit to the other runs; null where there are too few of them. */
  readonly heldOut: Figures | null;
}

export interface ResultsFit {
  readonly tuning: Tuning;
  readonly client: Client;
  readonly judged: readonly Judged[];
}

/** Error of a figure, predicted/measured - 1; null where it was not measured, or where nobody could predict it. */
export function errorOf(run: ReplayedRun, predicted: Figures, figure: Figure): number | null {
  const measured = run.measured.figures[figure];
  const own = predicted[figure];
  if (measured === undefined || measured === 0 || own === undefined || Number.isNaN(own)) return null;
  if (run.lockstep && FIRST_TOKEN.has(figure)) return null;
  return own / measured - 1;
}

/** Median |error| over runs and figures that weigh. */
export function medianError(judged: readonly { run: ReplayedRun; figures: Figures }[]): number {
  const errors = judged.flatMap(({ run, figures }) =>
    COMPARED.flatMap(([figure, weight]) => (weight > 0 ? (errorOf(run, figures, figure) ?? []) : [])),
  );
  return medianOf(errors.map(Math.abs));
}

/** The fit, or null where there can be none, which is told. */
export function fitResults(
  bench: Bench,
  runs: readonly ReplayedRun[],
  issues: Issue[],
  onProgress?: (done: number, total: number) => void,
): ResultsFit | null {
  const start = tuningOf(bench.deployment.profile);
  const own = bench.deployment.profile.client ?? { request_s: 0, prompt_token_s: 0 };
  const before = runs.map((run) => figuresOf(replayRun(bench, run, start), run, own));
  const ratio = medianOf(runs.map((run, i) => run.measured.figures.tpot_mean / before[i]!.tpot_mean));
  if (ratio > ANOTHER_DEPLOYMENT || ratio < 1 / ANOTHER_DEPLOYMENT) {
    const received = `a TPOT ${Number(ratio.toPrecision(2))} times the simulated one in the median`;
    const hint = 'model, hardware, split, formats and unit are as measured?';
    issues.push({ path: 'mist calibrate', expected: 'results of this deployment', received, hint });
    return null;
  }
  const total = runs.length > 2 ? runs.length + 1 : 1;
  onProgress?.(0, total);
  const { tuning, client, observed } = tune(bench, runs);
  const after = runs.map((run, i) => figuresOf(observed[i]!, run, client));
  const errors = runs.map((run, i) => Math.abs(errorOf(run, after[i]!, 'tpot_mean') ?? 0));
  if (medianOf(errors) > WORST_AFTER) {
    const received = `a TPOT off by ${(100 * medianOf(errors)).toFixed(0)} % in the median after the fit`;
    issues.push({ path: 'mist calibrate', expected: 'results that some host and kernel times explain', received });
    return null;
  }
  // one run less must still be two loads
  const heldOut = runs.map((_, i) => {
    if (total === 1) return null;
    onProgress?.(i + 1, total);
    return holdOut(bench, runs, i);
  });
  const judged = runs.map((run, i) => ({ run, before: before[i]!, after: after[i]!, heldOut: heldOut[i]! }));
  return { tuning, client, judged };
}

function holdOut(bench: Bench, runs: readonly ReplayedRun[], place: number): Figures {
  const { tuning, client } = tune(
    bench,
    runs.filter((_, i) => i !== place),
  );
  return figuresOf(replayRun(bench, runs[place]!, tuning), runs[place]!, client);
}

function tune(bench: Bench, runs: readonly ReplayedRun[]) {
  const start = tuningOf(bench.deployment.profile);
  const perSequence = runs.length >= RUNS_FOR_SEQUENCES;
  // squares and exponentials: times from 0 up, a factor above 0
  const read = (at: readonly number[]): Tuning => ({
    kernel_scale: Math.exp(at[0]!),
    step_s: 1e-3 * at[1]! * at[1]!,
    sequence_s: perSequence ? 1e-5 * at[2]! * at[2]! : start.sequence_s,
  });
  const replay = (tuning: Tuning) => runs.map((run) => replayRun(bench, run, tuning));
  const cost = (at: readonly number[]): number => {
    const tuning = read(at);
    const observed = replay(tuning);
    const client = clientOf(runs, observed);
    const misses = runs.map((run, i) => missOf(run, figuresOf(observed[i]!, run, client)));
    return misses.reduce((sum, miss) => sum + miss, 0) / runs.length + departure(tuning, start);
  };
  const first = [Math.log(start.kernel_scale), Math.sqrt(start.step_s / 1e-3)];
  if (perSequence) first.push(Math.sqrt(start.sequence_s / 1e-5));
  const found = minimise(cost, minimise(cost, first, 0.3, STEPS, 1e-4).at, 0.1, STEPS, 1e-4);
  const tuning = rounded(read(found.at));
  const observed = replay(tuning);
  return { tuning, client: clientOf(runs, observed), observed };
}

function rounded({ kernel_scale, step_s, sequence_s }: Tuning): Tuning {
  const three = (value: number) => Number(value.toPrecision(3));
  const tiny = (value: number) => (value < 1e-8 ? 0 : three(value));
  return { kernel_scale: three(kernel_scale), step_s: tiny(step_s), sequence_s: tiny(sequence_s) };
}

function departure(tuning: Tuning, start: Tuning): number {
  return (
    STAY.scale * Math.abs(Math.log(tuning.kernel_scale / start.kernel_scale)) +
    STAY.step * Math.abs(tuning.step_s - start.step_s) * 1e3 +
    STAY.sequence * Math.abs(tuning.sequence_s - start.sequence_s) * 1e5
  );
}

function missOf(run: ReplayedRun, predicted: Figures): number {
  let [sum, weights] = [0, 0];
  for (const [figure, weight] of COMPARED) {
    const error = errorOf(run, predicted, figure);
    if (error === null || weight === 0) continue;
    sum += weight * Math.min(CAP, Math.abs(Math.log(1 + error)));
    weights += weight;
  }
  return weights > 0 ? sum / weights : 0;
}

/** Prompts must differ by this factor between runs before a time per prompt token is told apart from one per request. */
const PROMPTS_DIFFER = 2;

/** What first tokens come later by than the engine gives them: per request, and per prompt token where prompts differ. */
function clientOf(runs: readonly ReplayedRun[], observed: readonly FleetSummary[]): Client {
  const none = { request_s: 0, prompt_token_s: 0 };
  const late = runs.flatMap((run, i) => {
    const measured = run.lockstep ? undefined : run.measured.figures.ttft_mean;
    if (measured === undefined) return [];
    return [{ prompt: run.meanPrompt, late: measured - (figuresOf(observed[i]!, run, none).ttft_mean ?? 0) }];
  });
  if (late.length === 0) return none;
  const clamp = (seconds: number) => Math.max(0, Math.min(MOST_CLIENT_S, seconds));
  const [short, long] = [(p: number) => p, (p: number) => -p].map((sign) =>
    late.reduce((best, one) => (sign(one.prompt) < sign(best.prompt) ? one : best)),
  );
  const slope =
    long!.prompt > PROMPTS_DIFFER * short!.prompt ? (long!.late - short!.late) / (long!.prompt - short!.prompt) : 0;
  const prompt_token_s = Number(Math.max(0, slope).toPrecision(2));
  const request_s = Number(clamp(medianOf(late.map((one) => one.late - prompt_token_s * one.prompt))).toPrecision(3));
  return { request_s, prompt_token_s };
}
