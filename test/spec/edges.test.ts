// Edges of the reader that nothing else walks: what belongs to the question at a remove, runs told by their length, groups of one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { formatIssue, UserError } from '../../src/check/issue.ts';
import { openAsked } from '../../src/spec/asked.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { read } from './world.ts';

test('a parameter belongs to the question where its traffic or promise is worked out from it, at any remove', () => {
  const asked = openAsked({
    let: { users: 3, rate: 'users * 2', size_2: 4, slack: 2 },
    workload: { request_rate: 'rate + 1' },
    slo: { p99_ttft: 'slack * 100ms' },
    deployment: { replicas: 'size_2' },
  });
  const axes = [
    'let.users',
    'let.rate',
    'let.slack',
    'let.size_2',
    'workload.request_rate',
    'deployment.replicas',
    'slo',
  ];
  expect(axes.filter(asked)).toEqual(['let.users', 'let.rate', 'let.slack', 'workload.request_rate', 'slo']);
  expect(['workload', 'workloads', 'let.users'].map(openAsked({ workload: {} }))).toEqual([true, false, false]);
});

test('a run that is told by its length has no number of requests', () => {
  const traffic = (more: string) =>
    read(`model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 2${more}}
deployment: {hardware: l4}
`).workload;
  expect(traffic('').num_requests).toBe(2000);
  expect(traffic(', duration: 10min')).toMatchObject({ num_requests: 0, duration: 600 });
});

test('instances that come and go stand in no fixed groups, of which one is none', () => {
  const servers = readFileSync(new URL('../golden/servers.yaml', import.meta.url), 'utf8');
  const catalog = openCatalog({});
  const told = (groups: number): string[] => {
    try {
      openQuestion(servers.replace('disaggregation: global', `disaggregation: {local: ${groups}}`), '', catalog);
      return [];
    } catch (error) {
      if (error instanceof UserError) return error.issues.map(formatIssue);
      throw error;
    }
  };
  expect(told(1)).toEqual([]);
  expect(told(3).join()).toContain('none beside fixed local groups');
});
