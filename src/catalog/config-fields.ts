// Typed access to the fields of a config.json under all the names they go by, collecting every mistake instead of stopping.
import { type Issue, show } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { isRecord, type Json } from '../check/python-json.ts';

/** What a field is called: the name that is told where none of them is there, and others that are read. */
export type Names = readonly [string, ...string[]];

/** Numbers and lists that change no size: tokens' ids, rotary tables, norms' small numbers, training and generation. */
const INERT =
  /token|(^|_)(id|index|ids)$|dropout|pdrop|theta|eps|init|range|scal|coef|factor|rope|rotary|pad|version|temperature|seed|multiplier|pretraining_tp|time_step|_(min|max)$|alpha|beta|gamma|loss|clamp|limit|softcap|logit|label|architectures|auto_map|quantization|task_|chunk_size|position_ids|(^|_)n_group$|topk_group|capacity|max_window_layers|_base$|expand|scor/;

/** Reads fields of one object. A missing or malformed field becomes an issue and reads as 1, so that reading can go on. */
export class Fields {
  readonly data: Json;
  readonly issues: Issue[] = [];
  readonly #asked = new Set<string>();
  readonly file: string;
  readonly #prefix: string;

  constructor(data: Json, file: string, prefix = '') {
    this.data = data;
    this.file = file;
    this.#prefix = prefix;
  }

  blame(name: string, expected: string, received: string, hint?: string): void {
    const path = this.#prefix + name;
    if (this.issues.some((issue) => issue.path === path)) return;
    this.issues.push({ path, expected, received, file: this.file, ...(hint ? { hint } : {}) });
  }

  /** What is there under this name, as it stands. */
  value(name: string): unknown {
    this.#asked.add(name);
    return this.data[name];
  }

  /** The first of `names` that is there and not null. */
  find(...names: string[]): { name: string; value: unknown } | null {
    let found: { name: string; value: unknown } | null = null;
    for (const name of names) {
      const value = this.value(name);
      if (value !== undefined && value !== null) found ??= { name, value };
    }
    return found;
  }

  /** Numbers above 1, lists and objects that nobody has asked for and that may be sizes. */
  unread(): string[] {
    const isSize = (value: unknown) =>
      typeof value === 'number' ? value > 1 : isRecord(value) || (Array.isArray(value) && value.length > 0);
    const names = Object.keys(this.data).filter((name) => !this.#asked.has(name) && !INERT.test(name.toLowerCase()));
    return names.filter((name) => isSize(this.data[name]));
  }

  has(...names: string[]): boolean {
    return this.find(...names) !== null;
  }

  /** A positive integer that must be there under one of `names`. */
  size(...names: Names): number {
    return this.#integer(names, 1, null);
  }

  /** A positive integer, or `fallback` where none of `names` is there. */
  sizeOr(fallback: number, ...names: Names): number {
    return this.#integer(names, 1, fallback);
  }

  /** An integer from 0 up, or `fallback`. */
  countOr(fallback: number, ...names: Names): number {
    return this.#integer(names, 0, fallback);
  }

  #integer(names: Names, least: 0 | 1, fallback: number | null): number {
    const found = this.find(...names);
    const expected = least === 1 ? 'a positive integer' : 'an integer from 0 up';
    if (!found) {
      if (fallback !== null) return fallback;
      const also = names.length > 1 ? ` (also read: ${names.slice(1).join(', ')})` : '';
      this.blame(names[0], expected + also, 'nothing', didYouMean(names[0], Object.keys(this.data), 1));
      return 1;
    }
    // Hunyuan and Gemma 3n repeat one number for every layer
    const list = Array.isArray(found.value) && new Set(found.value).size === 1;
    const value: unknown = list ? (found.value as unknown[])[0] : found.value;
    if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
    const alike = Array.isArray(found.value) ? `${expected}, the same for every layer` : expected;
    this.blame(found.name, alike, show(found.value));
    return 1;
  }

  flag(name: string, fallback = false): boolean {
    const value = this.value(name);
    if (value === undefined || value === null) return fallback;
    if (typeof value === 'boolean') return value;
    this.blame(name, 'true or false', show(value));
    return fallback;
  }

  text(...names: string[]): string {
    const found = this.find(...names);
    if (!found) return '';
    if (typeof found.value === 'string') return found.value;
    this.blame(found.name, 'a text', show(found.value));
    return '';
  }

  /** A list with at least one entry per layer, or null where it is not there. */
  perLayer(name: string, layers: number): readonly unknown[] | null {
    const value = this.value(name);
    if (value === undefined || value === null) return null;
    if (Array.isArray(value) && value.length >= layers) return value;
    const received = Array.isArray(value) ? `a list of ${value.length}` : show(value);
    this.blame(name, `a list with one entry for each of the ${layers} layers`, received);
    return null;
  }
}
