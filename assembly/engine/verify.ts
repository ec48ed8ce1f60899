// Phase "retire" with drafts: every sequence of the step gains one token and the drafts that were accepted.
import { CLIENT_ACCEPTANCE, CLIENT_AT_ACCEPTED, CLIENT_DRAFTS, CLIENT_DRAFT_SEED, CLIENT_DRAFT_STEPS, CLIENT_ROUND, CLIENT_UNDONE } from '../layout/client';
import {
  REP_CONTEXT, REP_DECODES, REP_RUN_HEAD, REP_SINCE_LOOK, REP_VERIFY, SLOT_ENTERED, SLOT_LEFT, SLOT_PAST, SLOT_REQUEST, SLOT_RUN_NEXT,
} from '../layout/replica';
import { RUN_HISTOGRAM, RUN_OUTPUT } from '../layout/run';
import { mix3 } from './draw';
import { addf, addi, geta, geti, rowi } from '../table/cell';
import { histogramAdd } from '../table/histogram';
import { finishSlot } from './finish';

/** Advances the VERIFY first sequences that decode; those that have all their output end. */
export function advanceDrafts(run: usize, rep: usize, now: f64): void {
  addi(rep, REP_SINCE_LOOK, 1);
  addf(rep, CLIENT_DRAFT_STEPS, 1);
  const histogram = geta(run, RUN_HISTOGRAM);
  let sequences = geti(rep, REP_VERIFY);
  let slot = geta(rep, REP_RUN_HEAD);
  while (sequences > 0) {
    const next = <usize>load<u32>(slot, SLOT_RUN_NEXT);
    // Those that are prefilled in this step, and those of a static batch that have ended, have nothing left
    if (load<i32>(slot, SLOT_LEFT) > 0) {
      sequences--;
      if (histogram != 0) histogramAdd(histogram, now - load<f64>(slot, SLOT_ENTERED), 1);
      advance(run, rep, slot, now);
    }
    slot = next;
  }
}

// @ts-ignore: decorator
@inline
function advance(run: usize, rep: usize, slot: usize, now: f64): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  const left = load<i32>(slot, SLOT_LEFT);
  const gained = 1 + acceptedDrafts(rep, request, rowi(geta(run, RUN_OUTPUT), request) - left);
  const tokens = gained < left ? gained : left;
  const past = load<i32>(slot, SLOT_PAST) + tokens;
  store<i32>(slot, past, SLOT_PAST);
  store<i32>(slot, left - tokens, SLOT_LEFT);
  store<f64>(slot, now, SLOT_ENTERED);
  addf(rep, REP_CONTEXT, <f64>tokens);
  addf(rep, CLIENT_UNDONE, -(<f64>tokens));
  if (tokens < left) return;
  addi(rep, REP_DECODES, -1);
  addf(rep, REP_CONTEXT, -(<f64>past));
  finishSlot(run, rep, slot, now, past);
}

/** Drafts accepted behind the `generated` tokens of `request`: one draw decides, whatever the schedule and the draft length. */
// @ts-ignore: decorator
@inline
function acceptedDrafts(rep: usize, request: i32, generated: i32): i32 {
  // A round of plain decodes keeps all its tokens
  if (geti(rep, CLIENT_ROUND) != 0) return geti(rep, CLIENT_DRAFTS);
  const drawn = <f64>mix3(<u32>geti(rep, CLIENT_DRAFT_SEED), <u32>request, <u32>generated);
  const acceptance = geta(rep, CLIENT_ACCEPTANCE);
  const drafts = geti(rep, CLIENT_DRAFTS);
  let accepted = 0;
  while (accepted < drafts && drawn < load<f64>(acceptance + ((<usize>accepted) << 3))) accepted++;
  const count = rep + geta(rep, CLIENT_AT_ACCEPTED) + ((<usize>accepted) << 3);
  store<f64>(count, load<f64>(count) + 1);
  return accepted;
}
