// The engine of assembly/engine in plain TypeScript: the same algorithm on typed arrays, so the same bits; the yardstick of the bench.
// It knows chunked batching, paged blocks, preemption, leaps, and one or more replicas with open arrivals.
import { STATE_PENDING, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import { formStep, planLeap } from './engine-form.ts';
import { retireStep } from './engine-retire.ts';
import { blocksFor, type Replica, resetTwin, type TwinRun } from './engine-state.ts';

/** Runs a twin from the start to the end of its requests. */
export function runTwin(run: TwinRun): void {
  resetTwin(run);
  const { replicas, arrival, count } = run;
  const tree = new Tournament(replicas.length);
  const ready: Replica[] = [];
  while (true) {
    let now = tree.earliest();
    if (run.nextArrival < count && arrival[run.nextArrival] < now) now = arrival[run.nextArrival];
    if (now === Number.POSITIVE_INFINITY) break;
    while (tree.earliest() <= now) {
      const rep = replicas[tree.first()];
      retireStep(run, rep);
      rep.end = Number.POSITIVE_INFINITY;
      tree.set(rep.index, Number.POSITIVE_INFINITY);
      markReady(ready, rep);
    }
    while (run.nextArrival < count && arrival[run.nextArrival] <= now) route(run, tree, ready, run.nextArrival++, now);
    if (ready.length > 1) ready.sort((a, b) => a.index - b.index);
    for (const rep of ready) {
      rep.ready = false;
      formStep(run, rep, now);
      tree.set(rep.index, rep.end);
    }
    ready.length = 0;
  }
  sumReplicas(run);
}

/** Seconds are summed by replica first, as the kernel does: another order gives other last bits. */
function sumReplicas({ replicas, counters }: TwinRun): void {
  for (const { busySeconds, runningSeconds } of replicas) {
    counters.busySeconds += busySeconds;
    counters.runningSeconds += runningSeconds;
  }
}

function markReady(ready: Replica[], rep: Replica): void {
  if (rep.ready) return;
  rep.ready = true;
  ready.push(rep);
}

function route(run: TwinRun, tree: Tournament, ready: Replica[], request: number, now: number): void {
  const rep = run.replicas[chooseReplica(run)];
  run.lastReplica = rep.index;
  run.results.replica[request] = rep.index;
  const refused = refusal(run, request);
  if (refused !== STATE_PENDING) {
    run.results.state[request] = refused;
    return;
  }
  const nobodyWaited = rep.waiting === 0;
  run.next[request] = -1;
  if (nobodyWaited) rep.waitHead = request;
  else run.next[rep.waitTail] = request;
  rep.waitTail = request;
  rep.waiting++;
  rep.outstanding++;
  if (rep.end === Number.POSITIVE_INFINITY) markReady(ready, rep);
  else if (nobodyWaited && rep.steps > 1 && !rep.blocked) {
    planLeap(run, rep, rep.steps, now);
    tree.set(rep.index, rep.end);
  }
}

function chooseReplica({ replicas, lastReplica, setup }: TwinRun): number {
  const count = replicas.length;
  const next = lastReplica + 1 === count ? 0 : lastReplica + 1;
  if (setup.routing === 'round-robin') return next;
  let best = next;
  let load = Number.POSITIVE_INFINITY;
  for (let i = 0, replica = next; i < count; i++) {
    const { outstanding } = replicas[replica];
    if (outstanding < load) {
      load = outstanding;
      best = replica;
      if (load === 0) return best;
    }
    replica = replica + 1 === count ? 0 : replica + 1;
  }
  return best;
}

function refusal({ prompt, output, setup }: TwinRun, request: number): number {
  const tokens = prompt[request] + output[request];
  if (setup.maxModelLen > 0 && tokens > setup.maxModelLen) return STATE_REJECTED_LENGTH;
  if (setup.maxPrompt && prompt[request] > setup.maxPrompt) return STATE_REJECTED_LENGTH;
  return blocksFor(tokens - 1, setup.blockSize) > setup.numGpuBlocks ? STATE_REJECTED_KV : STATE_PENDING;
}

/** Which replica has the earliest event; ties go to the lower index. */
class Tournament {
  private readonly keys: Float64Array;
  private readonly winners: Int32Array;
  private readonly leaves: number;

  constructor(count: number) {
    let leaves = 1;
    while (leaves < count) leaves *= 2;
    this.leaves = leaves;
    this.keys = new Float64Array(leaves).fill(Number.POSITIVE_INFINITY);
    this.winners = new Int32Array(2 * leaves);
    for (let i = 0; i < leaves; i++) this.winners[leaves + i] = i;
    for (let node = leaves - 1; node >= 1; node--) this.winners[node] = this.winners[2 * node];
  }

  first(): number {
    return this.winners[1];
  }

  earliest(): number {
    return this.keys[this.winners[1]];
  }

  set(leaf: number, key: number): void {
    const { keys, winners } = this;
    keys[leaf] = key;
    for (let node = (this.leaves + leaf) >> 1; node >= 1; node >>= 1) {
      const left = winners[2 * node];
      const right = winners[2 * node + 1];
      winners[node] = keys[right] < keys[left] ? right : left;
    }
  }
}
