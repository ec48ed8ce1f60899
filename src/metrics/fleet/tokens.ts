// Latencies of requests from the tokens their generating visits make, each metric defined once.
//
// Visits that are a try (a cascade asks a later model) count as work and as gaps of ITL, which is pooled by engines; the latencies of
// their request are those of the answer that counts.
//
// TTFT          first token of the first generating visit - arrival.
// first answer  first token of the first decode (or prefill) visit after the last thought - arrival; TTFT where nobody thinks.
// TPOT          seconds between tokens / gaps between tokens (perToken), over the streams of the request. One stream (also one that a
//               transfer interrupts) gives (last - first)/(output - 1), as vLLM has it; parallel branches are averaged by their
//               gaps, and a wait for a reward model or a tool between two streams is no gap.
// E2EL          end of the last visit - arrival: what follows the last token (checks, detokenisation) included.
import { STATE_FINISHED, STATE_UNFINISHED } from '../../../assembly/layout/enums.ts';
import { VISIT_RESIDENT } from '../../plan/fleet.ts';
import { ROLE_NONE, ROLE_THINK, roleTable } from './roles.ts';
import type { FleetLatencies, FleetRun } from './types.ts';
import type { RequestColumns } from './walk.ts';

export interface TokenColumns {
  readonly latencies: FleetLatencies;
  /** Time of the first token of the answer, of the first one of all (tries included) and of the last, s, NaN where there is none; tokens made. */
  readonly firstToken: Float64Array;
  readonly firstMade: Float64Array;
  readonly lastToken: Float64Array;
  readonly output: Int32Array;
  /** Of all requests: seconds between tokens, and how many gaps between single tokens they are. */
  readonly gapSeconds: number;
  readonly gaps: number;
  /** Over finished requests. */
  readonly input: number;
  readonly cached: number;
  readonly produced: number;
  readonly thought: number;
  /** Every request has its output and its times in the columns, finished or not: they are its visit's own. */
  readonly whole: boolean;
}

/** TPOT: seconds per gap between tokens; NaN where there is no gap. */
export function perToken(seconds: number, gaps: number): number {
  return gaps > 0 ? seconds / gaps : Number.NaN;
}

export function measureTokens(run: FleetRun, requests: RequestColumns, predecessors: Int32Array): TokenColumns {
  const { program, results } = run;
  const { visits } = program;
  if (isSingle(run)) return measureSingles(run, requests);
  const count = program.requests.count;
  const column = (): Float64Array => new Float64Array(count).fill(Number.NaN);
  const latencies = { ttft: column(), tpot: column(), e2el: column(), firstAnswer: column() };
  const firstToken = column();
  const firstMade = column();
  const lastToken = column();
  const output = new Int32Array(count);
  const role = roleTable(program.stages.length, run.roles);
  const tokenTimes = findFirstTokens(run);
  const handed = run.client?.firstToken === 'decode' ? handOver(run, predecessors, role, tokenTimes) : null;
  const total = { span: 0, gaps: 0, input: 0, cached: 0, produced: 0, thought: 0 };
  for (let r = 0; r < count; r++) {
    if (requests.state[r] === STATE_UNFINISHED) firstMade[r] = firstToken[r] = findFirst(run, r, role, tokenTimes);
    if (requests.state[r] !== STATE_FINISHED) continue;
    const answer = { span: 0, gaps: 0 };
    let lastThought = -1;
    for (let v = program.requests.first[r]!; v < program.requests.first[r + 1]!; v++) {
      const does = role[visits.stage[v]!];
      if (does === ROLE_NONE || results.state[v] !== STATE_FINISHED) continue;
      const counts = visits.replaced?.[v] !== 1;
      if (does === ROLE_THINK) {
        if (counts) lastThought = v;
        total.thought += visits.output[v]!;
      }
      if (!(firstMade[r]! <= tokenTimes[v]!)) firstMade[r] = tokenTimes[v]!;
      if (counts && !(firstToken[r]! <= tokenTimes[v]!)) firstToken[r] = tokenTimes[v]!;
      if (!(lastToken[r]! >= results.finish[v]!)) lastToken[r] = results.finish[v]!;
      const gap = spanOf(run, v, predecessors[v]!, role, tokenTimes[v]!, handed);
      total.span += gap.seconds;
      total.gaps += gap.count!;
      if (counts) {
        answer.span += gap.seconds;
        answer.gaps += gap.count!;
      }
      output[r]! += visits.output[v]!;
      if ((visits.flags[v]! & VISIT_RESIDENT) === 0) {
        total.input += visits.prompt[v]! - visits.shared[v]!;
        total.cached += results.cached[v]!;
      }
    }
    total.produced += output[r]!;
    latencies.ttft[r] = firstToken[r]! - requests.arrival[r]!;
    latencies.tpot[r] = perToken(answer.span, answer.gaps);
    latencies.e2el[r] = requests.finish[r]! - requests.arrival[r]!;
    latencies.firstAnswer[r] =
      lastThought < 0 ? latencies.ttft[r]! : findAnswer(run, r, lastThought, role, tokenTimes) - requests.arrival[r]!;
  }
  const { span: gapSeconds, gaps, input, cached, produced, thought } = total;
  const sums = { gapSeconds, gaps, input, cached, produced, thought };
  return { latencies, firstToken, firstMade, lastToken, output, ...sums, whole: false };
}

