// The state of a disaggregated deployment: its workers, the links between them, and where every request stands.
import type { Requests } from '../../../workload/types.ts';
import type { GroupPrice } from './group-price.ts';
import type { KvLink } from './kv-link.ts';

/** One side of the deployment: `workers` alike, each of `groups` attention groups whose steps are synchronised. */
export interface Side {
  readonly workers: number;
  readonly groups: number;
  readonly price: GroupPrice;
  /** Of one group: sequences, prompt tokens of a step, KV blocks. */
  readonly maxNumSeqs: number;
  readonly budget: number;
  readonly blocks: number;
  readonly blockSize: number;
}

export interface DisaggregatedSetup {
  readonly prefill: Side;
  readonly decode: Side;
  /** B/s one way between each prefill worker and each decode worker. */
  readonly bandwidth: number;
  readonly promptBytes: (prompt: number) => number;
}

/** What one side did, for its energy. */
export interface SideWork {
  steps: number;
  newTokens: number;
  pairs: number;
  contextTokens: number;
}

/** Times per request, s, and the decode steps in the order of their ends. */
export interface DisaggregatedRun {
  readonly arrival: Float64Array;
  readonly prefilled: Float64Array;
  readonly moved: Float64Array;
  readonly first: Float64Array;
  readonly finish: Float64Array;
  /** Of each decode step: its end, its length (the gap of all its tokens) and its sequences. */
  readonly steps: { readonly end: number[]; readonly seconds: number[]; readonly sequences: number[] };
  readonly prefillWork: SideWork;
  readonly decodeWork: SideWork;
}

export interface PrefillGroup {
  /** Requests in order of arrival that no step has taken. */
  readonly queue: number[];
  head: number;
  /** Prompt tokens waiting or being prefilled. */
  tokens: number;
  /** KV blocks of prompts being prefilled, or waiting for a decode worker. */
  used: number;
  /** Requests of the step under way. */
  taken: number[];
}

export interface PrefillWorker {
  readonly groups: readonly PrefillGroup[];
  end: number;
}

export interface DecodeGroup {
  /** Prefilled requests without room, and requests whose cache has arrived, both in order. */
  readonly waiting: number[];
  readonly ready: number[];
  /** Sequences with a slot (moving, ready or running) and their blocks, final lengths reserved. */
  slots: number;
  used: number;
  /** By decode step of the worker: who ends there. */
  readonly ending: Map<number, number[]>;
}

export interface DecodeWorker {
  readonly groups: readonly DecodeGroup[];
  /** Running sequences and the sum of their contexts, by group. */
  readonly counts: Float64Array;
  readonly contexts: Float64Array;
  tick: number;
  end: number;
  seconds: number;
}

export interface World {
  readonly requests: Requests;
  readonly setup: DisaggregatedSetup;
  readonly run: DisaggregatedRun;
  readonly prefill: readonly PrefillWorker[];
  readonly decode: readonly DecodeWorker[];
  /** links[p][d]; null while nothing has moved between them. */
  readonly links: (KvLink | null)[][];
  /** Where each request is prefilled and decodes. */
  readonly from: Int32Array;
  readonly fromGroup: Int32Array;
  readonly to: Int32Array;
  readonly toGroup: Int32Array;
  /** Requests sent so far, and of those the first that is not routed yet. */
  sent: number;
  routed: number;
  over: number;
  lastPrefill: number;
  lastDecode: number;
}

export function openWorld(requests: Requests, setup: DisaggregatedSetup): World {
  const n = requests.count;
  const times = () => new Float64Array(n).fill(Number.NaN);
  const noWork = (): SideWork => ({ steps: 0, newTokens: 0, pairs: 0, contextTokens: 0 });
  const { prefill, decode } = setup;
  return {
    requests,
    setup,
    run: {
      arrival: times(),
      prefilled: times(),
      moved: times(),
      first: times(),
      finish: times(),
      steps: { end: [], seconds: [], sequences: [] },
      prefillWork: noWork(),
      decodeWork: noWork(),
    },
    prefill: repeat(prefill.workers, () => ({
      groups: repeat(prefill.groups, () => ({ queue: [], head: 0, tokens: 0, used: 0, taken: [] })),
      end: Number.POSITIVE_INFINITY,
    })),
    decode: repeat(decode.workers, () => ({
      groups: repeat(decode.groups, () => ({ waiting: [], ready: [], slots: 0, used: 0, ending: new Map() })),
      counts: new Float64Array(decode.groups),
      contexts: new Float64Array(decode.groups),
      tick: 0,
      end: Number.POSITIVE_INFINITY,
      seconds: 0,
    })),
    links: repeat(prefill.workers, () => repeat(decode.workers, () => null)),
    from: new Int32Array(n),
    fromGroup: new Int32Array(n),
    to: new Int32Array(n),
    toGroup: new Int32Array(n),
    sent: 0,
    routed: 0,
    over: 0,
    lastPrefill: prefill.workers - 1,
    lastDecode: decode.workers - 1,
  };
}

function repeat<Item>(count: number, make: () => Item): Item[] {
  return Array.from({ length: count }, make);
}

/** The next request sets out at `now`, if one is left. */
export function send(world: World, now: number): void {
  if (world.sent < world.requests.count) world.run.arrival[world.sent++] = now;
}

/** The index of the least load; ties go to the first after `last`, cyclically. */
export function leastInTurn<Item>(items: readonly Item[], last: number, load: (item: Item) => number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 1; step <= items.length; step++) {
    const i = (last + step) % items.length;
    const own = load(items[i]);
    if (own < least) {
      least = own;
      best = i;
    }
  }
  return best;
}
