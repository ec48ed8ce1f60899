// Law L18: rows that a run proves equal to it are, if simulated, bit-identical but for the columns that state the limits.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateClass } from '../../src/run/simulate-row.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { runs } from '../depth.ts';

const catalog = openCatalog({});

const space = (load: string, engine: string) => `
model: llama-3.1-8b
workload: {lengths: {input_len: {lognormal: {mean: 700, std: 900, max: 7000}}, output_len: {uniform: [1, 150]}}, ${load}, num_requests: 120}
deployment: {hardware: [l4, l40s], replicas: [1, 3], routing: least-loaded}
engine: {profile: vllm-0.11, ${engine}, max_num_seqs: [4, 12, 40, 256], max_num_batched_tokens: [512, 2048, 8192], gpu_memory_utilization: [0.8, 0.9]}
slo: {p99_ttft: 2s}
`;

const loads = ['request_rate: 1', 'request_rate: 6', 'request_rate: 30', 'arrivals: all-at-once'];
const engines = ['chunked', 'mixed', 'continuous', 'static'].flatMap((batching) => [
  `batching: ${batching}`,
  `batching: ${batching}, admission: full-length`,
]);

test('L18: whatever is not run again has the bits of its own run', { timeout: 600_000 }, () => {
  let proved = 0;
  fc.assert(
    fc.property(fc.constantFrom(...loads), fc.constantFrom(...engines), fc.boolean(), (load, engine, hasty) => {
      const question = openQuestion(space(load, engine), 'space.yaml', catalog);
      const shared = openSimulator(catalog, openSession(catalog));
      const alone = openSimulator(catalog, openSession(catalog));
      for (let row = 0; row < question.rows; row++) {
        const { spec } = question.at(row);
        const before = countRuns(shared);
        const { found } = simulateClass(shared, spec, hasty);
        if (countRuns(shared) > before) continue;
        proved++;
        alone.classes.clear();
        expect(found).toEqual(simulateClass(alone, spec, hasty).found);
      }
    }),
    { seed: 1, numRuns: runs(6) },
  );
  expect(proved).toBeGreaterThan(100);
});

const countRuns = ({ classes }: ReturnType<typeof openSimulator>): number =>
  [...classes.values()].reduce((sum, known) => sum + known.length, 0);
