// The contract of a stage: one plain object says what it needs, its words, its parameters, how it is read and how it is laid out.
//
// The objects stand in built-in/, one file each, and are collected in list.ts. Whatever else wants to know of stages (the schema,
// the reader, the checks of their order, the plan, the documentation, the random pipelines of the tests) asks the list.
import type { z } from 'zod';
import type { LatencySpec, LengthSpec } from '../check/drawn.ts';
import type { Path } from '../check/issue.ts';
import type { Build, Lay, Place } from './laying.ts';
import type { Ability, PoolKind } from './pipeline-stages.ts';

/** A stage as it stands in a list of a pipeline, once it is read; its parameters come on top. */
export interface Listed {
  readonly type: string;
  readonly name: string;
  /** Places in the list that it waits for; null = the one before it. */
  readonly after: readonly number[] | null;
  /** Where it stands in the document. */
  readonly path: Path;
  /** Its number over all pipelines, nested ones included: each stage has a stream of random numbers of its own. */
  readonly ordinal: number;
}

/** Parameters of a stage that pools serve: the pools, of which any may. */
export interface Served {
  readonly on: readonly string[];
}

/** A checked part of a document. */
export type Part = Readonly<Record<string, unknown>>;

/** A list of stages within a stage. */
export type Nested = readonly Listed[];

type Schema = z.ZodType;

/** Words that parameters are made of, as the schema of specs writes them. */
export interface Vocabulary {
  /** Pools that serve the stage; left out where only one can. */
  readonly on: Schema;
  /** A number of tokens or a distribution of them. */
  readonly tokens: Schema;
  /** A time or a distribution of times. */
  readonly latency: Schema;
  time(): Schema;
  share(): Schema;
  positive(): Schema;
  /** A count of at least 1; one of tokens. */
  size(): Schema;
  lengthTokens(): Schema;
  name(expected: string): Schema;
  /** Pools, one or several. */
  pools(): Schema;
  word(words: readonly string[]): Schema;
  section(shape: z.core.$ZodLooseShape, expected: string): Schema;
  /** Items of a list, at least one; `expected`: the list in words, and one item. */
  items(item: Schema, expected: string, one: string): Schema;
  /** A list of stages. */
  readonly stages: Schema;
  /** The same where stages stand inside: read only when it is needed, as they nest. */
  later(make: () => Schema): Schema;
}

/** What examples name that is not their own. */
export interface Samples {
  /** A list of other stages. */
  list(): readonly unknown[];
  /** A pool of this kind; a tier. */
  pool(kind: PoolKind): string;
  tier(): string;
}

/** A stage while it is read: what stands behind its key, and what its mistakes are written to. */
export interface Reading {
  readonly given: Part;
  readonly path: Path;
  /** Pools that serve it. */
  readonly on: readonly string[];
  /** Names under `tiers`. */
  readonly tiers: readonly string[];
  number(key: string, otherwise: number): number;
  seconds(key: string, otherwise: number): number;
  share(value: unknown): number;
  /** null where it is left out. */
  length(key: string): LengthSpec | null;
  /** What it must be given: a mistake, and one token or no time, where it is left out. */
  someLength(key: string, expected: string): LengthSpec;
  someLatency(key: string, expected: string): LatencySpec;
  /** Pools under a key of their own that serve stages of this type. */
  poolsUnder(key: string, type: string): readonly string[];
  list(value: unknown, path: Path): Nested;
  /** A mistake at `path`; what is missing is silent where something around it is refused already. */
  refuse(path: Path, expected: string, received: string): void;
  missing(path: Path, expected: string): void;
  /** Whether a name is known; a mistake, with the nearest, where it is not. */
  isKnown(name: string, path: Path, noun: string, known: readonly string[]): boolean;
}

/** What a stage is, without how it becomes visits. */
interface StageWords<P extends object> {
  /** The key that it is written with. */
  readonly type: string;
  /** What it is, in one line: the schema and the documentation say it. */
  readonly words: string;
  /** Kinds of pools that can serve it; empty for stages that only arrange others. */
  readonly needs: readonly PoolKind[];
  /** The same where parameters decide. */
  needsFor?(given: Part): readonly PoolKind[];
  /** What the model of a pool of engines must be able to do; set by every stage that such pools serve. */
  readonly asks?: Ability;
  /** Half of the work of an engine that it is: engines of the other role cannot serve it. */
  readonly role?: 'prefill' | 'decode';
  parameters(vocabulary: Vocabulary): z.core.$ZodLooseShape;
  /** Parameters as people may write them, without `on`: for the documentation, and for the tests that draw pipelines. */
  examples(samples: Samples): readonly Part[];
  read(reading: Reading): P;
  /** A stage that must have been before it, anywhere in its pipeline; one that must come later in its list or around it, and why. */
  readonly behind?: string;
  readonly ahead?: { readonly type: string; readonly why: string };
  /** Where it has lists of stages inside. */
  lists?(stage: P): readonly Nested[];
  /** Pools that it uses besides those it runs on. */
  alsoOn?(stage: P): readonly string[];
  /** Whether it looks hash blocks up in a store, for the next stage that opens a generation. */
  looksUp?(stage: P): boolean;
  /** How people read it; its name if left out. `tell`: a list of stages in words. */
  explain?(stage: Listed & P, tell: (stages: Nested) => string): string;
}

/** A stage that becomes visits by itself, or together with those right behind it that go on from the KV cache it leaves. */
interface Laying<P extends object> {
  /** Begins a generation: stages that continue are laid out with it. */
  readonly opens?: true;
  lay(build: Build, stage: Listed & P, place: Place): Lay;
}

/** A stage that goes on from the KV cache of the one stage right before it, laid out by whichever stage opened the generation. */
export interface Continuing {
  /** Stages that may stand right before it. */
  readonly continues: readonly string[];
  /** Set where what goes on from it must run on the same pools: who that is. */
  readonly keepsCache?: string;
}

export type Stage<P extends object = object> = StageWords<P> & (Laying<P> | Continuing);

/** What a stage of the list reads: its parameters. */
export type ParametersOf<S extends { read(reading: Reading): object }> = ReturnType<S['read']>;
