// How an llm client of a fleet forms a step: DESIGN.md section 4a, with shared and cached prompts, resident KV and packing.
import type { BatchingName } from '../../../src/check/scheduler-lists.ts';
import { useAdapter } from './adapters.ts';
import { blocksToAdmit, gate } from './admit.ts';
import { countBlocks, decodeTokens } from './blocks.ts';
import { expects, findsExpected, learn, speak } from './expect.ts';
import { choosesVictims, headOf, isResident } from './queue.ts';
import { decodeEnd, isPartial, makeRoom, makeWay } from './room.ts';
import { type Found, listUnits, lookUp, NO_BLOCKS, takeBack } from './share.ts';
import type { Client, FormedStep, Visit } from './state.ts';
import { chargePrompt, gapOver, lookAtTenants, noteOutOfQueue } from './tenants.ts';

export function isEnded(visit: Visit): boolean {
  return visit.generated === visit.output;
}

/** Before a step: a scheduler that is busy decoding sees what has arrived only every so many decode steps. */
export function lookAtArrivals(client: Client): void {
  const every = client.setup.receiveEvery ?? 1;
  const busyDecoding = client.running.length > 0 && !client.lastHadPrompts;
  if (every > 1 && busyDecoding && client.sinceLook < every) return;
  client.hidden = 0;
  client.sinceLook = 0;
}

/** Forms the next step and takes its blocks; empty when what waits finds no room. */
export function formStep(client: Client): FormedStep {
  const step: FormedStep = {
    chunks: [],
    decodes: [],
    preempted: [],
    swappedOut: [],
    swappedIn: [],
    admitted: [],
    decodeBlocks: 0,
  };
  lookAtTenants(client);
  if (client.waiting.length > 0) speak(client);
  RULES[client.setup.batching](client, step);
  if (expects(client) && step.preempted.length > 0) learn(client);
  return step;
}

const RULES: Readonly<Record<BatchingName, (client: Client, step: FormedStep) => void>> = {
  static: formStatic,
  continuous: formContinuous,
  chunked: formChunked,
  mixed: formMixed,
};

/** A batch whose final lengths fit, whatever the budget: its prompts in one step, then decodes until the last has ended. */
function formStatic(client: Client, step: FormedStep): void {
  if (client.running.length === 0) {
    for (let head = headOf(client); canAdmit(client, head, head?.need); head = headOf(client)) {
      if (isResident(head!)) admitResident(client, step);
      else admitChunk(client, step, head!.need);
    }
  }
  if (step.chunks.length === 0) step.decodes.push(...client.running.filter((visit) => !isEnded(visit)));
}

/** Residents and whole prompts while they find room; with a prompt a step of prompts only, otherwise everything decodes. */
function formContinuous(client: Client, step: FormedStep): void {
  if (!holdsBack(client, step, client.setup.maxNumBatchedTokens))
    admitQueue(client, step, client.setup.maxNumBatchedTokens, false);
  if (step.chunks.length === 0) decodeRunning(client, step);
}

/** One decode for every running visit, then residents and whole prompts in the rest of the budget. */
function formMixed(client: Client, step: FormedStep): void {
  decodeRunning(client, step);
  if (step.preempted.length > 0) return;
  const rest = client.setup.maxNumBatchedTokens - step.decodes.length * decodeTokens(client);
  if (!holdsBack(client, step, rest)) admitQueue(client, step, rest, true);
}

/**
 * Batch waiting: while anything decodes, prompts that could be admitted are held back until they make a step worth its while or have
 * waited long enough.
 */
function holdsBack(client: Client, step: FormedStep, rest: number): boolean {
  const { batchWait } = client.setup;
  const decodes = client.running.filter((visit) => visit.past >= visit.need && !isEnded(visit)).length;
  if (batchWait === undefined || decodes === 0) return false;
  const admissible = admissibleTokens(client, step, rest);
  if (admissible === 0) return false;
  const chunks = step.chunks.reduce((sum, { tokens }) => sum + tokens, 0);
  const isHeld =
    client.waited < batchWait.steps && chunks + decodes * decodeTokens(client) + admissible < batchWait.tokens;
  client.waited = isHeld ? client.waited + 1 : 0;
  return isHeld;
}

/**
 * Ranks hold the prompts that wait back while all decode: until every rank has one, or for `steps` steps, and then for `batching` more.
 */
