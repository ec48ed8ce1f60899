// What obvious.ts reads of a run, as the figures of a result: of clients, stages, pipelines, energy and cost, and the whole.
import { STATE_FINISHED, STATE_UNFINISHED, STATE_UNSENT } from '../../assembly/layout/enums.ts';
import type { ClientCounters, FleetRun, Span } from '../../src/metrics/fleet/types.ts';
import {
  type Asked,
  anyOpen,
  checkpointsOf,
  countersOf,
  isTurnedAway,
  known,
  mostOpen,
  onSeconds,
  per,
  readAsked,
  readVisits,
  spanOf,
  sum,
  type Times,
  timesOf,
  tokensOf,
  tokensWithin,
  type Visit,
} from './obvious.ts';

/** A run as objects, and what of it is measured. */
export function read(run: FleetRun) {
  const visits = readVisits(run);
  const all = readAsked(run, visits);
  const whole = spanOf(run, all);
  const points = checkpointsOf(run);
  const span = points ? { from: points[0].clock, to: points[1].clock } : whole;
  const inside = (time: number) => points === null || (time >= span.from && time < span.to);
  const members = all.filter(({ arrival }) => inside(arrival));
  const completed = all.filter(({ finished, finish }) => finished && inside(finish)).length;
  const tokens = points ? tokensWithin(run, all, span) : tokensOf(all);
  return {
    run,
    visits,
    all,
    whole,
    span,
    windowed: points !== null,
    members,
    completed,
    tokens,
    counters: countersOf(run),
  };
}
export type Read = ReturnType<typeof read>;

/** How much later a client sees everything of a request. */
function lateOf({ program, roles, client, counters }: FleetRun, asked: Asked, r: number): number {
  if (!client?.ways || !asked.finished) return 0;
  const first = asked.visits.find(({ stage }) => Object.values(roles).some((stages) => stages.includes(stage)));
  const way = first && client.ways[first.client];
  if (!way) return 0;
  const { concurrency } = program.requests;
  const { busySeconds, steps } = counters[first.client]!;
  const half = concurrency > 0 && r >= concurrency && steps > 0 ? busySeconds / steps / 2 : 0;
  return way.request_s + way.prompt_token_s * first.prompt + half;
}

/** Latencies of what is measured as its client sees them, in order of requests; and by how much that slows a closed loop. */
export function seenTimes({ run, all, members }: Read) {
  const own = all.map(timesOf);
  const seen = own.map(({ ttft, firstAnswer, tpot, e2el }, r): Times => {
    const late = lateOf(run, all[r]!, r);
    return { ttft: ttft + late, firstAnswer: firstAnswer + late, tpot, e2el: e2el + late };
  });
  const of = (times: readonly Times[]) => times.filter((_, r) => members.includes(all[r]!));
  const { concurrency, turns } = run.program.requests;
  const total = (times: readonly Times[]) =>
    sum(
      of(times)
        .map(({ e2el }) => e2el)
        .filter(known),
    );
  const slows = run.client?.ways && concurrency > 0 && !turns && total(seen) > 0;
  return { seen, measured: of(seen), pace: slows ? total(own) / total(seen) : 1 };
}

/** Visits of a client that came to it and were taken, with what is still open ended at the end of the run; `within` a span. */
function stays({ visits, whole }: Read, c: number, within?: Span) {
  const taken = visits.filter((one) => one.client === c && known(one.ready) && !isTurnedAway(one));
  const clip = (time: number) => (within ? Math.min(within.to, Math.max(within.from, time)) : time);
  return taken.map(({ ready, start, finish }) => {
    const [begin, end] = [known(start) ? start : whole.to, known(finish) ? finish : whole.to];
    return { waits: [clip(ready), clip(begin)] as const, works: [clip(begin), clip(end)] as const };
  });
}
const length = ([a, b]: readonly [number, number]) => b - a;

export function busyOf(all: Read, c: number, counters: ClientCounters, within?: Span): number {
  const { kind, maxNumSeqs } = all.run.program.clients[c]!;
  const works = stays(all, c, within).map((one) => one.works);
  if (kind === 'llm') return counters.busySeconds;
  return kind === 'cores' ? sum(works.map(length)) / maxNumSeqs : anyOpen(works);
}

export function clientFigures(all: Read) {
  const { run, visits, span, counters } = all;
  const on = onSeconds(run, span);
  const seconds = span.to - span.from;
  return run.program.clients.map(({ name, kind, numGpuBlocks }, c) => {
    const [whole, part] = [stays(all, c), stays(all, c, all.windowed ? span : undefined)];
    const began = visits.filter((one) => one.client === c && known(one.start));
    const prompts = sum(began.map(({ prompt }) => prompt));
    const [own, counted] = [counters[c]!, run.counters[c]!];
    const llm = kind === 'llm';
    return {
      name,
      visits: whole.length,
      utilisation:
        on[c]! > 0 ? busyOf(all, c, own, all.windowed ? span : undefined) / on[c]! : seconds > 0 ? 0 : Number.NaN,
      mean_batch: llm
        ? own.runningSeconds / own.busySeconds
        : per(sum(part.map(({ works }) => length(works))), seconds),
      peak_batch: llm ? counted.peakSequences : mostOpen(whole.map(({ works }) => works)),
      mean_queue: per(sum(part.map(({ waits }) => length(waits))), seconds),
      peak_queue: mostOpen(whole.map(({ waits }) => waits)),
      peak_kv_use: llm && numGpuBlocks > 0 ? counted.peakBlocks / numGpuBlocks : Number.NaN,
      cached_share: llm && prompts > 0 ? sum(began.map(({ cached }) => cached)) / prompts : Number.NaN,
      preemptions: counted.preemptions,
      steps: own.steps,
    };
  });
}

