// Who walks which pipeline: arrivals, lengths, turns of conversations and shared beginnings of prompts, one row per request.
import { readTextFile } from '../check/text-file.ts';
import { HASH_BLOCK } from '../spec/defaults.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { WorkloadSpec } from '../spec/types.ts';
import { drawArrivals } from './arrivals.ts';
import {
  meanLength,
  openLengths,
  STREAM_ADAPTERS,
  STREAM_MIX,
  STREAM_PREFIX_LENGTHS,
  STREAM_PREFIXES,
} from './draws.ts';
import { orderBlocks } from './links.ts';
import { type MakeOptions, makeRequests } from './make.ts';
import { openMix, zipfWeights } from './mix.ts';
import { isRagPulse, readRagPulseBlocks } from './ragpulse.ts';
import type { RequestRows } from './rows.ts';
import { isServeGen } from './servegen.ts';
import { layOutTurns, sessionRate } from './sessions.ts';
import { openStream } from './streams.ts';
import type { PrefixBlocks, Requests, Turns } from './types.ts';

/** Requests in order of arrival, those that follow others behind the rest; all columns have the same length. */
export interface Walks {
  readonly count: number;
  readonly arrival: Float64Array; // s; the earliest of one that follows another
  readonly turns: Turns | null;
  readonly concurrency: number; // of a closed loop; 0 = open
  readonly pipeline: Int32Array;
  /** Tokens of the question, and of the answer. */
  readonly question: Int32Array;
  readonly answer: Int32Array;
  /** Tokens of the shared text and of the earlier turns, which stand before the question. */
  readonly prefixTokens: Int32Array;
  readonly history: Int32Array;
  readonly prefix: Int32Array; // which shared text, -1 = none
  /** The LoRA adapter that each asks for, from 1; 0 = the base model; null where none asks for any. */
  readonly adapter: Int32Array | null;
  readonly session: Int32Array; // -1 = none
  readonly turn: Int32Array; // 0 = the first
  /** Hash blocks of a replayed trace. */
  readonly blocks: PrefixBlocks | null;
  readonly rate: number;
  readonly description: string;
}

/** `given`: requests that stand in for those of the workload. `rows`: those of its file, where it was read before. */
export function makeWalks(
  spec: FleetSpec,
  catalogShape: MakeOptions['catalogShape'],
  { given, rows }: { readonly given?: Requests | undefined; readonly rows?: RequestRows | undefined } = {},
): Walks {
  const { workload, sessions } = spec;
  const options = { catalogShape, requestRate: workload.request_rate, ...(rows ? { rows } : {}) };
  const plain = given ?? makeRequests(ownLengths(workload, spec), options);
  const { count } = plain;
  const nextPipeline = openMix(
    spec.pipelines.map(({ weight }) => weight),
    openStream(workload.seed, STREAM_MIX),
  );
  const pipeline = new Int32Array(count).map(nextPipeline);
  const { question, answer } = pickLengths(spec, plain, pipeline, catalogShape);
  const drawn = sessions ? makeTurns(spec, count) : null;
  const turns = drawn ? drawn.turns : (plain.turns ?? null);
  const session = drawn ? drawn.session : rootsOf(count, plain.turns);
  const prefix = pickPrefixes(spec, session);
  const history = drawn ? addHistory(session, question, answer) : new Int32Array(count);
  const words = drawn ? `${plain.description}, in conversations` : plain.description;
  return {
    count,
    arrival: drawn?.arrival ?? plain.arrival,
    turns,
    concurrency: plain.concurrency,
    pipeline,
    question,
    answer,
    ...prefix,
    adapter: pickAdapters(spec, session),
    history,
    session,
    turn: drawn?.turn ?? new Int32Array(count),
    blocks: readBlocks(spec, plain),
    rate: plain.rate,
    description: words,
  };
}

/** The workload with lengths that are there: its own, or those of the first pipeline where every pipeline has its own. */
function ownLengths(workload: WorkloadSpec, spec: FleetSpec): WorkloadSpec {
  if (workload.lengths !== null || workload.requests !== null) return workload;
  return { ...workload, lengths: spec.pipelines[0]!.lengths };
}