/** Whether every request is one visit that prefills and decodes. */
function isSingle({ program, roles }: FleetRun): boolean {
  const { visits, requests, stages } = program;
  const alone = visits.count === requests.count && visits.edgeTo.length === 0 && stages.length === 1;
  return alone && roles.prefill.length === 1 && visits.flags.every((flags) => (flags & VISIT_RESIDENT) === 0);
}

/** The same figures where nothing has to be looked for: a sweep measures thousands of such runs. */
function measureSingles({ program, results }: FleetRun, requests: RequestColumns): TokenColumns {
  const { prompt, output, shared } = program.visits;
  const { first, finish, cached } = results;
  const count = requests.state.length;
  const [ttft, tpot, e2el] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const total = { span: 0, gaps: 0, input: 0, cached: 0, produced: 0 };
  for (let r = 0; r < count; r++) {
    if (requests.state[r] !== STATE_FINISHED) {
      ttft[r] = tpot[r] = e2el[r] = Number.NaN;
      continue;
    }
    const gaps = output[r]! - 1;
    const span = gaps > 0 ? finish[r]! - first[r]! : 0;
    ttft[r] = first[r]! - requests.arrival[r]!;
    tpot[r] = perToken(span, gaps);
    e2el[r] = finish[r]! - requests.arrival[r]!;
    total.span += span;
    total.gaps += gaps;
    total.input += prompt[r]! - shared[r]!;
    total.cached += cached[r]!;
    total.produced += output[r]!;
  }
  const { span: gapSeconds, ...sums } = total;
  const latencies = { ttft, tpot, e2el, firstAnswer: ttft };
  const times = { firstToken: first, firstMade: first, lastToken: finish };
  return { latencies, ...times, output, gapSeconds, ...sums, thought: 0, whole: true };
}

/** Seconds of [begin, end] between `from` and `to`. */
const overlap = (begin: number, end: number, from: number, to: number): number =>
  Math.max(0, Math.min(end, to) - Math.max(begin, from));

/**
 * The same counts between two instants: prompts by their first token; of the other tokens, which are spread evenly between it (of a
 * visit that comes with its KV: between its start) and the end of their visit, those in between.
 */
export function countWithin({ program, results, roles }: FleetRun, requests: RequestColumns, from: number, to: number) {
  const { count, stage, request, flags, prompt, output, shared } = program.visits;
  const { finish, state, start, first, cached } = results;
  const role = roleTable(program.stages.length, roles);
  const total = { input: 0, cached: 0, produced: 0, thought: 0 };
  for (let v = 0; v < count; v++) {
    const does = role[stage[v]!];
    const end = finish[v]!;
    if (does === ROLE_NONE || state[v] !== STATE_FINISHED || end < from) continue;
    if (requests.state[request[v]!] !== STATE_FINISHED) continue;
    const resident = (flags[v]! & VISIT_RESIDENT) !== 0;
    const begin = resident ? start[v]! : first[v]!;
    const opens = begin >= from && begin < to;
    const head = resident ? 0 : 1;
    const rest = output[v]! - head;
    const share = end > begin ? overlap(begin, end, from, to) / (end - begin) : Number(opens);
    const made = rest * share + (opens ? head : 0);
    total.produced += made;
    if (does === ROLE_THINK) total.thought += made;
    if (!opens || resident) continue;
    total.input += prompt[v]! - shared[v]!;
    total.cached += cached[v]!;
  }
  return { ...total, produced: Math.round(total.produced), thought: Math.round(total.thought) };
}

