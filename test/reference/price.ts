// The price of one step as the design writes it: the spec's linear price, or a walk over a lowered step surface.
import {
  GRID_EXACT,
  GRID_EXACT_LOG2,
  GRID_PER_OCTAVE,
  GRID_PER_OCTAVE_LOG2,
  GRID_SEQUENCES,
  GRID_TOKENS,
} from '../../assembly/layout/grid.ts';
import * as layout from '../../assembly/layout/surface.ts';
import type { StepTime } from '../../src/spec/types.ts';

/** What a step carries, in the words of DESIGN.md section 3. */
export interface StepWork {
  /** Chunks in the order they were scheduled. */
  readonly chunks: readonly { readonly tokens: number; readonly past: number; readonly completes: boolean }[];
  readonly decodes: number;
  /** Sum of past over the decodes. */
  readonly context: number;
  /** Tokens at the front of every context that are read once for all new tokens. */
  readonly common?: number;
  /** Tokens drafted for each decode and verified with it. */
  readonly drafts?: number;
  /** Decode iterations of a round; 1 if left out. */
  readonly round?: number;
  /** With LoRA adapters: how many times as long it takes, and so many seconds longer. */
  readonly adapters?: { readonly factor: number; readonly seconds: number } | undefined;
}

/** Causal pairs of one chunk: each new token looks at what came before it and at itself. */
export function countPairs(tokens: number, past: number): number {
  return tokens * past + (tokens * (tokens + 1)) / 2;
}

export function sumPairs(work: StepWork): number {
  return work.chunks.reduce((sum, chunk) => sum + countPairs(chunk.tokens, chunk.past), 0);
}

export function sumPrefillTokens(work: StepWork): number {
  return work.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
}

/** Seconds of a step. */
export function priceStep(work: StepWork, price: StepTime | Float64Array): number {
  const { adapters, ...plain } = work;
  // a decode is affine in the context, with adapters too
  const isAffine = work.chunks.length === 0 && (work.drafts ?? 0) === 0 && (work.round ?? 1) === 1;
  if (adapters && !isAffine) return priceStep(plain, price) * adapters.factor + adapters.seconds;
  if ((work.round ?? 1) > 1 && work.decodes > 0) return priceRound(work, price);
  return price instanceof Float64Array ? priceBySurface(work, price) : priceByLine(work, price);
}

/** Iterations of one batch whose contexts grow; the host's (or the line's) part of a step is paid once. */
function priceRound({ decodes, context, round }: StepWork, price: StepTime | Float64Array): number {
  const contexts = Array.from({ length: round! }, (_, i) => context + decodes * i);
  if (!(price instanceof Float64Array)) {
    const each = price.per_new_token_s * decodes + price.per_sequence_s * decodes;
    return contexts.reduce((sum, read) => sum + (each + price.per_context_token_s * read), price.fixed_s);
  }
  const perStep = price[layout.SURFACE_HOST_STEP]!;
  const perIteration = price[layout.SURFACE_HOST_SEQUENCE]! * decodes;
  const host = perStep + perIteration;
  const overlaps = price[layout.SURFACE_HOST_NORM] !== 1;
  const device = contexts.reduce((sum, read) => {
    const step = lookUpContext(price, layout.SURFACE_DECODE, decodes, read);
    if (step <= host) return sum;
    return sum + (overlaps ? Math.sqrt(step * step - host * host) : step - host);
  }, 0);
  const once = perStep + perIteration * round!;
  return overlaps ? Math.sqrt(device * device + once * once) : device + once;
}

/**
 * Seconds of a step of several attention groups, each with work of its own: the longest of their own steps, or by a surface of the whole
 * instance each part as long as it takes the group that has most of it, as if all had as much; but what they share is that of all tokens.
 */
