// The end of a step in the engine twin: tokens out, gaps into the histogram, finished sequences away.
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import { HISTOGRAM_BINS, HISTOGRAM_MIN_EXPONENT } from '../../assembly/layout/run.ts';
import { addToWheel, blocksFor, freeSlot, type Replica, type TwinRun, takeFromWheel } from './engine-state.ts';

const scratch = new Float64Array(1);
const halves = new Int32Array(scratch.buffer);
const FIRST_BIN = (1023 + HISTOGRAM_MIN_EXPONENT) << 7;

/** By the sign, the exponent and 7 bits of the mantissa: the top 19 bits of a double (little-endian hosts). */
function findBin(seconds: number): number {
  scratch[0] = seconds;
  const top = (halves[1] >>> 13) - FIRST_BIN;
  return top < 0 ? 0 : top >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : top;
}

export function retireStep(run: TwinRun, rep: Replica): void {
  const now = rep.end;
  countStep(run, rep);
  if (rep.decoding) advanceDecodes(run, rep, now);
  for (let i = 0; i < rep.chunks; i++) if (rep.chunkSlot[i] >= 0) completePrompt(run, rep, rep.chunkSlot[i], now);
}

function countStep({ counters }: TwinRun, rep: Replica): void {
  const { steps } = rep;
  const lasted = rep.end - rep.start;
  const decodes = rep.decoding ? rep.decodes : 0;
  counters.steps += steps;
  rep.busySeconds += lasted;
  rep.runningSeconds += lasted * (decodes + rep.chunks);
  counters.newTokens += steps * decodes + rep.chunkTokens;
  counters.pairs += rep.pairs;
  if (decodes > 0) counters.contextTokens += steps * rep.context + decodes * (steps * (steps - 1) * 0.5);
}

function advanceDecodes(run: TwinRun, rep: Replica, now: number): void {
  const { steps, decodes, context } = rep;
  countGaps(run, rep, now);
  takeBlocks(run, rep, steps);
  rep.tick += steps;
  rep.context = context + decodes * steps;
  rep.lastDecode = now;
  let slot = takeFromWheel(rep, rep.tick);
  while (slot >= 0) {
    const next = rep.slots.wheelNext[slot];
    finishSlot(run, rep, slot, now, rep.slots.past0[slot] + rep.tick);
    slot = next;
  }
  rep.groupTime[0] = now;
  rep.groupCount[0] = rep.decodes;
  rep.groups = 1;
}

function countGaps(run: TwinRun, rep: Replica, now: number): void {
  const { histogram } = run;
  const { pieceA: a, pieceB: b, steps, decodes, context } = rep;
  const first = steps === 1 ? now : rep.start + (a + b * context);
  for (let i = 0; i < rep.groups; i++) {
    if (rep.groupCount[i] > 0) histogram[findBin(first - rep.groupTime[i])] += rep.groupCount[i];
  }
  if (steps > 1) addRisingGaps(histogram, a + b * (context + decodes), b * decodes, steps - 1, decodes);
}

function addRisingGaps(histogram: Float64Array, first: number, step: number, count: number, weight: number): void {
  let done = 0;
  while (done < count) {
    const bin = findBin(first + step * done);
    let last = count - 1;
    if (findBin(first + step * last) !== bin) {
      let low = done;
      while (last - low > 1) {
        const middle = (low + last) >> 1;
        if (findBin(first + step * middle) === bin) low = middle;
        else last = middle;
      }
      last = low;
    }
    histogram[bin] += weight * (last - done + 1);
    done = last + 1;
  }
}

function takeBlocks(run: TwinRun, rep: Replica, steps: number): void {
  const { residues } = rep;
  const { blockSize } = run.setup;
  let { phase } = rep;
  let left = steps;
  let taken = 0;
  if (left >= blockSize) {
    let period = 0;
    for (let i = 0; i < blockSize; i++) period += residues[i];
    taken = ((left / blockSize) | 0) * period;
    left %= blockSize;
  }
  for (; left > 0; left--) {
    taken += residues[phase];
    phase = phase === 0 ? blockSize - 1 : phase - 1;
  }
  rep.phase = phase;
  rep.used += taken;
  if (rep.used > run.counters.peakBlocks) run.counters.peakBlocks = rep.used;
}

function completePrompt(run: TwinRun, rep: Replica, slot: number, now: number): void {
  const { slots } = rep;
  const request = slots.request[slot];
  const generated = run.generated[request];
  const need = slots.need[slot];
  if (generated === 0) run.results.first[request] = now;
  else run.histogram[findBin(now - run.results.finish[request])] += 1;
  const left = run.output[request] - generated - 1;
  rep.decodes++;
  rep.context += need;
  const residue = (need + rep.phase) % run.setup.blockSize;
  slots.residue[slot] = residue;
  rep.residues[residue]++;
  if (left === 0) {
    finishSlot(run, rep, slot, now, need);
    return;
  }
  slots.past0[slot] = need - rep.tick;
  slots.entered[slot] = now;
  addToWheel(rep, slot, rep.tick + left);
  const last = rep.groups - 1;
  if (last >= 0 && rep.groupTime[last] === now) rep.groupCount[last]++;
  else {
    rep.groupTime[rep.groups] = now;
    rep.groupCount[rep.groups] = 1;
    rep.groups++;
  }
}

function finishSlot(run: TwinRun, rep: Replica, slot: number, now: number, past: number): void {
  const request = rep.slots.request[slot];
  run.results.finish[request] = now;
  run.results.state[request] = STATE_FINISHED;
  rep.decodes--;
  rep.context -= past;
  rep.outstanding--;
  rep.residues[rep.slots.residue[slot]]--;
  rep.used -= blocksFor(past, run.setup.blockSize);
  rep.running--;
  freeSlot(rep, slot);
}
