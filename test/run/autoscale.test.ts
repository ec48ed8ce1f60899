// Fleets whose instances start and stop, from the spec to what they cost: the test points of measured autoscalers, bills, sweeps.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { weighFleet } from '../../src/plan/pipeline/weigh-fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { sweep } from '../../src/run/sweep.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { issuesIn, lower, readText } from '../pipeline/world.ts';

const catalog = openCatalog({});

/** A service of which an instance takes about ten requests/s, whatever part of it is said. */
const service = (rule: string, workload: string, rest = ''): string => `
model: llama-3.1-8b
workload: {lengths: {input_len: 1000, output_len: 100}, ${workload}}
deployment: {hardware: l40s, routing: least-loaded, ${rule}}
engine: {profile: vllm-0.11, quantization: fp8}
client: {window: all}
${rest}`;
const scaled = (rule: string) => `autoscale: {min_replicas: 1, max_replicas: 8, ${rule}}`;

function measure(spec: FleetSpec) {
  const lowered = lower(spec);
  const run = runFleet(lowered.program, { leap: 'exact' });
  return { run, lowered, measured: measureRun(spec, lowered, run) };
}

const resultOf = (text: string) => measure(readText(text)).measured.result;

describe('an autoscaled pool', () => {
  // effects.md, section 8: a load that comes at once waits for as long as an instance takes to start
  test('lets a step of the load wait about as long as an instance takes to start', () => {
    const at = (start: string) =>
      resultOf(
        service(scaled(`policy: requests, target: 16, cold_start: ${start}`), 'request_rate: 40, num_requests: 12000'),
      );
    const [slow, fast] = [at('105s'), at('5s')];
    expect(slow.ttft.p99).toBeGreaterThan(80);
    expect(fast.ttft.p99).toBeLessThan(slow.ttft.p99 / 3);
    for (const { completed, autoscaled } of [slow, fast]) {
      expect(completed).toBe(12000);
      expect(autoscaled![0]!.peak).toBeGreaterThan(3);
    }
  });

  test('costs and draws what its instances do while they are on, starting and draining included', () => {
    const text = service(
      scaled('policy: requests, target: 16, cold_start: 20s, scale_in_window: 30s, interval: 5s'),
      'arrivals: {process: curve, points: [[0s, 2], [200s, 30], [300s, 2], [500s, 2]]}, request_rate: 10, num_requests: 5000',
    );
    const { run, measured } = measure(readText(text));
    const { result, timeline } = measured;
    const [pool] = result.autoscaled!;
    // by hand: from the order of each to when it was off
    const open = new Map<number, number>([[0, Number.NEGATIVE_INFINITY]]);
    const [from, to] = [timeline.from, timeline.to];
    let seconds = 0;
    const close = (since: number, until: number) => {
      seconds += Math.max(0, Math.min(to, until) - Math.max(from, since));
    };
    for (const { time, client, state } of run.changes!) {
      if (state === 0) {
        close(open.get(client)!, time);
        open.delete(client);
      } else if (!open.has(client)) open.set(client, time);
    }
    for (const since of open.values()) close(since, to);
    expect(pool!.starts).toBeGreaterThan(2);
    expect(pool!.mean).toBeCloseTo(seconds / (to - from), 9);
    const price = measured.run.prices!.clients[0]!;
    expect(result.usd_per_hour).toBeCloseTo(pool!.mean * price.usdPerDeviceHour, 9);
    expect(result.devices).toBe(8);
    // L11 of what is on
    expect(result.energy_j).toBeGreaterThan(price.energy!.idleW * seconds);
    expect(result.energy_shares.idle * result.energy_j).toBeCloseTo(price.energy!.idleW * seconds, 3);
    const shares = timeline.clients.flatMap(({ on }) => [...(on ?? [])]);
    expect((shares.reduce((sum, share) => sum + share, 0) * (to - from)) / timeline.parts).toBeCloseTo(seconds, 6);
    expect(result.utilisation).toBeLessThanOrEqual(1);
    expect(result.completed).toBe(5000);
  });

  test('starts in what its weights take from their storage, and the rest', () => {
    const cold = (start: string) =>
      lower(readText(service(scaled(`policy: requests, target: 16, cold_start: ${start}`), 'request_rate: 10'))).program
        .scalers![0]!;
    // 8.03e9 weights, of which embedding and head stay in 16 bits
    expect(cold('{weights_bandwidth: 1GB/s}').start).toBeGreaterThan(8);
    expect(cold('{weights_bandwidth: 1GB/s}').start).toBeLessThan(10);
    expect(cold('{weights_bandwidth: 1GB/s, start_up: 60s}').start).toBe(60 + cold('{weights_bandwidth: 1GB/s}').start);
    expect(cold('61s').start).toBe(61);
  });

  test('is the fixed pool, to the last figure, where min is max', () => {
    const traffic = 'request_rate: 20, num_requests: 600';
    const fixed = resultOf(service('replicas: 3', traffic));
    const { autoscaled, ...rest } = resultOf(
      service('autoscale: {min_replicas: 3, max_replicas: 3, policy: requests, target: 1, cold_start: 0s}', traffic),
    );
    expect(rest).toEqual(fixed);
    expect(autoscaled).toEqual([{ pool: 'engine', mean: 3, peak: 3, starts: 0 }]);
  });

  test('whose start is longer than the run is refused, by its place', () => {
    const text = service(
      scaled('policy: requests, target: 16, cold_start: 1000s'),
      'request_rate: 10, num_requests: 600',
    );
    const [issue] = issuesIn(() => lower(readText(text)));
    expect(issue?.path).toContain('cold_start');
    expect(issue?.received).toBe('1000 s');
  });
});

// L10: what a sweep proves of such rows is their cost at least
describe('a sweep over policies and floors', () => {
  const text = service(
    'autoscale: {min_replicas: [1, 2, 3, 4], max_replicas: 4, policy: [queue-length, requests], target: [2, 8], cold_start: 10s, scale_in_window: 20s, interval: 5s}',
    'arrivals: {process: curve, points: [[0s, 4], [40s, 30], [80s, 4], [120s, 4]]}, request_rate: 12, num_requests: 1200',
    'slo: {p99_ttft: 1500ms, p99_tpot: 100ms}\nobjective: usd_per_hour\ntop: 1\n',
  );
  const open = () => openQuestion(text, 'policies.yaml', catalog);

  test('rules rows out by what their floor costs, and finds what simulating all of them finds', {
    timeout: 300_000,
  }, async () => {
    const all = await sweep(open(), catalog, { workers: 1, exhaustive: true });
    const found = await sweep(open(), catalog, { workers: 1 });
    const met = all.kept.filter(({ result }) => result?.slo_met);
    expect(met.length).toBeGreaterThan(0);
    expect(found.kept[0]!.row).toBe(met[0]!.row);
    expect(found.kept[0]!.usd_per_hour).toBe(met[0]!.usd_per_hour);
    expect(found.proof!.complete).toBe(true);
    for (const { row, usd_per_hour, hosts, result } of all.kept) {
      const weight = weighFleet(open().at(row).spec, catalog);
      expect(usd_per_hour).toBeGreaterThanOrEqual(weight.usdPerHour * (1 - 1e-12));
      expect(weight.devices).toBe(4);
      const paid = hosts[0]!.paid ?? hosts[0]!.count;
      expect(paid).toBeCloseTo(result!.autoscaled![0]!.mean, 9);
    }
  });
});
