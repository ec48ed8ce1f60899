// Access to a record of 8-byte cells by field number: i32 in the low half, or f64.

// @ts-ignore: decorator
@inline
export function geti(record: usize, field: i32): i32 {
  return load<i32>(record + ((<usize>field) << 3));
}

// @ts-ignore: decorator
@inline
export function seti(record: usize, field: i32, value: i32): void {
  store<i32>(record + ((<usize>field) << 3), value);
}

// @ts-ignore: decorator
@inline
export function getf(record: usize, field: i32): f64 {
  return load<f64>(record + ((<usize>field) << 3));
}

// @ts-ignore: decorator
@inline
export function setf(record: usize, field: i32, value: f64): void {
  store<f64>(record + ((<usize>field) << 3), value);
}

/** Adds to an i32 cell. */
// @ts-ignore: decorator
@inline
export function addi(record: usize, field: i32, value: i32): void {
  const at = record + ((<usize>field) << 3);
  store<i32>(at, load<i32>(at) + value);
}

/** Adds to an f64 cell. */
// @ts-ignore: decorator
@inline
export function addf(record: usize, field: i32, value: f64): void {
  const at = record + ((<usize>field) << 3);
  store<f64>(at, load<f64>(at) + value);
}

/** An address kept in an i32 cell. */
// @ts-ignore: decorator
@inline
export function geta(record: usize, field: i32): usize {
  return <usize>load<u32>(record + ((<usize>field) << 3));
}

/** Entry i of an i32 column. */
// @ts-ignore: decorator
@inline
export function rowi(column: usize, i: i32): i32 {
  return load<i32>(column + ((<usize>i) << 2));
}

/** Entry i of an f64 column. */
// @ts-ignore: decorator
@inline
export function rowf(column: usize, i: i32): f64 {
  return load<f64>(column + ((<usize>i) << 3));
}
