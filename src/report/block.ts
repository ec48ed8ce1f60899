// The rows that `vllm bench serve` prints: a titled block of one width, labels on the left and figures on the right.
import type { Summary } from '../metrics/types.ts';
import { UNKNOWN } from './format.ts';

/** Width of vLLM's block, and of its first column. */
export const BLOCK = 50;
const LABEL = 40;

/** A title in the middle of the block's width. */
export function center(title: string, fill: string): string {
  const left = Math.floor((BLOCK - title.length) / 2);
  return fill.repeat(left) + title + fill.repeat(BLOCK - title.length - left);
}

/** One row: what it says, then the figure. */
export const line = (label: string, value: string): string => `${label.padEnd(LABEL)} ${value}`;
/** Two decimals, as vLLM prints every figure that is not a count. */
export const fixed = (value: number): string => (Number.isNaN(value) ? UNKNOWN : value.toFixed(2));

/** A latency (s) under its title, in ms. */
export function latencyRows(title: string, name: string, summary: Summary): string[] {
  const ms = (seconds: number): string => fixed(seconds * 1000);
  return [
    center(title, '-'),
    line(`Mean ${name} (ms):`, ms(summary.mean)),
    line(`Median ${name} (ms):`, ms(summary.p50)),
    line(`P99 ${name} (ms):`, ms(summary.p99)),
  ];
}
