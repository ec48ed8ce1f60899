// Records of cells as kernels read them, 8 bytes each.

/** Writes an address or a number into a cell of the fleet record. */
export type Put = (cell: number, column: { readonly byteOffset: number } | number) => void;

/** The same cells as 4-byte words: cell i is word 2 i. */
export function wordsOf(cells: Float64Array): Int32Array {
  return new Int32Array(cells.buffer, cells.byteOffset, cells.length * 2);
}