/** Row i of the lengths of its pipeline: another weight changes who goes where, not how long request i of a pipeline would be. */
function pickLengths(
  spec: FleetSpec,
  plain: Requests,
  pipeline: Int32Array,
  catalogShape: MakeOptions['catalogShape'],
) {
  const own = spec.pipelines.map(({ lengths }) =>
    lengths === null ? plain : makeRequests({ ...spec.workload, lengths }, { catalogShape }),
  );
  return {
    question: pipeline.map((p, i) => own[p]!.prompt[i]!),
    answer: pipeline.map((p, i) => own[p]!.output[i]!),
  };
}

function makeTurns(spec: FleetSpec, count: number) {
  const { arrivals, request_rate: rate, seed } = spec.workload;
  const sessions = spec.sessions;
  if (!sessions) throw new Error('turns without sessions');
  // as many sessions as there are turns are always enough; a ramp goes over those that the run needs
  const needed = count / meanLength(sessions.turns);
  const starts = drawArrivals(arrivals, count, sessionRate(sessions, rate), seed, needed).arrival;
  return layOutTurns(sessions, starts, count, seed);
}

/** The request that began what each is a part of: of a recorded conversation its first turn; -1 where nothing follows another. */
function rootsOf(count: number, turns: Turns | undefined): Int32Array {
  if (!turns) return new Int32Array(count).fill(-1);
  const root = new Int32Array(count);
  // what is followed comes before what follows it
  for (const [r, before] of turns.after.entries()) root[r] = before < 0 ? r : root[before]!;
  return root;
}

/** Questions and answers of the earlier turns of the same session. */
function addHistory(session: Int32Array, question: Int32Array, answer: Int32Array): Int32Array {
  const said = new Map<number, number>();
  return session.map((id, i) => {
    const before = said.get(id) ?? 0;
    said.set(id, before + question[i]! + answer[i]!);
    return before;
  });
}

/** A shared text for every request; the turns of a session keep theirs. */
function pickPrefixes(spec: FleetSpec, session: Int32Array): Pick<Walks, 'prefix' | 'prefixTokens'> {
  const count = session.length;
  if (!spec.prefixes) return { prefix: new Int32Array(count).fill(-1), prefixTokens: new Int32Array(count) };
  const { count: texts, tokens, zipf } = spec.prefixes;
  const { seed } = spec.workload;
  const nextLength = openLengths(tokens, openStream(seed, STREAM_PREFIX_LENGTHS));
  const lengths = Array.from({ length: texts }, nextLength);
  const prefix = pickBySession(session, openMix(zipfWeights(texts, zipf), openStream(seed, STREAM_PREFIXES)));
  return { prefix, prefixTokens: prefix.map((text) => lengths[text]!) };
}

/** One for every request, and the same for all turns of a session. */
function pickBySession(session: Int32Array, next: () => number): Int32Array {
  const ofSession = new Map<number, number>();
  return session.map((id) => {
    const known = id < 0 ? undefined : ofSession.get(id);
    const own = known ?? next();
    if (id >= 0) ofSession.set(id, own);
    return own;
  });
}

/** The adapter of every request; the base model is one more choice. */
function pickAdapters({ adapters, workload }: FleetSpec, session: Int32Array): Int32Array | null {
  if (!adapters) return null;
  const weights = zipfWeights(adapters.count, adapters.zipf);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const choices = [adapters.base * all, ...weights.map((weight) => (1 - adapters.base) * weight)];
  return pickBySession(session, openMix(choices, openStream(workload.seed, STREAM_ADAPTERS)));
}

/** Mooncake's blocks come with the rows; RAGPulse's are made of its parts. A closed loop shuffles rows and has none. */
function readBlocks(spec: FleetSpec, plain: Requests): PrefixBlocks | null {
  const { requests, arrivals } = spec.workload;
  if (plain.prefix) return plain.prefix;
  if (!requests || arrivals.process === 'closed-loop') return null;
  if (
    isServeGen(requests.file) ||
    !isRagPulse(readTextFile(requests.file, { path: 'requests', expected: 'a readable trace' }))
  )
    return null;
  const blocks = readRagPulseBlocks(requests.file, spec.hashBlock || HASH_BLOCK);
  return plain.rows ? orderBlocks(blocks, plain.rows) : blocks;
}
