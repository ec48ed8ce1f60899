// How values of flags convert: from what an engine is told to what a spec says, and back.
import { isRecord } from '../../check/python-json.ts';

/** What a value comes to in a spec. */
export type ReadValue =
  | { readonly value: unknown }
  /** It leaves things as they are: `auto`, None. */
  | { readonly nothing: true }
  /** The engine knows it, a spec cannot say it; why. */
  | { readonly lost: string }
  /** It is none; null. */
  | null;

export interface Codec {
  /** What may stand there. */
  readonly expected: string;
  /** Given nothing behind it on a command line: the flag itself is the value. */
  readonly bare?: true;
  /** Of a command line (text, or true where nothing stands behind the flag), a log or an options file (typed). */
  read(raw: unknown): ReadValue;
  /** What the engine is told for a value of a spec; undefined where it has no word for it. */
  write(value: unknown): string | number | boolean | object | undefined;
}

const NOTHING = { nothing: true } as const;

/** vLLM's: 32k is 32,000 and 32K is 32,768; -1 and auto are the model's. */
const SUFFIXES: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

function toNumber(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  const found = typeof raw === 'string' ? /^\s*(-?[\d.]+(?:e-?\d+)?)([kmgKMG]?)\s*$/.exec(raw) : null;
  if (!found) return Number.NaN;
  return Number(found[1]) * (SUFFIXES[found[2]!] ?? 1);
}

function numberCodec(expected: string, holds: (value: number) => boolean, isNothing: (value: number) => boolean) {
  return {
    expected,
    read(raw) {
      if (raw === 'auto') return NOTHING;
      const value = toNumber(raw);
      if (isNothing(value)) return NOTHING;
      return holds(value) ? { value } : null;
    },
    write: (value) => value as number,
  } satisfies Codec;
}

const never = () => false;
export const COUNT = numberCodec(
  'a whole number of at least 1',
  (value) => Number.isSafeInteger(value) && value >= 1,
  never,
);
/** A count whose -1, 0 or auto leaves it to the engine. */
export const COUNT_OR_AUTO = numberCodec(
  'a whole number of at least 1, or auto',
  (value) => Number.isSafeInteger(value) && value >= 1,
  (value) => value === -1 || value === 0,
);
/** Whole and signed: -1 has a meaning of its own. */
export const SIGNED = numberCodec('a whole number', (value) => Number.isSafeInteger(value), never);
export const SHARE = numberCodec('a share above 0 and at most 1', (value) => value > 0 && value <= 1, never);
export const RATIO = numberCodec('a share from 0 to 1', (value) => value >= 0 && value <= 1, never);
export const FREE_SHARE = numberCodec('a share of at least 0 and below 1', (value) => value >= 0 && value < 1, never);

const TRUE = /^(true|1|yes|on)$/i;
const FALSE = /^(false|0|no|off)$/i;
export const SWITCH: Codec = {
  expected: 'true or false',
  bare: true,
  read(raw) {
    if (typeof raw === 'boolean') return { value: raw };
    const word = String(raw);
    if (TRUE.test(word)) return { value: true };
    return FALSE.test(word) ? { value: false } : null;
  },
  write: (value) => value as boolean,
};

/** Any word. */
export const WORD: Codec = {
  expected: 'a word',
  read: (raw) => (typeof raw === 'string' && raw !== '' ? { value: raw } : null),
  write: (value) => value as string,
};

/** GiB in the engine, bytes in the spec. */
export const GIB: Codec = {
  expected: 'GiB, such as 4',
  read(raw) {
    const value = toNumber(raw);
    if (value === 0) return NOTHING;
    return value > 0 ? { value: Math.round(value * 2 ** 30) } : null;
  },
  write: (value) => Number((Number(value) / 2 ** 30).toPrecision(6)),
};

/** A JSON object, or one that was typed already. */
export const OBJECT: Codec = {
  expected: 'a JSON object',
  read(raw) {
    if (isRecord(raw)) return { value: raw };
    try {
      const value: unknown = JSON.parse(String(raw));
      return isRecord(value) ? { value } : null;
    } catch {
      return null;
    }
  },
  write: (value) => value as object,
};

/** Several words after one flag, or a list. */
export const MANY: Codec = {
  expected: 'values',
  read: (raw) => ({ value: raw }),
  write: (value) => value as object,
};

/**
 * Words of a closed list: the spec's word, then the engine's, of which the first is printed. Words of `plain` leave things as they
 * are; those of `lost` are the engine's alone, with the reason.
 */
export function words(
  pairs: Readonly<Record<string, readonly string[]>>,
  { plain = [], lost = {} }: { plain?: readonly string[]; lost?: Readonly<Record<string, string>> } = {},
): Codec {
  const known = new Map(Object.entries(pairs).flatMap(([own, theirs]) => theirs.map((word) => [word, own] as const)));
  return {
    expected: `one of ${[...plain, ...known.keys(), ...Object.keys(lost)].join(', ')}`,
    read(raw) {
      const word = String(raw)
        .toLowerCase()
        .replace(/^torch\./, '');
      if (plain.includes(word)) return NOTHING;
      if (Object.hasOwn(lost, word)) return { lost: lost[word]! };
      const own = known.get(word);
      return own === undefined ? null : { value: own };
    },
    write: (value) => pairs[String(value)]?.[0],
  };
}
