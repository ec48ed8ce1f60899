// The walks that random requests take: each shape of pipeline that the design names, drawn as numbers and laid out as visits.
import fc from 'fast-check';
import { VISIT_HOLD, VISIT_LOCAL, VISIT_PREFIX, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import type { CascadeSetup } from '../../src/plan/setup.ts';
import type { VisitRow } from './cases.ts';

/** Groups of every random fleet: three of llm clients (they may overlap), one of cores, one store, and a row for local groups. */
const [A, B, C, CORES, STORE, ROW] = [0, 1, 2, 3, 4, 5];
export const LOCAL_GROUPS = 2;

export const SHAPES = [
  'plain',
  'cored',
  'handoff',
  'retrieval',
  'fetch',
  'branches',
  'rounds',
  'diamond',
  'sidecar',
  'guarded',
  'local',
] as const;

export interface Walk {
  readonly shape: (typeof SHAPES)[number];
  readonly prompt: number;
  readonly output: number;
  /** Tokens that clients ask for beyond those they get. */
  readonly asked: number;
  readonly extra: number;
  readonly fan: number;
  readonly bytes: number;
  readonly layers: number;
  readonly seconds: number;
  /** Which document its hash blocks are of; a visit looks up as many leading ones as its prompt holds. */
  readonly document: number;
  readonly prefix: boolean;
  readonly writes: boolean;
}

export function drawWalk(seconds: fc.Arbitrary<number>): fc.Arbitrary<Walk> {
  return fc.record({
    shape: fc.constantFrom(...SHAPES),
    prompt: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 30 })),
    output: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 25 })),
    asked: fc.constantFrom(0, 0, 1, 5, 20),
    extra: fc.integer({ min: 1, max: 6 }),
    fan: fc.integer({ min: 1, max: 3 }),
    bytes: fc.constantFrom(0.5, 1, 4, 16, 64),
    layers: fc.constantFrom(0, 1, 4, 16),
    seconds: fc.oneof(fc.constant(0), seconds),
    document: fc.nat(2),
    prefix: fc.boolean(),
    writes: fc.boolean(),
  });
}

/** Hash blocks of one document, and how many documents there are: HASH_IDS of random.ts covers them. */
const BLOCKS_PER_DOCUMENT = 16;

/** Blocks that `tokens` tokens of its document fill. */
function hashesOf(walk: Walk, tokens: number, hashBlock: number): number[] {
  const count = Math.min(Math.floor(tokens / hashBlock), BLOCKS_PER_DOCUMENT);
  return Array.from({ length: count }, (_, block) => walk.document * BLOCKS_PER_DOCUMENT + block);
}

interface WalkRows {
  visits: VisitRow[];
  last?: number;
}

/** The visits of one request. `store` is the store's client index. */
export function walkRows(walk: Walk, hashBlock: number, store: number): WalkRows {
  const rows = layWalk(walk, hashBlock, store);
  const visits = rows.visits.map((row) => (row.output === undefined ? row : { ...row, askedMore: walk.asked }));
  return { ...rows, visits };
}

