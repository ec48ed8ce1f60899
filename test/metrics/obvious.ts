// The figures of a fleet run once more, slowly and obviously: visits and requests are objects, every sum is written out.
import {
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
  STATE_UNFINISHED,
} from '../../assembly/layout/enums.ts';
import { INSTANCE_OFF } from '../../assembly/layout/scaler.ts';
import type { ClientCounters, FleetRun, Span } from '../../src/metrics/fleet/types.ts';
import { VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { comesInBursts } from '../../src/plan/setup.ts';

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number =>
  values.length > 0 ? sum(values) / values.length : Number.NaN;
export const known = (value: number): boolean => !Number.isNaN(value);
export const per = (amount: number, count: number): number => (count > 0 ? amount / count : Number.NaN);
/** Seconds that two spans share. */
const shared = (a: number, b: number, from: number, to: number) => Math.max(0, Math.min(b, to) - Math.max(a, from));

export interface Visit {
  readonly v: number;
  readonly request: number;
  readonly stage: number;
  readonly role: 'prefill' | 'decode' | 'think' | null;
  readonly client: number;
  readonly kind: string;
  readonly state: number;
  readonly ready: number;
  readonly start: number;
  readonly finish: number;
  readonly prompt: number;
  readonly output: number;
  readonly fresh: number;
  readonly cached: number;
  readonly resident: boolean;
  readonly replaced: boolean;
  /** Who ended last of those that hand over to it. */
  before: Visit | null;
  /** Its first token: as it was made, and as its client is sent it. */
  readonly made: number;
  first: number;
  /** When the next one took over what this one made. */
  handed: number;
}

export interface Asked {
  readonly visits: readonly Visit[];
  readonly last: Visit;
  readonly finished: boolean;
  readonly arrival: number;
  readonly finish: number;
}

export function readVisits(run: FleetRun): Visit[] {
  const { program, results, roles } = run;
  const { visits: of, stages } = program;
  const role = stages.map(
    (_, s) => (['prefill', 'decode', 'think'] as const).find((one) => roles[one].includes(s)) ?? null,
  );
  const visits = Array.from({ length: of.count }, (_, v): Visit => {
    const [start, finish, first] = [results.start[v]!, results.finish[v]!, results.first[v]!];
    return {
      ...{ v, request: of.request[v]!, stage: of.stage[v]!, role: role[of.stage[v]!]!, client: results.client[v]! },
      ...{
        kind: program.clients[results.client[v]!]?.kind ?? 'none',
        state: results.state[v]!,
        ready: results.ready[v]!,
      },
      ...{ start, finish, prompt: of.prompt[v]!, output: of.output[v]!, fresh: of.prompt[v]! - of.shared[v]! },
      ...{
        cached: results.cached[v]!,
        resident: (of.flags[v]! & VISIT_RESIDENT) !== 0,
        replaced: of.replaced?.[v] === 1,
      },
      before: null,
      made: first,
      // what brings its KV along makes its first token after one of its mean gaps
      first: known(first) ? first : start + (finish - start) / of.output[v]!,
      handed: Number.NaN,
    };
  });
  for (const one of visits.filter(({ state }) => state === STATE_FINISHED))
    for (let e = of.edgeAt[one.v]!; e < of.edgeAt[one.v + 1]!; e++) {
      const next = visits[of.edgeTo[e]!]!;
      if (next.before === null || one.finish > next.before.finish) next.before = one;
    }
  if (run.client?.firstToken === 'decode')
    for (const one of visits)
      if (goesOn(one) && one.before!.output === 1) one.before!.first = one.before!.handed = one.start;
  return visits;
}

/** Whether it goes on with the stream of the one before it. */
const goesOn = ({ resident, before }: Visit) => resident && before !== null && before.role !== null;

export function readAsked(run: FleetRun, visits: readonly Visit[]): Asked[] {
  const { requests } = run.program;
  const unknown = requests.concurrency > 0 || requests.turns !== undefined;
  return Array.from({ length: requests.count }, (_, r) => {
    const own = visits.filter(({ request }) => request === r);
    const last = visits[requests.last[r]!]!;
    const finished = run.requestState![r] === STATE_FINISHED;
    const arrival = unknown ? own[0]!.ready : requests.arrival[r]!;
    return { visits: own, last, finished, arrival, finish: finished ? last.finish : Number.NaN };
  });
}

const least = (times: readonly number[]) => (times.length > 0 ? Math.min(...times) : Number.NaN);
const generating = ({ visits }: Asked) => visits.filter(({ role, state }) => role !== null && state === STATE_FINISHED);

function streamOf(one: Visit): { readonly seconds: number; readonly gaps: number } {
  if (goesOn(one))
    return {
      seconds: one.finish - (known(one.before!.handed) ? one.before!.handed : one.before!.finish),
      gaps: one.output,
    };
  return one.output > 1 ? { seconds: one.finish - one.first, gaps: one.output - 1 } : { seconds: 0, gaps: 0 };
}

export interface Times {
  readonly ttft: number;
  readonly firstAnswer: number;
  readonly tpot: number;
  readonly e2el: number;
}
const NEVER: Times = { ttft: Number.NaN, firstAnswer: Number.NaN, tpot: Number.NaN, e2el: Number.NaN };

export function timesOf(asked: Asked): Times {
  if (!asked.finished) return NEVER;
  const made = generating(asked);
  const counted = made.filter(({ replaced }) => !replaced);
  const ttft = least(counted.map(({ first }) => first)) - asked.arrival;
  const streams = counted.map(streamOf);
  const thought = counted.filter(({ role }) => role === 'think').at(-1);
  const answer = made.filter(({ v }) => v > (thought?.v ?? -1)).map(({ first }) => first);
  return {
    ttft,
    firstAnswer: thought ? least(answer) - asked.arrival : ttft,
    tpot: per(sum(streams.map(({ seconds }) => seconds)), sum(streams.map(({ gaps }) => gaps))),
    e2el: asked.finish - asked.arrival,
  };
}

/** Tokens of all of the run. */
export function tokensOf(all: readonly Asked[]) {
  const made = all.filter(({ finished }) => finished).flatMap(generating);
  const prompts = made.filter(({ resident }) => !resident);
  const streams = made.map(streamOf);
  return {
    input: sum(prompts.map(({ fresh }) => fresh)),
    cached: sum(prompts.map(({ cached }) => cached)),
    produced: sum(made.map(({ output }) => output)),
    thought: sum(made.filter(({ role }) => role === 'think').map(({ output }) => output)),
    meanGap: per(sum(streams.map(({ seconds }) => seconds)), sum(streams.map(({ gaps }) => gaps))),
  };
}

/** Tokens between two instants: prompts by their first token, the others evenly over their visit. */
export function tokensWithin(run: FleetRun, all: readonly Asked[], { from, to }: Span) {
  const made = all.filter(({ finished }) => finished).flatMap(generating);
  const begin = (one: Visit) => (one.resident ? one.start : one.made);
  const opens = (one: Visit) => begin(one) >= from && begin(one) < to;
  const count = (one: Visit) => {
    const evenly = one.resident ? one.output : one.output - 1;
    const [a, b] = [begin(one), one.finish];
    const share = b > a ? shared(a, b, from, to) / (b - a) : Number(opens(one));
    return b < from ? 0 : evenly * share + Number(!one.resident && opens(one));
  };
  const prompts = made.filter((one) => !one.resident && opens(one) && one.finish >= from);
  const { results, program } = run;
  // where engines count single gaps, tokens are those gaps and the first tokens
  const [a, b] = checkpointsOf(run)!;
  const counted = !program.clients.some(comesInBursts);
  const role = (v: number) => Object.values(run.roles).some((stages) => stages.includes(program.visits.stage[v]!));
  const firsts = [...results.first].filter((time, v) => role(v) && time > from && time <= to).length;
  const gaps = sum([...b.itl.weights]) - sum([...a.itl.weights]);
  return {
    input: sum(prompts.map(({ fresh }) => fresh)),
    cached: sum(prompts.map(({ cached }) => cached)),
    produced: Math.round(counted ? gaps + firsts : sum(made.map(count))),
    thought: Math.round(sum(made.filter(({ role }) => role === 'think').map(count))),
    meanGap: Number.NaN,
  };
}

export function spanOf(run: FleetRun, all: readonly Asked[]): Span {
  const from = Math.min(...all.map(({ arrival }) => arrival).filter(known));
  const ends = [...run.results.finish, ...run.results.first].filter(known);
  const open = run.requestState!.includes(STATE_UNFINISHED) && run.clock !== undefined ? [run.clock] : [];
  const to = Math.max(...ends, ...open);
  return to > from ? { from, to } : { from: 0, to: 0 };
}

/** Its two checkpoints, where a window is measured between them. */
export function checkpointsOf(run: FleetRun) {
  const [a, b] = run.client?.window?.checkpoints ?? [];
  return a && b && b.clock > a.clock ? ([a, b] as const) : null;
}

/** What engines counted of what is measured; peaks are of the whole run. */
export function countersOf(run: FleetRun): readonly ClientCounters[] {
  const points = checkpointsOf(run);
  if (!points) return run.counters;
  const [a, b] = points;
  return b.counters.map((later, c) => {
    const minus = (name: string, value: unknown, before: unknown) => {
      if (name.startsWith('peak')) return value;
      return Array.isArray(value)
        ? value.map((one, i) => one - (before as number[])[i]!)
        : (value as number) - (before as number);
    };
    const earlier = Object.entries(a.counters[c]!);
    const names = new Map(earlier);
    return Object.fromEntries(
      Object.entries(later).map(([name, value]) => [name, minus(name, value, names.get(name))]),
    ) as never;
  });
}

export const isTurnedAway = ({ state }: Visit) =>
  [STATE_REJECTED_KV, STATE_REJECTED_LENGTH, STATE_REJECTED_QUEUE].includes(state);

/** Most of these that are open at once: at some begin. */
export function mostOpen(spans: readonly (readonly [number, number])[]): number {
  const lasting = spans.filter(([a, b]) => b > a);
  return Math.max(0, ...lasting.map(([at]) => lasting.filter(([a, b]) => a <= at && at < b).length));
}

/** Seconds that at least one is open. */
export function anyOpen(spans: readonly (readonly [number, number])[]): number {
  const edges = [...new Set(spans.flat())].sort((a, b) => a - b);
  const parts = edges.slice(1).map((to, i) => [edges[i]!, to] as const);
  return sum(parts.filter(([from, to]) => spans.some(([a, b]) => a <= from && b >= to)).map(([from, to]) => to - from));
}

/** Seconds of a span that each client was on. */
export function onSeconds(run: FleetRun, { from, to }: Span): number[] {
  const { clients, scalers = [] } = run.program;
  return clients.map((_, c) => {
    const rank = clients[c]!.rank?.at ?? 0;
    const scaler = scalers.find(({ members }) => members.includes(c - rank));
    if (!scaler) return to - from;
    let [seconds, since] = [0, scaler.members.indexOf(c - rank) < scaler.least ? from : Number.NaN];
    for (const { time, client, state } of run.changes ?? []) {
      if (client !== c - rank) continue;
      if (state !== INSTANCE_OFF) since = known(since) ? since : time;
      else {
        seconds += shared(since, time, from, to);
        since = Number.NaN;
      }
    }
    return seconds + (known(since) ? shared(since, to, from, to) : 0);
  });
}