/** Seconds that a request waited: between the visits of its path, and all that stores take. */
export function waitsOf({ all }: Read): number[] {
  return all.map((asked) => {
    if (!asked.finished) return Number.NaN;
    let waited = 0;
    for (let one: Visit | null = asked.last; one !== null; one = one.before) {
      const before = one.before ? one.before.finish : asked.arrival;
      waited += Math.max(0, (one.kind === 'store' ? one.finish : one.start) - before);
    }
    return waited;
  });
}

const meets = (times: Times, run: FleetRun) =>
  known(times.e2el) && run.slo.every(({ metric, limit }) => metric === 'itl' || !(times[metric] > limit));

/** Whether a request that has an end has it without an answer; of those without an end only a standstill tells. */
export function isLost({ run }: Read, { visits }: Asked): boolean {
  const state = run.requestState![visits[0]!.request]!;
  if (state === STATE_UNFINISHED) return run.deadlock === true;
  return ![STATE_FINISHED, STATE_UNSENT].includes(state);
}

/** Most tokens in one second since the first arrival: the first of a request at once, the others evenly. */
function peakTokens({ all, whole }: Read): number {
  const seconds = Math.floor(whole.to - whole.from) + 1;
  const counts = new Array<number>(seconds).fill(0);
  for (const asked of all.filter(({ finished }) => finished)) {
    const made = asked.visits.filter(({ role, state }) => role !== null && state === STATE_FINISHED);
    const output = Math.max(1, sum(made.map((one) => one.output)));
    const first = made.length > 0 ? Math.min(...made.map((one) => one.first)) : asked.finish;
    const last = made.length > 0 ? Math.max(...made.map((one) => one.finish)) : asked.finish;
    const [a, b] = [first - whole.from, last - whole.from];
    counts[Math.floor(a)]! += 1;
    if (output === 1) continue;
    for (let second = 0; second < seconds; second++) {
      const part = Math.max(0, Math.min(b, second + 1) - Math.max(a, second));
      if (Math.floor(a) === Math.floor(b)) counts[second]! += second === Math.floor(a) ? output - 1 : 0;
      else counts[second]! += ((output - 1) * part) / (b - a);
    }
  }
  return whole.to > whole.from ? Math.max(...counts) : Number.NaN;
}

export function wholeFigures(all: Read) {
  const { run, span, members, completed, tokens, counters } = all;
  const { measured, pace } = seenTimes(all);
  const duration = span.to - span.from;
  const rate = (amount: number) => per(amount, duration) * pace;
  const good = measured.filter((times) => meets(times, run)).length;
  const answered = measured.filter(({ e2el }) => known(e2el)).length;
  const share = (count: number) => (run.slo.length > 0 ? per(good, count) : Number.NaN);
  const engines = run.program.clients.flatMap(({ kind }, c) => (kind === 'llm' ? [c] : []));
  const on = onSeconds(run, span);
  const total = (of: (c: number) => number) => sum(engines.map(of));
  const uses = engines.map((c) => run.counters[c]!.peakBlocks / run.program.clients[c]!.numGpuBlocks);
  return {
    completed,
    duration,
    request_throughput: rate(completed),
    output_throughput: rate(tokens.produced),
    total_token_throughput: rate(tokens.input + tokens.produced),
    peak_output_throughput: peakTokens(all),
    good_fraction: share(answered + members.filter((one) => isLost(all, one)).length),
    request_goodput: run.slo.length === 0 ? Number.NaN : all.windowed ? rate(completed) * share(answered) : rate(good),
    total_input_tokens: tokens.input,
    cached_input_tokens: tokens.cached,
    total_output_tokens: tokens.produced,
    thinking_tokens: tokens.thought,
    utilisation: per(
      total((c) => counters[c]!.busySeconds),
      total((c) => on[c]!),
    ),
    mean_batch: per(
      total((c) => counters[c]!.runningSeconds),
      total((c) => counters[c]!.busySeconds),
    ),
    peak_kv_use: Math.max(...uses),
    steps: total((c) => counters[c]!.steps),
    preemptions: sum(run.counters.map(({ preemptions }) => preemptions)),
    max_concurrent_requests: mostOpen(
      all.all.filter(({ finished }) => finished).map(({ arrival, finish }) => [arrival, finish] as const),
    ),
    requests_in_window: all.windowed ? members.length : null,
  };
}
