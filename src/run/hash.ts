// Names for things by what they say: equal in every thread, whatever it saw before.

/** 53 bits of a text (cyrb53, public domain). */
export function hashOf(text: string): number {
  return mix(text.length, (i) => text.charCodeAt(i));
}

const names = new WeakMap<object, string>();

/** Of a part of a spec or a table of numbers; asked again of the same one it is not gone through again. */
export function nameOf(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  const known = names.get(part);
  if (known !== undefined) return known;
  const name = (part instanceof Float64Array ? hashWords(part) : hashOf(JSON.stringify(part))).toString(36);
  names.set(part, name);
  return name;
}

/** Of an object by its own fields: parts that many share (of a spec, of its rows) are gone through once, and plain values are read as they are. */
export function nameFields(object: object, without: ReadonlySet<string> = NONE): string {
  let name = '';
  for (const [key, value] of Object.entries(object)) if (!without.has(key)) name += `${key}:${nameOf(value)} `;
  return name;
}

const NONE: ReadonlySet<string> = new Set();

function hashWords({ buffer, byteOffset, length }: Float64Array): number {
  const words = new Int32Array(buffer, byteOffset, length * 2);
  return mix(words.length, (i) => words[i]!);
}

function mix(length: number, at: (i: number) => number): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < length; i++) {
    const word = at(i);
    a = Math.imul(a ^ word, 2654435761);
    b = Math.imul(b ^ word, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
