// How one replica forms a step: every rule of DESIGN.md section 4a, one obvious function each.
import type { EngineSetup } from '../../src/plan/setup.ts';

/** A request inside a replica. It is prefilling while past < need, else decoding. */
export interface Sequence {
  readonly index: number;
  readonly prompt: number;
  readonly output: number;
  past: number; // tokens in the KV cache
  need: number; // tokens to prefill: the prompt, or after a preemption prompt + generated
  generated: number; // output tokens so far
  blocks: number; // KV blocks held
  lastToken: number; // s, time of the newest output token; NaN before the first
  swapped: boolean; // its KV lies in host memory while it waits
}

/** One engine: its queue, what it runs (in order of admission) and its free KV blocks. */
export interface Replica {
  readonly id: number;
  waiting: Sequence[];
  running: Sequence[];
  free: number;
  /** Free blocks of host memory, and blocks that its next step copies out or in before anything else. */
  hostFree: number;
  moved: number;
  /** The newest of the waiting, which the scheduler has not looked at yet. */
  hidden: number;
  /** Decode steps since it last looked at arrivals. */
  sinceLook: number;
  /** Steps that the waiting prompts have been held back. */
  waited: number;
}

/** What a step does. Chunks are in the order they were scheduled. */
export interface FormedStep {
  readonly chunks: { readonly sequence: Sequence; readonly tokens: number }[];
  readonly decodes: Sequence[];
  readonly preempted: Sequence[];
  /** Of those preempted: copied to host memory; and those that came back. */
  readonly swappedOut: Sequence[];
  readonly swappedIn: Sequence[];
}

export function countBlocks(tokens: number, setup: EngineSetup): number {
  return Math.ceil(tokens / setup.blockSize);
}

/** The KV tokens a request holds at its end: the last output token never enters the cache. */
export function finalLength(sequence: { readonly prompt: number; readonly output: number }): number {
  return sequence.prompt + sequence.output - 1;
}

export function isEnded(sequence: Sequence): boolean {
  return sequence.generated === sequence.output;
}

/** Before a step: whether the scheduler looks at what has arrived. `lastHadPrompts`: whether its last step carried a chunk. */
export function lookAtArrivals(replica: Replica, setup: EngineSetup, lastHadPrompts: boolean): void {
  const busyDecoding = replica.running.length > 0 && !lastHadPrompts;
  if (busyDecoding && replica.sinceLook < (setup.receiveEvery ?? 1)) return;
  replica.hidden = 0;
  replica.sinceLook = 0;
}

/** The request that admission may take next, or nothing. */
function headOf(replica: Replica): Sequence | undefined {
  return replica.waiting.length > replica.hidden ? replica.waiting[0] : undefined;
}

/** Forms the next step and takes its blocks; the replica must have something waiting or running. */
export function formStep(replica: Replica, setup: EngineSetup): FormedStep {
  const step: FormedStep = { chunks: [], decodes: [], preempted: [], swappedOut: [], swappedIn: [] };
  if (setup.batching === 'static') formStatic(replica, setup, step);
  if (setup.batching === 'continuous') formContinuous(replica, setup, step);
  if (setup.batching === 'chunked') formChunked(replica, setup, step);
  if (setup.batching === 'mixed') formMixed(replica, setup, step);
  return step;
}

/** Decode iterations that go by before the scheduler looks again. */
export function roundOf(setup: EngineSetup): number {
  return setup.batching === 'continuous' || setup.batching === 'static' ? (setup.schedulerSteps ?? 1) : 1;
}

/** Tokens of a step that one decode takes: its own and its drafts, or those of a round. */
export function decodeTokens(setup: EngineSetup): number {
  if (roundOf(setup) > 1) return roundOf(setup);
  return 1 + (setup.speculation?.drafts ?? 0);
}

/** KV tokens that a decode needs room for: drafts beyond the final length are never kept. */
function decodeEnd(sequence: Sequence, setup: EngineSetup): number {
  return Math.min(sequence.past + decodeTokens(setup), finalLength(sequence));
}

/** With nothing running: up to max_num_seqs whose final lengths fit, whatever the budget; else decode those not ended. */
function formStatic(replica: Replica, setup: EngineSetup, step: FormedStep): void {
  if (replica.running.length > 0) {
    for (const sequence of replica.running) if (!isEnded(sequence)) step.decodes.push(sequence);
    return;
  }
  while (canAdmit(replica, setup, headOf(replica)?.need)) admit(replica, setup, step, replica.waiting[0]!.need);
}

