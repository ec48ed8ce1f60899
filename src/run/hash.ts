// Names for things by what they say: equal in every thread, whatever it saw before.

/** 53 bits of a text (cyrb53, public domain). */
export function hashOf(text: string): number {
  return mix(text.length, (i) => text.charCodeAt(i));
}

const hashes = new WeakMap<object, number>();

/** Of a part of a spec or a table of numbers; asked again of the same one it is not gone through again. */
export function nameOf(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  const known = hashes.get(part) ?? (part instanceof Float64Array ? hashWords(part) : hashOf(JSON.stringify(part)));
  hashes.set(part, known);
  return known.toString(36);
}

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