/** The first token of the answer of a request that was cut off; NaN where it has none yet. */
function findFirst({ program }: FleetRun, r: number, role: Uint8Array, tokenTimes: Float64Array): number {
  const { visits, requests } = program;
  let earliest = Number.NaN;
  for (let v = requests.first[r]!; v < requests.first[r + 1]!; v++) {
    if (visits.replaced?.[v] === 1) continue;
    if (role[visits.stage[v]!] !== ROLE_NONE && !(earliest <= tokenTimes[v]!)) earliest = tokenTimes[v]!;
  }
  return earliest;
}

/** The first token after thinking: of the visits laid out after the last thought; NaN when none answers. */
function findAnswer(run: FleetRun, r: number, lastThought: number, role: Uint8Array, tokenTimes: Float64Array): number {
  const { visits, requests } = run.program;
  let earliest = Number.NaN;
  for (let v = lastThought + 1; v < requests.first[r + 1]!; v++) {
    const answers = role[visits.stage[v]!] !== ROLE_NONE && run.results.state[v] === STATE_FINISHED;
    if (answers && !(earliest <= tokenTimes[v]!)) earliest = tokenTimes[v]!;
  }
  return earliest;
}

/** Whether a visit goes on where the generating visit before it stopped. */
function continuesStream({ program }: FleetRun, v: number, predecessor: number, role: Uint8Array): boolean {
  const { visits } = program;
  return (
    (visits.flags[v]! & VISIT_RESIDENT) !== 0 && predecessor >= 0 && role[visits.stage[predecessor]!] !== ROLE_NONE
  );
}

/**
 * Where the engine that decodes sends the first token, which another one made: it does when it takes the visit up. Changes the times of
 * the visits that were handed over, and returns them.
 */
function handOver(run: FleetRun, predecessors: Int32Array, role: Uint8Array, tokenTimes: Float64Array): Float64Array {
  const { visits } = run.program;
  const handed = new Float64Array(visits.count).fill(Number.NaN);
  for (let v = 0; v < visits.count; v++) {
    const from = predecessors[v];
    if (!continuesStream(run, v, from!, role) || visits.output[from!] !== 1) continue;
    handed[from!] = run.results.start[v]!;
    tokenTimes[from!] = handed[from!]!;
  }
  return handed;
}

/** Seconds and gaps of one visit's stream; a resident visit continues the stream of the generating visit before it. */
function spanOf(
  run: FleetRun,
  v: number,
  predecessor: number,
  role: Uint8Array,
  first: number,
  handed: Float64Array | null,
) {
  const { visits } = run.program;
  const { finish } = run.results;
  if (continuesStream(run, v, predecessor, role)) {
    const from = handed && !Number.isNaN(handed[predecessor]) ? handed[predecessor] : finish[predecessor];
    return { seconds: finish[v]! - from!, count: visits.output[v] };
  }
  return visits.output[v]! > 1
    ? { seconds: finish[v]! - first, count: visits.output[v]! - 1 }
    : { seconds: 0, count: 0 };
}

/**
 * Time of each visit's first token. Visits that prefill have it; a resident visit makes its first token in the step that admits
 * it: at the end of that step where steps were recorded, else one mean gap after its start.
 */
function findFirstTokens(run: FleetRun): Float64Array {
  const { program, results, steps } = run;
  const { visits } = program;
  const times = results.first.slice();
  const ends = program.clients.map(() => new Map<number, number>());
  for (const step of steps ?? []) ends[step.replica]!.set(step.start, step.start + step.duration);
  for (let v = 0; v < visits.count; v++) {
    if (!Number.isNaN(times[v]) || Number.isNaN(results.finish[v])) continue;
    const end = ends[results.client[v]!]!.get(results.start[v]!);
    times[v] = end ?? results.start[v]! + (results.finish[v]! - results.start[v]!) / visits.output[v]!;
  }
  return times;
}
