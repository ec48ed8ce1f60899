// The simulated engine behind the mock server: requests go in when they come, tokens come out when the simulation has them.
import type { Catalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { openOnline } from '../run/online.ts';
import { openSession } from '../run/session.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { lonePool } from '../spec/shape.ts';
import type { Clock } from './mock-clock.ts';

/** Simulated times of one request, s since the server began, as its client sees them. */
export interface Times {
  readonly arrival: number;
  readonly firstToken: number;
  readonly finish: number;
}

/** Whoever waits for an answer. `tokens`: how many there are by now. */
export interface Waiter {
  token(tokens: number): void;
  end(times: Times): void;
  rejected(): void;
}

export interface Done extends Times {
  readonly prompt: number;
  readonly output: number;
}

export interface MockEngine {
  readonly model: string;
  readonly maxModelLen: number;
  /** Answers that are over. */
  readonly done: readonly Done[];
  load(): { readonly running: number; readonly waiting: number; readonly kvUse: number };
  /** Tokens of the answer to the next request, where it does not say. */
  drawn(): number;
  /** false where no further request can be taken. */
  submit(prompt: number, output: number, waiter: Waiter): boolean;
}

/**
 * Throws UserError where the spec is no single pool of engines, or one whose sequences advance unequally. `realWay`: s that a request and
 * its answer really take between here and their client. The simulated way has that in it: it is not waited for a second time.
 */
export function openMockEngine(
  spec: FleetSpec,
  catalog: Catalog,
  clock: Clock,
  capacity: number,
  realWay = 0,
): MockEngine {
  const lowered = prepareFleet(workloadOf(spec, capacity), catalog, openSession(catalog));
  refuse(spec, lowered.program.clients);
  const [client] = lowered.program.clients;
  const maxModelLen = client!.maxModelLen;
  const online = openOnline(lowered, maxModelLen);
  const way = lowered.clients[0]!.way ?? { request_s: 0, prompt_token_s: 0 };
  const waiters = new Map<number, Waiting>();
  const done: Done[] = [];
  let last = -1;
  let awake = Number.POSITIVE_INFINITY;
  const pump = (): void => {
    const now = Math.max(clock.now(), last);
    last = now;
    for (const { request, time, tokens, end } of online.advance(now)) {
      const one = waiters.get(request)!;
      if (Number.isNaN(one.first)) one.first = time;
      if (end !== null) waiters.delete(request);
      if (end === 'rejected') {
        one.waiter.rejected();
        continue;
      }
      clock.at(time + Math.max(0, one.shift - realWay), () => {
        one.waiter.token(tokens);
        if (end !== null) done.push(endOf(one, time));
      });
    }
    const next = online.next();
    if (next >= awake || next === Number.POSITIVE_INFINITY) return;
    awake = next;
    clock.at(next, () => {
      awake = Number.POSITIVE_INFINITY;
      pump();
    });
  };
  return {
    model: spec.pools.flatMap((pool) => (pool.kind === 'llm' ? [pool.configuration.model] : []))[0] || 'mist',
    maxModelLen,
    done,
    load: () => online.load(),
    drawn: () => online.drawn,
    submit(prompt, output, waiter) {
      if (online.arrived >= online.capacity) return false;
      // after the last instant that was computed, which nothing changes any more
      const arrival = Math.max(clock.now(), nextAfter(last));
      const request = online.arrive(arrival, prompt, output);
      const shift = way.request_s + way.prompt_token_s * prompt;
      waiters.set(request, { waiter, prompt, output, arrival, first: Number.NaN, shift });
      last = Math.max(last, arrival);
      pump();
      return true;
    },
  };
}

interface Waiting {
  readonly waiter: Waiter;
  readonly prompt: number;
  readonly output: number;
  readonly arrival: number;
  first: number;
  readonly shift: number;
}

/** Tells its client that all of it is there. */
function endOf({ waiter, arrival, first, shift, prompt, output }: Waiting, time: number): Done {
  const times = { arrival, firstToken: first + shift, finish: time + shift };
  waiter.end(times);
  return { ...times, prompt, output };
}

/** The next larger number, as far as a clock of seconds is concerned. */
const nextAfter = (time: number): number => (time < 0 ? 0 : time * (1 + Number.EPSILON) + Number.MIN_VALUE);

/** Room for as many requests as may come, with lengths as the spec draws them. */
function workloadOf(spec: FleetSpec, capacity: number): FleetSpec {
  const rate = spec.workload.request_rate > 0 ? spec.workload.request_rate : 1;
  const workload = {
    ...spec.workload,
    num_requests: capacity + 1,
    request_rate: rate,
    arrivals: { process: 'poisson' as const },
  };
  return { ...spec, workload };
}

function refuse(
  spec: FleetSpec,
  clients: readonly { readonly speculation?: unknown; readonly schedulerSteps?: number }[],
): void {
  const issues: Issue[] = [];
  const no = (path: string, expected: string, received: string) =>
    void issues.push({ path, expected, received, file: spec.file });
  if (!lonePool(spec)) {
    const expected = 'one pool of engines that serves plain prompts: requests come one by one, and are one visit each';
    no('mist serve', expected, spec.pools.map(({ name, kind }) => `${name} (${kind})`).join(', '));
  }
  if (clients.some(({ speculation }) => speculation))
    no('speculative_config', 'none: how many tokens a step accepts is not known while it runs', 'drafts');
  if (clients.some(({ schedulerSteps = 1 }) => schedulerSteps > 1)) no('num_scheduler_steps', '1', 'more');
  if (issues.length > 0) throw new UserError(issues);
}
