// A plausible run of two pipelines on nine clients, made by a small queueing model: enough to look at in every report.

import type { FleetRun } from '../../src/metrics/fleet/types.ts';
import { VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { seeded } from '../metrics/columns.ts';
import { makeClient, makeCounters, makeRun, type RequestLine, type VisitLine } from './builder.ts';

/** Servers, and what they are for. */
const CLIENTS = [
  makeClient('front cores', { kind: 'cores', maxNumSeqs: 16 }),
  makeClient('embedder, L40S', { maxNumSeqs: 16, numGpuBlocks: 0 }),
  makeClient('vector search, EPYC', { maxNumSeqs: 8, numGpuBlocks: 0 }),
  makeClient('KV store', { kind: 'store', maxNumSeqs: 64 }),
  makeClient('prefill H100 0', { maxNumSeqs: 3 }),
  makeClient('prefill H100 1', { maxNumSeqs: 3 }),
  makeClient('decode H100 0', { maxNumSeqs: 48 }),
  makeClient('decode MI300X 1', { maxNumSeqs: 48 }),
  makeClient('reward L40S', { maxNumSeqs: 4 }),
];

/** A visit to come: where it may run, how long it takes, when its data is there after its predecessors. */
interface Plan {
  readonly stage: string;
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly prompt?: number;
  readonly output?: number;
  readonly flags?: number;
  readonly cached?: number;
  readonly delay?: number;
  readonly to: readonly number[];
}

function planSupport(random: () => number): Plan[] {
  const prompt = Math.round(600 + 3000 * random() ** 2);
  const output = Math.round(60 + 300 * random());
  const cached = random() < 0.6 ? Math.floor(prompt * 0.5) : 0;
  return [
    { stage: 'tokenize', clients: [0], seconds: 0.002 + prompt * 2e-6, to: [1, 3] },
    { stage: 'embed', clients: [1], seconds: 0.02 + 0.01 * random(), prompt: 64, to: [1] },
    { stage: 'retrieve', clients: [2], seconds: 0.05 + 0.08 * random(), to: [2] },
    { stage: 'kv-fetch', clients: [3], seconds: cached > 0 ? 0.02 + cached * 2e-5 : 0.0002, to: [1] },
    { stage: 'support/prefill', clients: [4, 5], seconds: 0.05 + (prompt - cached) * 6e-5, prompt, cached, to: [1] },
    {
      stage: 'support/decode',
      clients: [6, 7],
      seconds: output * 0.018,
      prompt: prompt + 1,
      output,
      flags: VISIT_RESIDENT,
      delay: prompt * 4e-6,
      to: [1],
    },
    { stage: 'safety', clients: [8], seconds: 0.03, prompt: output, to: [1] },
    { stage: 'detokenize', clients: [0], seconds: 0.001, to: [] },
  ];
}

function planMath(random: () => number): Plan[] {
  const prompt = Math.round(100 + 300 * random());
  const branches = [0, 1, 2, 3].map((branch): Plan => {
    const output = Math.round(300 + 900 * random());
    const clients = [6, 7];
    return {
      stage: 'math/reason',
      clients,
      seconds: output * 0.017,
      prompt: prompt + 1,
      output,
      flags: VISIT_RESIDENT,
      delay: 0.004,
      to: [4 - branch],
    };
  });
  return [
    { stage: 'tokenize', clients: [0], seconds: 0.002, to: [1] },
    { stage: 'math/prefill', clients: [4, 5], seconds: 0.04, prompt, to: [1, 2, 3, 4] },
    ...branches,
    { stage: 'reward', clients: [8], seconds: 0.15 + 0.1 * random(), prompt: 2000, to: [1] },
    { stage: 'math/decode', clients: [6, 7], seconds: 80 * 0.018, prompt: 2000, output: 80, to: [1] },
    { stage: 'detokenize', clients: [0], seconds: 0.001, to: [] },
  ];
}

interface Waiting {
  readonly request: number;
  readonly index: number;
  readonly ready: number;
}

/** First come first served on each client's servers; visits are taken in the order in which they become ready. */
export function makeFleetRun(count = 400, seed = 7): FleetRun {
  const random = seeded(seed);
  const of = Int32Array.from({ length: count }, () => (random() < 0.25 ? 1 : 0));
  let clock = 0;
  const arrivals = Array.from(of, () => {
    clock += -Math.log(1 - random()) * (random() < 0.1 ? 0.5 : 0.075);
    return clock;
  });
  const plans = Array.from(of, (pipeline) => (pipeline === 1 ? planMath(random) : planSupport(random)));
  const lines: VisitLine[][] = plans.map((plan) => plan.map(() => null as unknown as VisitLine));
  const free = CLIENTS.map((client) => new Array<number>(client.maxNumSeqs).fill(0));
  const queue: Waiting[] = arrivals.map((ready, request) => ({ request, index: 0, ready }));
  while (queue.length > 0) {
    const at = queue.reduce((best, item, i) => (item.ready < queue[best].ready ? i : best), 0);
    const [{ request, index, ready }] = queue.splice(at, 1);
    const plan = plans[request][index];
    const client = plan.clients.reduce((best, c) => (Math.min(...free[c]) < Math.min(...free[best]) ? c : best));
    const server = free[client].indexOf(Math.min(...free[client]));
    const start = Math.max(ready, free[client][server]);
    const finish = start + plan.seconds;
    free[client][server] = finish;
    const prefills = CLIENTS[client].kind === 'llm' && plan.flags !== VISIT_RESIDENT;
    const first = prefills ? start + plan.seconds / (plan.output ?? 1) : Number.NaN;
    lines[request][index] = { ...plan, client, ready, start, finish, first, bytes: plan.delay === undefined ? 0 : 1e6 };
    for (const [next, target] of plans[request].entries()) {
      const needed = plans[request].flatMap((p, i) => (p.to.includes(next - i) ? [i] : []));
      if (!plan.to.includes(next - index) || needed.some((i) => lines[request][i] === null)) continue;
      const ended = Math.max(...needed.map((i) => lines[request][i].finish));
      queue.push({ request, index: next, ready: ended + (target.delay ?? 0) });
    }
  }
  const requests: RequestLine[] = lines.map((visits, r) => ({ arrival: arrivals[r], visits }));
  return decorate(makeRun(CLIENTS, requests), of);
}

/** Counters, prices and pipelines that go with the visits. */
function decorate(run: FleetRun, of: Int32Array): FleetRun {
  const { client, start, finish } = run.results;
  const busy = CLIENTS.map((_, c) => {
    let seconds = 0;
    for (let v = 0; v < client.length; v++) if (client[v] === c) seconds += finish[v] - start[v];
    return seconds;
  });
  const last = finish.reduce((a, b) => Math.max(a, b), 0);
  const counters = CLIENTS.map((one, c) =>
    one.kind === 'llm'
      ? makeCounters({
          steps: Math.round(busy[c] * 20),
          busySeconds: Math.min(last * 0.97, busy[c]),
          runningSeconds: busy[c],
          newTokens: busy[c] * 60,
          pairs: busy[c] * 90_000,
          contextTokens: busy[c] * 90_000,
          peakBlocks: 640,
          peakSequences: one.maxNumSeqs,
          preemptions: c === 6 ? 3 : 0,
        })
      : makeCounters(),
  );
  const energy = { perStep: 0.8, perToken: 0.05, perPair: 2e-7, perContext: 4e-6, idleW: 210 };
  const clients = CLIENTS.map((one) => ({
    energy: one.kind === 'llm' ? energy : { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: 90 },
    devices: 1,
    usdPerDeviceHour: one.kind === 'llm' ? 2.2 : 0.4,
    ...(one.kind === 'cores' ? { busyW: 48 } : {}),
  }));
  return {
    ...run,
    counters,
    slo: [
      { metric: 'ttft', percentile: 'p99', limit: 1.5 },
      { metric: 'e2el', percentile: 'p90', limit: 20 },
    ],
    prices: { clients, power: { pue: 1.2, usd_per_kwh: 0.1 } },
    pipelines: { names: ['support', 'math'], of },
  };
}

export const CONTEXT = {
  name: 'support and math on a mixed fleet',
  version: '0.0.0',
  workload: '400 requests, Poisson arrivals, two pipelines',
  requestRate: 9,
  burstiness: 1,
  maxConcurrency: 0,
  slo: [
    { metric: 'ttft', percentile: 'p99', limit: 1.5 },
    { metric: 'e2el', percentile: 'p90', limit: 20 },
  ],
  seed: 7,
  models: ['Llama 3.3 70B'],
  text: 'name: support and math\nfleet: {}\n',
  file: 'fleet.yaml',
} as const;
