// The axes of a question in words: what each may be, and how many rows that makes.
import type { Question } from '../question.ts';
import type { Tree } from './axes.ts';

const SHOWN_LABELS = 12;

/** The axes of a question that spans several fleets. */
export function explainAxes({ axes, rows, tree, where, objective, top, settle }: Question): string {
  const width = Math.max(...axes.map(({ name }) => name.length));
  const lines = axes.map(({ name, labels }) => {
    const few = labels.length <= SHOWN_LABELS;
    const shown = few ? labels : [...labels.slice(0, SHOWN_LABELS - 1), `... ${labels.at(-1)}`];
    return `${name.padEnd(width)}  ${labels.length} values: ${shown.join(', ')}`;
  });
  const counted = `${rows.toLocaleString('en-US')} rows = ${explainTree(tree, shortNames(axes.map(({ name }) => name)))}`;
  const counts = where === null ? '' : `of which those count with ${where}\n`;
  return `${lines.join('\n')}\n\n${counted}\n${counts}ranked by ${objective}; reports the best ${top}, simulates at most ${settle}\n`;
}

/** "hardware 4 x replicas 3": parts multiply, choices that hold axes of their own add up. */
export function explainTree(tree: Tree, short: (name: string) => string): string {
  if (tree.kind === 'axis') {
    if (tree.options.every(({ tree: inner }) => inner.rows === 1)) return `${short(tree.name)} ${tree.options.length}`;
    const ways = tree.options.map((option) => {
      const inner = explainTree(option.tree, short);
      return inner === '' ? option.label : `${option.label}: ${inner}`;
    });
    return `(${ways.join(' + ')})`;
  }
  const parts = tree.kind === 'map' ? tree.parts.map(([, part]) => part) : tree.kind === 'list' ? tree.parts : [];
  const several = parts.filter(({ rows }) => rows > 1).map((part) => explainTree(part, short));
  return several.join(' x ');
}

/** The last word of a name where no other axis ends on it. */
function shortNames(names: readonly string[]): (name: string) => string {
  const last = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(last(name), (counts.get(last(name)) ?? 0) + 1);
  return (name) => (counts.get(last(name)) === 1 ? last(name) : name);
}
