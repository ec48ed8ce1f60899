// The decode side: a slot and blocks first, then the KV cache over the link, then one token a step until the end.
import { addTransfer, openLink } from './kv-link.ts';
import { type DecodeGroup, type DecodeWorker, leastInTurn, send, type World } from './world.ts';

/** The worker with the fewest sequences, ties in turn, and its group with the fewest. */
export function routeToDecode(world: World, request: number): void {
  const load = (group: DecodeGroup) => group.slots + group.waiting.length;
  const d = leastInTurn(world.decode, world.lastDecode, (worker) =>
    worker.groups.reduce((sum, group) => sum + load(group), 0),
  );
  world.lastDecode = d;
  const { groups } = world.decode[d];
  const g = leastInTurn(groups, groups.length - 1, load);
  world.to[request] = d;
  world.toGroup[request] = g;
  groups[g].waiting.push(request);
}

function finalBlocks(world: World, request: number): number {
  const { prompt, output } = world.requests;
  return Math.ceil((prompt[request] + output[request] - 1) / world.setup.decode.blockSize);
}

/** Whoever finds a slot and the blocks of its final length takes them and is moved. */
export function startTransfers(world: World, group: DecodeGroup, now: number): void {
  const { decode, bandwidth, promptBytes } = world.setup;
  while (group.waiting.length > 0 && group.slots < decode.maxNumSeqs) {
    const request = group.waiting[0];
    const blocks = finalBlocks(world, request);
    if (group.used + blocks > decode.blocks) return;
    group.waiting.shift();
    group.slots += 1;
    group.used += blocks;
    const links = world.links[world.from[request]];
    const d = world.to[request];
    links[d] ??= openLink(bandwidth);
    addTransfer(links[d], request, promptBytes(world.requests.prompt[request]), now);
  }
}

/** Between two steps, what has arrived joins: there its first token, made by the prefill, reaches the client. */
export function formDecode(world: World, worker: DecodeWorker, now: number): void {
  const { prompt, output } = world.requests;
  let sequences = 0;
  worker.groups.forEach((group, g) => {
    for (const request of group.ready) {
      world.run.first[request] = now;
      if (output[request] === 1) {
        endRequest(world, group, request, now);
        continue;
      }
      worker.counts[g] += 1;
      worker.contexts[g] += prompt[request];
      const last = worker.tick + output[request] - 1;
      const others = group.ending.get(last);
      if (others) others.push(request);
      else group.ending.set(last, [request]);
    }
    if (group.ready.length > 0) group.ready.length = 0;
    sequences += worker.counts[g];
  });
  if (sequences === 0) return;
  worker.seconds = world.setup.decode.price.decode(worker.counts, worker.contexts);
  worker.end = now + worker.seconds;
}

export function endDecode(world: World, worker: DecodeWorker, now: number): void {
  const { decodeWork, steps } = world.run;
  const { prompt, output } = world.requests;
  let sequences = 0;
  worker.end = Number.POSITIVE_INFINITY;
  worker.tick += 1;
  decodeWork.steps += 1;
  worker.groups.forEach((group, g) => {
    sequences += worker.counts[g];
    decodeWork.contextTokens += worker.contexts[g];
    worker.contexts[g] += worker.counts[g];
    const ended = group.ending.get(worker.tick);
    if (!ended) return;
    group.ending.delete(worker.tick);
    for (const request of ended) {
      worker.counts[g] -= 1;
      worker.contexts[g] -= prompt[request] + output[request] - 1;
      endRequest(world, group, request, now);
    }
  });
  decodeWork.newTokens += sequences;
  steps.end.push(now);
  steps.seconds.push(worker.seconds);
  steps.sequences.push(sequences);
}

function endRequest(world: World, group: DecodeGroup, request: number, now: number): void {
  world.run.finish[request] = now;
  world.over += 1;
  group.slots -= 1;
  group.used -= finalBlocks(world, request);
  send(world, now);
}
