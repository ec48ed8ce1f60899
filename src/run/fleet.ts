// Runs a fleet program: every stage of every request on its client, in one event order.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as R from '../../assembly/layout/run.ts';
import { type Arena, openArena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { loadKernels } from '../kernels/load.ts';
import type { Checkpoint } from '../metrics/fleet/window.ts';
import type { PickRanks } from '../metrics/summary.ts';
import type { FleetProgram, InstanceChange } from '../plan/fleet.ts';
import type { StepRecord } from '../plan/setup.ts';
import { type Measuring, openCheckpoints } from './checkpoints.ts';
import { advanceRecord, LOG_STEPS, readGaps, type StopReason, startRecord } from './engine.ts';
import { type FleetColumns, fleetBytes, isPlain, placeFleet } from './fleet-columns.ts';
import { type FleetRun, readClients, readReach, readRun } from './fleet-read.ts';
import { pickBytes, pickInKernel } from './pick.ts';
import {
  type EngineOptions,
  fillClient,
  fillRunOptions,
  maxOutputOf,
  type PlacedRequests,
  placeRequests,
  placeRunRecord,
  RUN_RECORD_BYTES,
  type RunRecord,
  requestBytes,
} from './run-record.ts';
import { takeChanges } from './scaler-tables.ts';
import { expandTries, foldTries } from './tries.ts';

export type { FleetRun } from './fleet-read.ts';

export type FleetOptions = Pick<EngineOptions, 'leap' | 'onProgress' | 'onSteps' | 'histogram' | 'marks'> & {
  readonly steps?: boolean;
  /** The window that is to be measured. */
  readonly measuring?: Measuring;
  /** Only of an uncoupled fleet, where a request is one visit. */
  readonly giveUp?: EngineOptions['giveUp'];
  /** The columns of the result are those of the run itself: they last until the next run in the same room. */
  readonly borrow?: boolean;
  /** Tell which limits had a say. */
  readonly reach?: boolean;
};

/** A fleet run that goes on call by call. */
export interface StartedFleet {
  advance(): StopReason | 'more';
  close(stop: StopReason): FleetRun;
}

/** A memory that run after run is started in; it is replaced by a larger one when a program needs more. */
export interface FleetRoom {
  open(bytes: number): { readonly arena: Arena; readonly kernels: Kernels };
  /** Order statistics of up to so many values, beside the latest run. */
  pick(count: number): PickRanks;
}

/** `module` may be a debug build of the kernels (tests). */
export function openFleetRoom(module?: WebAssembly.Module): FleetRoom {
  let held: { arena: Arena; kernels: Kernels; mark: number } | undefined;
  return {
    open(bytes) {
      if (held) held.arena.release(held.mark);
      if (!held || held.arena.left < bytes) {
        const arena = openArena(held ? bytes + bytes / 4 : bytes);
        held = { arena, kernels: loadKernels(arena.memory, module), mark: arena.mark() };
      }
      return held;
    },
    pick(count) {
      if (!held || held.arena.left < pickBytes(count)) throw new RangeError('no run of so many requests was here');
      return pickInKernel(held.kernels, held.arena, count);
    },
  };
}

/**
 * Starts a program, in a memory of its own or in `room`, where one run ends (`close`) before the next is started. Throws
 * RangeError when its tables pass 4 GiB.
 */
export function startFleet(asked: FleetProgram, options: FleetOptions, room = openFleetRoom()): StartedFleet {
  const program = expandTries(asked);
  const steps: StepRecord[] = [];
  const collect = (batch: StepRecord[]) => {
    for (const step of batch) steps.push(step);
  };
  const uncoupled = isUncoupled(program);
  if (options.giveUp && !uncoupled) throw new RangeError('a limit per visit means nothing where a request has several');
  // The closed form of leaps would pass over instants that other clients must see: a coupled fleet adds steps one by one.
  const leap = options.leap === 'closed' && !uncoupled ? 'exact' : options.leap;
  const { measuring } = options;
  const watch = measuring ? openCheckpoints(measuring.marks, (clock) => takeCounts(record, program, clock)) : null;
  const full: EngineOptions = {
    ...options,
    leap,
    onSteps: options.onSteps ?? (options.steps ? collect : undefined),
    ...(watch ? { marks: watch.marks } : {}),
  };
  const { arena, kernels, record, placed, fleet } = placeProgram(program, full.onSteps !== undefined, room);
  fillFleetRecord(record, program, placed, fleet, full);
  const log = startRecord(kernels, arena, record, placed, full);
  const changes: InstanceChange[] = [];
  return {
    advance: () => {
      const stop = advanceRecord(kernels, record, log, full);
      if (program.scalers || program.outages) for (const change of takeChanges(fleet.record)) changes.push(change);
      return stop;
    },
    close: (stop) => {
      const left = readRun(program, record, placed, fleet, steps, stop, options.borrow ?? false);
      const own = foldTries(asked, program, left);
      const read = program.scalers || program.outages ? { ...own, changes } : own;
      const run = options.reach ? { ...read, reach: readReach(record, program.clients.length) } : read;
      return measuring && watch
        ? { ...run, window: { rule: measuring.rule, checkpoints: watch.close(run.clock) } }
        : run;
    },
  };
}

/** Lays a program out in kernel memory, with room for a run of it, logged or not. */
export function placeProgram(program: FleetProgram, logged: boolean, room: FleetRoom) {
  const { visits, requests, clients } = program;
  const swaps = clients.some((client) => client.swap !== undefined);
  const logBytes = logged ? Math.max(LOG_STEPS, 2 * clients.length) * R.LOG_FIELDS * 8 : 0;
  const columns = requestBytes(visits.count, requests.count, swaps) + fleetBytes(program) + pickBytes(requests.count);
  const { arena, kernels } = room.open(columns + RUN_RECORD_BYTES + fleetWorkBytes(program) + logBytes + 4096);
  const record = placeRunRecord(arena);
  const { arrival, concurrency, count } = requests;
  const placed = placeRequests(arena, { ...visits, arrival, concurrency }, count, swaps);
  const mark = arena.mark();
  return { arena, kernels, record, placed, fleet: placeFleet(arena, program, placed), mark };
}

/**
 * Whether nothing that happens on one client matters to another one before its next step: every request is one visit to an engine
 * that shares, caches and sends nothing, and nobody looks at what steps did in between, neither routing nor a scaler.
 */
export function isUncoupled({ clients, groups, channels, visits, requests, scalers, outages }: FleetProgram): boolean {
  const alone = clients.every(
    ({ kind, channel, packing, price }) =>
      kind === 'llm' && channel < 0 && packing === 'fcfs' && price instanceof Float64Array,
  );
  const counted = groups.every(
    ({ routing, metric }) => (routing === 'round-robin' || routing === 'load') && metric !== 'kv' && metric !== 'left',
  );
  const single = visits.count === requests.count && visits.edgeTo.length === 0 && visits.fetched === undefined;
  const stays = !requests.patience && !outages && clients.every(({ maxQueued }) => maxQueued === undefined);
  return (
    alone && counted && single && stays && channels === 0 && !scalers && !requests.turns && isUnflagged(visits.flags)
  );
}

const unflagged = new WeakMap<Int32Array, boolean>();

/** Asked of the same visits by every row of a sweep. */
function isUnflagged(flags: Int32Array): boolean {
  const known = unflagged.get(flags) ?? flags.every((one) => one === 0);
  unflagged.set(flags, known);
  return known;
}

/** What every client has counted by `clock`: of the step under way the part that is over. */
function takeCounts(record: RunRecord, { clients }: FleetProgram, clock: number): Checkpoint {
  const arrived = record.words[R.RUN_NEXT_ARRIVAL * 2]! + record.words[R.RUN_TURNED * 2]!;
  return { clock, arrived, counters: readClients(record, clients.length, clock), itl: readGaps(record) };
}

/** Runs a program to its end. */
export function runFleet(program: FleetProgram, options: FleetOptions, room?: FleetRoom): FleetRun {
  const run = startFleet(program, options, room);
  while (true) {
    const stop = run.advance();
    if (stop !== 'more') return run.close(stop);
  }
}

export function fillFleetRecord(
  record: RunRecord,
  program: FleetProgram,
  placed: PlacedRequests,
  fleet: FleetColumns,
  options: EngineOptions,
): void {
  fillRunOptions(record, placed, options);
  const put = (cell: number, value: number) => {
    record.words[cell * 2] = value;
  };
  put(R.RUN_REQUESTS, program.requests.turns?.roots ?? program.requests.count);
  put(R.RUN_VISITS, program.visits.count);
  put(R.RUN_REPLICAS, program.clients.length);
  put(R.RUN_FLEET, fleet.record.byteOffset);
  put(R.RUN_CLIENTS, fleet.clients.byteOffset);
  put(R.RUN_PLAIN, isPlain(program) ? 1 : 0);
}

let probe: { kernels: Kernels; record: RunRecord; arena: ReturnType<typeof openArena> } | undefined;

/** Working-set bytes, asked of the kernel itself on a small memory. */
function fleetWorkBytes(program: FleetProgram): number {
  const cells = program.clients.length * C.CLIENT_PARAMETERS;
  if (!probe || probe.arena.left < cells * 8 + 1024) {
    const arena = openArena(RUN_RECORD_BYTES + Math.max(65536, cells * 16) + 4096);
    probe = { arena, kernels: loadKernels(arena.memory), record: placeRunRecord(arena) };
  }
  const { arena, record, kernels } = probe;
  const mark = arena.mark();
  const clients = arena.f64(cells);
  clients.fill(0);
  const parameters = { cells: clients, words: new Int32Array(clients.buffer, clients.byteOffset, cells * 2) };
  program.clients.forEach((client, i) => {
    const base = i * C.CLIENT_PARAMETERS - C.CLIENT_FIRST;
    fillClient(parameters, base, client);
    parameters.words[(base + C.CLIENT_KIND) * 2] = client.kind === 'llm' ? E.KIND_LLM : E.KIND_CORES;
  });
  record.words[R.RUN_VISITS * 2] = program.visits.count;
  record.words[R.RUN_REPLICAS * 2] = program.clients.length;
  record.words[R.RUN_MAX_OUTPUT * 2] = maxOutputOf(program.visits.output, program.visits.count);
  record.words[R.RUN_CLIENTS * 2] = clients.byteOffset;
  const bytes = kernels.engineBytes(record.cells.byteOffset);
  arena.release(mark);
  return bytes;
}
