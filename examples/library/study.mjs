// A study: two batchings compared, one claim judged over three seeds.
import { mist } from 'mist';

const { claims, rows } = await mist.study(
  {
    model: 'llama-3.1-8b',
    workload: { lengths: { input_len: 2000, output_len: 100 }, request_rate: 6, num_requests: 100, seed: [0, 1, 2] },
    deployment: { hardware: 'h100-sxm-80gb' },
    engine: { batching: ['chunked', 'continuous'] },
    study: { compare: 'batching', claims: { 'pauses less': 'p99(itl) of chunked < of continuous' } },
  },
  { workers: 1 },
);
console.log(rows.length, claims[0].claim.name, claims[0].verdict);
// 6 pauses less holds