function layWalk(walk: Walk, hashBlock: number, store: number): WalkRows {
  const { prompt, output, extra, fan, bytes, layers, seconds } = walk;
  const known = (tokens: number, flags = 0, answer = 1): Partial<VisitRow> => ({
    flags: flags | (walk.prefix ? VISIT_PREFIX : 0),
    hashes: hashesOf(walk, tokens + answer - 1, hashBlock),
    writes: walk.writes ? store : -1,
  });
  const core = (...to: NonNullable<VisitRow['to']>): VisitRow => ({ group: CORES, seconds, to });
  switch (walk.shape) {
    case 'plain':
      return { visits: [{ group: A, prompt, output, fetched: fan > 2 ? extra : 0, ...known(prompt, 0, output) }] };
    case 'cored':
      return { visits: [core([1]), { group: A, prompt, output, ...known(prompt, 0, output), to: [[2]] }, core()] };
    case 'handoff':
      return {
        visits: [
          { group: A, prompt, output: 1, ...known(prompt, VISIT_HOLD), to: [[1, bytes, layers]] },
          { group: B, prompt: prompt + 1, output, flags: VISIT_RESIDENT },
        ],
      };
    case 'retrieval':
      return {
        visits: [
          core([1]),
          { group: B, prompt: extra, to: [[2, bytes]] },
          { group: C, to: [[3, bytes]] },
          { group: A, prompt, output, ...known(prompt), to: [[4]] },
          core(),
        ],
      };
    case 'fetch':
      return {
        visits: [
          { group: STORE, fetches: 1, hashes: hashesOf(walk, prompt, hashBlock), to: [[1, extra > 3 ? bytes : 0]] },
          { group: A, prompt, output, ...known(prompt), writes: store },
        ],
      };
    case 'branches':
      return { visits: branchRows(walk, known) };
    case 'rounds': {
      const again = Math.min(prompt + output + extra, 40);
      return {
        visits: [
          { group: A, prompt, output: extra, ...known(prompt, 0, extra), to: [[1]] },
          { group: B, prompt: prompt + extra, to: [[2, fan > 1 ? bytes : 0]] },
          { group: A, prompt: again, output, sameAs: 0, ...known(again, 0, output), to: [[3]] },
          { group: B, prompt: extra },
        ],
      };
    }
    case 'diamond':
      return {
        visits: [
          core([1, bytes], [2]),
          { group: B, prompt: extra, output: fan, flags: VISIT_HOLD, to: [[3, bytes, layers]] },
          { group: C, prompt, to: [[3, fan > 1 ? bytes : 0]] },
          { group: A, prompt, output, ...known(prompt) },
        ],
      };
    case 'sidecar':
      return {
        visits: [
          { group: A, prompt, output, ...known(prompt), to: [[1], [2, bytes]] },
          core(),
          { group: B, prompt: extra, output: fan },
        ],
        last: 1,
      };
    case 'local': {
      // a hand-over within the local group of the prefill, and later a visit that stays in it wherever it was in between
      const flags = VISIT_LOCAL | (fan > 1 ? VISIT_RESIDENT : 0);
      return {
        visits: [
          { group: A, prompt, output: 1, ...known(prompt, VISIT_HOLD), to: [[1, bytes, layers]] },
          { group: ROW, prompt: prompt + 1, output, flags, sameAs: 0, to: [[2]] },
          { group: C, prompt: extra, to: [[3, fan > 1 ? bytes : 0]] },
          { group: ROW, prompt: extra, flags: VISIT_LOCAL, sameAs: extra > 3 ? 0 : 2 },
        ],
      };
    }
    case 'guarded': {
      // a long text that some clients refuse is judged beside a prompt whose KV goes to another client and to a branch
      const branch = { sameAs: 1, shared: prompt, lets: 1, flags: VISIT_RESIDENT };
      return {
        visits: [
          core([1, fan > 2 ? bytes : 0], [2]),
          { group: A, prompt, ...known(prompt, VISIT_HOLD), to: [[3, bytes, layers], [4]] },
          { group: fan > 1 ? B : C, prompt: 30 + 5 * extra, to: [[3], [4, fan > 1 ? bytes : 0]] },
          { group: C, prompt: prompt + 1, output, flags: VISIT_RESIDENT, to: [[5]] },
          { group: A, prompt: prompt + 1, output: extra, ...branch, to: [[5]] },
          core(),
        ],
      };
    }
  }
}

/** A prompt, branches that share its KV where it lies (resident or with a few tokens of their own), and what joins them. */
function branchRows(walk: Walk, known: (tokens: number, flags?: number) => Partial<VisitRow>): VisitRow[] {
  const { prompt, output, extra, fan, bytes } = walk;
  const join = 1 + fan;
  const branches = Array.from({ length: fan }, (_, branch): VisitRow => {
    const resident = (branch + extra) % 2 === 0;
    return {
      group: A,
      prompt: prompt + (resident ? 1 : extra),
      output: Math.max(1, output - branch),
      flags: resident ? VISIT_RESIDENT : 0,
      sameAs: 0,
      shared: prompt,
      lets: 0,
      to: [[join, branch === 0 ? bytes : 0]],
    };
  });
  const to = branches.map((_, branch) => [1 + branch] as const);
  return [{ group: A, prompt, ...known(prompt, VISIT_HOLD), to }, ...branches, { group: B, prompt: extra }];
}

/**
 * Cascade attention from a few tokens and sequences on, with as many heads as cached ones or weighed against flash decoding; by another
 * limit, so that what else is drawn does not depend on it.
 */
export function cascadeBy(limit: number): { readonly cascade?: CascadeSetup } {
  if (limit % 4 === 0) return {};
  const of = <T>(values: readonly T[], at: number): T => values[Math.floor(limit / at) % values.length]!;
  const heads = { queryHeads: of([4, 8], 1), kvHeads: of([1, 2, 4], 2) };
  return {
    cascade: { ...heads, multiprocessors: of([2, 4, 16], 3), tokens: of([1, 2, 6], 1), sequences: of([1, 2, 3], 5) },
  };
}
