// Fleet programs and results written down visit by visit: reports are tested on their shape and arithmetic, not on an engine.

import { STATE_FINISHED, STATE_PENDING } from '../../assembly/layout/enums.ts';
import type { ClientCounters, FleetRun } from '../../src/metrics/fleet/types.ts';
import { type FleetClient, type FleetProgram, VISIT_RESIDENT, type VisitResults } from '../../src/plan/fleet.ts';

export function makeClient(name: string, more: Partial<FleetClient> = {}): FleetClient {
  return {
    name,
    kind: 'llm',
    batching: 'chunked',
    admission: 'prompt',
    packing: 'fcfs',
    maxNumSeqs: 8,
    maxNumBatchedTokens: 2048,
    numGpuBlocks: 1000,
    blockSize: 16,
    maxModelLen: 0,
    price: { fixed_s: 0, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 },
    localGroup: 0,
    location: 0,
    channel: -1,
    demand: 0,
    tiers: [],
    ...more,
  };
}

/** One visit with what happened to it; `to` are offsets to later visits of the same request. */
export interface VisitLine {
  readonly stage: string;
  readonly client: number;
  readonly ready: number;
  readonly start: number;
  readonly finish: number;
  readonly first?: number;
  readonly prompt?: number;
  readonly output?: number;
  readonly flags?: number;
  readonly shared?: number;
  readonly cached?: number;
  readonly to?: readonly number[];
  readonly bytes?: number;
  readonly state?: number;
}

/** A request: its arrival, and its visits; the last one ends it unless `last` says otherwise. */
export interface RequestLine {
  readonly arrival: number;
  readonly visits: readonly VisitLine[];
  readonly last?: number;
}

export function makeRun(
  clients: readonly FleetClient[],
  requests: readonly RequestLine[],
  more: Partial<FleetRun> = {},
): FleetRun {
  const lines = requests.flatMap((request, r) => request.visits.map((visit) => ({ ...visit, request: r })));
  const stages = [...new Set(lines.map((line) => line.stage))];
  const int = (read: (line: (typeof lines)[number], v: number) => number) => Int32Array.from(lines, read);
  const real = (read: (line: (typeof lines)[number]) => number) => Float64Array.from(lines, read);
  const edges = lines.flatMap((line, v) =>
    (line.to ?? []).map((offset) => ({ from: v, to: v + offset, bytes: line.bytes ?? 0 })),
  );
  const pending = new Int32Array(lines.length);
  for (const { to } of edges) pending[to]++;
  const edgeAt = new Int32Array(lines.length + 1);
  for (const { from } of edges) edgeAt[from + 1]++;
  for (let v = 0; v < lines.length; v++) edgeAt[v + 1] += edgeAt[v];
  const first = new Int32Array(requests.length + 1);
  requests.forEach((request, r) => {
    first[r + 1] = first[r] + request.visits.length;
  });
  const program: FleetProgram = {
    clients,
    groups: clients.map((client, c) => ({
      name: client.name,
      members: [c],
      routing: 'round-robin',
      metric: 'requests',
      threshold: 0,
      light: 0,
    })),
    links: [],
    locations: 1,
    paths: [[]],
    channels: 0,
    stages,
    visits: {
      count: lines.length,
      request: int((line) => line.request),
      stage: int((line) => stages.indexOf(line.stage)),
      group: int((line) => Math.max(0, line.client)),
      prompt: int((line) => line.prompt ?? 1),
      output: int((line) => line.output ?? 1),
      seconds: real((line) => line.finish - line.start),
      flags: int((line) => line.flags ?? 0),
      sameAs: int(() => -1),
      shared: int((line) => line.shared ?? 0),
      lets: int(() => -1),
      holders: int(() => 0),
      pending,
      edgeAt,
      edgeTo: Int32Array.from(edges, ({ to }) => to),
      edgeBytes: Float64Array.from(edges, ({ bytes }) => bytes),
      edgeLayers: new Int32Array(edges.length),
      fetches: int(() => -1),
      writes: int(() => -1),
      hashAt: new Int32Array(lines.length + 1),
      hashIds: new Int32Array(0),
    },
    requests: {
      count: requests.length,
      arrival: Float64Array.from(requests, ({ arrival }) => arrival),
      first,
      last: Int32Array.from(requests, (request, r) => first[r] + (request.last ?? request.visits.length - 1)),
      concurrency: 0,
    },
    hashBlock: 0,
    hashCount: 0,
    storeBytesPerToken: 0,
  };
  const results: VisitResults = {
    state: int((line) => line.state ?? (Number.isNaN(line.finish) ? STATE_PENDING : STATE_FINISHED)),
    ready: real((line) => line.ready),
    start: real((line) => line.start),
    first: real((line) => line.first ?? Number.NaN),
    finish: real((line) => line.finish),
    client: int((line) => line.client),
    preemptions: int(() => 0),
    cached: int((line) => line.cached ?? 0),
  };
  const roles = {
    prefill: indicesOf(stages, 'prefill'),
    decode: indicesOf(stages, 'decode'),
    think: indicesOf(stages, 'reason'),
  };
  return { program, results, counters: clients.map(() => makeCounters()), roles, slo: [], ...more };
}

function indicesOf(stages: readonly string[], word: string): number[] {
  return stages.flatMap((name, s) => (name.endsWith(word) ? [s] : []));
}

export function makeCounters(more: Partial<ClientCounters> = {}): ClientCounters {
  return {
    steps: 0,
    busySeconds: 0,
    runningSeconds: 0,
    newTokens: 0,
    pairs: 0,
    contextTokens: 0,
    preemptions: 0,
    peakBlocks: 0,
    peakSequences: 0,
    ...more,
  };
}

/** Two cores, an engine that prefills, an engine that decodes. */
export const CLIENTS = [makeClient('cores', { kind: 'cores', maxNumSeqs: 2 }), makeClient('p'), makeClient('d')];

/** Sent at 10: tokenise 10..11, prefill waits to 12, ends (first token) 15; KV there at 16; decode 17..27; check 27..28. */
export const DISAGGREGATED: RequestLine = {
  arrival: 10,
  visits: [
    { stage: 'tokenize', client: 0, ready: 10, start: 10, finish: 11, to: [1] },
    {
      stage: 'prefill',
      client: 1,
      ready: 11,
      start: 12,
      first: 15,
      finish: 15,
      prompt: 100,
      cached: 30,
      to: [1],
      bytes: 5,
    },
    {
      stage: 'decode',
      client: 2,
      ready: 16,
      start: 17,
      finish: 27,
      prompt: 101,
      output: 4,
      flags: VISIT_RESIDENT,
      to: [1],
    },
    { stage: 'check', client: 0, ready: 27, start: 27, finish: 28 },
  ],
};
