// Client records by index.
import { RUN_TABLE } from '../layout/run';
import { geta } from './cell';

/** The record of client `index`. */
// @ts-ignore: decorator
@inline
export function clientAt(run: usize, index: i32): usize {
  return <usize>load<u32>(geta(run, RUN_TABLE) + ((<usize>index) << 2));
}
