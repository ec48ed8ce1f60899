// Lengths, latencies and names as pipeline specs write them, to what the types say.

import type { LatencySpec, LengthSpec } from '../../check/drawn.ts';
import { show } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import type { Path } from '../document.ts';
import { MAX_LENGTH_TOKENS } from '../limits.ts';
import { number, type Part } from '../world.ts';
import type { Ledger } from './ledger.ts';

type Written = string | number;

export function readTokens(input: unknown, path: Path, ledger: Ledger): LengthSpec {
  if (typeof input !== 'object' || input === null) return { kind: 'fixed', value: number(input, 1) };
  const { uniform, normal, lognormal } = input as { uniform?: Written[]; normal?: Part; lognormal?: Part };
  if (uniform) {
    const [min, max] = uniform.map((end) => number(end, 1)) as [number, number];
    const whole = uniform.every((end) => end !== undefined); // an end that was refused is gone
    if (whole && min > max)
      ledger.add({ path: [...path, 'uniform'], expected: '[shortest, longest]', received: show(uniform) });
    return { kind: 'uniform', min, max };
  }
  const kind = normal ? 'normal' : 'lognormal';
  const spread = normal ?? lognormal ?? {};
  const min = number(spread.min, 1);
  const max = number(spread.max, MAX_LENGTH_TOKENS);
  const mean = number(spread.mean, min);
  if (min > max) ledger.add({ path: [...path, kind, 'min'], expected: `at most max (${max})`, received: String(min) });
  else if (mean < min || mean > max) {
    ledger.add({ path: [...path, kind, 'mean'], expected: `a mean between ${min} and ${max}`, received: String(mean) });
  }
  return { kind, mean, std: number(spread.std, 0), min, max };
}

export function readOptionalTokens(input: unknown, path: Path, ledger: Ledger): LengthSpec | null {
  return input === undefined ? null : readTokens(input, path, ledger);
}

export function readLatency(input: unknown, path: Path, ledger: Ledger): LatencySpec {
  const seconds = (value: unknown) => measured(value ?? 0, 'time');
  if (typeof input !== 'object' || input === null) return { kind: 'fixed', value: seconds(input) };
  const { uniform, exponential, lognormal } = input as { uniform?: Written[]; exponential?: Part; lognormal?: Part };
  if (uniform) {
    const [min, max] = uniform.map(seconds) as [number, number];
    const whole = uniform.every((end) => end !== undefined);
    if (whole && min > max)
      ledger.add({ path: [...path, 'uniform'], expected: '[shortest, longest]', received: show(uniform) });
    return { kind: 'uniform', min, max };
  }
  if (exponential) return { kind: 'exponential', mean: seconds(exponential.mean) };
  return { kind: 'lognormal', mean: seconds(lognormal?.mean), std: seconds(lognormal?.std) };
}

/** One name or a list of them. */
export function readNames(input: unknown): string[] {
  if (input === undefined) return [];
  return typeof input === 'string' ? [input] : (input as string[]).filter((name) => name !== undefined);
}
