// What a run needed of each limit: asked before every decision that a limit has a say in, whichever way it goes.
import { geti, seti } from './cell';

/** A decision goes the same way under every limit of at least `least`; `cell` is CLIENT_NEED_*. */
// @ts-ignore: decorator
@inline
export function noteNeed(rep: usize, cell: i32, least: i32): void {
  if (least > geti(rep, cell)) seti(rep, cell, least);
}
