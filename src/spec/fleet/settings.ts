// Choices of a tree one at a time, and the first and last row that has each: where a question looks for mistakes.
import type { Tree } from './axes.ts';

/** One choice at one axis, with the choices around it that lead there: axis name → place of the option. */
export type Setting = ReadonlyMap<string, number>;

/** Of an axis of more values only so many are tried, from end to end. */
const MOST_TRIED = 64;

/** Options of every axis, each with what must be chosen to meet it: all of them, of long lists of values some. */
export function listSettings(tree: Tree, around: Setting = new Map()): Setting[] {
  if (tree.kind === 'map') return tree.parts.flatMap(([, part]) => listSettings(part, around));
  if (tree.kind === 'list') return tree.parts.flatMap((part) => listSettings(part, around));
  if (tree.kind !== 'axis') return [];
  const { length } = tree.options;
  return tree.options.flatMap(({ tree: inner }, i) => {
    if (inner.kind === 'leaf' && i % Math.ceil(length / MOST_TRIED) !== 0 && i + 1 < length) return [];
    const setting = new Map([...around, [tree.name, i] as const]);
    return [setting, ...listSettings(inner, setting)];
  });
}

/** The first or the last of the rows that have a setting. */
export function rowWith(tree: Tree, setting: Setting, end: 'first' | 'last'): number {
  const offset = (node: Tree): number => {
    if (node.kind === 'axis') {
      const chosen = setting.get(node.name) ?? (end === 'first' ? 0 : node.options.length - 1);
      const before = node.options.slice(0, chosen).reduce((sum, option) => sum + option.tree.rows, 0);
      return before + offset(node.options[chosen]!.tree);
    }
    if (node.kind !== 'map' && node.kind !== 'list') return 0;
    const trees = node.kind === 'map' ? node.parts.map(([, part]) => part) : node.parts;
    return trees.reduce((row, part) => row * part.rows + offset(part), 0);
  };
  return offset(tree);
}
