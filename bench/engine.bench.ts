// The engine: requests a second of simulated serving, its reset included, and how far it is ahead of the tests' reference.
// Not timed: making the memory and copying the requests into it, which a sweep does once for thousands of runs.
import type { EngineSetup } from '../src/plan/setup.ts';
import type { LeapName } from '../src/run/run-record.ts';
import type { Requests } from '../src/workload/types.ts';
import { referenceRun } from '../test/reference/plain.ts';
import { timeMedians } from './measure.ts';
import { onePool, sumCounters } from './one-pool.ts';
import { type PlacedFleet, placeFleetRun } from './placed-fleet.ts';
import { type Asked, type BenchFile, demandSame, figureRow, type Note, type Row, rateRow } from './row.ts';
import { makeChat, makeSetup } from './scenario.ts';

const REQUESTS = 50_000;
/** Offered rates over what a replica can serve: where most iterations are decodes alone, where it works well, and too many. */
const LIGHT = 0.3;
const STABLE = 0.85;
const OVERLOAD = 1.5;
/** KV blocks at overload: so few that sequences are preempted all the time. */
const TIGHT_BLOCKS = 4000;
const FEW = 10_000;
const MANY = 10_000_000;

export const engine: BenchFile = { name: 'engine', words: 'simulated serving, request by request', run: benchEngine };

/** The requests as a program in a memory of their own. */
export function placeRun(requests: Requests, setup: EngineSetup): PlacedFleet {
  return placeFleetRun(onePool(requests, setup));
}

/** What one replica serves when it is never idle, in requests/s. */
function findCapacity(): number {
  const requests = makeChat(REQUESTS, 1e6);
  const placed = placeRun(requests, makeSetup(1));
  placed.run({ leap: 'exact' });
  const { finish } = placed.read().results;
  return requests.count / finish.reduce((last, one) => Math.max(last, one), 0);
}

const COLUMNS = ['state', 'client', 'first', 'finish', 'preemptions'] as const;

/** Leaping in exact arithmetic must give the bits of single iterations; the tests hold the closed form to 1e-9. */
function demandExact(what: string, placed: PlacedFleet): void {
  placed.run({ leap: 'none' });
  const single = placed.read();
  const columns = COLUMNS.map((name) => single.results[name].slice());
  const gaps = single.itl.weights.slice();
  placed.run({ leap: 'exact' });
  const { results, itl } = placed.read();
  for (const [i, name] of COLUMNS.entries()) demandSame(`${what}, ${name}`, results[name], columns[i]);
  demandSame(`${what}, gaps`, itl.weights, gaps);
}

async function benchRun(
  what: string,
  requests: Requests,
  setup: EngineSetup,
  leaps: readonly LeapName[],
  asked: Asked,
  note: Note,
): Promise<Row[]> {
  const placed = placeRun(requests, setup);
  demandExact(what, placed);
  const { steps, preemptions } = sumCounters(placed.read().clients);
  const perRequest = (count: number, digits: number) => (count / requests.count).toFixed(digits);
  note(`${what}: ${perRequest(steps, 2)} iterations and ${perRequest(preemptions, 3)} preemptions per request`);
  const rows: Row[] = [];
  for (const leap of leaps) {
    const name = `${what}, ${leap === 'none' ? 'every iteration' : `leap ${leap}`}`;
    note(name);
    const { kernel } = await timeMedians({ kernel: () => placed.run({ leap }) });
    rows.push(rateRow(name, 'M requests/s', requests.count / kernel / 1e6, null, leap === 'none' ? {} : asked));
  }
  return rows;
}

async function benchEngine(note: Note): Promise<Row[]> {
  const capacity = findCapacity();
  note(`a replica serves ${capacity.toFixed(2)} requests/s`);
  const one = makeSetup(1);
  const stable = makeChat(REQUESTS, STABLE * capacity);
  const rows = await benchRun('1 replica, 85 % load', stable, one, ['exact', 'closed', 'none'], { atLeast: 3 }, note);
  const light = makeChat(REQUESTS, LIGHT * capacity);
  rows.push(...(await benchRun('1 replica, 30 % load', light, one, ['exact', 'closed', 'none'], {}, note)));
  const tight = { ...one, numGpuBlocks: TIGHT_BLOCKS };
  const flood = makeChat(REQUESTS, OVERLOAD * capacity);
  rows.push(...(await benchRun('1 replica, overload', flood, tight, ['exact', 'closed'], { atLeast: 1.5 }, note)));
  const many = makeSetup(32);
  const wide = makeChat(4 * REQUESTS, 32 * STABLE * capacity);
  rows.push(...(await benchRun('32 replicas, 85 % load', wide, many, ['exact', 'closed'], { atLeast: 1 }, note)));
  rows.push(await benchNaive('', one, STABLE * capacity, note));
  const speculation = { drafts: 3, acceptance: [0.8, 0.6, 0.4], seed: 0 };
  rows.push(await benchNaive(', 3 drafts', { ...one, speculation }, STABLE * capacity, note));
  rows.push(...(await benchScale(one, STABLE * capacity, note)));
  return rows;
}

/** Beside the tests' reference, which walks every sequence in every iteration: what being O(1) per iteration and leaping gain. */
async function benchNaive(extra: string, setup: EngineSetup, rate: number, note: Note): Promise<Row> {
  const requests = makeChat(300, rate);
  const placed = placeRun(requests, setup);
  const what = `1 replica, ${requests.count} requests${extra}, twin = naive simulator`;
  note(what);
  placed.run({ leap: 'exact' });
  const reference = referenceRun(requests, setup);
  const { results } = placed.read();
  demandSame('first against the reference', results.first, reference.results.first);
  demandSame('finish against the reference', results.finish, reference.results.finish);
  const naive = () => void referenceRun(requests, setup);
  const effort = { rounds: 3, milliseconds: 50, calls: 1 };
  const seconds = await timeMedians({ kernel: () => placed.run({ leap: 'exact' }), naive }, effort);
  const million = (s: number) => requests.count / s / 1e6;
  return rateRow(what, 'M requests/s', million(seconds.kernel), million(seconds.naive));
}

/** Cost per request must not grow with their number. */
async function benchScale(setup: EngineSetup, rate: number, note: Note): Promise<Row[]> {
  note(`${MANY / 1e6} M requests: drawing them`);
  const all = makeChat(MANY, rate);
  const cut = (count: number): Requests => ({
    ...all,
    count,
    arrival: all.arrival.subarray(0, count),
    prompt: all.prompt.subarray(0, count),
    output: all.output.subarray(0, count),
  });
  const few = placeRun(cut(FEW), setup);
  const many = placeRun(all, setup);
  note(`${MANY / 1e6} M requests: running them`);
  const short = await timeMedians({ few: () => few.run({ leap: 'exact' }) });
  const long = await timeMedians({ many: () => many.run({ leap: 'exact' }) }, { rounds: 3, milliseconds: 0, calls: 1 });
  const perFew = (short.few / FEW) * 1e9;
  const perMany = (long.many / MANY) * 1e9;
  return [
    figureRow('10 M requests', 'ns/request', perMany),
    figureRow('10 M requests, memory', 'GB', many.bytes / 1e9),
    figureRow('10 M over 10 k, cost per request', 'x', perMany / perFew, { atMost: 1.3 }),
  ];
}
