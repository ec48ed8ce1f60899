// What a row chose, in few words.
import { expect, test } from 'vitest';
import { describeAxes } from '../../src/report/describe-axes.ts';

const told = (choices: Readonly<Record<string, string>>) => describeAxes(new Map(Object.entries(choices)));

test.each<readonly [Readonly<Record<string, string>>, string]>([
  [{}, ''],
  [{ 'deployment.hardware': 'l40s', 'deployment.replicas': '3', 'engine.kv_cache_dtype': 'fp8' }, 'l40s x3 kv=fp8'],
  [
    { fleet: 'together', 'fleet.workers.count': '4', 'fleet.workers.hardware': 'mi300x' },
    'together; workers x4 mi300x',
  ],
  [{ 'workload.request_rate': '20', 'workload.seed': '1' }, '20 req/s seed 1'],
  [{ 'fleet.a.engine.max_num_seqs': '8', 'fleet.b.count': '2' }, 'a.engine max_num_seqs 8; b x2'],
  [{ 'pipelines.chat': 'long' }, 'long'],
  // parameters stand by their own names, whatever those are
  [{ 'let.weights': 'fp8', 'let.count': '4', 'fleet.b.count': '2' }, 'weights=fp8 count=4; b x2'],
])('%j is "%s"', (choices, words) => expect(told(choices)).toBe(words));