export function priceRanks(works: readonly StepWork[], price: StepTime | Float64Array): number {
  if (!(price instanceof Float64Array)) return Math.max(...works.map((work) => priceByLine(work, price)));
  const ranks = works.length;
  const verified = (work: StepWork) => work.decodes * (1 + (work.drafts ?? 0));
  const tokens = works.map((work) => sumPrefillTokens(work) + verified(work));
  const samples = works.map((work) => verified(work) + work.chunks.filter((chunk) => chunk.completes).length);
  const sequences = works.map((work) => work.chunks.length + work.decodes);
  const attention = works.map((work) => {
    const own = work.chunks.map((chunk) => attentionTerms(price, chunk).reduce((sum, term) => sum + term, 0));
    const prompts = ranks * own.reduce((sum, one) => sum + one, 0);
    if (work.decodes === 0) return prompts;
    return prompts + lookUpContext(price, layout.SURFACE_DA, ranks * work.decodes, ranks * work.context);
  });
  const fullest = ranks * Math.max(...tokens);
  const all = tokens.reduce((sum, one) => sum + one, 0);
  let device = lookUp(price, layout.SURFACE_G, GRID_TOKENS, fullest);
  device +=
    lookUp(price, layout.SURFACE_SHARED, GRID_TOKENS, all) - lookUp(price, layout.SURFACE_SHARED, GRID_TOKENS, fullest);
  device += lookUp(price, layout.SURFACE_LM, GRID_SEQUENCES, ranks * Math.max(...samples));
  device += Math.max(...attention);
  if (works.some((work) => work.chunks.length > 0))
    device = applyFloor(price, device + price[layout.SURFACE_AP_FIXED]!, Math.max(...tokens));
  return addHost(price, device, ranks * Math.max(...sequences));
}

function priceByLine(work: StepWork, price: StepTime): number {
  const drafts = work.drafts ?? 0;
  const tokens = sumPrefillTokens(work) + work.decodes * (1 + drafts);
  const sequences = work.chunks.length + work.decodes;
  let seconds = price.fixed_s + price.per_new_token_s * tokens;
  seconds += price.per_prefill_pair_s * sumPairs(work);
  seconds += price.per_sequence_s * sequences;
  if (work.adapters) seconds = seconds * work.adapters.factor + work.adapters.seconds;
  seconds += price.per_context_token_s * (work.adapters?.factor ?? 1) * work.context;
  if (work.decodes > 0) {
    const [perPass, perToken] = [price.per_draft_pass_s ?? 0, price.per_draft_token_s ?? 0];
    seconds += drafts * perPass + drafts * perToken * work.decodes;
  }
  return seconds;
}

function priceBySurface(work: StepWork, surface: Float64Array): number {
  const common = work.common ?? 0;
  if (work.chunks.length === 0) {
    const once = common > 0 ? priceCommon(surface, work.decodes, common) + surface[layout.SURFACE_AP_FIXED]! : 0;
    const { adapters, decodes } = work;
    return lookUpContext(surface, layout.SURFACE_DECODE, decodes, work.context, decodes * common, once, adapters);
  }
  const verified = work.decodes * (1 + (work.drafts ?? 0));
  const tokens = sumPrefillTokens(work) + verified;
  const sampling = verified + work.chunks.filter((chunk) => chunk.completes).length;
  let device = lookUp(surface, layout.SURFACE_G, GRID_TOKENS, tokens);
  device += lookUp(surface, layout.SURFACE_LM, GRID_SEQUENCES, sampling);
  device += surface[layout.SURFACE_AP_FIXED]!;
  for (const { tokens: own, past } of work.chunks) {
    for (const term of attentionTerms(surface, { tokens: own, past: past - common })) device += term;
  }
  if (common > 0) device += priceCommon(surface, tokens, common);
  if (work.decodes > 0)
    device += lookUpContext(surface, layout.SURFACE_DA, work.decodes, work.context - work.decodes * common);
  return addHost(surface, applyFloor(surface, device, tokens), work.decodes + work.chunks.length);
}

/** Every new token looks at the same tokens before it: a prompt without pairs among its own tokens. */
function priceCommon(surface: Float64Array, tokens: number, common: number): number {
  return termsOf(surface, tokens, tokens * common).reduce((sum, term) => sum + term, 0);
}

