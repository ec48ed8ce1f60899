// Small random workloads and engine setups: tight blocks, tight budgets, bursts and, where asked for, exact ties.
import fc from 'fast-check';
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as layout from '../../assembly/layout/surface.ts';
import type { ClosedList } from '../../src/check/closed-list.ts';
import { ADMISSION, BATCHING } from '../../src/check/scheduler-lists.ts';
import type { EngineSetup, SequencePages, Speculation, SwapSetup } from '../../src/plan/setup.ts';
import type { StepTime } from '../../src/spec/types.ts';
import { ROUTINGS } from '../../src/spec/words.ts';
import type { Requests } from '../../src/workload/types.ts';
import { decodeTokens } from '../reference/fleet/blocks.ts';
import type { ReferenceRun } from '../reference/plain.ts';
import { gridPoint } from '../reference/price.ts';

export interface Scenario {
  readonly requests: Requests;
  readonly setup: EngineSetup;
}

interface Gap {
  readonly ticks: number;
  readonly rest: number;
}

/** Gaps between arrivals: none (a burst), whole ticks of the step price (ties), or anything. */
function drawGap(ties: boolean): fc.Arbitrary<Gap> {
  const anything = fc.record({ ticks: fc.constant(0), rest: fc.double({ min: 1e-3, max: 9, noNaN: true }) });
  if (!ties) return anything;
  const ticks = fc.record({ ticks: fc.integer({ min: 0, max: 12 }), rest: fc.constant(0) });
  const none = fc.constant<Gap>({ ticks: 0, rest: 0 });
  return fc.oneof({ arbitrary: none, weight: 3 }, { arbitrary: ticks, weight: 3 }, { arbitrary: anything, weight: 2 });
}

export interface Sizes {
  readonly fewest: number;
  readonly most: number;
  readonly prompt: number;
  readonly output: number;
}

/** Up to 60 requests that run for seconds of simulated time; and enough to fill batches past the exact part of the grid. */
export const SMALL: Sizes = { fewest: 1, most: 60, prompt: 200, output: 80 };
export const LARGE: Sizes = { fewest: 100, most: 200, prompt: 3000, output: 300 };

function drawLengths(sizes: Sizes): fc.Arbitrary<{ prompt: number; output: number }> {
  return fc.record({
    prompt: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: sizes.prompt })),
    output: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: sizes.output })),
  });
}

/**
 * Coefficients that are powers of two, or zero: times stay exact, so that instants coincide. Every step lasts: were
 * whole runs to happen at one instant, then what a leap may skip over would be a matter of taste.
 */
function drawRoundPrice(): fc.Arbitrary<StepTime> {
  const zeroOr = (seconds: number) => fc.constantFrom(0, 0, 0, seconds);
  return fc
    .record({
      fixed_s: fc.constantFrom(0.25, 0.0625, 0.5, 1, 2, 0),
      per_new_token_s: zeroOr(2 ** -6),
      per_prefill_pair_s: zeroOr(2 ** -16),
      per_sequence_s: zeroOr(2 ** -8),
      per_context_token_s: zeroOr(2 ** -12),
      per_draft_pass_s: zeroOr(2 ** -7),
      per_draft_token_s: zeroOr(2 ** -9),
    })
    .filter((price) => price.fixed_s + price.per_new_token_s + price.per_sequence_s > 0);
}

/** Coefficients with all their bits. */
function drawPrice(): fc.Arbitrary<StepTime> {
  const upTo = (max: number) => fc.double({ min: max / 1000, max, noNaN: true });
  return fc.record({
    fixed_s: upTo(0.3),
    per_new_token_s: upTo(0.01),
    per_prefill_pair_s: upTo(1e-5),
    per_sequence_s: upTo(0.01),
    per_context_token_s: upTo(3e-4),
    per_draft_pass_s: upTo(0.01),
    per_draft_token_s: upTo(0.002),
  });
}

