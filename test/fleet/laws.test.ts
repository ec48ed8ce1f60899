// The laws of DESIGN.md section 9 that a fleet must keep, on the reference: L1 to L4 and L8, for random small pipelines.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_UNFINISHED,
  STATE_UNSENT,
} from '../../assembly/layout/enums.ts';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { countBlocks } from '../reference/fleet/blocks.ts';
import type { Block } from '../reference/fleet/pool.ts';
import { type FleetReference, referenceFleet } from '../reference/fleet/simulate.ts';
import type { Client, Flow, World } from '../reference/fleet/state.ts';
import { drawProgram } from './random.ts';

const RUNS = { seed: 40, numRuns: runs(150) };
const ROUNDING = 1 + 1e-12;

/** What a law does at every instant of a program's run. */
type Watch = (program: FleetProgram) => (world: World) => void;

interface Observed {
  readonly program: FleetProgram;
  readonly run: FleetReference;
  /** As they are at the end. */
  readonly clients: readonly Client[];
}

/** Laws of every instant, and what the first program said that did not keep one. */
const watched: { readonly watch: Watch; broken?: unknown }[] = [];

function observe(program: FleetProgram): Observed {
  let clients: readonly Client[] = [];
  const watches = watched.filter(({ broken }) => !broken).map((law) => ({ law, look: law.watch(program) }));
  const run = referenceFleet(program, (world) => {
    ({ clients } = world);
    for (const { law, look } of watches) {
      if (law.broken) continue;
      try {
        look(world);
      } catch (error) {
        law.broken = error;
      }
    }
  });
  return { program, run, clients };
}

/** Every law looks at the same runs, which are made once. */
let observed: readonly Observed[] = [];
beforeAll(() => {
  observed = fc.sample(drawProgram(), RUNS).map(observe);
});

function demand(law: (program: FleetProgram, run: FleetReference, clients: readonly Client[]) => void): void {
  const holds = ({ program, run, clients }: Observed) => law(program, run, clients);
  try {
    for (const one of observed) holds(one);
  } catch (error) {
    // once more, for the smallest program in which it does not hold
    fc.assert(
      fc.property(drawProgram(), (program) => holds(observe(program))),
      RUNS,
    );
    throw error;
  }
}

function testAlways(name: string, watch: Watch): void {
  const law: (typeof watched)[number] = { watch };
  watched.push(law);
  test(name, () => {
    if (!law.broken) return;
    fc.assert(
      fc.property(drawProgram(), (program) => void referenceFleet(program, watch(program))),
      RUNS,
    );
    throw law.broken;
  });
}

/** Throws instead of expect: a law is checked at every instant. */
function insist(holds: boolean, words: () => string): void {
  if (!holds) throw new Error(words());
}

function isRefused(state: number): boolean {
  return state === STATE_REJECTED_KV || state === STATE_REJECTED_LENGTH;
}

