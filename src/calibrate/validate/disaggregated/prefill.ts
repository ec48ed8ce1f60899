// The prefill side: prompts queue at the least loaded worker and group, and run in steps of their own.
import { routeToDecode } from './decode.ts';
import { leastInTurn, type PrefillWorker, type World } from './world.ts';

/** The worker with the least queued prompt tokens, ties in turn, and its least loaded group. */
export function routeToPrefill(world: World, request: number): void {
  const load = (worker: PrefillWorker) => worker.groups.reduce((sum, group) => sum + group.tokens, 0);
  const p = leastInTurn(world.prefill, world.lastPrefill, load);
  world.lastPrefill = p;
  const { groups } = world.prefill[p];
  const g = leastInTurn(groups, groups.length - 1, (group) => group.tokens);
  world.from[request] = p;
  world.fromGroup[request] = g;
  groups[g].queue.push(request);
  groups[g].tokens += world.requests.prompt[request];
}

/** KV blocks that a prompt holds on its prefill worker. */
export function promptBlocks(world: World, request: number): number {
  return Math.ceil(world.requests.prompt[request] / world.setup.prefill.blockSize);
}

/** A prefill-only step: of every group whole prompts in order, within its budget (a longer one alone) and its blocks. */
export function formPrefill(world: World, worker: PrefillWorker, now: number): void {
  const { prefill } = world.setup;
  const { prompt } = world.requests;
  const { prefillWork } = world.run;
  const chunks = worker.groups.map((group) => {
    let tokens = 0;
    while (group.head < group.queue.length && group.taken.length < prefill.maxNumSeqs) {
      const request = group.queue[group.head];
      const blocks = promptBlocks(world, request);
      if (group.taken.length > 0 && tokens + prompt[request] > prefill.budget) break;
      if (group.used > 0 && group.used + blocks > prefill.blocks) break;
      group.head++;
      group.used += blocks;
      tokens += prompt[request];
      group.taken.push(request);
    }
    return group.taken.map((request) => ({ tokens: prompt[request], past: 0, completes: true }));
  });
  if (chunks.every((one) => one.length === 0)) return;
  worker.end = now + prefill.price.prefill(chunks);
  prefillWork.steps += 1;
  for (const { tokens } of chunks.flat()) {
    prefillWork.newTokens += tokens;
    prefillWork.pairs += (tokens * (tokens + 1)) / 2;
  }
}

/** Prompts are done: each goes to the decode worker with the fewest sequences, and there to the group with the fewest. */
export function endPrefill(world: World, worker: PrefillWorker, now: number): void {
  worker.end = Number.POSITIVE_INFINITY;
  for (const group of worker.groups) {
    for (const request of group.taken) {
      world.run.prefilled[request] = now;
      group.tokens -= world.requests.prompt[request];
      routeToDecode(world, request);
    }
    group.taken = [];
    group.queue.splice(0, group.head);
    group.head = 0;
  }
}
