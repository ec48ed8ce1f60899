// The kernels that lowering calls, in plain TypeScript over the same memory: what a surface would cost without WebAssembly.
import type { Arena } from '../../src/columns/arena.ts';
import type { Kernels } from '../../src/kernels/interface.ts';
import { collectiveTimeTwin } from '../../src/plan/collective-twin.ts';
import { priceLinesTwin, priceOpsTwin } from '../../src/plan/roofline-twin.ts';

type Pricing = Pick<Kernels, 'priceOps' | 'priceLines' | 'collectiveTime' | 'priceCollective'>;

/** `kernels` with its prices replaced by their twins. */
export function twinKernels(kernels: Kernels, arena: Arena): Kernels {
  const { buffer } = arena.memory;
  const views = new Map<number, Float64Array>();
  /** Columns are asked for by address over and over: their views are kept, as long as the longest use of them. */
  const view = (at: number, n: number): Float64Array => {
    let column = views.get(at);
    if (!column || column.length < n) {
      column = new Float64Array(buffer, at, n);
      views.set(at, column);
    }
    return column;
  };
  const collectiveTime: Kernels['collectiveTime'] = (op, inside, across, bytes, hopIn, byteIn, hopOut, byteOut) =>
    collectiveTimeTwin(op, inside, across, bytes, { hopIn, byteIn, hopOut, byteOut });
  const pricing: Pricing = {
    collectiveTime,
    priceOps: (norm, n, flops, bytes, out, t0, perFlop, perByte, count, add) =>
      priceOpsTwin(norm, n, view(flops, n), view(bytes, n), view(out, n), t0, perFlop, perByte, count, add),
    priceLines(norm, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count) {
      const line = { t0, computeX, computeY, memory0, memoryX, memoryY };
      priceLinesTwin(norm, n, view(x, n), view(y, n), view(out, n), line, count);
    },
    priceCollective(op, inside, across, n, message, out, bytesPerUnit, hopIn, byteIn, hopOut, byteOut, count) {
      const messages = view(message, n);
      const sums = view(out, n);
      const links = { hopIn, byteIn, hopOut, byteOut };
      for (let i = 0; i < n; i++) {
        const bytes = messages[i] * bytesPerUnit;
        sums[i] += count * (bytes > 0 ? collectiveTimeTwin(op, inside, across, bytes, links) : 0);
      }
    },
  };
  return { ...kernels, ...pricing };
}