describe('the reference fleet keeps', () => {
  test('L1: every visit and request ends in one state, and nothing is left over unless the run is stuck', () => {
    demand((program, run) => {
      for (let v = 0; v < program.visits.count; v++) {
        const unfinished = run.results.state[v] === STATE_UNFINISHED;
        insist(!unfinished || run.deadlock !== null, () => `visit ${v} is left over`);
      }
      for (let r = 0; r < program.requests.count; r++) {
        const visits = run.results.state.subarray(program.requests.first[r]!, program.requests.first[r + 1]!);
        const refused = visits.filter(isRefused);
        insist(refused.length <= 1, () => `request ${r} was rejected twice`);
        const state = run.requestState[r]!;
        insist(state !== STATE_UNFINISHED || run.deadlock !== null, () => `request ${r} is left over`);
        insist(
          [STATE_FINISHED, STATE_UNFINISHED, STATE_UNSENT].includes(state) || refused.includes(state),
          () => `request ${r}: ${state}`,
        );
        demandSent(program, run, r);
        if (state === STATE_UNSENT) continue;
        const last = run.results.state[program.requests.last[r]!];
        insist(
          (state === STATE_FINISHED) === (last === STATE_FINISHED),
          () => `request ${r}: ${state}, its last visit ${last}`,
        );
        // A fan-out of n ends in n: each finished, or the one rejected, or cancelled with it
        const cancelled = visits.filter((one) => one === STATE_CANCELLED).length;
        const finished = visits.filter((one) => one === STATE_FINISHED).length;
        const all = finished + refused.length + cancelled === visits.length;
        insist(all || run.deadlock !== null, () => `request ${r} lost a visit`);
        insist(cancelled === 0 || refused.length === 1, () => `request ${r} was cancelled, but not rejected`);
      }
    });
  });

  test('L15: what follows a request comes its delay after the end of that, and never before its own time', () => {
    demand((program, { results, arrival, requestState }) => {
      const { turns, first, last, arrival: earliest } = program.requests;
      for (let r = turns?.roots ?? program.requests.count; r < program.requests.count; r++) {
        const before = turns!.after[r]!;
        const answered = results.finish[last[before]!]! + turns!.delay[r]!;
        const due = requestState[before] === STATE_FINISHED ? Math.max(answered, earliest[r]!) : Number.NaN;
        expect([r, arrival[r], results.ready[first[r]!]]).toEqual([r, due, due]);
      }
    });
  });

  test('L1: nothing of a request joins a client after it was rejected', () => {
    demand((program, { results }) => {
      for (let v = 0; v < program.visits.count; v++) {
        if (!isRefused(results.state[v]!)) continue;
        const request = program.visits.request[v]!;
        for (let u = program.requests.first[request]!; u < program.requests.first[request + 1]!; u++) {
          const late = results.ready[u]! > results.ready[v]!;
          insist(!late, () => `visit ${u} joined after ${v} was rejected`);
          insist(
            results.state[u] !== STATE_CANCELLED || Number.isNaN(results.ready[u]!),
            () => `visit ${u} was cancelled after it had joined`,
          );
        }
      }
    });
  });

  test('L1: tokens add up', () => {
    demand((drawn, drafted) => {
      if (drafted.deadlock !== null) return;
      const program = {
        ...drawn,
        clients: drawn.clients.map(({ speculation: _, schedulerSteps: __, ...client }) => client),
      };
      const run = referenceFleet(program);
      if (run.deadlock !== null) return;
      // with drafts and in rounds the same tokens come in at most as many gaps
      if (drafted.clients.every((client, c) => client.preemptions + run.clients[c]!.preemptions === 0)) {
        if (isDeepStrictEqual(drafted.results.state, run.results.state)) {
          expect(drafted.gaps.length).toBeLessThanOrEqual(run.gaps.length);
        }
      }
      const { visits, clients } = program;
      const done = [...run.results.state.keys()].filter((v) => {
        return run.results.state[v] === STATE_FINISHED && clients[run.results.client[v]!]!.kind === 'llm';
      });
      const total = (of: (v: number) => number) => done.reduce((sum, v) => sum + of(v), 0);
      expect(run.gaps.length).toBe(total((v) => visits.output[v]! - (Number.isNaN(run.results.first[v]) ? 0 : 1)));
      const least = total((v) => visits.output[v]! - 1 + (Number.isNaN(run.results.first[v]) ? 1 : 0));
      const computed = run.clients.reduce((sum, client) => sum + client.newTokens, 0);
      const most = least + total((v) => (Number.isNaN(run.results.first[v]) ? 0 : visits.prompt[v]!));
      expect(computed).toBeGreaterThanOrEqual(least);
      if (run.clients.every((client) => client.preemptions === 0)) {
        expect(computed).toBeLessThanOrEqual(most);
        const skipped = total(
          (v) =>
            run.results.cached[v]! +
            (Number.isNaN(run.results.first[v]) ? 0 : Math.min(visits.shared[v]!, visits.prompt[v]! - 1)),
        );
        expect(computed).toBe(most - skipped);
      }
    });
  });

  test('L2: ready <= start <= first <= finish, and nothing is ready before what it needs', () => {
    demand((program, { results }) => {
      const { edgeAt, edgeTo, edgeBytes, edgeLayers } = program.visits;
      for (let v = 0; v < program.visits.count; v++) {
        const times = [results.ready[v]!, results.start[v]!, results.first[v]!, results.finish[v]!].filter(
          (t) => !Number.isNaN(t),
        );
        insist(
          times.every((t, i) => i === 0 || t >= times[i - 1]!),
          () => `visit ${v}: ${times}`,
        );
        insist(
          results.state[v] !== STATE_FINISHED || !Number.isNaN(results.finish[v]!),
          () => `visit ${v} never ended`,
        );
        for (let e = edgeAt[v]!; e < edgeAt[v + 1]!; e++) {
          const to = edgeTo[e]!;
          if (Number.isNaN(results.ready[to]!)) continue;
          const path = edgeBytes[e]! > 0 ? pathOf(program, results.client[v]!, results.client[to]!) : [];
          const latency = path.reduce((sum, link) => sum + program.links[link]!.latency, 0);
          const narrowest = Math.min(...path.map((link) => program.links[link]!.bandwidth));
          const least = edgeLayers[e]! > 0 ? edgeBytes[e]! / edgeLayers[e]! : edgeBytes[e]!;
          if (isRefused(results.state[to]!)) continue; // ready when it was refused, at the latest when its data would be there
          const earliest = results.finish[v]! + latency + least / narrowest;
          insist(results.ready[to]! * ROUNDING >= earliest, () => `visit ${to} is ready before edge ${e} can be there`);
        }
      }
    });
  });

  testAlways('L3: the clock never goes back', () => {
    let clock = 0;
    return ({ now }) => {
      insist(now >= clock, () => `${now} after ${clock}`);
      clock = now;
    };
  });

  testAlways('L4: blocks in use, held and free are the capacity, and hold what is in them', () => (world) => {
    for (const client of world.clients) demandBlocks(client);
  });

  test('L4: all blocks are free, and nothing is load, at the end of a run that is not stuck', () => {
    demand((_, { deadlock }, clients) => {
      for (const client of deadlock === null ? clients : []) {
        expect([client.pool.room, client.held, [...client.outstanding]]).toEqual([client.setup.numGpuBlocks, [], []]);
      }
    });
  });

  testAlways('L16: a block is read or free, once, and has as many readers as visits read it', () => (world) => {
    for (const client of world.clients) demandOnce(client);
  });

  testAlways('L4: tiers hold each block once, and no more than they can', () => (world) => {
    for (const client of world.clients) {
      for (const cache of client.tiers) {
        insist(cache.ids.length <= cache.capacity, () => `${client.setup.name} holds ${cache.ids.length} blocks`);
        insist(new Set(cache.ids).size === cache.ids.length, () => `${client.setup.name} holds a block twice`);
      }
    }
  });

  testAlways(
    'L8: flows share links within capacity, and none could have more without another having less',
    () => (world) => {
      const crossing = world.program.links.map((_, link) => world.flows.filter((flow) => flow.links.includes(link)));
      const used = crossing.map((flows) => flows.reduce((sum, flow) => sum + flow.rate, 0));
      used.forEach((rate, link) => {
        insist(rate <= world.program.links[link]!.bandwidth * ROUNDING, () => `link ${link} carries ${rate} B/s`);
      });
      const isBound = (flow: Flow, link: number) => {
        const full = used[link]! * ROUNDING >= world.program.links[link]!.bandwidth;
        return full && crossing[link]!.every((other) => other.rate <= flow.rate * ROUNDING);
      };
      for (const flow of world.flows) {
        // one whose layers are still being computed sends no more than comes up
        const isSupplied = flow.remaining < 0 ? flow.rate === 0 : flow.remaining > 0 || flow.rate <= flow.pace;
        insist(flow.pace === 0 || isSupplied, () => 'a flow sends what is not there');
        const waits = flow.pace > 0 && (flow.remaining < 0 || (flow.remaining === 0 && flow.rate === flow.pace));
        insist(waits || flow.links.some((link) => isBound(flow, link)), () => 'a flow is too slow');
      }
    },
  );

  testAlways(
    'L8: between any two instants a link carries no more than it can, and what is delivered has gone over it',
    (program) => {
      const sent = new Map<Flow, number>();
      const wanted = new Map<Flow, number>();
      let before: {
        readonly now: number;
        readonly flows: readonly Flow[];
        readonly rates: readonly number[];
      } | null = null;
      return ({ now, flows }) => {
        const carried = program.links.map(() => 0);
        const elapsed = now - (before?.now ?? now);
        before?.flows.forEach((flow, i) => {
          const bytes = before!.rates[i]! * elapsed;
          sent.set(flow, (sent.get(flow) ?? 0) + bytes);
          for (const link of flow.links) carried[link]! += bytes;
          const whole = wanted.get(flow)!;
          const isOver = flows.includes(flow) || Math.abs(sent.get(flow)! - whole) <= 1e-9 * whole;
          insist(isOver, () => `${sent.get(flow)} B of ${whole} went over`);
        });
        carried.forEach((bytes, link) => {
          const most = program.links[link]!.bandwidth * elapsed;
          insist(bytes <= most * (1 + 1e-9), () => `link ${link} carries ${bytes} B where ${most} have room`);
        });
        for (const flow of flows) if (!wanted.has(flow)) wanted.set(flow, flow.edge?.bytes ?? flow.remaining);
        before = { now, flows: [...flows], rates: flows.map(({ rate }) => rate) };
      };
    },
  );
});

