// What the page and its workers say to each other: everything is plain data.
import type { Issue } from '../check/issue.ts';
import type { Scatter } from '../report/points.ts';
import type { Objective } from '../spec/types.ts';

/** Figures of the catalog as they are not: 1.2 = a fifth more than it says. */
export interface WhatIf {
  readonly hardware: readonly string[];
  readonly bandwidth: number;
  /** A workload whose lengths are `length` times as long; '' = none. */
  readonly workload: string;
  readonly length: number;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A question of many deployments, or of one row of it. */
export interface Question {
  readonly text: string;
  readonly whatIf: WhatIf;
}

export type ToWorker =
  | { readonly kind: 'put'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'drop'; readonly path: string }
  /** Ranks the deployments of a question; a later one ends an earlier one. */
  | { readonly kind: 'search'; readonly id: number; readonly question: Question }
  /** One row. `whole`: as long as the search ran it, so that it tells whether it keeps up; else as long as the question says. */
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly question: Question;
      readonly row: number;
      readonly whole: boolean;
    }
  /** What becomes of one kind of hardware in the question. */
  | { readonly kind: 'why'; readonly id: number; readonly question: Question; readonly hardware: string };

/** A row as a person picks it. */
export interface RowName {
  readonly row: number;
  readonly name: string;
  readonly hardware: string;
}

export interface SearchView {
  /** Whether it was simulated and proved, or is what the screen estimates. */
  readonly settled: boolean;
  readonly kind: 'met' | 'missed' | 'screened' | 'nothing';
  readonly row: number | null;
  readonly sentence: string;
  /** That nothing better was left out, or that this is not known. */
  readonly proof: string;
  readonly objective: Objective;
  readonly scatters: readonly Scatter[];
  /** Markup made by the reports' own parts, which escape what others wrote. */
  readonly parts: {
    readonly hero: string;
    readonly strip: string;
    readonly hardware: string;
    readonly ranking: string;
    readonly tried: string;
    readonly launch: string;
  };
  readonly rows: readonly RowName[];
  readonly seconds: number;
  /** results.csv as the command line writes it, and the digest of it. */
  readonly csv: string;
  readonly digest: string;
  /** The catalog files that a what-if takes, for the command line. */
  readonly files: readonly TextFile[];
}

export interface RunView {
  readonly row: number;
  readonly name: string;
  /** What `mist run --row` prints with --json; '' where it was not run as long. */
  readonly json: string;
  readonly requests: number;
  readonly met: boolean;
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly launch: string;
  readonly parts: {
    readonly breakdown: string;
    readonly distributions: string;
    readonly clients: string;
    readonly waterfalls: string;
  };
  readonly seconds: number;
}

export interface DeviceName {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  /** USD per hour by kind of price. */
  readonly usd: Readonly<Record<string, number>>;
}

export interface Names {
  readonly models: readonly (readonly [id: string, name: string])[];
  readonly hardware: readonly DeviceName[];
  readonly workloads: readonly (readonly [id: string, name: string, prompt: number, output: number])[];
  readonly engines: readonly string[];
  readonly prices: readonly string[];
  readonly version: string;
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly names: Names }
  | {
      readonly kind: 'progress';
      readonly id: number;
      readonly done: number;
      readonly total: number;
      readonly words: string;
    }
  | { readonly kind: 'searched'; readonly id: number; readonly view: SearchView }
  | { readonly kind: 'ran'; readonly id: number; readonly view: RunView }
  | { readonly kind: 'why'; readonly id: number; readonly lines: readonly string[] }
  | { readonly kind: 'failed'; readonly id: number; readonly issues: readonly Issue[]; readonly message: string };
