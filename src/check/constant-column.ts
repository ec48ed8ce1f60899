// Columns that hold one value, which run after run of a sweep needs and nobody writes to.

/** Gives columns of `value`: the same one as long as as many entries are asked for. */
export function openConstant(value: number): (count: number) => Int32Array {
  let column = new Int32Array(0);
  return (count) => {
    if (column.length !== count) column = new Int32Array(count).fill(value);
    return column;
  };
}