/** Whole prompts alone while their sum stays in the budget (a longer one alone), otherwise decode everything. */
function formContinuous(replica: Replica, setup: EngineSetup, step: FormedStep): void {
  if (!holdsBack(replica, setup, step, setup.maxNumBatchedTokens, admitWholePrompts)) {
    admitWholePrompts(replica, setup, step, setup.maxNumBatchedTokens);
  }
  if (step.chunks.length === 0) decodeRunning(replica, setup, step);
}

/** One decode for every running sequence, and whole prompts in the rest of the budget. */
function formMixed(replica: Replica, setup: EngineSetup, step: FormedStep): void {
  decodeRunning(replica, setup, step);
  if (step.preempted.length > 0) return;
  const rest = setup.maxNumBatchedTokens - step.decodes.length * decodeTokens(setup);
  if (!holdsBack(replica, setup, step, rest, admitWholePrompts)) admitWholePrompts(replica, setup, step, rest);
}

/** Running sequences in order of admission while budget is left, then prompts in queue order with what is left. */
function formChunked(replica: Replica, setup: EngineSetup, step: FormedStep): void {
  let budget = setup.maxNumBatchedTokens;
  for (let at = 0; at < replica.running.length && budget > 0; at++) {
    const sequence = replica.running[at]!;
    const left = sequence.need - sequence.past;
    const tokens = left > 0 ? Math.min(left, budget) : decodeTokens(setup);
    if (tokens > budget) return; // nobody overtakes it
    const end = left > 0 ? sequence.past + tokens : decodeEnd(sequence, setup);
    if (!makeRoom(replica, setup, step, sequence, end)) break;
    if (left > 0) step.chunks.push({ sequence, tokens });
    else step.decodes.push(sequence);
    budget -= tokens;
  }
  if (step.preempted.length > 0) return;
  if (!holdsBack(replica, setup, step, budget, admitChunks)) admitChunks(replica, setup, step, budget);
}

type Admission = (replica: Replica, setup: EngineSetup, step: FormedStep, rest: number) => void;

/** Prompts in queue order with what is left of the budget, the last one cut to it. */
function admitChunks(replica: Replica, setup: EngineSetup, step: FormedStep, rest: number): void {
  let budget = rest;
  for (let head = headOf(replica); head !== undefined && budget > 0; head = headOf(replica)) {
    const tokens = head.swapped ? decodeTokens(setup) : Math.min(head.need, budget);
    if (tokens > budget || !canAdmit(replica, setup, head.swapped ? decodeEnd(head, setup) : tokens)) return;
    if (head.swapped) step.decodes.push(swapIn(replica, setup, step));
    else admit(replica, setup, step, tokens);
    budget -= tokens;
  }
}

/** Batch waiting: tries the admission on a copy, and holds it back while its step is small and the wait not too long. */
function holdsBack(
  replica: Replica,
  setup: EngineSetup,
  step: FormedStep,
  rest: number,
  admission: Admission,
): boolean {
  const decodes = replica.running.filter((sequence) => sequence.past >= sequence.need).length;
  if (setup.batchWait === undefined || decodes === 0) return false;
  const trial = { ...replica, waiting: replica.waiting.map((one) => ({ ...one })), running: [...replica.running] };
  const tried = { ...step, chunks: [...step.chunks] };
  admission(trial, setup, tried, rest);
  if (tried.chunks.length === step.chunks.length) return false;
  const tokens = decodes * decodeTokens(setup) + tried.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  const isHeld = replica.waited < setup.batchWait.steps && tokens < setup.batchWait.tokens;
  replica.waited = isHeld ? replica.waited + 1 : 0;
  return isHeld;
}

function decodeRunning(replica: Replica, setup: EngineSetup, step: FormedStep): void {
  for (let at = 0; at < replica.running.length; at++) {
    const sequence = replica.running[at]!;
    if (!makeRoom(replica, setup, step, sequence, decodeEnd(sequence, setup))) break;
    step.decodes.push(sequence);
  }
}

/** Whole prompts in queue order within `rest`; a prompt longer than the whole budget goes as the only prompt. */
function admitWholePrompts(replica: Replica, setup: EngineSetup, step: FormedStep, rest: number): void {
  let left = rest;
  for (let head = headOf(replica); head !== undefined; head = headOf(replica)) {
    if (head.swapped) {
      if (!canSwapIn(replica, setup, head, left)) return;
      const back = swapIn(replica, setup, step);
      if (setup.batching === 'mixed') {
        step.decodes.push(back);
        left -= decodeTokens(setup);
      }
      continue;
    }
    const { need } = head;
    const alone = step.chunks.length === 0 && need > setup.maxNumBatchedTokens;
    if (need > left && !alone) return;
    if (!canAdmit(replica, setup, need)) return;
    admit(replica, setup, step, need);
    left -= need;
  }
}

