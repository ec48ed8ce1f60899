// Splits rows into a half to fit and a half to judge by, whole shapes at a time; the same rows always split the same way.

/** 32-bit FNV-1a of a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Shapes in order of their hash, every other one held out: halves are as even as the shapes allow. */
export function splitByShape<Row extends { readonly shape: string }>(
  rows: readonly Row[],
): { fitted: Row[]; held: Row[] } {
  const shapes = [...new Set(rows.map((row) => row.shape))].sort(byHash);
  const held = new Set(shapes.filter((_, i) => i % 2 === 1));
  return { fitted: rows.filter((row) => !held.has(row.shape)), held: rows.filter((row) => held.has(row.shape)) };
}

/** About `limit` rows spread evenly over the given order: enough to pin a handful of parameters. */
export function thin<Row>(rows: readonly Row[], limit: number): readonly Row[] {
  if (rows.length <= limit) return rows;
  return Array.from({ length: limit }, (_, i) => rows[Math.floor((i * rows.length) / limit)]!);
}

const byHash = (a: string, b: string): number => hashText(a) - hashText(b) || (a < b ? -1 : 1);
