// A start-up log is that of one deployment: beside it, nothing that the log speaks of may be an axis.
import type { Path } from './document.ts';
import type { Tree } from './fleet/axes.ts';
import type { Ledger } from './fleet/ledger.ts';

/** Keys that a start-up log has one value of. */
const LOGGED: readonly string[] = [
  ...['model', 'hardware', 'profile', 'quantization', 'kv_cache_dtype', 'block_size', 'gpu_memory_utilization'],
  ...['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'],
];

type Parts = readonly (readonly [string, Tree])[];

export function refuseLogAxes(tree: Tree, ledger: Ledger): void {
  const visit = (node: Tree, path: Path, around: Parts): void => {
    if (node.kind === 'axis') for (const option of node.options) visit(option.tree, option.path, around);
    if (node.kind === 'list') node.parts.forEach((part, i) => void visit(part, [...path, i], []));
    if (node.kind !== 'map') return;
    const axis = [...around, ...node.parts].find(([key, part]) => LOGGED.includes(key) && countValues(part) > 1);
    const log = node.parts.find(([key, part]) => key === 'log' || (key === 'num_gpu_blocks' && isLog(part)));
    if (axis && log) {
      const expected = `one ${axis[0]}: a start-up log is that of one deployment`;
      const place = log[0] === 'log' ? ['log'] : ['num_gpu_blocks', 'log'];
      ledger.add({ path: [...path, ...place], expected, received: `${countValues(axis[1])} of them` });
    }
    for (const [key, part] of node.parts)
      visit(part, [...path, key], path.length === 0 ? besideEngine(node.parts) : []);
  };
  visit(tree, [], []);
}

function isLog(tree: Tree): boolean {
  return tree.kind === 'map' && tree.parts.some(([key]) => key === 'log');
}

/** How many values a part may have; an alias of an axis has at least two. */
function countValues(tree: Tree): number {
  if (tree.kind === 'tie') return 2;
  return tree.kind === 'axis' ? tree.options.length : 1;
}

/** What the plain notation says of an engine's deployment elsewhere. */
function besideEngine(parts: Parts): Parts {
  return parts.flatMap(([key, part]): Parts => {
    if (key === 'model') return [[key, part]];
    return key === 'deployment' && part.kind === 'map' ? part.parts : [];
  });
}
