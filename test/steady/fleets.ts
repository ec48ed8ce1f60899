// Random fleets that stand still: fixed instances, stationary open loops, nothing that a crowd makes slower than a queue does. Engines of
// every batching, alone, or with prefill and decode apart over a link, or behind a store.
import { BATCHING } from '../../src/check/scheduler-lists.ts';
import type { LoweredFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { openFleetRoom, runFleet } from '../../src/run/fleet.ts';
import { summariseRun } from '../../src/run/measure-fleet.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { seeded } from '../metrics/columns.ts';
import { lower, readText } from '../pipeline/world.ts';

export interface RandomFleet {
  readonly words: string;
  readonly spec: FleetSpec;
}

/** The n-th fleet. Its workload's rate and number of requests are for others to say. */
export function drawFleet(n: number): RandomFleet {
  const random = seeded(n + 1);
  for (let i = 0; i < 8; i++) random();
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const between = (low: number, high: number) => low * (high / low) ** random();
  const fixed = (value: number) => value.toPrecision(3);
  const engine = (count: number) =>
    [
      `kind: llm, count: ${count}, batching: ${pick(BATCHING.names)}, admission: full-length`,
      `max_num_seqs: ${Math.round(between(2, 64))}, max_num_batched_tokens: ${Math.round(between(2000, 8000))}, num_gpu_blocks: 100000`,
      `step_time: {fixed_s: ${fixed(between(0.002, 0.03))}, per_new_token_s: ${fixed(between(2e-6, 1e-4))}, per_context_token_s: ${fixed(between(1e-9, 1e-7))}}`,
    ].join(', ');
  const lengths = pick([
    `{input_len: ${Math.round(between(50, 2000))}, output_len: ${Math.round(between(5, 200))}}`,
    `{input_len: {uniform: [50, ${Math.round(between(100, 1900))}]}, output_len: {uniform: [1, ${Math.round(between(10, 300))}]}}`,
    `{input_len: {lognormal: {mean: ${Math.round(between(100, 800))}, std: ${Math.round(between(50, 400))}, max: 1900}}, output_len: {lognormal: {mean: ${Math.round(between(10, 150))}, std: ${Math.round(between(10, 150))}, max: 1000}}}`,
  ]);
  const arrivals = pick(['poisson', 'poisson', 'uniform', '{process: gamma, burstiness: 0.5}']);
  const kind = pick(['alone', 'alone', 'apart', 'store']);
  const count = pick([1, 1, 2, 3]);
  const port = `${fixed(between(2e6, 2e8))}B/s`;
  const pools = {
    alone: `  m: {${engine(count)}}`,
    apart: `  p: {${engine(count)}, role: prefill, location: rack, kv_bytes_per_token: 10000}\n  d: {${engine(1)}, role: decode, location: rack, kv_bytes_per_token: 10000}`,
    store: `  s: {kind: kv-store, tiers: [disk], location: rack}\n  m: {${engine(count)}, location: rack, kv_bytes_per_token: 10000, write_back: s, block_size: 16}`,
  }[kind];
  const stages = {
    alone: '[{prefill: m}, {decode: m}]',
    apart: '[{prefill: p}, {decode: d}]',
    store: '[{kv-fetch: s}, {prefill: m}, {decode: m}]',
  }[kind];
  const text = [
    `fleet:\n${pools}`,
    kind === 'alone' ? '' : `topology: {rack: {kind: rack, port: {bandwidth: ${port}}}}`,
    kind === 'store' ? `tiers: {disk: {capacity: 100TB, latency: 100us, bandwidth: ${port}}}` : '',
    `pipelines: {a: {stages: ${stages}}}`,
    `workload: {lengths: ${lengths}, arrivals: ${arrivals}, request_rate: 1, num_requests: 100${kind === 'store' ? ', shared_prefix: {tokens: 512, count: 20}, hash_block: 256' : ''}}`,
    'client: {time: none}',
  ].join('\n');
  return { words: text, spec: readText(text) };
}

const room = openFleetRoom();

function withLoad(spec: FleetSpec, rate: number, requests: number): FleetSpec {
  return { ...spec, workload: { ...spec.workload, request_rate: rate, num_requests: requests } };
}

function run(spec: FleetSpec, lowered: LoweredFleet) {
  return runFleet(lowered.program, { leap: 'closed', ...planMeasuring(spec, lowered, true) }, room);
}

/**
 * How far chance may move the load of a run of so many requests, at three standard errors: by the gaps between arrivals and by the lengths
 * that were drawn, over the share of the run that is measured.
 */
export function strayOf({ spec }: RandomFleet, requests: number): number {
  const { program } = lower(withLoad(spec, 1, 4000));
  const { arrival } = program.requests;
  const gaps = arrival.slice(1).map((time, i) => time - arrival[i]!);
  const lengths = Math.max(variation(program.visits.prompt), variation(program.visits.output));
  return 3 * Math.sqrt((variation(gaps) ** 2 + lengths ** 2) / (MEASURED * requests));
}

/** Of a run, by the warm-up and the cool-down of a sweep. */
const MEASURED = 0.7;

function variation(values: Float64Array | Int32Array): number {
  const list = Float64Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length) / mean;
}

