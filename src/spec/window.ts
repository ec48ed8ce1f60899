// Which part of a run is measured: warm-up and cool-down, each a time, a number of requests, a share of them, or chosen by the run.
import { z } from 'zod';
import { measure } from '../check/units.ts';

/** How much of a run is left out at one of its ends. */
export type Edge =
  | { readonly of: 'auto' }
  | { readonly of: 'time'; readonly seconds: number }
  | { readonly of: 'requests'; readonly count: number }
  /** Of the requests, 0 to below 1. */
  | { readonly of: 'share'; readonly share: number };

/** Left out where a run chooses for itself or rows of a sweep are compared: shares of the requests. */
export const WARMUP_SHARE = 0.2;
export const COOLDOWN_SHARE = 0.1;

const EDGE = 'a time with its unit such as 30s, a whole number of requests, a share such as 10%, or auto';
const SHARE = /^(\d+(?:\.\d+)?)\s*%$/;

/** What is written at an edge, null where it is none. */
function parseEdge(input: unknown): Edge | null {
  if (input === 'auto') return { of: 'auto' };
  if (typeof input === 'number') return isCount(input) ? { of: 'requests', count: input } : null;
  if (typeof input !== 'string') return null;
  const share = SHARE.exec(input.trim());
  if (share) return Number(share[1]) < 100 ? { of: 'share', share: Number(share[1]) / 100 } : null;
  const count = Number(input.replaceAll('_', ''));
  if (input.trim() !== '' && !Number.isNaN(count)) return isCount(count) ? { of: 'requests', count } : null;
  const reading = measure(input, 'time');
  return reading.ok ? { of: 'time', seconds: reading.value } : null;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export const edge = z.union([z.string(), z.number()], { error: EDGE }).superRefine((input, context) => {
  if (parseEdge(input)) return;
  const reading = typeof input === 'string' ? measure(input, 'time') : undefined;
  const hint = reading?.ok === false ? reading.hint : undefined;
  context.addIssue({ code: 'custom', message: EDGE, ...(hint ? { params: { hint } } : {}) });
});

/** Reads an edge that was checked already; left out, the run chooses. */
export function readEdge(input: unknown): Edge {
  return (input === undefined ? null : parseEdge(input)) ?? { of: 'auto' };
}

/** "30 s", "200 requests", "10 %". */
export function explainEdge(asked: Edge): string {
  switch (asked.of) {
    case 'auto':
      return 'auto';
    case 'time':
      return `${asked.seconds} s`;
    case 'requests':
      return `${asked.count} requests`;
    case 'share':
      return `${Number((asked.share * 100).toPrecision(6))} %`;
  }
}
