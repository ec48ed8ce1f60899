// From a row's number to what it chooses, without touching the document: which row of the *skeleton* it is (the choices that
// decide how the document is read), and which value of each axis that is set afterwards.
import type { Tree } from './fleet/axes.ts';

/** The value that an axis takes: its number among those that are set, and which option. */
export interface SetValue {
  readonly axis: number;
  readonly option: number;
}

export interface RowIndex {
  /** Names of the axes that are set afterwards, by their numbers. */
  readonly names: readonly string[];
  /** The tree with the first value of every axis that is set afterwards in its place. */
  readonly skeleton: Tree;
  find(row: number): { readonly skeletonRow: number; readonly values: readonly SetValue[] };
}

/** What of the tree a row's number depends on: nodes of one row are left out. */
type Node =
  | { readonly kind: 'set'; readonly rows: number; readonly skeletonRows: 1; readonly axis: number }
  | { readonly kind: 'product'; readonly rows: number; readonly skeletonRows: number; readonly parts: readonly Node[] }
  | { readonly kind: 'sum'; readonly rows: number; readonly skeletonRows: number; readonly options: readonly Node[] };

/** `names`: axes that are set afterwards, in the order of their numbers; each stands once in the tree, its options are values. */
export function openRows(tree: Tree, names: readonly string[]): RowIndex {
  const numbers = new Map(names.map((name, i) => [name, i]));
  const root = compile(tree, numbers);
  return {
    names,
    skeleton: withFirst(tree, numbers),
    find(row) {
      const values: SetValue[] = [];
      return { skeletonRow: walk(root, row, values), values };
    },
  };
}

function compile(tree: Tree, numbers: ReadonlyMap<string, number>): Node {
  if (tree.kind === 'axis') {
    const axis = numbers.get(tree.name);
    if (axis !== undefined) return { kind: 'set', rows: tree.rows, skeletonRows: 1, axis };
    const options = tree.options.map((option) => compile(option.tree, numbers));
    const skeletonRows = options.reduce((sum, option) => sum + option.skeletonRows, 0);
    return { kind: 'sum', rows: tree.rows, skeletonRows, options };
  }
  const inner = tree.kind === 'map' ? tree.parts.map(([, part]) => part) : tree.kind === 'list' ? tree.parts : [];
  const parts = inner.filter(({ rows }) => rows > 1).map((part) => compile(part, numbers));
  if (parts.length === 1) return parts[0]!;
  return {
    kind: 'product',
    rows: tree.rows,
    skeletonRows: parts.reduce((rows, part) => rows * part.skeletonRows, 1),
    parts,
  };
}

function walk(node: Node, index: number, values: SetValue[]): number {
  if (node.kind === 'set') {
    values.push({ axis: node.axis, option: index });
    return 0;
  }
  if (node.kind === 'sum') return walkSum(node.options, index, values);
  let rest = index;
  let row = 0;
  let stride = 1;
  for (let i = node.parts.length - 1; i >= 0; i--) {
    const part = node.parts[i]!;
    row += stride * walk(part, rest % part.rows, values);
    stride *= part.skeletonRows;
    rest = Math.floor(rest / part.rows);
  }
  return row;
}

function walkSum(options: readonly Node[], index: number, values: SetValue[]): number {
  let rest = index;
  let before = 0;
  for (const option of options) {
    if (rest < option.rows) return before + walk(option, rest, values);
    rest -= option.rows;
    before += option.skeletonRows;
  }
  throw new RangeError('this row is not in the sweep');
}

function countRows(trees: readonly Tree[]): number {
  return trees.reduce((rows, part) => rows * part.rows, 1);
}

function withFirst(tree: Tree, numbers: ReadonlyMap<string, number>): Tree {
  if (tree.kind === 'axis') {
    if (numbers.has(tree.name)) return tree.options[0]!.tree;
    const options = tree.options.map((option) => ({ ...option, tree: withFirst(option.tree, numbers) }));
    let rows = 0;
    for (const option of options) rows += option.tree.rows;
    return { ...tree, options, rows };
  }
  if (tree.kind === 'map') {
    const parts = tree.parts.map(([key, part]) => [key, withFirst(part, numbers)] as const);
    return { ...tree, parts, rows: countRows(parts.map(([, part]) => part)) };
  }
  if (tree.kind !== 'list') return tree;
  const parts = tree.parts.map((part) => withFirst(part, numbers));
  return { ...tree, parts, rows: countRows(parts) };
}

/** Settings of some axes, numbered. */
export interface FlatSettings {
  readonly size: number;
  of(row: number): number;
}

/** Settings of a table that is kept whole. */
const MOST_SETTINGS = 1 << 22;

/** The settings of the axes that `asked` names, of a tree whose choices hold no axes of their own; null of any other tree. */
export function flatSettings(tree: Tree, asked: (axis: string) => boolean): FlatSettings | null {
  const digits: { readonly stride: number; readonly size: number }[] = [];
  let stride = 1;
  /** Last part first, since it turns fastest. */
  const visit = (node: Tree): boolean => {
    if (node.kind === 'map') return node.parts.toReversed().every(([, part]) => visit(part));
    if (node.kind === 'list') return node.parts.toReversed().every(visit);
    if (node.kind !== 'axis') return true;
    const size = node.options.length;
    if (node.rows !== size) return false;
    if (size > 1 && asked(node.name)) digits.push({ stride, size });
    stride *= size;
    return true;
  };
  if (!visit(tree)) return null;
  const size = digits.reduce((product, digit) => product * digit.size, 1);
  if (size > MOST_SETTINGS) return null;
  return {
    size,
    of(row) {
      let at = 0;
      for (const digit of digits) at = at * digit.size + (Math.floor(row / digit.stride) % digit.size);
      return at;
    },
  };
}
