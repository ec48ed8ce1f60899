// How long requests are: from a distribution, from a shape of the catalog, or from a list of lengths.
import type { LengthShape } from '../catalog/types.ts';
import type { LengthSpec } from '../check/drawn.ts';
import { openLengths } from './draws.ts';
import { nextUniform, openStream, STREAM_ORDER, STREAM_OUTPUTS, STREAM_PROMPTS } from './streams.ts';

export interface Lengths {
  readonly prompt: Int32Array; // tokens, >= 1
  readonly output: Int32Array; // tokens, >= 1
}

/** `count` pairs of independent lengths. One uniform number per length, whatever the distribution. */
export function drawLengthPairs(input: LengthSpec, output: LengthSpec, count: number, seed: number): Lengths {
  return {
    prompt: fillLengths(input, count, seed, STREAM_PROMPTS),
    output: fillLengths(output, count, seed, STREAM_OUTPUTS),
  };
}

function fillLengths(spec: LengthSpec, count: number, seed: number, purpose: number): Int32Array {
  const lengths = new Int32Array(count);
  const draw = openLengths(spec, openStream(seed, purpose));
  for (let i = 0; i < count; i++) lengths[i] = draw();
  return lengths;
}

/** `count` pairs from a shape: the prompt's number picks the stratum and the place in it, the output's the place in it. */
export function drawShape(shape: LengthShape, count: number, seed: number): Lengths {
  const strata = shape.strata.length;
  const find = makeFinder(shape.probabilities ?? spaceEqually(shape.strata[0]!.prompt_quantiles.length));
  const prompt = new Int32Array(count);
  const output = new Int32Array(count);
  const prompts = openStream(seed, STREAM_PROMPTS);
  const outputs = openStream(seed, STREAM_OUTPUTS);
  for (let i = 0; i < count; i++) {
    const place = nextUniform(prompts) * strata;
    const row = Math.floor(place);
    const stratum = shape.strata[row]!; // a uniform number is below 1
    prompt[i] = readQuantile(stratum.prompt_quantiles, find(place - row));
    output[i] = readQuantile(stratum.output_quantiles, find(nextUniform(outputs)));
  }
  return { prompt, output };
}

function spaceEqually(points: number): number[] {
  return Array.from({ length: points }, (_, j) => j / (points - 1));
}

/** Probability to place: 3.25 is a quarter of the way from quantile 3 to quantile 4. A table skips most of the search. */
function makeFinder(probabilities: readonly number[]): (q: number) => number {
  const cells = 256;
  const last = probabilities.length - 2;
  const start = new Int32Array(cells);
  for (let cell = 0, j = 0; cell < cells; cell++) {
    while (j < last && probabilities[j + 1]! <= cell / cells) j++;
    start[cell] = j;
  }
  return (q) => {
    let j = start[Math.floor(q * cells)]!;
    while (j < last && probabilities[j + 1]! <= q) j++;
    const [from, to] = [probabilities[j]!, probabilities[j + 1]!];
    return j + (q - from) / (to - from);
  };
}

/** Whole tokens at a place between quantiles, at least 1. */
function readQuantile(quantiles: readonly number[], place: number): number {
  const j = Math.floor(place);
  const here = quantiles[j]!;
  const next = quantiles[Math.min(j + 1, quantiles.length - 1)]!;
  return Math.max(1, Math.round(here + (place - j) * (next - here)));
}

/** `count` rows of a list: random permutations of it, one after the other, so that any part of it is a fair sample. */
export function drawRows(list: Lengths, count: number, seed: number): Lengths {
  const rows = list.prompt.length;
  const stream = openStream(seed, STREAM_ORDER);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const prompt = new Int32Array(count);
  const output = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = i % rows;
    // Fisher-Yates, one step per row: `order` stays a permutation, and a new walk starts from the last one.
    const pick = at + Math.floor(nextUniform(stream) * (rows - at));
    const row = order[pick]!;
    order[pick] = order[at]!;
    order[at] = row;
    prompt[i] = list.prompt[row]!;
    output[i] = list.output[row]!;
  }
  return { prompt, output };
}

/** A length in words, for reports. */
export function describeLength(spec: LengthSpec): string {
  if (spec.kind === 'fixed') return String(spec.value);
  if (spec.kind === 'uniform') return `uniform ${spec.min}..${spec.max}`;
  return `${spec.kind} ${spec.mean} ± ${spec.std}`;
}
