// What must hold of results before a deployment is fitted to them: several loads, one deployment, no contradictions.
import type { Issue } from '../../check/issue.ts';
import type { Load, MeasuredRun } from './measured-run.ts';

/** Lengths and loads within this factor are the same. */
const SAME = 1.03;
/** Equal runs may differ by this factor: versions of an engine differ by less. */
const REPEATED = 1.25;
/** More requests in flight may make tokens faster by no more than this. */
const FALLING = 1.25;
/** One load alone cannot tell what is fixed per step from what grows with it. */
const LEAST_LOADS = 2;

/** Tells every reason why runs cannot be fitted together. */
export function checkResults(runs: readonly MeasuredRun[], issues: Issue[]): void {
  const loads = runs.filter((run, i) => !runs.slice(0, i).some((other) => sameLoad(run, other)));
  if (loads.length < LEAST_LOADS) {
    const expected = `results at ${LEAST_LOADS} different loads or more`;
    issues.push({ path: 'mist calibrate', expected, received: `${runs.length} of one load` });
  }
  for (const [i, run] of runs.entries()) {
    for (const other of runs.slice(0, i)) {
      const told = contradiction(other, run);
      if (told) issues.push({ path: run.name, ...told });
    }
  }
}

function near(a: number, b: number): boolean {
  return a <= b * SAME && b <= a * SAME;
}

function sameLengths(a: MeasuredRun, b: MeasuredRun): boolean {
  return near(a.input.mean, b.input.mean) && near(a.output.mean, b.output.mean);
}

/** How much is in flight or on its way, to compare loads of one kind by. */
function levelOf(load: Load): number {
  if (load.kind === 'closed-loop') return load.concurrency;
  return load.kind === 'rate' ? load.rate : 0;
}

function sameLoad(a: MeasuredRun, b: MeasuredRun): boolean {
  if (a.load.kind !== b.load.kind || !sameLengths(a, b) || a.load.kind === 'replay') return false;
  return near(levelOf(a.load), levelOf(b.load)) && near(a.requests, b.requests);
}

function contradiction(a: MeasuredRun, b: MeasuredRun): Pick<Issue, 'expected' | 'received'> | null {
  const words = ({ figures }: MeasuredRun) => `${Number((figures.tpot_mean * 1e3).toPrecision(4))} ms`;
  const ratio = b.figures.tpot_mean / a.figures.tpot_mean;
  if (sameLoad(a, b)) {
    if (ratio < REPEATED && ratio > 1 / REPEATED) return null;
    return { expected: `a TPOT like that of ${a.name}, which has the same load, ${words(a)}`, received: words(b) };
  }
  if (a.load.kind !== 'closed-loop' || b.load.kind !== 'closed-loop' || !sameLengths(a, b)) return null;
  const [low, high] = a.load.concurrency < b.load.concurrency ? [a, b] : [b, a];
  if (low.figures.tpot_mean < FALLING * high.figures.tpot_mean) return null;
  const expected = 'tokens that take longer the more requests are in flight';
  const of = (run: MeasuredRun) => `${words(run)} at ${levelOf(run.load)} in ${run.name}`;
  return { expected, received: `${of(low)}, ${of(high)}` };
}
