// SGLang's admission: beside its prompt a newcomer must find room for what it and those that run are expected to generate. How much of
// what was asked for is expected is learnt: the ratio falls while decodes find their blocks, and is found anew when they do not.
import {
  DECAY_STEPS, EXPECTED_MOST, RATIO_FLOOR, RETRACT_STEPS, ADMISSION_NEW_TOKEN_RATIO,
} from '../layout/admission';
import { CLIENT_ADMISSION, CLIENT_BLOCK_SIZE, CLIENT_DRAFTS, CLIENT_NEED_BLOCKS, CLIENT_NEW_TOKEN_RATIO } from '../layout/client';
import {
  REP_DECAYED, REP_FULL, REP_PARTIAL, REP_RATIO, REP_RUNNING, REP_RUN_HEAD, REP_RUN_TAIL, REP_SPOKEN, REP_TICK, REP_USED, SLOT_BASE, SLOT_PAST, SLOT_REQUEST,
  SLOT_RUN_NEXT, SLOT_RUN_PREV,
} from '../layout/replica';
import { RUN_GENERATED, RUN_PROMPT } from '../layout/run';
import { geta, getf, geti, rowi, setf, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { askedOutput } from './count';

// @ts-ignore: decorator
@inline
export function expects(rep: usize): bool {
  return geti(rep, CLIENT_ADMISSION) == ADMISSION_NEW_TOKEN_RATIO;
}

/** Nothing runs and nothing waits: what was learnt is forgotten. */
export function forgetRatio(rep: usize): void {
  setf(rep, REP_RATIO, getf(rep, CLIENT_NEW_TOKEN_RATIO));
  seti(rep, REP_DECAYED, 0);
}

/** Share of what was asked for that is expected of those that run. */
function ratioNow(rep: usize): f64 {
  const decayed = geti(rep, REP_DECAYED);
  if (decayed == 0) return getf(rep, REP_RATIO);
  const start = getf(rep, CLIENT_NEW_TOKEN_RATIO);
  const floor = RATIO_FLOOR * start;
  const ratio = getf(rep, REP_RATIO) - <f64>decayed * ((start - floor) / <f64>DECAY_STEPS);
  return ratio > floor ? ratio : floor;
}

/** Output tokens of a running sequence so far. */
function producedBy(run: usize, rep: usize, slot: usize): i32 {
  const request = load<i32>(slot, SLOT_REQUEST);
  if (slot == geta(rep, REP_PARTIAL)) return rowi(geta(run, RUN_GENERATED), request);
  const past = geti(rep, CLIENT_DRAFTS) != 0 ? load<i32>(slot, SLOT_PAST) : load<i32>(slot, SLOT_BASE) + geti(rep, REP_TICK);
  return past - rowi(geta(run, RUN_PROMPT), request) + 1;
}

/** What of its answer is still expected of a request, at most. */
// @ts-ignore: decorator
@inline
function expectedOf(run: usize, request: i32, produced: i32): i32 {
  const left = askedOutput(run, request) - produced;
  return left < EXPECTED_MOST ? left : EXPECTED_MOST;
}

/** Before a step is formed: tokens that those that run are expected to need. */
export function speakForRunning(run: usize, rep: usize): void {
  let sum = 0.0;
  for (let slot = geta(rep, REP_RUN_HEAD); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_NEXT)) {
    sum += <f64>expectedOf(run, load<i32>(slot, SLOT_REQUEST), producedBy(run, rep, slot));
  }
  setf(rep, REP_SPOKEN, sum * ratioNow(rep));
}

/** Whether the last refusal stands: until a sequence ends or is preempted nobody asks again. */
// @ts-ignore: decorator
@inline
export function isFull(rep: usize): bool {
  return geti(rep, REP_FULL) != 0 && geti(rep, REP_RUNNING) > 0;
}

/**
 * Whether the head finds room for what is expected, with `blocks` of them taken by its prompt and all that is spoken for, `room` being
 * free; where nothing runs it does.
 */
export function findsExpected(run: usize, rep: usize, request: i32, blocks: i32, room: i32): bool {
  const own = <f64>expectedOf(run, request, rowi(geta(run, RUN_GENERATED), request));
  if (geti(rep, REP_RUNNING) > 0) {
    const size = <f64>geti(rep, CLIENT_BLOCK_SIZE);
    const wanted = getf(rep, REP_SPOKEN) + own + size;
    const least = <f64>(geti(rep, REP_USED) + blocks) + wanted / size + 1;
    noteNeed(rep, CLIENT_NEED_BLOCKS, least < 1e9 ? <i32>ceil(least) : i32.MAX_VALUE);
    if (<f64>(room - blocks) * size <= wanted) {
      seti(rep, REP_FULL, 1);
      return false;
    }
  }
  setf(rep, REP_SPOKEN, getf(rep, REP_SPOKEN) + own);
  return true;
}

/** Of all that run, whoever has produced least: of equals the longest prompt, then the last admitted. */
export function leastProduced(run: usize, rep: usize): usize {
  let last = geta(rep, REP_RUN_TAIL);
  let least = producedBy(run, rep, last);
  for (let slot = <usize>load<u32>(last, SLOT_RUN_PREV); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_PREV)) {
    const produced = producedBy(run, rep, slot);
    if (produced > least || (produced == least && promptOf(run, slot) <= promptOf(run, last))) continue;
    last = slot;
    least = produced;
  }
  return last;
}

// @ts-ignore: decorator
@inline
function promptOf(run: usize, slot: usize): i32 {
  return rowi(geta(run, RUN_PROMPT), load<i32>(slot, SLOT_REQUEST));
}

/** Some were preempted: the ratio is what those that stay have produced, and a few steps more, of what they were asked for. */
export function learnRatio(run: usize, rep: usize): void {
  let produced = 0.0;
  let asked = 0.0;
  for (let slot = geta(rep, REP_RUN_HEAD); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_NEXT)) {
    produced += <f64>producedBy(run, rep, slot);
    asked += <f64>askedOutput(run, load<i32>(slot, SLOT_REQUEST));
  }
  const ratio = (produced + <f64>(RETRACT_STEPS * geti(rep, REP_RUNNING))) / (asked + 1);
  setf(rep, REP_RATIO, ratio < 1 ? ratio : 1);
  seti(rep, REP_DECAYED, 0);
}