/** A surface that never gets cheaper with more work, its header drawn too. */
export function drawSurface(): fc.Arbitrary<Float64Array> {
  return fc
    .record({
      seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
      hostNorm: fc.constantFrom(1, 2),
      window: fc.constantFrom(0, 0, 17, 100),
      floorTokens: fc.constantFrom(0, 8, 64, 1e9),
    })
    .map(fillSurface);
}

interface SurfaceDraw {
  readonly seed: number;
  readonly hostNorm: number;
  readonly window: number;
  readonly floorTokens: number;
}

function fillSurface(draw: SurfaceDraw): Float64Array {
  const surface = new Float64Array(layout.SURFACE_SIZE);
  let state = draw.seed;
  const next = (): number => {
    state = (state * 48271) % 2147483647; // Park and Miller's minimal standard generator
    return state / 2147483647;
  };
  surface[layout.SURFACE_HOST_STEP] = 0.02 * next();
  surface[layout.SURFACE_HOST_SEQUENCE] = 0.001 * next();
  surface[layout.SURFACE_HOST_NORM] = draw.hostNorm;
  surface[layout.SURFACE_FLOOR] = 0.2 * next();
  surface[layout.SURFACE_FLOOR_TOKENS] = draw.floorTokens;
  surface[layout.SURFACE_AP_FIXED] = 0.01 * next();
  surface[layout.SURFACE_WINDOW] = draw.window;
  for (let k = 1; k < layout.SURFACE_KNOTS; k++) {
    surface[layout.SURFACE_KNOTS_AT + k] = surface[layout.SURFACE_KNOTS_AT + k - 1]! + 1 + 50 * next();
  }
  climb(surface, layout.SURFACE_G, GRID_TOKENS, () => 0.004 * next());
  climb(surface, layout.SURFACE_LM, GRID_SEQUENCES, () => 0.002 * next());
  for (let i = 0; i < GRID_TOKENS; i++) {
    surface[layout.SURFACE_APF + i] = 1e-5 * next();
    surface[layout.SURFACE_APW + i] = 1e-5 * next();
  }
  climbBoth(surface, layout.SURFACE_DA, 0.001, next);
  climbBoth(surface, layout.SURFACE_DECODE, 0.004, next);
  // what groups do together is a part of it
  for (let i = 0; i < GRID_TOKENS; i++) surface[layout.SURFACE_SHARED + i] = 0.4 * surface[layout.SURFACE_G + i]!;
  return surface;
}

function climb(surface: Float64Array, table: number, points: number, next: () => number): void {
  let value = next();
  for (let i = 0; i < points; i++) {
    surface[table + i] = value;
    value += next() * (gridPoint(i + 1) - gridPoint(i));
  }
}

/** A table over (sequences, knots) that rises in both: B times a rising row, plus a rising start. */
function climbBoth(surface: Float64Array, table: number, scale: number, next: () => number): void {
  const slopes: number[] = [];
  for (let k = 0; k < layout.SURFACE_KNOTS; k++) slopes.push((slopes[k - 1] ?? 0) + scale * next());
  let start = scale * 10 * next();
  for (let i = 0; i < GRID_SEQUENCES; i++) {
    const row = table + i * layout.SURFACE_KNOTS;
    for (let k = 0; k < layout.SURFACE_KNOTS; k++) surface[row + k] = start + slopes[k]! * gridPoint(i);
    start += scale * next();
  }
}

/** Any word of a closed list, its first as often as `times` others. */
export function drawWord<Name extends string>({ names }: ClosedList<Name>, times = 1): fc.Arbitrary<Name> {
  const [first, ...others] = names.map((name) => fc.constant(name));
  return fc.oneof({ arbitrary: first!, weight: times }, ...others);
}

