// Tables in which no shape takes longer than a larger one, whose kernel could run it padded (law 5): the makers of the tables
// clean rows so, but cells are means over what was timed near them, times a fit that rises.
import type { OpTable, WeightFormat } from '../catalog/types.ts';
import { gemm } from '../stages/gemm-ops.ts';
import { routedExperts, routedWork } from '../stages/mlp-ops.ts';
import type { ComputeOp } from '../stages/op.ts';
import { fittedBy } from './bind-ops.ts';
import type { Rate } from './efficiency.ts';

/** Seconds of one launch of an op by x and y, by the fit that the table stands beside. */
type Fitted = (op: ComputeOp) => (x: number, y: number) => number;

/** Experts of layers in tables have a gate, as those of all models that were timed. */
const MATRICES = 3;

/** A rate whose table of matrix products or experts has its cells lowered to those of larger shapes; any other as it is. */
export function cleanedRate(rate: Rate, format: WeightFormat): Rate {
  const { table } = rate;
  if (table?.family !== 'gemm' && table?.family !== 'moe') return rate;
  const clean = table.family === 'gemm' ? cleanedProducts : cleanedLayers;
  return { ...rate, table: clean(table, format, (op) => fittedBy(op, rate)) };
}

/** Axes: rows, outputs, inputs; lowered along the latter two. */
function cleanedProducts(table: OpTable, format: WeightFormat, fitted: Fitted): OpTable {
  const [rows = [], outputs = [], inputs = []] = table.axes;
  const permille = [...table.permille];
  const stride = outputs.length * inputs.length;
  const fits = outputs.flatMap((n) =>
    inputs.map((k) => {
      const seconds = fitted(gemm('', k, n, format, 1));
      return rows.map((m) => seconds(m, 0));
    }),
  );
  const lower = (m: number, cell: number, larger: number): void => {
    const seconds = (at: number) => permille[m * stride + at]! * fits[at]![m]!;
    if (seconds(larger) < seconds(cell)) permille[m * stride + cell] = seconds(larger) / fits[cell]![m]!;
  };
  for (let m = 0; m < rows.length; m++) {
    for (let n = outputs.length - 1; n >= 0; n--) {
      for (let k = inputs.length - 1; k >= 0; k--) {
        const cell = n * inputs.length + k;
        if (k + 1 < inputs.length) lower(m, cell, cell + 1);
        if (n + 1 < outputs.length) lower(m, cell, cell + inputs.length);
      }
    }
  }
  return { ...table, permille };
}

/** Layers of as many experts, choices and groups, at least as wide within and without. */
function cleanedLayers(table: OpTable, format: WeightFormat, fitted: Fitted): OpTable {
  const layers = table.layers ?? [];
  const [tokens = []] = table.axes;
  const seconds = layers.map((sizes, layer) => {
    const [experts = 0, topK = 0, input = 0, width = 0, groups = 1] = sizes;
    const routing = { experts, topK, groups };
    const byLine = fitted(routedExperts(routing, { input, width, matrices: MATRICES }, 1, format));
    const fits = tokens.map((n) => {
      const { x, y } = routedWork(routing, n);
      return byLine(x, y);
    });
    return fits.map((fit, i) => ({ fit, measured: (fit * table.permille[layer * tokens.length + i]!) / 1000 }));
  });
  const permille = layers.flatMap((sizes, layer) => {
    const larger = layers.flatMap((other, i) => (holds(other, sizes) ? [seconds[i]!] : []));
    return tokens.map((_, i) => {
      const { fit, measured } = seconds[layer]![i]!;
      const least = Math.min(...larger.map((one) => one[i]!.measured));
      return least < measured ? (1000 * least) / fit : table.permille[layer * tokens.length + i]!;
    });
  });
  return { ...table, permille };
}

/** Whether a layer is the other one with wider inputs or experts, itself included. */
function holds(larger: readonly number[], layer: readonly number[]): boolean {
  const [input, width] = [2, 3];
  return larger.every((size, i) => (i === input || i === width ? size >= layer[i]! : size === layer[i]));
}
