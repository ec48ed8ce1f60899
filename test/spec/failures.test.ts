// The key `failures`: what it means, when instances fail by it, and what is refused, each in the spec's words.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { formatIssue } from '../../src/check/issue.ts';
import { fleetCaveats } from '../../src/spec/fleet/caveats.ts';
import { explainPools } from '../../src/spec/fleet/explain-pools.ts';
import { issuesIn, lower, readText } from '../pipeline/world.ts';
import { axesOf, issuesOf, open, poolOf, read } from './world.ts';

const spec = (failures: string, deployment = '', rest = '') =>
  `model: llama-3.1-8b
workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 2, num_requests: 2000}
deployment: {hardware: l4, ${deployment}failures: ${failures}}
${rest}`;
const told = (...parts: [string, string?, string?]) => issuesOf(spec(...parts)).map(formatIssue);

describe('failures', () => {
  it('are given times, drawn ones, or both; a restart is a time, or what it loads', () => {
    expect(poolOf(read(spec('{at: 60s, restart: 2min}'))).failures).toEqual({
      ...{ mtbf: null, at: [60], start: 120, bandwidth: 0 },
    });
    const both = spec('{mtbf: 720h, at: [1min, 90], restart: {weights_bandwidth: 2GB/s, start_up: 30s}}');
    expect(poolOf(read(both)).failures).toEqual({ mtbf: 2592000, at: [60, 90], start: 30, bandwidth: 2e9 });
    expect(explainPools(open(both)).replace(/\s+/g, ' ')).toContain(
      'failures every 2592000 s of an instance on average and at 60, 90 s, on again after weights at 2 GB/s + 30 s',
    );
    expect(axesOf(spec('{at: 60s, restart: [10s, 2min]}'))).toEqual([['deployment.failures.restart', ['10s', '2min']]]);
  });

  it('come to the instances in turn, and drawn ones to each by itself', () => {
    const outages = (failures: string, replicas: number) =>
      lower(readText(spec(failures, `replicas: ${replicas}, `))).program.outages!;
    expect(outages('{at: [9s, 9s, 60s], restart: 5s}', 2)).toEqual([
      ...[0, 1].map((client) => ({ time: 9, client, lasts: 5 })),
      { time: 60, client: 0, lasts: 5 },
    ]);
    const [three, five] = [3, 5].map((replicas) => outages('{mtbf: 100s, restart: 5s}', replicas));
    expect(five!.filter(({ client }) => client < 3)).toEqual(three);
    // about ten a run of 1,000 s each, and never before the one before is over
    expect(five!.length).toBeGreaterThan(25);
    expect(five!.length).toBeLessThan(75);
    for (let client = 0; client < 5; client++) {
      const times = five!.flatMap((one) => (one.client === client ? [one.time] : []));
      times.slice(1).forEach((time, i) => {
        expect(time - times[i]!).toBeGreaterThan(5);
      });
    }
  });

  it('are refused with everything that is missing or wrong', () => {
    expect(told('{mtbf: 1h}').join()).toContain(
      'failures.restart: expected a time such as 105s, or {weights_bandwidth',
    );
    expect(told('{restart: 1s}').join()).toContain('failures: expected mtbf, or times at which instances fail (at)');
    expect(told('{mtbf: 0s, restart: 1s}').join()).toContain('failures.mtbf: expected a time above 0');
    expect(told('{at: soon, restart: 1s}').join()).toContain('failures.at: expected a time of at least 0');
    const beside = (...parts: [string?, string?]) => told('{at: 1s, restart: 1s}', ...parts).join();
    expect(beside('routing: heavy-light-input, ')).toContain('routing: expected none of two halves beside failures');
    expect(beside('', 'engine: {batching: static}')).toContain('batching: expected none that ends a batch');
    const scaled = 'autoscale: {min_replicas: 1, max_replicas: 2, policy: requests, target: 1, cold_start: 1s}, ';
    expect(beside(scaled)).toContain('failures: expected none beside autoscale');
  });

  it('are refused where no instance would fail, or too many, and told where requests are lost', () => {
    const lowered = (text: string) =>
      issuesIn(() => lower(readText(text)))
        .map(formatIssue)
        .join();
    expect(lowered(spec('{at: 1h, restart: 1s}'))).toContain('failures.at: expected times before the last request');
    expect(lowered(spec('{mtbf: 1ms, restart: 1s}'))).toContain('failures.mtbf: expected one that lets');
    const closed = spec('{mtbf: 1h, restart: 1s}').replace(
      'request_rate: 2',
      'arrivals: {process: closed-loop, max_concurrency: 4}',
    );
    expect(lowered(closed)).toContain('failures.mtbf: expected none where only the run tells');
    const caveats = (rest: string) =>
      fleetCaveats(read(spec('{at: 1s, restart: 1s}', '', rest)), openCatalog({})).join();
    expect(caveats('')).toContain('Requests of an instance that fails are lost');
    expect(caveats('client: {retries: 2}')).not.toContain('etries');
  });
});
