// Fleets: requests a second through pipelines of many clients, links and stores. Timed: the engine kernel from the first event to
// the last. Not timed: lowering the spec, laying columns out and the reset that goes with it, copying results out.
import { CHUNK_BYTES, GROUP_BYTES, SLOT_BYTES } from '../assembly/layout/replica.ts';
import { NORM, type RoutingPolicy, type TermName } from '../src/check/scheduler-lists.ts';
import type { FleetGroup, FleetProgram } from '../src/plan/fleet.ts';
import { type FleetRun, startFleet } from '../src/run/fleet.ts';
import { columnBytes } from '../src/run/fleet-columns.ts';
import { requestBytes } from '../src/run/run-record.ts';
import { referenceFleet } from '../test/reference/fleet/simulate.ts';
import { adapted, cluster, conversations, pipeline, programOf, traceSpec } from './fleet-specs.ts';
import { median } from './measure.ts';
import { type BenchFile, demandSame, figureRow, type Note, type Row, rateRow } from './row.ts';

const REQUESTS = 50_000;
/** As many as the reference simulator, which walks every sequence in every iteration, runs in a second or two. */
const FEW = 400;
const RUNS = 15;
const COLUMNS = ['state', 'client', 'ready', 'start', 'first', 'finish', 'preemptions', 'cached'] as const;

export const fleet: BenchFile = {
  name: 'fleet',
  words: 'pipelines on fleets of clients, links and stores',
  run: benchFleet,
};

interface TimedRun {
  readonly run: FleetRun;
  readonly seconds: number;
}

/** One run in a memory of its own: the kernel's seconds. */
function timeRun(program: FleetProgram, leap: 'none' | 'exact'): TimedRun {
  const started = startFleet(program, { leap });
  const from = performance.now();
  let stop = started.advance();
  while (stop === 'more') stop = started.advance();
  const seconds = (performance.now() - from) / 1000;
  return { run: started.close(stop), seconds };
}

/** Median seconds of a run, after leaps were held against single iterations. */
function timeFleet(what: string, program: FleetProgram, note: Note): number {
  note(what);
  const { run } = timeRun(program, 'exact');
  const plain = timeRun(program, 'none').run;
  for (const column of COLUMNS) demandSame(`${what}, ${column}`, run.results[column], plain.results[column]);
  demandSame(`${what}, state of requests`, run.requestState, plain.requestState);
  if (run.stop !== 'done') throw new Error(`${what}: ${run.stop} at ${run.stuck.join(', ')}`);
  const { count } = program.requests;
  const steps = run.clients.reduce((sum, client) => sum + client.steps, 0);
  const finished = run.requestState.reduce((sum, state) => sum + (state === 1 ? 1 : 0), 0);
  note(
    `  ${program.clients.length} clients, ${(program.visits.count / count).toFixed(1)} visits and ${(steps / count).toFixed(1)}`,
  );
  note(`  iterations per request, ${finished} of ${count} finished`);
  return median(Array.from({ length: RUNS }, () => timeRun(program, 'exact').seconds));
}

async function benchFleet(note: Note): Promise<Row[]> {
  const large = programOf(cluster(REQUESTS));
  const rows = [benchRate('32 clients, disaggregated 20/12', large, 1, note)];
  const long = programOf(pipeline(REQUESTS / 5));
  rows.push(benchRate('16 clients, search, fetch and reason', long, 0.3, note));
  rows.push(benchRate('turns with shared prefixes, 16 instances', programOf(conversations(REQUESTS)), 0.5, note));
  const coarse = programOf(conversations(REQUESTS, 256));
  rows.push(benchRate('the same in hash blocks of 256 tokens', coarse, 0.5, note));
  const { text, words } = traceSpec();
  const trace = programOf(text);
  const what = `${words}, ${trace.requests.count.toLocaleString('en')} requests, three tiers`;
  rows.push(figureRow(what, 'ms', timeFleet(what, trace, note) * 1000, { atMost: 50 }));
  rows.push(benchReference(note));
  const shared = programOf(conversations(REQUESTS));
  rows.push(benchScored('routing scored by prefix, twin = prefix-affinity', shared, 'prefix-affinity', 'prefix', note));
  rows.push(benchScored('routing scored by requests, twin = least-loaded', shared, 'load', 'requests', note));
  for (const [adapters, slots] of [
    [40, 32],
    [1000, 128],
  ] as const)
    rows.push(benchAdapters(adapters, slots, note));
  const { all, live } = bytesPerRequest(cluster);
  rows.push(figureRow('32 clients, state of a request in flight', 'bytes', live, { atMost: 200 }));
  rows.push(figureRow('32 clients, all columns of a request', 'bytes', all, { atMost: 300 }));
  const visits = long.visits.count / long.requests.count;
  rows.push(figureRow('16 clients, all columns of a visit', 'bytes', bytesPerRequest(pipeline).all / visits));
  return rows;
}