export function holdUneven(ranks: readonly Client[]): void {
  const [first] = ranks as [Client];
  const rule = first.setup.evenPrompts;
  if (!rule) return;
  const even = ranks.every((client) => client.running.some(isPartial) || hasPrompt(client));
  const all = ranks.every(({ running }) => running.some((visit) => !isPartial(visit) && !isEnded(visit)));
  if (even) first.uneven = 0;
  let holds = false;
  if (even && all) {
    holds = first.even < rule.batching;
    first.even = holds ? first.even + 1 : 0;
  } else if (!even) {
    holds = all && first.uneven + 1 < rule.steps;
    first.uneven = holds ? first.uneven + 1 : 0;
  }
  for (const client of ranks) client.holds = holds;
}

/** Whether a prompt that the scheduler knows of waits at the head of the queue, and a slot is free. */
function hasPrompt(client: Client): boolean {
  const head = headOf(client);
  return head !== undefined && !isResident(head) && client.running.length < client.setup.maxNumSeqs;
}

/** Tokens of the prompts, cached or not, that would be admitted from the head of the queue up to the first that has its KV. */
function admissibleTokens(client: Client, step: FormedStep, rest: number): number {
  const { batching, maxNumBatchedTokens, maxNumSeqs } = client.setup;
  const known = client.waiting.slice(0, client.waiting.length - client.hidden);
  let free = client.pool.room - stayFree(client);
  let slots = maxNumSeqs - client.running.length;
  let tokens = 0;
  for (const visit of known) {
    if (slots === 0 || visit.resident || visit.shared > 0) break;
    const isAlone = visit.need > maxNumBatchedTokens && tokens === 0 && step.chunks.length === 0;
    const chunk = batching === 'chunked' ? Math.min(visit.need, rest - tokens) : visit.need;
    if (chunk <= 0 || (chunk > rest - tokens && !isAlone)) break;
    free -= blocksToAdmit(client, visit, chunk, chunk);
    if (free < gate(client, visit, chunk)) break;
    tokens += chunk;
    slots -= 1;
    if (isAlone && batching !== 'chunked') break;
  }
  return tokens;
}

/** Running visits in order of admission while budget is left, then the queue with what is left. */
function formChunked(client: Client, step: FormedStep): void {
  let budget = client.setup.maxNumBatchedTokens;
  makeWay(client, step);
  const partial = client.running.find(isPartial);
  const chunk = partial ? Math.min(partial.need - partial.past, budget - client.running.length + 1) : 0;
  if (partial) makeWay(client, step, chunk);
  for (let at = 0; at < client.running.length && budget > 0; at++) {
    const visit = client.running[at]!;
    const left = Math.max(0, visit.need - visit.past);
    // a decode that went to make room for the partial prompt does not leave it its token, too
    const most = choosesVictims(client) && visit === partial ? chunk : left;
    const tokens = left > 0 ? Math.min(most, budget) : decodeTokens(client);
    if (tokens > budget) return; // nobody overtakes it
    const end = left > 0 ? visit.past + tokens : decodeEnd(client, visit, visit.past);
    if (!makeRoom(client, step, visit, end, left > 0 ? tokens : 0)) break;
    if (left > 0) step.chunks.push({ visit, tokens });
    else step.decodes.push(visit);
    if (left > 0) listUnits(client, visit, visit.past + tokens);
    budget -= tokens;
  }
  if (step.preempted.length > 0 || budget <= 0 || holdsBack(client, step, budget)) return;
  while (budget > 0) {
    const head = headOf(client);
    if (head === undefined) return;
    if (client.holds && !isResident(head)) return;
    const skip = countSkip(head, lookUp(client, head));
    const tokens = isResident(head) ? decodeTokens(client) : Math.min(head.need - skip, budget);
    if (tokens > budget) return;
    const fits = isResident(head)
      ? canAdmit(client, head, residentEnd(client, head))
      : canAdmit(client, head, skip + tokens, 0, tokens);
    if (!fits) return;
    if (isResident(head)) step.decodes.push(admitResident(client, step));
    else admitChunk(client, step, skip + tokens);
    budget -= tokens;
  }
}

function decodeRunning(client: Client, step: FormedStep): void {
  makeWay(client, step);
  for (let at = 0; at < client.running.length; at++) {
    const visit = client.running[at]!;
    if (!makeRoom(client, step, visit, decodeEnd(client, visit, visit.past))) break;
    step.decodes.push(visit);
  }
}

/**
 * The queue from its head on: whole prompts within `rest` (one above the whole budget goes as the only prompt), and
 * residents, which decode at once and take their tokens of `rest` when the step decodes whatever else is in it.
 */
