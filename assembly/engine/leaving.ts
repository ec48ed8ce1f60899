// Ended visits of a client that caches prefixes give up their blocks in order of visit, when the step in which they end is retired.
import { REP_LEAVING, REP_RETIRING, REP_USED } from '../layout/replica';
import { RUN_GENERATED, RUN_NEXT } from '../layout/run';
import { finalLength, leave } from '../batching/paging';
import { giveNameless, roomNow } from '../batching/share';
import { addi, geta, geti, rowi, seti } from '../table/cell';

/** `blocks` that nothing can be found in are free. */
// @ts-ignore: decorator
@inline
export function freeBlocks(run: usize, rep: usize, blocks: i32): void {
  addi(rep, REP_USED, -blocks);
  giveNameless(run, rep, blocks);
}

/** `visit` gives its blocks up when the step is retired, or now where none is; it keeps as many as keepBlocks has noted. */
export function leaveAfter(run: usize, rep: usize, visit: i32): void {
  if (geti(rep, REP_RETIRING) == 0) {
    leaveNow(run, rep, visit);
    return;
  }
  const next = geta(run, RUN_NEXT);
  let before = -1;
  let after = geti(rep, REP_LEAVING) - 1;
  while (after >= 0 && after < visit) {
    before = after;
    after = rowi(next, after);
  }
  store<i32>(next + ((<usize>visit) << 2), after);
  if (before < 0) seti(rep, REP_LEAVING, 1 + visit);
  else store<i32>(next + ((<usize>before) << 2), visit);
}

/** The end of a step: all that leave give their blocks up. */
export function leaveAll(run: usize, rep: usize): void {
  let visit = geti(rep, REP_LEAVING) - 1;
  while (visit >= 0) {
    const next = rowi(geta(run, RUN_NEXT), visit);
    leaveNow(run, rep, visit);
    visit = next;
  }
  seti(rep, REP_LEAVING, 0);
}

function leaveNow(run: usize, rep: usize, visit: i32): void {
  const kept = geta(run, RUN_GENERATED) + ((<usize>visit) << 2);
  const own = load<i32>(kept);
  store<i32>(kept, 0);
  leave(run, rep, visit, finalLength(run, visit), own, false, roomNow(run, rep));
}