/** Drafts and their acceptance: never, sometimes, always; one draft to five. */
export function drawSpeculation(): fc.Arbitrary<Speculation | null> {
  const some = fc
    .record({
      // whole thousandths: doubles would be drawn from all exponents, nearly all of them next to 0
      rates: fc.array(
        fc.oneof(
          fc.constantFrom(0, 1),
          fc.integer({ min: 1, max: 999 }).map((n) => n / 1000),
        ),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      prefixLoss: fc.constantFrom(0, 0, 1, 3, 20),
    })
    .map(({ rates, seed, prefixLoss }): Speculation => {
      let chance = 1;
      const acceptance = rates.map((rate) => {
        chance *= rate;
        return chance;
      });
      return { drafts: rates.length, acceptance, seed, prefixLoss };
    });
  return fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, some);
}

/** Pages of a hybrid model: with and without layers that keep all, windows shorter and longer than a block and a prompt, states. */
export function drawPages(): fc.Arbitrary<SequencePages | null> {
  const some = fc
    .record({
      full: fc.constantFrom(0, 1, 1, 2),
      near: fc.constantFrom(0, 1, 1, 3),
      window: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 120 })),
      fixed: fc.constantFrom(0, 0, 1, 4),
    })
    .filter(({ full, near, fixed }) => full + near + fixed > 0);
  return fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, some);
}

type Paged = Pick<EngineSetup, 'pages' | 'blockSize' | 'batching' | 'schedulerSteps' | 'speculation'>;

/** Blocks that a sequence of `tokens` tokens holds in a step that brings it there by `chunk` of them (at least a decode). */
export function pagesHeld(setup: Paged, tokens: number, chunk: number): number {
  const { full, near, window, fixed } = setup.pages ?? { full: 1, near: 0, window: 1, fixed: 0 };
  const blocks = Math.ceil(tokens / setup.blockSize);
  const reach = Math.ceil((window - 1 + Math.max(chunk, decodeTokens({ setup }))) / setup.blockSize) + 1;
  return full * blocks + near * Math.min(blocks, reach) + fixed;
}

/** The most that it ever holds, prefilled in one step. */
export function mostPages(pages: SequencePages | null, tokens: number, blockSize: number): number {
  return pagesHeld({ ...(pages ? { pages } : {}), blockSize, batching: 'static' }, tokens, tokens);
}

