// Forming a step in the engine twin: chunked batching, paged blocks, preemption by recompute, and the leap.
import { priceDecode, priceMixed } from './engine-price.ts';
import { blocksFor, findGap, freeSlot, type Replica, removeFromWheel, type TwinRun, takeSlot } from './engine-state.ts';

export function formStep(run: TwinRun, rep: Replica, now: number): void {
  rep.end = Number.POSITIVE_INFINITY;
  if (rep.running === 0 && rep.waiting === 0) return;
  rep.start = now;
  rep.steps = 1;
  rep.chunks = 0;
  rep.chunkTokens = 0;
  rep.completing = 0;
  rep.pairs = 0;
  rep.preempted = false;
  formChunked(run, rep);
  const blocks = rep.used + (rep.decoding ? rep.residues[rep.phase] : 0);
  if (blocks > run.counters.peakBlocks) run.counters.peakBlocks = blocks;
  if (rep.chunks > 0) {
    rep.end = now + priceMixed(run, rep);
    return;
  }
  priceDecode(run, rep);
  const { a, b, end } = run.piece;
  rep.pieceA = a;
  rep.pieceB = b;
  if (!run.leaps || rep.preempted) {
    rep.end = now + (a + b * rep.context);
    return;
  }
  rep.blocked = rep.waiting > 0;
  planLeap(run, rep, limitLeap(run, rep, end), nextCut(run, rep));
}

function formChunked(run: TwinRun, rep: Replica): void {
  let budget = run.setup.maxNumBatchedTokens - rep.decodes;
  if (rep.partial >= 0) budget = continuePartial(run, rep, budget);
  else makeRoom(run, rep, 0);
  rep.decoding = rep.decodes > 0;
  if (rep.preempted) return;
  const taken = rep.residues[rep.phase];
  const { maxNumSeqs } = run.setup;
  while (budget > 0 && rep.waiting > 0 && rep.running < maxNumSeqs) {
    const request = rep.waitHead;
    const need = run.prompt[request] + run.generated[request];
    const tokens = Math.min(need, budget);
    if (!admit(run, rep, request, tokens, need, taken)) return;
    budget -= tokens;
  }
}

function continuePartial(run: TwinRun, rep: Replica, budget: number): number {
  const slot = rep.partial;
  const past = rep.partialPast;
  const left = rep.slots.need[slot] - past;
  const tokens = Math.min(left, budget);
  makeRoom(run, rep, tokens);
  if (rep.partial < 0) return budget;
  const { blockSize } = run.setup;
  rep.used += blocksFor(past + tokens, blockSize) - blocksFor(past, blockSize);
  rep.partialPast = past + tokens;
  if (tokens === left) rep.partial = -1;
  addChunk(rep, slot, tokens, past, tokens === left);
  return budget - tokens;
}

function admit(run: TwinRun, rep: Replica, request: number, tokens: number, need: number, taken: number): boolean {
  const used = rep.used + blocksFor(tokens, run.setup.blockSize);
  if (used + taken > run.setup.numGpuBlocks) return false;
  rep.waitHead = run.next[request];
  rep.waiting--;
  const slot = takeSlot(rep, request);
  rep.slots.need[slot] = need;
  rep.used = used;
  rep.running++;
  if (rep.running > run.counters.peakSequences) run.counters.peakSequences = rep.running;
  if (tokens < need) {
    rep.partial = slot;
    rep.partialPast = tokens;
  }
  addChunk(rep, slot, tokens, 0, tokens === need);
  return true;
}

function addChunk(rep: Replica, slot: number, tokens: number, past: number, completes: boolean): void {
  const pairs = tokens * past + (tokens * (tokens + 1)) / 2;
  rep.chunkSlot[rep.chunks] = completes ? slot : -1;
  rep.chunkSize[rep.chunks] = tokens;
  rep.chunkPairs[rep.chunks] = pairs;
  rep.chunks++;
  if (completes) rep.completing++;
  rep.chunkTokens += tokens;
  rep.pairs += pairs;
}

function makeRoom(run: TwinRun, rep: Replica, chunk: number): void {
  const { blockSize, numGpuBlocks } = run.setup;
  let partial = 0;
  if (chunk > 0) partial = blocksFor(rep.partialPast + chunk, blockSize) - blocksFor(rep.partialPast, blockSize);
  while (rep.used + rep.residues[rep.phase] + partial > numGpuBlocks) {
    if (rep.partial >= 0) {
      rep.used -= blocksFor(rep.partialPast, blockSize);
      requeue(run, rep, rep.partial);
      rep.partial = -1;
      partial = 0;
    } else preemptDecode(run, rep, rep.runTail);
    rep.preempted = true;
  }
}

