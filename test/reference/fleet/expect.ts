// SGLang's admission new-token-ratio, straight from its rules: what is expected of answers, learnt from how decodes fare.
import { reservesFinal } from '../../../src/check/scheduler-lists.ts';
import type { Client, Visit } from './state.ts';

/** As SGLang is started: 0.7 of what was asked for, down to 0.098 in 600 decode steps; at most 4,096 tokens of an answer count. */
const START = 0.7;
const FLOOR = 0.14;
const STEPS = 600;
const CLIP = 4096;
const RETRACTED = 20;

export function expects({ setup }: Pick<Client, 'setup'>): boolean {
  return setup.admission === 'new-token-ratio' && !reservesFinal(setup);
}

const startOf = ({ setup }: Pick<Client, 'setup'>) => setup.newTokenRatio ?? START;

function ratioOf(client: Client): number {
  const { base, decayed } = client.ratio;
  if (decayed === 0) return base;
  const start = startOf(client);
  const floor = FLOOR * start;
  return Math.max(floor, base - decayed * ((start - floor) / STEPS));
}

const expected = ({ asked, generated }: Visit) => Math.min(asked - generated, CLIP);

/** Nothing runs and nothing waits: what was learnt is forgotten. */
export function forget(client: Client): void {
  client.ratio = { base: startOf(client), decayed: 0 };
}

/** The last refusal stands until a sequence ends or is preempted. */
const isFull = ({ full, running }: Client) => full && running.length > 0;

/** Before a step is formed: tokens that those that run are expected to need. */
export function speak(client: Client): void {
  if (!expects(client) || isFull(client)) return;
  client.spoken = client.running.reduce((sum, visit) => sum + expected(visit), 0) * ratioOf(client);
}

/** Whether a waiting prompt finds room for what is expected in `left` blocks that it leaves free. */
export function findsExpected(client: Client, visit: Visit, left: number): boolean {
  if (!expects(client)) return true;
  if (isFull(client)) return false;
  const { blockSize } = client.setup;
  const wanted = client.spoken + expected(visit) + blockSize;
  if (client.running.length > 0 && left * blockSize <= wanted) {
    client.full = true;
    return false;
  }
  client.spoken += expected(visit);
  return true;
}

/** Who goes first: the shortest answer so far, of equals the longest prompt, then whoever was admitted last. */
export function leastProduced(running: readonly Visit[]): Visit {
  return running.toReversed().sort((a, b) => a.generated - b.generated || b.prompt - a.prompt)[0]!;
}

/** After a step was formed: those that stay say how much answers come to. */
export function learn(client: Client): void {
  const produced = client.running.reduce((sum, { generated }) => sum + generated, 0);
  const asked = client.running.reduce((sum, visit) => sum + visit.asked, 0);
  client.ratio = { base: Math.min(1, (produced + RETRACTED * client.running.length) / (asked + 1)), decayed: 0 };
}
