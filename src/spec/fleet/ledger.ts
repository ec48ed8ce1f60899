// A spec's mistakes with path and line; remembers which places are broken so that nothing is blamed twice.
import { type Issue, show } from '../../check/issue.ts';
import { nearest } from '../../check/nearest.ts';
import { formatPath, type Path, type SpecDocument } from '../document.ts';

export interface Mistake {
  readonly path: Path;
  readonly expected: string;
  readonly received: string;
  readonly hint?: string;
  readonly row?: true;
}

/** What the bare word `all` was surely meant as. */
export const EACH = 'to try each: {choices: all}';

export class Ledger {
  readonly #document: Pick<SpecDocument, 'lineOf'>;
  readonly #file: string;
  readonly #writtenAt: (path: Path) => Path;
  readonly #issues = new Map<string, Issue>();
  readonly #broken: Path[] = [];

  /** `writtenAt`: where that stands in the document which the reader sees at another place (shorthand.ts). */
  constructor(document: Pick<SpecDocument, 'lineOf'>, file: string, writtenAt = (path: Path): Path => path) {
    this.#document = document;
    this.#file = file;
    this.#writtenAt = writtenAt;
  }

  add({ path, expected, received, hint, row }: Mistake): void {
    const written = this.#writtenAt(path);
    const text = formatPath(written);
    const line = this.#document.lineOf(written);
    const issue = {
      path: text,
      expected,
      received,
      file: this.#file,
      line,
      ...(hint ? { hint } : {}),
      ...(row ? { row } : {}),
    };
    this.#issues.set(`${text}\n${expected}`, issue);
    this.#broken.push(path);
  }

  /** Something that must be there and is not. Silent where it, or what it stands in, was refused already. */
  addMissing(path: Path, expected: string, hint?: string): void {
    if (!this.isBroken(path)) this.add({ path, expected, received: 'nothing', hint });
  }

  /** A name that is not among the known ones: false, with the nearest offered. */
  checkKnown(name: string, path: Path, noun: string, known: readonly string[]): boolean {
    if (known.includes(name)) return true;
    const close = nearest(name, known);
    const all = known.length > 0 && known.length <= 12 ? `known: ${known.join(', ')}` : undefined;
    const near = close.length > 0 ? `did you mean ${close.join(' or ')}?` : all;
    const otherwise = known.length === 0 ? 'there is none' : `none of the ${known.length} known names is near`;
    const hint = name === 'all' ? EACH : (near ?? otherwise);
    this.add({ path, expected: noun, received: show(name), hint });
    return false;
  }

  /** Whether a mistake was found at `path`, around it or inside it. */
  isBroken(path: Path): boolean {
    return this.#broken.some((broken) => {
      const shared = Math.min(broken.length, path.length);
      return broken.slice(0, shared).every((step, i) => String(step) === String(path[i]));
    });
  }

  /** Whether a mistake was found at `path` itself or around it: nothing of it is left to read. */
  isGone(path: Path): boolean {
    return this.#broken.some(
      (broken) => broken.length <= path.length && broken.every((step, i) => String(step) === String(path[i])),
    );
  }

  /** Somebody else has said what is wrong at `path`. */
  markBroken(path: Path): void {
    this.#broken.push(path);
  }

  /** Mistakes found before the document was rewritten; `rewrittenAt` says where their places are now. */
  takeOver(earlier: Ledger, rewrittenAt: (path: Path) => Path): void {
    for (const [key, issue] of earlier.#issues) this.#issues.set(key, issue);
    this.#broken.push(...earlier.#broken.map(rewrittenAt));
  }

  get size(): number {
    return this.#issues.size;
  }

  list(): Issue[] {
    return [...this.#issues.values()];
  }
}
