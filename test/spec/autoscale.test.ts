// The key `autoscale`: what it means, what it may be left with, and what is refused, each in the spec's words.
import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { explainFleetSpec } from '../../src/spec/fleet/explain.ts';
import { explainPools } from '../../src/spec/fleet/explain-pools.ts';
import { onePool } from '../../src/spec/shape.ts';
import { axesOf, issuesOf, open, poolOf, read } from './world.ts';

const LEAST = 'min_replicas: 2, max_replicas: 6, policy: queue-length, target: 4, cold_start: 105s';
const spec = (autoscale: string, deployment = '') =>
  `model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 2}
deployment: {hardware: l4, ${deployment}autoscale: ${autoscale}}
`;
const told = (...parts: [string, string?]) => issuesOf(spec(...parts)).map(formatIssue);

describe('autoscale', () => {
  it('has the defaults of the horizontal pod autoscaler', () => {
    const pool = poolOf(read(spec(`{${LEAST}}`)));
    expect(pool.count).toBe(6);
    expect(pool.autoscale).toEqual({
      ...{ min: 2, max: 6, policy: 'queue-length', target: 4, tolerance: 0.1, interval: 15 },
      ...{ outWindow: 0, inWindow: 300, mostOut: null, mostIn: null, start: 105, bandwidth: 0 },
    });
  });

  it('takes every key, shares in per cent, and a start by what it loads', () => {
    const more =
      'tolerance: 5%, interval: 30s, scale_out_window: 1min, scale_in_window: 10min, max_scale_out: 2, max_scale_in: 1';
    const cold = 'cold_start: {weights_bandwidth: 2GB/s, start_up: 60s}';
    const { autoscale } = poolOf(
      read(spec(`{min_replicas: 1, max_replicas: 9, policy: kv-use, target: 80%, ${cold}, ${more}}`)),
    );
    expect(autoscale).toEqual({
      ...{ min: 1, max: 9, policy: 'kv-use', target: 0.8, tolerance: 0.05, interval: 30 },
      ...{ outWindow: 60, inWindow: 600, mostOut: 2, mostIn: 1, start: 60, bandwidth: 2e9 },
    });
  });

  it('is told by `mist spec`, is an axis part by part or whole, and is no shape that the screen knows', () => {
    const text = spec(
      `{${LEAST.replace('min_replicas: 2', 'min_replicas: [1, 2]').replace('target: 4', 'target: [4, 8]')}}`,
    );
    expect(axesOf(text).map(([name, labels]) => [name, labels.length])).toEqual([
      ['deployment.autoscale.min_replicas', 2],
      ['deployment.autoscale.target', 2],
    ]);
    expect(explainFleetSpec(read(text))).toContain('1 to 6 x llama-3.1-8b on l4');
    expect(explainPools(open(text)).replace(/\s+/g, ' ')).toContain(
      'autoscale 1 to 6 by queue-length 4 +- 10 %, every 15 s',
    );
    expect(onePool(open(text))).toBeNull();
    expect(onePool(open(text.replace(/autoscale: .*/, 'replicas: [1, 2]}')))).not.toBeNull();
    const whole = spec(`{choices: {a: {${LEAST}}, b: {${LEAST.replace('queue-length', 'requests')}}}}`);
    expect(axesOf(whole)).toEqual([['deployment.autoscale', ['a', 'b']]]);
  });

  it('is refused with everything that is missing or wrong', () => {
    expect(told('{min_replicas: 2}')).toEqual(
      [
        'max_replicas: expected a positive integer up to 10000',
        'policy: expected one of queue-length, requests, kv-use, utilization',
        'target: expected a number above 0, or a share such as 80%',
        'cold_start: expected a time such as 105s, or {weights_bandwidth, start_up}',
      ].map((words) => `folder/spec.yaml:3: deployment.autoscale.${words}, received nothing`),
    );
    const one = (key: string, value: string, ...rest: [string?]) =>
      told(`{${LEAST.replace(new RegExp(`${key}: [\\w-]+`), `${key}: ${value}`)}}`, ...rest).join('\n');
    expect(one('min_replicas', '7')).toContain('min_replicas: expected at most the max_replicas 6, received 7');
    expect(one('policy', 'queue')).toContain('policy: expected one of queue-length, requests, kv-use, utilization');
    expect(one('target', '-1')).toContain('target: expected a number above 0, or a share such as 80%');
    expect(one('target', '0%')).toContain('target: expected');
    expect(one('cold_start', 'long')).toContain('cold_start: expected');
    expect(one('min_replicas', '1', 'replicas: 3, ')).toContain(
      'deployment.replicas: expected no count beside autoscale',
    );
    expect(one('min_replicas', '1', 'routing: heavy-light-input, ')).toContain(
      'routing: expected none of two halves beside',
    );
  });

  it('is refused where it can never start another instance', () => {
    const share = (target: string, rest = '') =>
      told(`{min_replicas: 1, max_replicas: 3, policy: utilization, target: ${target}, cold_start: 1s${rest}}`);
    expect(share('95%').join()).toContain('target: expected less than 0.909');
    expect(share('90%')).toEqual([]);
    expect(share('95%', ', tolerance: 1%')).toEqual([]);
  });
});
