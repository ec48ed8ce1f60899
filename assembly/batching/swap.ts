// Preemption by swapping: the KV blocks of a decoding sequence are copied to host memory and back, instead of being computed again.
import { CLIENT_LANES, CLIENT_PER_SWAP, CLIENT_SWAPS_IN, CLIENT_SWAPS_OUT, CLIENT_SWAP_BLOCKS, CLIENT_SWAP_SECONDS } from '../layout/client';
import { LANES_LOAD_SECONDS } from '../layout/lanes';
import { REP_HOST_USED, REP_SWAPPED, REP_WAIT_HEAD } from '../layout/replica';
import { RUN_SWAPPED } from '../layout/run';
import { addf, addi, geta, getf, geti, rowi, setf, seti } from '../table/cell';

/** Whether the head of the queue was copied to host memory, so that it needs no prefill. */
// @ts-ignore: decorator
@inline
export function headIsSwapped(run: usize, rep: usize): bool {
  return geti(rep, CLIENT_SWAP_BLOCKS) > 0 && rowi(geta(run, RUN_SWAPPED), geti(rep, REP_WAIT_HEAD)) != 0;
}

/**
 * Copies the `blocks` blocks of a preempted sequence to host memory if they fit there; false, changing nothing, when they do
 * not. `skip`: tokens that were cached at its admission, kept until it runs again.
 */
export function swapOut(run: usize, rep: usize, request: i32, blocks: i32, skip: i32): bool {
  const room = geti(rep, CLIENT_SWAP_BLOCKS);
  if (room == 0 || geti(rep, REP_HOST_USED) + blocks > room) return false;
  store<i32>(geta(run, RUN_SWAPPED) + ((<usize>request) << 2), 1 + skip);
  addi(rep, REP_HOST_USED, blocks);
  addi(rep, REP_SWAPPED, blocks);
  addi(rep, CLIENT_SWAPS_OUT, 1);
  return true;
}

/** Copies the `blocks` blocks of a swapped sequence back; returns the tokens that were cached at its first admission. */
export function swapIn(run: usize, rep: usize, request: i32, blocks: i32): i32 {
  const at = geta(run, RUN_SWAPPED) + ((<usize>request) << 2);
  const skip = load<i32>(at) - 1;
  store<i32>(at, 0);
  addi(rep, REP_HOST_USED, -blocks);
  addi(rep, REP_SWAPPED, blocks);
  addi(rep, CLIENT_SWAPS_IN, 1);
  return skip;
}

/** Seconds by which the step being formed lasts longer because of what is copied at its start: blocks or, where there are any, adapters. */
// @ts-ignore: decorator
@inline
export function swapSeconds(rep: usize): f64 {
  return <f64>geti(rep, REP_SWAPPED) * getf(rep, CLIENT_PER_SWAP);
}

/** The step pays for the copies (one that came out empty leaves them to the next). */
export function paySwaps(rep: usize): void {
  const lanes = geta(rep, CLIENT_LANES);
  if (lanes == 0) addf(rep, CLIENT_SWAP_SECONDS, swapSeconds(rep));
  else {
    addf(lanes, LANES_LOAD_SECONDS, swapSeconds(rep));
    setf(rep, CLIENT_PER_SWAP, 0);
  }
  seti(rep, REP_SWAPPED, 0);
}
