// Collects a spec's mistakes with their path and line, and remembers which keys are broken so that nothing is blamed twice.
import type { Issue } from '../check/issue.ts';
import { formatPath, type Path, type SpecDocument } from './document.ts';

export interface Fault {
  readonly path: Path;
  readonly expected: string;
  readonly received: string;
  readonly hint?: string;
}

const SECTIONS = ['workload', 'deployment', 'engine', 'slo', 'prices', 'watts'];

/** The field a path lies in: [section, key], or [key] at the top. What is kept or dropped as a whole. */
export function fieldOf(path: Path): Path {
  return path.slice(0, SECTIONS.includes(String(path[0])) ? 2 : 1);
}

export class Faults {
  readonly #document: SpecDocument;
  readonly #file: string;
  readonly #seen = new Map<string, Issue>();
  readonly #broken = new Set<string>();

  constructor(document: SpecDocument, file: string) {
    this.#document = document;
    this.#file = file;
  }

  add({ path, expected, received, hint }: Fault): void {
    const text = formatPath(path);
    const line = this.#document.lineOf(path);
    const issue = { path: text, expected, received, file: this.#file, line, ...(hint ? { hint } : {}) };
    this.#seen.set(`${text}\n${expected}`, issue);
    this.#broken.add(fieldOf(path).join('.'));
  }

  /** A key that must be there and is not. Silent where the key itself was refused already. */
  addMissing(path: Path, expected: string, hint?: string): void {
    if (this.isBroken(path)) return;
    this.add({ path, expected, received: 'nothing', hint });
  }

  /** Whether the field at `path`, or the section around it, has a mistake already. */
  isBroken(path: Path): boolean {
    // '' is the document as a whole.
    return ['', String(path[0]), fieldOf(path).join('.')].some((place) => this.#broken.has(place));
  }

  get size(): number {
    return this.#seen.size;
  }

  list(): Issue[] {
    return [...this.#seen.values()];
  }
}