/** Prefill attention of a chunk: of layers that see everything, and of those with a window where there are any. */
function attentionTerms(
  surface: Float64Array,
  { tokens, past }: { readonly tokens: number; readonly past: number },
): number[] {
  return termsOf(surface, tokens, countPairs(tokens, past));
}

function termsOf(surface: Float64Array, tokens: number, pairs: number): number[] {
  const window = surface[layout.SURFACE_WINDOW]!;
  const whole = pairs * lookUp(surface, layout.SURFACE_APF, GRID_TOKENS, tokens);
  if (window === 0) return [whole];
  return [whole, Math.min(pairs, tokens * window) * lookUp(surface, layout.SURFACE_APW, GRID_TOKENS, tokens)];
}

function applyFloor(surface: Float64Array, device: number, tokens: number): number {
  const floor = surface[layout.SURFACE_FLOOR]!;
  return tokens > surface[layout.SURFACE_FLOOR_TOKENS]! ? Math.sqrt(device * device + floor * floor) : device;
}

function addHost(surface: Float64Array, device: number, sequences: number): number {
  const host = surface[layout.SURFACE_HOST_STEP]! + surface[layout.SURFACE_HOST_SEQUENCE]! * sequences;
  return surface[layout.SURFACE_HOST_NORM] === 1 ? device + host : Math.sqrt(device * device + host * host);
}

/** The token or sequence count at grid point `index` (layout/grid.ts read backwards). */
export function gridPoint(index: number): number {
  if (index < GRID_EXACT) return index;
  const octave = Math.floor((index - GRID_EXACT) / GRID_PER_OCTAVE);
  const within = (index - GRID_EXACT) % GRID_PER_OCTAVE;
  return (GRID_PER_OCTAVE + within) * 2 ** (octave + GRID_EXACT_LOG2 - GRID_PER_OCTAVE_LOG2);
}

const GRID = Array.from({ length: GRID_TOKENS }, (_, index) => gridPoint(index));

/** The interval of the grid that `count` lies in, and how far; the last interval goes on for ever. */
export function locateOnGrid(count: number, points: number): { index: number; frac: number } {
  let index = 0;
  while (index < points - 2 && GRID[index + 1]! <= count) index++;
  return { index, frac: (count - GRID[index]!) / (GRID[index + 1]! - GRID[index]!) };
}

function lookUp(surface: Float64Array, table: number, points: number, count: number): number {
  const { index, frac } = locateOnGrid(count, points);
  const low = surface[table + index]!;
  return low + frac * (surface[table + index + 1]! - low);
}

/**
 * A table over (sequences, mean context): between two rows along the sequences, then along the context sum; `once` of it are read in
 * `seconds` instead.
 */
function lookUpContext(
  surface: Float64Array,
  table: number,
  sequences: number,
  whole: number,
  once = 0,
  seconds = 0,
  adapters: StepWork['adapters'] = undefined,
): number {
  const context = whole - once;
  const knots = surface.subarray(layout.SURFACE_KNOTS_AT, layout.SURFACE_KNOTS_AT + layout.SURFACE_KNOTS);
  const { index, frac } = locateOnGrid(sequences, GRID_SEQUENCES);
  const row = table + index * layout.SURFACE_KNOTS;
  const valueAt = (knot: number): number => {
    const low = surface[row + knot]!;
    return frac === 0 ? low : low + frac * (surface[row + layout.SURFACE_KNOTS + knot]! - low);
  };
  let piece = 0;
  while (piece < layout.SURFACE_KNOTS - 2 && knots[piece + 1]! * sequences <= context) piece++;
  const width = (knots[piece + 1]! - knots[piece]!) * sequences;
  const slope = (valueAt(piece + 1) - valueAt(piece)) / width;
  const intercept = valueAt(piece) - slope * (knots[piece]! * sequences);
  const fixed = once > 0 ? intercept - slope * once + seconds : intercept;
  if (adapters) return fixed * adapters.factor + adapters.seconds + slope * adapters.factor * whole;
  return once > 0 ? fixed + slope * whole : fixed + slope * context;
}
