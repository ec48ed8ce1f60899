// Rows of a tree of choices (axes.ts): the document that one is, and what it chooses.
import type { Path } from '../document.ts';
import type { Option, Tree } from './axes.ts';

/** A document with one choice made everywhere: the data, and what was chosen by the name (path) of each axis met. */
export interface Chosen {
  readonly data: unknown;
  readonly choices: ReadonlyMap<string, string>;
  /** Where in the document as written that stands what is at `path` of the data. */
  origin(path: Path): Path;
}

/** The document of row `row`, 0 <= row < tree.rows. */
export function chooseRow(tree: Tree, row: number): Chosen {
  const choices = new Map<string, string>();
  const values = new Map<string, unknown>();
  const taken: { readonly place: Path; readonly path: Path }[] = [];
  const choose = (node: Tree, index: number): unknown => {
    if (node.kind === 'leaf') return node.value;
    if (node.kind === 'tie') return values.get(node.name);
    if (node.kind === 'axis') return chooseOption(node, index);
    const trees = partsOf(node);
    const digits = splitIndex(trees, index);
    const parts = trees.map((part, i) => choose(part, digits[i]!));
    return node.kind === 'list' ? parts : Object.fromEntries(node.parts.map(([key], i) => [key, parts[i]]));
  };
  const chooseOption = (node: Axis, index: number): unknown => {
    const { option, rest } = optionAt(node, index);
    choices.set(node.name, option.label);
    taken.push({ place: node.place, path: option.path });
    const value = choose(option.tree, rest);
    values.set(node.name, value);
    return value;
  };
  return { data: choose(tree, row), choices, origin: (path) => originOf(path, taken) };
}

/** The choices of row `row`, as chooseRow has them, without making its document: parts that hold no axis are passed over. */
export function openChoices(tree: Tree): (row: number) => Map<string, string> {
  const open = new Set<Tree>();
  const look = (node: Tree): boolean => {
    const holds =
      node.kind === 'axis' ? [true, ...node.options.map((option) => look(option.tree))] : partsOf(node).map(look);
    if (holds.some(Boolean)) open.add(node);
    return open.has(node);
  };
  look(tree);
  const visit = (node: Tree, index: number, choices: Map<string, string>): void => {
    if (!open.has(node)) return;
    if (node.kind === 'axis') {
      const { option, rest } = optionAt(node, index);
      choices.set(node.name, option.label);
      visit(option.tree, rest, choices);
    }
    const trees = partsOf(node);
    const digits = splitIndex(trees, index);
    for (const [i, part] of trees.entries()) visit(part, digits[i]!, choices);
  };
  return (row) => {
    const choices = new Map<string, string>();
    visit(tree, row, choices);
    return choices;
  };
}

function partsOf(node: Tree): readonly Tree[] {
  return node.kind === 'map' ? node.parts.map(([, part]) => part) : node.kind === 'list' ? node.parts : [];
}

/** The option of an axis that its row `index` takes, and which of the option's rows that is. */
function optionAt({ options, name }: Axis, index: number): { readonly option: Option; readonly rest: number } {
  let rest = index;
  for (const option of options) {
    if (rest < option.tree.rows) return { option, rest };
    rest -= option.tree.rows;
  }
  throw new RangeError(`${name} has no row ${index}`);
}

type Axis = Extract<Tree, { kind: 'axis' }>;

/** Inner choices come after those around them, so the last one that `path` lies in is the nearest. */
function originOf(path: Path, taken: readonly { readonly place: Path; readonly path: Path }[]): Path {
  const nearest = taken.findLast(({ place }) => place.every((step, i) => String(step) === String(path[i])));
  return nearest ? [...nearest.path, ...path.slice(nearest.place.length)] : path;
}

/** Mixed radix, the last part fastest. */
function splitIndex(trees: readonly Tree[], index: number): number[] {
  const digits = new Array<number>(trees.length);
  let rest = index;
  for (let i = trees.length - 1; i >= 0; i--) {
    digits[i] = rest % trees[i]!.rows;
    rest = Math.floor(rest / trees[i]!.rows);
  }
  return digits;
}