test('L4: the kernel, too, ends with every block free and no load', () => {
  const none = { visits: 0, input: 0, output: 0, left: 0, blocks: 0, promised: 0 };
  fc.assert(
    fc.property(drawProgram(), (program) => {
      const { loads, stop } = runFleet(program, { leap: 'exact' });
      if (stop === 'done') expect(loads).toEqual(program.clients.map(() => none));
    }),
    { seed: 43, numRuns: runs(150) },
  );
});

/** A request was never sent exactly where the one that it follows has no answer. */
function demandSent({ requests }: FleetProgram, run: FleetReference, r: number): void {
  const before = requests.turns?.after[r] ?? -1;
  const answered = before < 0 || run.requestState[before] === STATE_FINISHED;
  const unsent = run.requestState[r] === STATE_UNSENT;
  insist(run.deadlock !== null || unsent === !answered, () => `request ${r}: ${run.requestState[r]}`);
  const visits = run.results.state.subarray(requests.first[r]!, requests.first[r + 1]!);
  insist(!unsent || visits.every((state) => state === STATE_UNSENT), () => `visits of ${r}: ${visits}`);
}

function pathOf(program: FleetProgram, from: number, to: number): readonly number[] {
  return program.paths[program.clients[from]!.location * program.locations + program.clients[to]!.location]!;
}