/**
 * Beside whole prompts: under mixed batching it takes its tokens of the budget and decodes in this step; under continuous it decodes
 * with everybody else, so the blocks that all their next tokens need are spoken for.
 */
function canSwapIn(replica: Replica, setup: EngineSetup, head: Sequence, left: number): boolean {
  if (setup.batching === 'mixed')
    return left >= decodeTokens(setup) && canAdmit(replica, setup, decodeEnd(head, setup));
  const needed = replica.running.filter((one) => one.past >= one.need);
  const blocks = needed.reduce(
    (sum, one) => sum + Math.max(0, countBlocks(decodeEnd(one, setup), setup) - one.blocks),
    0,
  );
  const free = replica.free - blocks;
  return canAdmit({ ...replica, free }, setup, decodeEnd(head, setup));
}

/** The head comes back from host memory, with the blocks of its coming decode. */
function swapIn(replica: Replica, setup: EngineSetup, step: FormedStep): Sequence {
  const sequence = replica.waiting.shift()!;
  const copied = countBlocks(sequence.past, setup);
  replica.hostFree += copied;
  replica.moved += copied;
  sequence.swapped = false;
  sequence.blocks = countBlocks(decodeEnd(sequence, setup), setup);
  replica.free -= sequence.blocks;
  replica.running.push(sequence);
  step.swappedIn.push(sequence);
  return sequence;
}

/** Whether the head of the queue finds a slot and blocks for its first chunk. */
function canAdmit(replica: Replica, setup: EngineSetup, tokens: number | undefined): boolean {
  const head = headOf(replica);
  if (head === undefined || tokens === undefined) return false;
  const blocks = blocksToAdmit(head, tokens, setup) + stayFree(replica, setup);
  return replica.running.length < setup.maxNumSeqs && blocks <= replica.free;
}

/** Blocks that admission leaves free; with nothing running it takes what it needs, or it would wait for ever. */
function stayFree(replica: Replica, setup: EngineSetup): number {
  return replica.running.length === 0 ? 0 : Math.floor((setup.watermark ?? 0) * setup.numGpuBlocks);
}

/** Static batching always reserves the final length; the others by their admission. */
function blocksToAdmit(sequence: Sequence, tokens: number, setup: EngineSetup): number {
  const reserves = setup.batching === 'static' || setup.admission === 'full-length';
  return countBlocks(reserves ? finalLength(sequence) : tokens, setup);
}

function admit(replica: Replica, setup: EngineSetup, step: FormedStep, tokens: number): void {
  const sequence = replica.waiting.shift()!;
  sequence.blocks = blocksToAdmit(sequence, tokens, setup);
  replica.free -= sequence.blocks;
  replica.running.push(sequence);
  step.chunks.push({ sequence, tokens });
}

/** Blocks for a running sequence; preempts the newest ones until it fits. False: it was the newest left, and went. */
function makeRoom(replica: Replica, setup: EngineSetup, step: FormedStep, sequence: Sequence, tokens: number): boolean {
  const more = Math.max(0, countBlocks(tokens, setup) - sequence.blocks);
  while (more > replica.free) {
    const victim = preemptNewest(replica, setup, step);
    if (victim === sequence) return false;
  }
  replica.free -= more;
  sequence.blocks += more;
  return true;
}

/** The most recently admitted goes: a decode to host memory if it has room, everything else loses what it has computed. */
function preemptNewest(replica: Replica, setup: EngineSetup, step: FormedStep): Sequence {
  const victim = replica.running.pop()!;
  release(replica, victim);
  const content = countBlocks(victim.past, setup);
  if (setup.swap !== undefined && victim.past >= victim.need && content <= replica.hostFree) {
    replica.hostFree -= content;
    replica.moved += content;
    victim.swapped = true;
    step.swappedOut.push(victim);
  } else {
    victim.past = 0;
    victim.need = victim.prompt + victim.generated;
  }
  replica.waiting.unshift(victim);
  step.preempted.push(victim);
  return victim;
}

export function release(replica: Replica, sequence: Sequence): void {
  replica.free += sequence.blocks;
  sequence.blocks = 0;
}
