// Drives the engine while its requests are still coming: what has happened never changes when another one arrives.
//
// The kernel is given columns with room for requests to come, none of them released, and runs up to an instant (RUN_UNTIL); an arrival
// is written into its columns and released. So each instant is computed once, and the run is that of the same requests known before.
import * as E from '../../assembly/layout/enums.ts';
import * as P from '../../assembly/layout/replica.ts';
import * as R from '../../assembly/layout/run.ts';
import { isRejected } from '../metrics/fleet/walk.ts';
import type { FleetProgram } from '../plan/fleet.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import { startRecord } from './engine.ts';
import { fillFleetRecord, openFleetRoom, placeProgram } from './fleet.ts';
import type { PlacedRequests } from './run-record.ts';

/** What became of a request by an instant. */
export interface OnlineEvent {
  readonly request: number;
  /** s, on the clock of the run. */
  readonly time: number;
  /** Tokens that it has by now. */
  readonly tokens: number;
  readonly end: 'finished' | 'rejected' | null;
}

export interface Online {
  /** How many requests may come in all. */
  readonly capacity: number;
  readonly arrived: number;
  /** What the next request would be answered with, as the workload draws it, in tokens. */
  readonly drawn: number;
  /** Sequences that run and that wait, over all clients; the share of KV blocks in use. */
  load(): { readonly running: number; readonly waiting: number; readonly kvUse: number };
  /** Adds a request after the last instant that was advanced to, and after all others. Returns its number. */
  arrive(time: number, prompt: number, output: number): number;
  /** Everything that happens up to and at `time`, in order. */
  advance(time: number): OnlineEvent[];
  /** The next instant at which something happens, as far as is known; Infinity when nothing is under way. */
  next(): number;
}

/** Requests in flight, and how many tokens each has. A preempted one shows its further tokens when it ends. */
interface Flying {
  tokens: number;
  preempted: boolean;
}

/**
 * Opens a fleet of engines whose requests are one visit each; those of `program` give room and drawn lengths. `longest`: most tokens that
 * an answer may have. Throws RangeError where sequences of a client advance unequally (drafts, rounds).
 */
export function openOnline({ program }: LoweredFleet, longest: number): Online {
  const { clients, visits, requests } = program;
  if (visits.count !== requests.count) throw new RangeError('requests of several visits are all laid out before a run');
  if (clients.some(({ speculation, schedulerSteps = 1 }) => speculation || schedulerSteps > 1))
    throw new RangeError('sequences that advance unequally');
  const capacity = requests.count - 1;
  const drawn = visits.output.slice();
  visits.output[capacity] = longest; // never arrives: the working set has room for the longest
  const { kernels, record, placed, cellOf, root } = openRecord(program);
  const { cells, words } = record;
  const watch = openWatch(placed, clients.length, cellOf);
  let arrived = 0;
  return {
    capacity,
    get arrived() {
      return arrived;
    },
    get drawn() {
      return drawn[arrived]!;
    },
    load() {
      const sum = (cell: number) => clients.reduce((total, _, c) => total + cellOf(c, cell), 0);
      const blocks = clients.reduce((total, { numGpuBlocks }) => total + numGpuBlocks, 0);
      return { running: sum(P.REP_RUNNING), waiting: sum(P.REP_WAITING), kvUse: sum(P.REP_USED) / blocks };
    },
    arrive(time, prompt, output) {
      if (arrived >= capacity) throw new RangeError(`more than ${capacity} requests`);
      const request = arrived++;
      placed.arrival[request] = time;
      placed.prompt[request] = prompt;
      placed.output[request] = output;
      words[R.RUN_RELEASED * 2] = arrived;
      watch.add(request);
      return request;
    },
    advance(time) {
      const events: OnlineEvent[] = [];
      cells[R.RUN_UNTIL] = time;
      while (true) {
        cells[R.RUN_STEP_QUOTA] = cells[R.RUN_STEPS]! + 1; // every step is looked at
        const stop = kernels.engineRun(cells.byteOffset);
        events.push(...watch.observe(cells[R.RUN_CLOCK]!));
        if (stop === E.STOP_UNTIL || stop === E.STOP_DONE) return events;
        if (stop !== E.STOP_EVENTS) throw new Error(`the engine stopped for a reason that is not known here: ${stop}`);
      }
    },
    next() {
      const waiting = words[R.RUN_NEXT_ARRIVAL * 2]! < arrived;
      const arrival = waiting ? placed.arrival[words[R.RUN_NEXT_ARRIVAL * 2]!]! : Number.POSITIVE_INFINITY;
      return Math.min(arrival, root[0]!);
    },
  };
}

/** The run before anything has come. `cellOf`: of a client's state; `root`: when the next of them has something to do. */
function openRecord(program: FleetProgram) {
  const { arena, kernels, record, placed, fleet } = placeProgram(program, false, openFleetRoom());
  const options = { leap: 'none', histogram: false } as const;
  fillFleetRecord(record, program, placed, fleet, options);
  startRecord(kernels, arena, record, placed, options);
  const { words } = record;
  words[R.RUN_RELEASED * 2] = 0;
  const memory = arena.memory.buffer;
  const addresses = new Uint32Array(memory, words[R.RUN_TABLE * 2], program.clients.length);
  const views = Array.from(addresses, (address) => new Int32Array(memory, address, P.REP_HEAD_IDLE * 2));
  const cellOf = (client: number, cell: number): number => views[client]![cell * 2]!;
  const root = new Float64Array(memory, words[R.RUN_TREE * 2]! + 16, 1);
  return { kernels, record, placed, cellOf, root };
}

/** Requests that are under way, and what each step changed of them. `cellOf`: of a client's state. */
function openWatch(placed: PlacedRequests, clients: number, cellOf: (client: number, cell: number) => number) {
  const ticks = Array.from({ length: clients }, () => 0);
  const flying = new Map<number, Flying>();
  return {
    add: (request: number): void => void flying.set(request, { tokens: 0, preempted: false }),
    /** Every sequence that decodes on a client gains a token per tick. */
    observe(time: number): OnlineEvent[] {
      const events: OnlineEvent[] = [];
      const gained = ticks.map((before, c) => cellOf(c, P.REP_TICK) - before);
      for (const [request, one] of flying) {
        const state = placed.state[request]!;
        const finished = state === E.STATE_FINISHED;
        if (isRejected(state)) {
          flying.delete(request);
          events.push({ request, time, tokens: 0, end: 'rejected' });
          continue;
        }
        const before = one.tokens;
        if (placed.preemptions[request]! > 0 && before > 0) one.preempted = true;
        if (finished) one.tokens = placed.output[request]!;
        else if (before === 0) one.tokens = placed.first[request]! > 0 ? 1 : 0;
        else if (!one.preempted) one.tokens += gained[placed.replica[request]!]!;
        if (one.tokens > before) events.push({ request, time, tokens: one.tokens, end: finished ? 'finished' : null });
        if (finished) flying.delete(request);
      }
      for (const c of ticks.keys()) ticks[c] = cellOf(c, P.REP_TICK);
      return events;
    },
  };
}
