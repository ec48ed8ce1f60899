// The waiting queue of a replica: a linked list of request ids through the column NEXT. Preempted requests go to the front.
import { RUN_NEXT } from '../layout/run';
import { REP_WAIT_HEAD, REP_WAIT_TAIL, REP_WAITING } from '../layout/replica';
import { addi, geta, geti, rowi, seti } from './cell';

export function queuePush(run: usize, rep: usize, request: i32): void {
  const next = geta(run, RUN_NEXT);
  const tail = geti(rep, REP_WAIT_TAIL);
  store<i32>(next + ((<usize>request) << 2), -1);
  if (geti(rep, REP_WAITING) == 0) seti(rep, REP_WAIT_HEAD, request);
  else store<i32>(next + ((<usize>tail) << 2), request);
  seti(rep, REP_WAIT_TAIL, request);
  addi(rep, REP_WAITING, 1);
}

export function queuePushFront(run: usize, rep: usize, request: i32): void {
  const next = geta(run, RUN_NEXT);
  if (geti(rep, REP_WAITING) == 0) seti(rep, REP_WAIT_TAIL, request);
  store<i32>(next + ((<usize>request) << 2), geti(rep, REP_WAIT_HEAD));
  seti(rep, REP_WAIT_HEAD, request);
  addi(rep, REP_WAITING, 1);
}

/** Takes the head away; the queue must not be empty. */
// @ts-ignore: decorator
@inline
export function queuePop(run: usize, rep: usize): void {
  seti(rep, REP_WAIT_HEAD, rowi(geta(run, RUN_NEXT), geti(rep, REP_WAIT_HEAD)));
  addi(rep, REP_WAITING, -1);
}