/** The figures of a fleet at a rate, as a sweep takes them. */
export function figuresAt({ spec }: RandomFleet, rate: number, requests: number) {
  const loaded = withLoad(spec, rate, requests);
  const lowered = lower(loaded);
  return summariseRun(loaded, lowered, run(loaded, lowered));
}

/**
 * Requests per second that a fleet can serve: what its link carries, by its bytes, or what its engines do without it, by how they do where a
 * fifth more come; `most`: where three times as many come, as a crowd makes fuller batches.
 */
export function capacityOf(fleet: RandomFleet, requests: number): { readonly least: number; readonly most: number } {
  const link = linkCapacity(fleet);
  const free = { ...fleet, spec: readText(fleet.words.replaceAll(/bandwidth: [^,}]*/g, 'bandwidth: 1e18')) };
  const own = saturate(free, requests);
  const crowded = Math.max(own, leaving(free, 3 * own, requests));
  return { least: Math.min(link, own), most: Math.min(link, crowded) };
}

/** B/s of the link that everything crosses over the mean bytes of a request; a store sends the two blocks that every prompt begins with. */
function linkCapacity({ spec }: RandomFleet): number {
  const { program } = lower(withLoad(spec, 1, 4000));
  const { links, visits, requests, clients, hashBlock, storeBytesPerToken } = program;
  const store = clients.find(({ kind }) => kind === 'store');
  if (store) return links[store.tiers[0]!.link]!.bandwidth / (2 * hashBlock * storeBytesPerToken);
  const bytes = visits.edgeBytes.reduce((sum, amount) => sum + amount, 0) / requests.count;
  return bytes > 0 ? links[0]!.bandwidth / bytes : Number.POSITIVE_INFINITY;
}

/** Requests per second that leave while a fifth more come, in the last third of their coming: from far too many down to that. */
function saturate(fleet: RandomFleet, requests: number): number {
  const first = leaving(fleet, 1e5, Math.round(0.1 * requests), true);
  const second = leaving(fleet, 2 * first, Math.round(0.3 * requests));
  return leaving(fleet, 1.2 * second, requests);
}

/** Requests per second that leave in the last third of their coming; where all come `atOnce`, while the queue is still full. */
function leaving({ spec }: RandomFleet, rate: number, requests: number, atOnce = false): number {
  const loaded = withLoad(spec, rate, requests);
  const lowered = lower(loaded);
  const { results } = run(loaded, lowered);
  const { last, arrival } = lowered.program.requests;
  const ends = Float64Array.from(last, (v) => results.finish[v]!).sort();
  const to = atOnce ? ends[Math.floor(0.8 * ends.length)]! : arrival[arrival.length - 1]!;
  return ends.filter((time) => time >= to * (2 / 3) && time < to).length / (to / 3);
}
