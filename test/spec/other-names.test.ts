// A key that is not known where it stands is met with what it is called here, or with the part it stands in.
import { expect, it } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { issuesOf } from './world.ts';

const PLAIN = { workload: 'request_rate: 2', lengths: '{input_len: 10, output_len: 4}', deployment: '', top: '' };

function plain(changes: Partial<typeof PLAIN>): string {
  const { workload, lengths, deployment, top } = { ...PLAIN, ...changes };
  return `model: llama-3.1-8b
workload: {lengths: ${lengths}, ${workload}, num_requests: 9}
deployment: {hardware: l4${deployment}}
${top}`;
}

const fleet = (key: string) => `fleet: {llm: {kind: llm, model: llama-3.1-8b, hardware: l4, ${key}: 3}}
pipelines: {chat: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 10, output_len: 4}, request_rate: 2, num_requests: 9}`;

it.each<[title: string, spec: string, place: string, hint: string]>([
  ['a flag of vLLM', plain({ deployment: ', tp: 2' }), 'deployment.tp', 'it is called tensor_parallel_size here'],
  [
    'a flag of SGLang in the wrong part',
    plain({ deployment: ', mem-fraction-static: 0.9' }),
    'deployment.mem-fraction-static',
    'it is gpu_memory_utilization, which stands under engine',
  ],
  ['a word of talk', plain({ top: 'qps: 3' }), 'qps', 'it is request_rate, which stands under workload'],
  ['a key in the wrong part', plain({ top: 'max_num_seqs: 3' }), 'max_num_seqs', 'it stands under engine'],
  ['a key of fleets', plain({ top: 'count: 3' }), 'count', 'it is replicas, which stands under deployment'],
  ['a key of plain specs', fleet('replicas'), 'fleet.llm.replicas', 'it is called count here'],
  [
    'keys of benchmark clients',
    plain({ lengths: '{isl: 3, osl: 4}' }),
    'workload.lengths',
    'isl is input_len here, osl is output_len here',
  ],
])('%s', (_, spec, place, hint) => {
  expect(issuesOf(plain({}))).toEqual([]);
  const issue = issuesOf(spec).find(({ path }) => path === place);
  expect(issue && formatIssue(issue)).toContain(`(${hint}`);
});

it('says nothing of a key that is known nowhere', () => {
  const issue = issuesOf(plain({ top: 'xyzzy: 3' })).find(({ path }) => path === 'xyzzy');
  expect(issue).toMatchObject({ expected: expect.stringContaining('a key such as') });
  expect(issue).not.toHaveProperty('hint');
});