function benchRate(what: string, program: FleetProgram, atLeast: number, note: Note): Row {
  const million = program.requests.count / timeFleet(what, program, note) / 1e6;
  return rateRow(what, 'M requests/s', million, null, { atLeast });
}

/** Beside the tests' reference on a run that it can do. */
function benchReference(note: Note): Row {
  const program = programOf(cluster(FEW));
  const what = `32 clients, ${FEW} requests, twin = fleet reference`;
  const seconds = timeFleet(what, program, note);
  const from = performance.now();
  const reference = referenceFleet(program);
  const slow = (performance.now() - from) / 1000;
  const { results } = timeRun(program, 'exact').run;
  for (const column of COLUMNS) demandSame(`${what}, ${column}`, results[column], reference.results[column]);
  return rateRow(what, 'M requests/s', FEW / seconds / 1e6, FEW / slow / 1e6);
}

/** A run with LoRA adapters beside the same without. */
function benchAdapters(adapters: number, slots: number, note: Note): Row {
  const what = `${adapters.toLocaleString('en')} LoRA adapters, ${slots} slots, twin = none`;
  note(what);
  const [none, some] = [0, adapters].map((count) => programOf(adapted(REQUESTS, count, slots)));
  const rates = timeInTurn(none, some);
  return rateRow(what, 'M requests/s', rates[1], rates[0], { times: 0.77 });
}

/** Million requests/s of two programs, runs in turn. */
function timeInTurn(...both: readonly [FleetProgram, FleetProgram]): readonly [number, number] {
  const turns = Array.from({ length: RUNS }, () => both.map((each) => timeRun(each, 'exact').seconds));
  const rate = (side: 0 | 1) => both[side].requests.count / median(turns.map((seconds) => seconds[side])) / 1e6;
  return [rate(0), rate(1)];
}

/** A scored choice beside the word that chooses the same: how many times its speed, runs in turn. */
function benchScored(what: string, program: FleetProgram, word: RoutingPolicy, term: TermName, note: Note): Row {
  note(what);
  const by = (changes: Partial<FleetGroup>): FleetProgram => ({
    ...program,
    groups: program.groups.map((group) => (group.members.length > 1 ? { ...group, ...changes } : group)),
  });
  const weight = term === 'prefix' ? -1 : 1;
  const scored = by({ routing: 'scored', terms: [{ term, weight, norm: NORM.names[0] }] });
  const plain = by({ routing: word });
  const [one, other] = [timeRun(plain, 'exact').run.results, timeRun(scored, 'exact').run.results];
  for (const column of COLUMNS) demandSame(`${what}, ${column}`, other[column], one[column]);
  const rates = timeInTurn(plain, scored);
  return rateRow(what, 'M requests/s', rates[1], rates[0]);
}

/**
 * What one more request takes. `all`: everything that grows with the requests, what a run is given and what it leaves included,
 * live or not. `live`: only what exists because the request is in flight, in columns and rooms, and one slot with its places in
 * the lists of a step, which lie in the tables of the clients.
 */
function bytesPerRequest(spec: (requests: number) => string): { readonly all: number; readonly live: number } {
  const bytes = (requests: number) => {
    const program = programOf(spec(requests));
    const { all, working } = columnBytes(program);
    const { count } = program.visits;
    return { all: all + requestBytes(count, requests, false), live: working + count * QUEUE_BYTES };
  };
  const few = bytes(1000);
  const many = bytes(3000);
  const slot = SLOT_BYTES + CHUNK_BYTES + GROUP_BYTES;
  return { all: (many.all - few.all) / 2000, live: (many.live - few.live) / 2000 + slot };
}
/** Of the columns that single-stage runs have too, the next in a queue and the tokens that were generated before a preemption. */
const QUEUE_BYTES = 8;