function preemptDecode(run: TwinRun, rep: Replica, slot: number): void {
  const { slots } = rep;
  const request = slots.request[slot];
  const past = slots.past0[slot] + rep.tick;
  rep.used -= blocksFor(past, run.setup.blockSize);
  rep.residues[slots.residue[slot]]--;
  removeFromWheel(rep, slot);
  rep.decodes--;
  rep.context -= past;
  run.generated[request] = run.output[request] - (slots.finishTick[slot] - rep.tick);
  const last = Math.max(slots.entered[slot], rep.lastDecode);
  run.results.finish[request] = last;
  let group = 0;
  while (group < rep.groups && rep.groupTime[group] !== last) group++;
  if (group < rep.groups) rep.groupCount[group]--;
  requeue(run, rep, slot);
}

function requeue(run: TwinRun, rep: Replica, slot: number): void {
  const request = rep.slots.request[slot];
  freeSlot(rep, slot);
  rep.running--;
  if (rep.waiting === 0) rep.waitTail = request;
  run.next[request] = rep.waitHead;
  rep.waitHead = request;
  rep.waiting++;
  run.results.preemptions[request]++;
  run.counters.preemptions++;
}

function limitLeap(run: TwinRun, rep: Replica, pieceEnd: number): number {
  let limit = findGap(rep);
  if (limit === 1) return 1;
  const toEnd = Math.ceil((pieceEnd - rep.context) / rep.decodes);
  if (toEnd < limit) limit = Math.max(toEnd, 1);
  const { blockSize, numGpuBlocks } = run.setup;
  const free = numGpuBlocks - rep.used;
  if (free >= rep.decodes * (((limit / blockSize) | 0) + 1)) return limit;
  return Math.min(limit, countFittingSteps(rep, blockSize, free));
}

function countFittingSteps(rep: Replica, blockSize: number, free: number): number {
  const { residues } = rep;
  let period = 0;
  for (let i = 0; i < blockSize; i++) period += residues[i];
  if (period === 0) return 0x7fffffff;
  const periods = (free / period) | 0;
  let left = free - periods * period;
  let steps = periods * blockSize;
  let { phase } = rep;
  for (let i = 0; i < blockSize; i++) {
    left -= residues[phase];
    if (left < 0) break;
    steps++;
    phase = phase === 0 ? blockSize - 1 : phase - 1;
  }
  return steps;
}

export function planLeap(run: TwinRun, rep: Replica, limit: number, cut: number): void {
  const { pieceA: a, pieceB: b, start, decodes } = rep;
  let { context } = rep;
  let steps = 0;
  let end = start;
  if (run.exact) {
    do {
      end += a + b * context;
      context += decodes;
      steps++;
    } while (steps < limit && end < cut);
  } else {
    steps = limit;
    end = start + leapSeconds(a, b, context, decodes, limit);
    if (end >= cut) {
      steps = countStepsUntil(a, b, context, decodes, limit, cut - start);
      end = start + leapSeconds(a, b, context, decodes, steps);
    }
  }
  rep.steps = steps;
  rep.end = end;
}

function leapSeconds(a: number, b: number, context: number, decodes: number, n: number): number {
  return n * (a + b * context) + b * decodes * (n * (n - 1) * 0.5);
}

function countStepsUntil(
  a: number,
  b: number,
  context: number,
  decodes: number,
  limit: number,
  target: number,
): number {
  const square = b * decodes * 0.5;
  const linear = a + b * context - square;
  let root = 0;
  if (square > 0) root = (Math.sqrt(linear * linear + 4 * square * target) - linear) / (2 * square);
  else if (linear > 0) root = target / linear;
  let k = root < 1 ? 1 : root > limit ? limit : Math.trunc(root);
  while (k > 1 && leapSeconds(a, b, context, decodes, k - 1) >= target) k--;
  while (k < limit && leapSeconds(a, b, context, decodes, k) < target) k++;
  return k;
}

function nextCut(run: TwinRun, rep: Replica): number {
  if (rep.blocked || run.replicas.length > 1 || run.nextArrival === run.count) return Number.POSITIVE_INFINITY;
  return run.arrival[run.nextArrival];
}
