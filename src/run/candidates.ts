// Rows that the screen lets through: the best few of each deployment, in a struct of arrays that workers can send.
import type { Basis } from '../catalog/types.ts';
import { SURFACE_FIELDS } from '../plan/deployment.ts';
import type { Configuration } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import type { Gathered } from './legal.ts';

/** Columns of the candidates; all have the same length. */
export interface Candidates {
  readonly row: Float64Array;
  readonly group: Int32Array;
  /** Smaller is better, whatever the objective. */
  readonly score: Float64Array;
  /** How close the estimate comes to the limits: the largest share of one. Smaller is better. */
  readonly tension: Float64Array;
  /** SCREEN_FIELDS figures per candidate. */
  readonly figures: Float64Array;
}

export const FIGURES = ['batch', 'ttft', 'tpot', 'ttftTail', 'tpotTail', 'load', 'served', 'watts'] as const;
export type Figure = (typeof FIGURES)[number];

export const NO_CANDIDATES: Candidates = {
  row: new Float64Array(0),
  group: new Int32Array(0),
  score: new Float64Array(0),
  tension: new Float64Array(0),
  figures: new Float64Array(0),
};

/** Variants of one deployment (same surface, replicas and rate; other limits) that are kept. */
export const VARIANTS = 4;

export interface Offer {
  readonly row: number;
  readonly group: number;
  readonly score: number;
  readonly tension: number;
  readonly figures: readonly number[];
}

export function packOffers(offers: readonly Offer[]): Candidates {
  const figures = new Float64Array(offers.length * FIGURES.length);
  offers.forEach((offer, i) => {
    figures.set(offer.figures, i * FIGURES.length);
  });
  return {
    row: Float64Array.from(offers, (offer) => offer.row),
    group: Int32Array.from(offers, (offer) => offer.group),
    score: Float64Array.from(offers, (offer) => offer.score),
    tension: Float64Array.from(offers, (offer) => offer.tension),
    figures,
  };
}

export function joinCandidates(parts: readonly Candidates[]): Candidates {
  const rows = parts.reduce((sum, part) => sum + part.row.length, 0);
  const joined: Candidates = {
    row: new Float64Array(rows),
    group: new Int32Array(rows),
    score: new Float64Array(rows),
    tension: new Float64Array(rows),
    figures: new Float64Array(rows * FIGURES.length),
  };
  let at = 0;
  for (const part of parts) {
    joined.row.set(part.row, at);
    joined.group.set(part.group, at);
    joined.score.set(part.score, at);
    joined.tension.set(part.tension, at);
    joined.figures.set(part.figures, at * FIGURES.length);
    at += part.row.length;
  }
  return joined;
}

export function figureOf(candidates: Candidates, i: number, figure: Figure): number {
  return candidates.figures[i * FIGURES.length + FIGURES.indexOf(figure)]!;
}

/** Indices in the order in which candidates are settled: best score, then least tension, then row. */
export function orderCandidates(candidates: Candidates): Uint32Array {
  const order = Uint32Array.from({ length: candidates.row.length }, (_, i) => i);
  const { score, tension, row } = candidates;
  return order.sort((a, b) => score[a]! - score[b]! || tension[a]! - tension[b]! || row[a]! - row[b]!);
}

/** What screening all rows comes to. */
export interface Screened {
  /** By position in REASONS. */
  readonly rejected: Float64Array;
  readonly feasible: number;
  readonly candidates: Candidates;
  readonly legal: Gathered;
  /** How far the bound that is nearest to letting a row through is from it: engines asked for over engines there. */
  readonly margin: number;
  /** Of the rows that a bound rules out the nearest of every group. */
  readonly nearest: readonly Near[];
  /** What the prices of each group rest on; null where nothing was priced. */
  readonly bases: readonly (Basis | null)[];
}

/** Rows that share surface, replicas and rate are one deployment with other settings. */
export function deploymentName(configuration: Configuration): string {
  const { replicas, request_rate } = configuration;
  return `${SURFACE_FIELDS.map((field) => configuration[field]).join(' ')} ${replicas} ${request_rate}`;
}
