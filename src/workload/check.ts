// Finds every mistake in a workload before a single request is made of it.

import type { LengthSpec } from '../check/drawn.ts';
import { type Issue, show } from '../check/issue.ts';
import type { ArrivalSpec, WorkloadSpec } from '../spec/types.ts';

type Report = (path: string, ok: boolean, expected: string, received: unknown) => void;

const LONGEST = 2147483647;

/** All mistakes of a workload, or none. `timed`: arrivals come from a file, so that no rate is needed. */
export function checkWorkload(workload: WorkloadSpec, timed: boolean): Issue[] {
  const issues: Issue[] = [];
  const report: Report = (path, ok, expected, received) => {
    if (!ok) issues.push({ path: `workload.${path}`, expected, received: show(received) });
  };
  const { seed, num_requests: count, lengths } = workload;
  report('seed', Number.isSafeInteger(seed) && seed >= 0, 'a whole number from 0 to 2^53 - 1', seed);
  const least = workload.requests || workload.duration !== undefined ? 0 : 1;
  report('num_requests', Number.isSafeInteger(count) && count >= least, `a whole number, at least ${least}`, count);
  report('lengths', lengths !== null || workload.requests !== null, 'lengths or a request file', lengths);
  if (!timed) checkArrivals(workload.arrivals, workload.request_rate, report);
  if (lengths !== null && typeof lengths === 'object') {
    checkLength('input_len', lengths.input_len, report);
    checkLength('output_len', lengths.output_len, report);
  }
  return issues;
}

function checkArrivals(spec: ArrivalSpec, rate: number, report: Report): void {
  const above = (path: string, value: number) => report(path, value > 0 && value < Infinity, 'a number above 0', value);
  if (spec.process === 'closed-loop') {
    const limit = spec.max_concurrency;
    report('max_concurrency', Number.isSafeInteger(limit) && limit >= 1, 'a whole number, at least 1', limit);
    return;
  }
  if (spec.process === 'all-at-once') return;
  above('request_rate', rate);
  if (spec.process === 'gamma') above('burstiness', spec.burstiness);
  if (spec.process === 'normal') report('cv', spec.cv >= 0 && spec.cv < Infinity, 'a number, at least 0', spec.cv);
  if (spec.process === 'curve') report('points', spec.points.length > 0, 'at least one point', spec.points);
  if (spec.process === 'ramp') {
    report('from', spec.from >= 0 && spec.from < Infinity, 'a number, at least 0', spec.from);
    above('to', spec.to);
  }
  if (spec.process === 'on-off') {
    above('on_s', spec.on_s);
    report('off_s', spec.off_s >= 0 && spec.off_s < Infinity, 'a number, at least 0', spec.off_s);
  }
}

function checkLength(path: string, spec: LengthSpec, report: Report): void {
  const tokens = (name: string, value: number) =>
    report(`${path}.${name}`, value >= 1 && value <= LONGEST, 'tokens, at least 1', value);
  if (spec.kind === 'fixed') {
    tokens('value', spec.value);
    return;
  }
  tokens('min', spec.min);
  report(`${path}.max`, spec.max >= spec.min && spec.max <= LONGEST, `tokens, at least min (${spec.min})`, spec.max);
  if (spec.kind === 'uniform') {
    const whole = Number.isInteger(spec.min) && Number.isInteger(spec.max);
    report(path, whole, 'whole numbers as min and max', [spec.min, spec.max]);
    return;
  }
  report(`${path}.mean`, spec.mean > 0 && spec.mean <= LONGEST, 'tokens, above 0', spec.mean);
  report(`${path}.std`, spec.std >= 0 && spec.std < Infinity, 'a number, at least 0', spec.std);
}
