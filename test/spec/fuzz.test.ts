// Whatever stands at whatever key, the reader answers with a spec that can be walked or with the user's mistakes.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { llmShape } from '../../src/spec/fleet/pool-schema.ts';
import { writtenAt } from '../../src/spec/shorthand.ts';
import { runs } from '../depth.ts';
import { engineOf, open } from './world.ts';

const PATHS = [
  ...Object.keys(llmShape).map((key) => writtenAt(['fleet', 'engine', key]).map(String)),
  ...[['workload', 'request_rate'], ['fleet'], ['pipelines'], ['objective'], ['settle']],
  ...['lengths', 'arrivals', 'num_requests', 'seed', 'requests'].map((key) => ['workload', key]),
  ...[['workload'], ['deployment'], ['engine'], ['slo'], ['prices'], ['watts'], ['top'], ['objective'], ['name']],
  ...[['slo', 'p99_ttft'], ['slo', '__proto__'], ['prices', 'l4'], ['engine', 'step_time'], ['constructor']],
];

const word = fc.constantFrom(
  'all',
  'l4',
  'mixed',
  'auto',
  '5ms',
  '1_000',
  '',
  'constructor',
  'a.json',
  'vllm-0.11',
  '~',
  '*x',
);
const number = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.double());
const key = fc.constantFrom(
  'choices',
  'from',
  'to',
  'step',
  'factor',
  'process',
  'uniform',
  'normal',
  'mean',
  'file',
  'fixed_s',
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(word, number, fc.constant(null), fc.boolean()),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
}));

function place(data: Record<string, unknown>, path: readonly string[], what: unknown): void {
  const [first, second] = path;
  const inner = data[first];
  if (second === undefined) data[first] = what;
  else if (inner !== null && typeof inner === 'object')
    Object.defineProperty(inner, second, { value: what, enumerable: true, configurable: true, writable: true });
}

it('throws nothing but the mistakes of the user', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...PATHS), value), { minLength: 1, maxLength: 2 }), (changes) => {
      const data = {
        model: 'llama-3.1-8b',
        workload: { lengths: 'azure-conv-2023', request_rate: 3 },
        deployment: { hardware: 'l4' },
        engine: {},
        slo: {},
        prices: {},
        watts: {},
        power: {},
      };
      for (const [path, what] of changes) place(data, path, what);
      try {
        const question = open(JSON.stringify(data));
        const row = engineOf(question.at(question.rows - 1).spec);
        for (const field of Object.values(row)) expect(field).not.toBeUndefined();
        expect(Object.values(row).some((field) => Number.isNaN(field))).toBe(false);
        accepted++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.issues.length).toBeGreaterThan(0);
        for (const issue of error.issues) expect(issue.line).toBe(1);
      }
    }),
    { seed: 3, numRuns: runs(500) },
  );
  expect(accepted).toBeGreaterThan(10);
});