function admitQueue(client: Client, step: FormedStep, rest: number, decodes: boolean): void {
  let left = rest;
  for (let head = headOf(client); head !== undefined; head = headOf(client)) {
    if (isResident(head)) {
      const tokens = decodeTokens(client);
      const taken = head.swapped && !decodes ? countNext(client) : 0;
      if ((decodes && left < tokens) || !canAdmit(client, head, residentEnd(client, head), taken)) return;
      const visit = admitResident(client, step);
      if (decodes) step.decodes.push(visit);
      if (decodes) left -= tokens;
    } else {
      if (client.holds) return;
      const tokens = head.need - countSkip(head, lookUp(client, head));
      const alone = step.chunks.length === 0 && tokens > client.setup.maxNumBatchedTokens;
      if ((tokens > left && !alone) || !canAdmit(client, head, head.need, 0, tokens)) return;
      admitChunk(client, step, head.need);
      left -= tokens;
    }
  }
}

/** Blocks that the next decode of every running visit takes: one that comes back from host memory must not take them. */
function countNext(client: Client): number {
  const decoding = client.running.filter((one) => one.past >= one.need);
  return decoding.reduce(
    (sum, one) => sum + Math.max(0, countBlocks(one, decodeEnd(client, one, one.past), client) - one.kv.length),
    0,
  );
}

/** Tokens that a resident or swapped visit needs room for: what is there, and its next decode. */
function residentEnd(client: Client, visit: Visit): number {
  return decodeEnd(client, visit, visit.swapped ? visit.past : visit.prompt - 1);
}

/** Prompt tokens that need no computing (R9). */
function countSkip(visit: Visit, { tokens }: Found): number {
  const fetched = visit.preempted || visit.shared > 0 ? 0 : visit.fetched;
  return Math.min(Math.max(tokens, fetched), visit.need - 1);
}

/** Whether the head of the queue finds a slot, and blocks for its first `tokens` beside those that are spoken for; a chunk computes the last `chunk`. */
function canAdmit(client: Client, head: Visit | undefined, tokens: number | undefined, taken = 0, chunk = 0): boolean {
  if (head === undefined || tokens === undefined) return false;
  const found = isResident(head) ? [] : lookUp(client, head).blocks;
  const read = found.filter(({ readers }) => readers > 0).length;
  const blocks =
    blocksToAdmit(client, head, tokens, chunk) + gate(client, head, tokens) - read + taken + stayFree(client);
  if (client.running.length >= client.setup.maxNumSeqs) return false;
  if (!isResident(head) && !findsExpected(client, head, client.pool.room - blocks)) return false;
  return blocks <= client.pool.room;
}

/** Blocks that admission leaves free while anything runs. */
function stayFree({ setup, running }: Client): number {
  return running.length === 0 ? 0 : Math.floor((setup.watermark ?? 0) * setup.numGpuBlocks);
}

/** Admits the head with a chunk up to token `end` of its prompt. */
function admitChunk(client: Client, step: FormedStep, end: number): void {
  const visit = headOf(client)!;
  const found = lookUp(client, visit);
  const skip = countSkip(visit, found);
  visit.past = skip;
  step.chunks.push({ visit, tokens: end - skip });
  admit(client, step, visit, end, skip, found, end - skip);
  listUnits(client, visit, end);
}

/** Admits the head, whose context is in the cache but for its last token. */
function admitResident(client: Client, step: FormedStep): Visit {
  const visit = headOf(client)!;
  if (visit.swapped) return swapIn(client, step, visit);
  visit.past = visit.prompt - 1;
  visit.need = visit.past;
  admit(client, step, visit, residentEnd(client, visit), 0);
  return visit;
}

/** Back from host memory, with the blocks of the coming decode; nothing that it has computed was lost. */
function swapIn(client: Client, step: FormedStep, visit: Visit): Visit {
  const copied = countBlocks(visit, visit.past, client);
  const { processed } = visit;
  client.hostFree += copied;
  client.moved += copied;
  admit(client, step, visit, residentEnd(client, visit), 0);
  visit.processed = processed;
  visit.swapped = false;
  step.swappedIn.push(visit);
  return visit;
}

function admit(
  client: Client,
  step: FormedStep,
  visit: Visit,
  tokens: number,
  skip: number,
  found: Found = NO_BLOCKS,
  chunk = 0,
): void {
  if (client.setup.tenants) client.counters.fairGap = Math.max(client.counters.fairGap!, gapOver(client, visit));
  client.waiting = client.waiting.filter((one) => one !== visit);
  useAdapter(client, visit);
  chargePrompt(client, visit);
  noteOutOfQueue(client, visit);
  client.pool.read(found.blocks);
  takeBack(visit);
  visit.kv = [...found.blocks, ...client.pool.take(blocksToAdmit(client, visit, tokens, chunk) - found.blocks.length)];
  visit.listed = found.units;
  visit.processed = 0;
  client.running.push(visit);
  step.admitted.push({ visit, skip });
}