/** Any engine the design knows. `ties`: instants may coincide exactly; without, prices and gaps have all their bits. */
export function drawScenario(ties: boolean, sizes: Sizes = SMALL): fc.Arbitrary<Scenario> {
  const price = ties
    ? fc.oneof({ arbitrary: drawRoundPrice(), weight: 2 }, drawPrice(), drawSurface())
    : fc.oneof(drawPrice(), drawSurface());
  return fc
    .record({
      rows: fc.array(fc.tuple(drawLengths(sizes), drawGap(ties)), {
        minLength: sizes.fewest,
        maxLength: sizes.most,
        size: 'max',
      }),
      concurrency: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, fc.integer({ min: 1, max: sizes.most })),
      slack: fc.constantFrom(0.6, 1, 1.1, 1.5, 2, 3, 5, 100),
      batching: drawWord(BATCHING),
      admission: drawWord(ADMISSION, 3),
      routing: fc.constantFrom(...ROUTINGS),
      replicas: fc.constantFrom(1, 1, 2, 3),
      maxNumSeqs: fc.oneof(fc.integer({ min: 1, max: 6 }), {
        arbitrary: fc.integer({ min: 1, max: sizes.most }),
        weight: 3,
      }),
      maxNumBatchedTokens: fc.oneof(fc.integer({ min: 1, max: 16 }), {
        arbitrary: fc.integer({ min: 1, max: 512 }),
        weight: 3,
      }),
      blockSize: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 32 })),
      receiveEvery: fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.integer({ min: 2, max: 12 })),
      wait: fc.oneof(
        { arbitrary: fc.constant(null), weight: 3 },
        fc.record({ steps: fc.integer({ min: 1, max: 10 }), tokens: fc.integer({ min: 1, max: 400 }) }),
      ),
      maxModelLen: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, fc.integer({ min: 20, max: 280 })),
      watermark: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.constantFrom(0.01, 0.1, 0.29, 0.5, 0.9)),
      speculation: drawSpeculation(),
      pages: drawPages(),
      schedulerSteps: fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.integer({ min: 2, max: 9 })),
      swap: fc.oneof(
        { arbitrary: fc.constant(null), weight: 3 },
        {
          arbitrary: fc.record({
            share: fc.constantFrom(0.05, 0.3, 1, 10),
            secondsPerBlock: ties ? fc.constantFrom(0, 2 ** -6, 0.25) : fc.double({ min: 1e-4, max: 0.1, noNaN: true }),
          }),
          weight: 2,
        },
      ),
      price,
      prefixCaching: fc.boolean(),
    })
    .map(({ rows, concurrency, slack, wait, speculation, schedulerSteps, swap, pages: hybrid, ...rest }) => {
      // what is shared is found by blocks that hold all layers
      const pages = rest.prefixCaching ? null : hybrid;
      const tick = rest.price instanceof Float64Array ? 0.0625 : rest.price.fixed_s || 0.25;
      const requests = arrangeRequests(rows, concurrency, tick);
      const longest = Math.max(...rows.map(([{ prompt, output }]) => prompt + output - 1));
      const numGpuBlocks = Math.max(1, Math.floor(mostPages(pages, longest, rest.blockSize) * slack));
      // a decode that never finds its tokens would wait for ever
      const least = 1 + (speculation?.drafts ?? 0);
      const maxNumBatchedTokens = Math.max(least, rest.maxNumBatchedTokens);
      const setup: EngineSetup = {
        ...rest,
        maxNumBatchedTokens,
        numGpuBlocks,
        // drawn with the other limit on lengths: so that what else is drawn does not depend on it
        maxPrompt: rest.maxModelLen % 3 === 1 ? Math.ceil(rest.maxModelLen / 2) : 0,
        ...(pages === null ? {} : { pages }),
        ...(wait === null ? {} : { batchWait: wait }),
        ...(swap === null || wait !== null ? {} : { swap: hostOf(swap, numGpuBlocks) }),
        ...(speculation === null ? {} : { speculation }),
        ...(speculation === null && schedulerSteps > 1 ? { schedulerSteps } : {}),
      };
      return { requests, setup };
    });
}

/** Batch waiting, a rule of another engine, knows no swapped sequences: never both. */
function hostOf(swap: { share: number; secondsPerBlock: number }, numGpuBlocks: number): SwapSetup {
  const hostBlocks = Math.max(1, Math.floor(numGpuBlocks * swap.share));
  return { hostBlocks, secondsPerBlock: swap.secondsPerBlock };
}

function arrangeRequests(
  rows: readonly [{ prompt: number; output: number }, Gap][],
  concurrency: number,
  tick: number,
): Requests {
  let now = 0;
  const arrival = rows.map(([, gap]) => {
    now += gap.ticks * tick + gap.rest * tick;
    return concurrency > 0 ? 0 : now;
  });
  return {
    count: rows.length,
    arrival: Float64Array.from(arrival),
    prompt: Int32Array.from(rows, ([lengths]) => lengths.prompt),
    output: Int32Array.from(rows, ([lengths]) => lengths.output),
    concurrency,
    rate: 0,
    description: 'random',
  };
}

/**
 * Whether an instant that decides something lies within 1e-8 (relative) of another: an open arrival beside a step's start or end,
 * or, in a closed loop, step ends of two replicas. Rounding may then decide what comes first.
 */
export function hasNearTies(run: ReferenceRun, requests: Requests): boolean {
  const ends = run.steps.map((step) => ({ at: step.start + step.duration, owner: step.replica }));
  const others = requests.concurrency > 0 ? [] : Array.from(requests.arrival, (at) => ({ at, owner: -1 }));
  const instants = [...ends, ...others].sort((a, b) => a.at - b.at);
  return instants.some((instant, i) => {
    const before = instants[i - 1];
    return before !== undefined && before.owner !== instant.owner && instant.at - before.at <= 1e-8 * instant.at;
  });
}
