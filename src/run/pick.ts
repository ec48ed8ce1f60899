// Order statistics by the kernel that selects without sorting: settling a row spends less on percentiles than on simulating.
import type { Arena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import type { PickRanks } from '../metrics/summary.ts';

/** Bytes that pickInKernel takes for columns of `count` values, cache-line padding included. */
export function pickBytes(count: number): number {
  return count * 8 + 320;
}

/** Picks in a column of kernel memory, taken once, that holds up to `count` values. */
export function pickInKernel(kernels: Kernels, arena: Arena, count: number): PickRanks {
  const column = arena.f64(count);
  return (values, ranks) => {
    column.set(values);
    let from = 0;
    return ranks.map((rank) => {
      const value = kernels.selectRank(column.byteOffset, from, values.length, rank);
      from = rank + 1;
      return value;
    });
  };
}
