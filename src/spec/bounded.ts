// Whether a document's data ends: YAML aliases can make it hold itself, and brackets can nest beyond any reader's stack.
import type { Path } from './document.ts';

/** Deeper than any spec: axes in choices in stages in pipelines come to about twenty. */
export const MOST_DEPTH = 100;

/** Whether brackets, or dashes on one line, nest so deep that parsing them takes long: those within texts count too, none has as many. */
export function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) depth++;
    else if (c === 0x5d || c === 0x7d) depth--;
    if (depth > 10 * MOST_DEPTH) return true;
  }
  return /(?:[-?] ){200}/.test(text);
}

/** Where the data holds itself or is too deep, and which; null where it is a tree that ends. */
export function findEndless(data: unknown): { readonly path: Path; readonly received: string } | null {
  const around = new Set<object>();
  const seen = new Set<object>();
  const visit = (value: unknown, path: Path): ReturnType<typeof findEndless> => {
    if (value === null || typeof value !== 'object') return null;
    if (around.has(value)) return { path, received: 'an alias of what it stands in' };
    if (path.length > MOST_DEPTH) return { path, received: `more than ${MOST_DEPTH} levels` };
    if (seen.has(value)) return null;
    around.add(value);
    for (const [key, inner] of Object.entries(value)) {
      const found = visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    around.delete(value);
    seen.add(value);
    return null;
  };
  return visit(data, []);
}
