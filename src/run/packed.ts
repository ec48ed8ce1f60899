// Plain values as one text and a column of numbers: rows of one kind share the text, so that it is stored once, and every number keeps its bits.

export interface Packed {
  /** JSON of the value with every number left out. */
  readonly frame: string;
  /** The numbers in the order of the frame. */
  readonly numbers: Float64Array;
}

type Listed = Float64Array | Int32Array;
const KINDS = { f64: Float64Array, i32: Int32Array } as const;

/** In place of what JSON has no words for; no object of ours has such a key. */
interface Mark {
  readonly $: keyof typeof KINDS | 'map';
  readonly entries?: unknown;
}

/** Objects, lists, maps, Float64Array, Int32Array, texts, numbers (NaN, infinities and -0 too), booleans and null; what is undefined is left out. */
export function pack(value: unknown): Packed {
  const parts: (number | Listed)[] = [];
  let count = 0;
  const note = (part: number | Listed): void => {
    parts.push(part);
    count += typeof part === 'number' ? 1 : part.length;
  };
  const strip = (one: unknown): unknown => {
    if (typeof one === 'number') {
      note(one);
      return 0;
    }
    if (typeof one !== 'object' || one === null) return one;
    if (one instanceof Float64Array || one instanceof Int32Array) {
      note(one.length);
      note(one);
      return { $: one instanceof Float64Array ? 'f64' : 'i32' } satisfies Mark;
    }
    if (one instanceof Map) return { $: 'map', entries: strip([...one]) } satisfies Mark;
    if (Array.isArray(one)) return one.map(strip);
    const own: Record<string, unknown> = {};
    for (const key in one) own[key] = strip((one as Record<string, unknown>)[key]);
    return own;
  };
  const frame = JSON.stringify(strip(value));
  const numbers = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'number') numbers[at++] = part;
    else {
      numbers.set(part, at);
      at += part.length;
    }
  }
  return { frame, numbers };
}

/** What was packed. */
export function unpack({ frame, numbers }: Packed): unknown {
  let at = 0;
  const fill = (one: unknown): unknown => {
    if (typeof one === 'number') return numbers[at++]!;
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(fill);
    const mark = (one as Partial<Mark>).$;
    if (mark === 'map') return new Map(fill((one as Mark).entries) as [unknown, unknown][]);
    if (mark) {
      const length = numbers[at++]!;
      at += length;
      return KINDS[mark].from(numbers.subarray(at - length, at));
    }
    const own = one as Record<string, unknown>;
    for (const key in own) own[key] = fill(own[key]);
    return own;
  };
  return fill(JSON.parse(frame));
}