function demandBlocks(client: Client): void {
  const { setup, running, held, pool } = client;
  const used = new Set([...running, ...held].flatMap((visit) => visit.kv)).size;
  insist(used + pool.room === setup.numGpuBlocks, () => `${setup.name}: ${used} used, ${pool.room} free`);
  const fits = running.every((visit) => countBlocks(visit, visit.past, client) <= visit.kv.length);
  insist(fits, () => `${setup.name}: a visit has more tokens than its blocks hold`);
  insist(setup.kind !== 'llm' || running.length <= setup.maxNumSeqs, () => `${setup.name} runs ${running.length}`);
}

function demandOnce({ setup, running, held, pool }: Client): void {
  const readers = new Map<Block, number>();
  for (const block of [...running, ...held].flatMap((visit) => visit.kv))
    readers.set(block, (readers.get(block) ?? 0) + 1);
  for (const [block, count] of readers)
    insist(block.readers === count, () => `${setup.name}: ${count} read a block that counts ${block.readers}`);
  const free = new Set(pool.free);
  insist(free.size === pool.free.length, () => `${setup.name}: a block is free twice`);
  insist(
    !pool.free.some((block) => readers.has(block) || block.readers > 0),
    () => `${setup.name}: reads a free block`,
  );
  for (const block of [...readers.keys(), ...free]) {
    const found = block.unit === null || pool.find(block.unit.id)?.blocks.includes(block);
    insist(found === true, () => `${setup.name}: a block has an id by which it is not found`);
  }
}
